package badinput_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ways are texts in a path that would lead elsewhere, as they stand on the wire.
var ways = []string{
	"..", ".", "...", "%2e%2e", "%2E%2E", ".%2e", "..%2f..%2f..%2fetc%2fpasswd", "..%2F..%2Fapp.db", "..%5c..%5cetc%5cpasswd", `..\..\parley.db`, "%252e%252e%252fetc%252fpasswd",
	"..%00", "%00", "a%00.png", "%c0%ae%c0%ae%c0%afetc", "%e0%80%ae", "%u002e", "..;", "..%3b%2fetc", "%2fetc%2fpasswd", "%5c%5chost%5cshare", "C:%5cwindows", "file:%2f%2f%2fetc%2fpasswd",
	"%0d%0aX-Evil:%201", "%0aX-Evil:1", "%ff", "%20", "%09", "~root", "$(id)", "%60id%60", "%7b%7b7*7%7d%7d", "'%20OR%20'1'='1", "%3cscript%3e", "*", "-", "con", "nul", "parley.db", ".env", "%2eenv",
	strings.Repeat("a", 30_000), strings.Repeat("%2e%2e%2f", 3_000), "%F0%9F%98%80", "%E2%80%AE",
}

// TestNoPathParameterLeadsElsewhere puts each way into each parameter of each route.
func TestNoPathParameterLeadsElsewhere(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	for _, o := range s.Registry().Ops() {
		for n, route := range o.Routes {
			tried := ways
			if n > 0 || underRace {
				tried = ways[:12] // it is the same decoder
			}
			method, path, _ := strings.Cut(route, " ")
			segments := strings.Split(path, "/")
			for i, segment := range segments {
				if !strings.HasPrefix(segment, ":") {
					continue
				}
				for _, way := range tried {
					s.leadsNowhere(method, withWay(segments, i, way))
				}
			}
		}
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("a path has changed %v", changed)
	}
}

// withWay is a path with a way in place of one parameter, and ids of nothing in the others.
func withWay(segments []string, at int, way string) string {
	filled := make([]string, len(segments))
	for i, segment := range segments {
		filled[i] = segment
		switch {
		case i == at:
			filled[i] = way
		case strings.HasPrefix(segment, ":"):
			filled[i] = stranger
		}
	}
	return strings.Join(filled, "/")
}

// leadsNowhere sends a request to a path as it stands, and wants a refusal or nothing found.
func (s *server) leadsNowhere(method, path string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.URL.Opaque = path
	w, err := s.http.Do(r)
	if err != nil {
		s.t.Errorf("%s %.100s: %v", method, path, err)
		return
	}
	defer func() { _ = w.Body.Close() }()
	a := answer{status: w.StatusCode, kind: w.Header.Get("Content-Type")}
	if !strings.HasPrefix(a.kind, "text/event-stream") {
		if a.body, err = io.ReadAll(io.LimitReader(w.Body, 1<<20)); err != nil {
			s.t.Errorf("%s %.100s: %v", method, path, err)
		}
	}
	text := string(a.body)
	if a.status >= 500 || a.status >= 300 && a.status < 400 || w.Header.Get("X-Evil") != "" ||
		strings.Contains(text, "root:") || strings.Contains(text, "SQLite format") {
		s.t.Errorf("%s %.100s: %d %.200s", method, path, a.status, text)
	}
	if strings.HasPrefix(path, "/api/") && (a.status != http.StatusBadRequest || strings.HasPrefix(a.kind, "application/json")) {
		if _, err := a.read(true); err != nil { // net/http has its own words for a broken address
			s.t.Errorf("%s %.100s: %v", method, path, err)
		}
	}
}

// TestNoStaticPathLeadsElsewhere tries what lies outside the API.
func TestNoStaticPathLeadsElsewhere(t *testing.T) {
	s := serve(t)
	if err := os.WriteFile(filepath.Join(s.dirs[1], "secret.txt"), []byte("root:"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"/", "/assets/", "/media/", "/media/uploads/", "/media/uploads/agents/", "/media/uploads/agents/" + stranger + "/",
		"/media/uploads/channels/" + stranger + "/", "/media/generated/" + stranger + "/", "/socket.io/", "/api/", "/api/docs/"} {
		for _, way := range ways {
			for _, tail := range []string{"", "/../../../../../../../../etc/passwd", "/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/parley.db", "/secret.txt"} {
				s.leadsNowhere(http.MethodGet, root+way+tail)
			}
		}
	}
}
