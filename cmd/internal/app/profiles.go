package app

import (
	"net/http"
	"net/http/pprof"
	"strconv"
)

// profilesPath is where the profiles are, as the tools know it.
const profilesPath = "/debug/pprof/"

// maxProfileSeconds bounds how long a profile is taken: each costs the server a little.
const maxProfileSeconds = 60

// profiles serves the profiles of this process. The command line is not among them, for
// there may be a key in it.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(profilesPath, pprof.Index)
	mux.HandleFunc(profilesPath+"profile", pprof.Profile)
	mux.HandleFunc(profilesPath+"trace", pprof.Trace)
	mux.HandleFunc(profilesPath+"symbol", pprof.Symbol)
	mux.HandleFunc(profilesPath+"cmdline", http.NotFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seconds := r.URL.Query().Get("seconds"); seconds != "" {
			// What is no whole number would be taken for half a minute.
			if n, err := strconv.Atoi(seconds); err != nil || n < 1 || n > maxProfileSeconds {
				http.Error(w, "seconds must be a whole number from 1 to "+strconv.Itoa(maxProfileSeconds), http.StatusBadRequest)
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}
