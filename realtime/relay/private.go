package relay

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"time"
)

// The paths of the private address beside that of Socket.IO.
const (
	memberPath  = "/member"
	releasePath = "/release"
)

// The bounds of HTTP/2 between two replicas: each stream is a poll that waits or a body of a
// POST, of which only so much is taken as its reader has room for.
const (
	maxStreams       = maxRelayed
	streamBuffer     = 64 << 10
	connectionBuffer = 64 << 20
	maxHeaderBytes   = 128 << 10
)

// newPrivate is the server of the private address.
func (r *Relay) newPrivate() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+memberPath, r.serveMember)
	mux.HandleFunc("POST "+releasePath, r.serveRelease)
	mux.HandleFunc("/socket.io/", func(w http.ResponseWriter, req *http.Request) {
		r.serving.Add(1)
		defer r.serving.Add(-1)
		incoming(req)
		r.opts.Local.ServeHTTP(w, req)
	})
	return &http.Server{
		Handler: mux, TLSConfig: r.credentials.server(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: log.New(debugLog{r}, "", 0),
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerStream: streamBuffer, MaxReceiveBufferPerConnection: connectionBuffer},
	}
}

// debugLog takes what net/http says about strangers and broken connections.
type debugLog struct{ relay *Relay }

// Write logs a line.
func (d debugLog) Write(line []byte) (int, error) {
	d.relay.log.Debug().Bytes("detail", line).Msg("private connection failed")
	return len(line), nil
}

// serveMember says who this is.
func (r *Relay) serveMember(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body, err := json.Marshal(map[string]string{"name": r.opts.Replica})
	if err != nil { // cannot be: a text
		return
	}
	_, _ = w.Write(body) // a replica that has gone needs no answer
}

// maxRelease bounds the ids of one request to release polls.
const maxRelease = 1000

// serveRelease makes polls that wait here return.
func (r *Relay) serveRelease(w http.ResponseWriter, req *http.Request) {
	var sessions []string
	if err := json.NewDecoder(io.LimitReader(req.Body, 1<<20)).Decode(&sessions); err != nil || len(sessions) > maxRelease {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, id := range sessions {
		r.opts.Release(id)
	}
	w.WriteHeader(http.StatusNoContent)
}
