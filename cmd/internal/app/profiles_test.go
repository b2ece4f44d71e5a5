package app_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestEachProfileIsServed(t *testing.T) {
	s := serve(t)
	admin := tokenOf(owner, "admin")
	for _, tc := range []struct {
		path   string
		status int
		holds  string
	}{
		{"", 200, "full goroutine stack dump"},
		{"heap", 200, "\x1f\x8b"},
		{"heap?debug=1", 200, "heap profile:"},
		{"allocs", 200, "\x1f\x8b"},
		{"goroutine", 200, "\x1f\x8b"},
		{"goroutine?debug=2", 200, "goroutine "},
		{"threadcreate", 200, "\x1f\x8b"},
		{"block", 200, "\x1f\x8b"},
		{"mutex", 200, "\x1f\x8b"},
		{"profile?seconds=0.1", 400, "from 1 to 60"},
		{"profile?seconds=1", 200, "\x1f\x8b"},
		{"trace?seconds=1", 200, "go 1."},
		{"symbol?0x1", 200, "num_symbols"},
		{"heap?seconds=61", 400, "from 1 to 60"},
		{"trace?seconds=-1", 400, "from 1 to 60"},
		{"trace?seconds=NaN", 400, "from 1 to 60"},
		{"cmdline", 404, ""}, // there may be a key in it
		{"nothing", 404, ""},
	} {
		status, _, body := s.rest(admin, "GET", "/debug/pprof/"+tc.path, nil)
		if status != tc.status || !bytes.Contains(body[:min(len(body), 8<<10)], []byte(tc.holds)) {
			t.Errorf("%s: %d %.100q", tc.path, status, body)
		}
	}
	for _, token := range []string{"", tokenOf(stranger, "")} {
		if status, _, body := s.rest(token, "GET", "/debug/pprof/heap", nil); status != http.StatusUnauthorized && status != http.StatusForbidden || strings.Contains(string(body), "\x1f\x8b") {
			t.Errorf("somebody gets the heap: %d", status)
		}
	}
}
