package rest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parley/domain/identity"
	"parley/rest"
)

// FuzzRequest checks that no path, query or body of the API panics or gets anything
// but an envelope.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/api/things/"+thingID, "limit=5&tags=a,b", "", "")
	f.Add("POST", "/api/things", "", `{"text":"hi"}`, "application/json")
	f.Add("PUT", "/api/things/%2F%00", "a=%ff;b", `{"text":"\ud83d"}`, "application/json; charset=utf-8")
	auth, err := identity.New(identity.Options{})
	if err != nil {
		f.Fatal(err)
	}
	handler, err := rest.New(rest.Options{Registry: things(), Identity: auth})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, query, body, kind string) {
		u, err := url.Parse("/api/" + strings.TrimPrefix(path, "/api/"))
		if err != nil || method == "" || method == http.MethodOptions || method == http.MethodHead {
			return
		}
		u.RawQuery = query
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Method, r.URL = method, u
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code == http.StatusNoContent {
			return
		}
		var reply struct {
			Success *bool           `json:"success"`
			Error   json.RawMessage `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || reply.Success == nil || *reply.Success != (w.Code < 300) {
			t.Fatalf("status %d, %s, %v", w.Code, w.Body, err)
		}
		if w.Code >= 500 && !strings.Contains(u.Path, "/fail/") && !strings.HasPrefix(u.Path, "/api/boom") &&
			!strings.HasPrefix(u.Path, "/api/part") && !strings.HasPrefix(u.Path, "/api/hang") {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}
