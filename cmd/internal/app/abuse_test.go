package app_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// raw sends bytes to the server and returns its answer to them.
func (s *house) raw(text string) (*http.Response, string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	go func() { _, _ = io.WriteString(conn, text) }() // the server may answer before it has read all
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp, string(body)
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	s := serve(t)
	const host = "Host: 127.0.0.1\r\nConnection: close\r\n"
	for name, tt := range map[string]struct {
		text   string
		status int // 0 for no answer at all
	}{
		"a header of 100 kB":         {"GET / HTTP/1.1\r\n" + host + "X-Filler: " + strings.Repeat("a", 100<<10) + "\r\n\r\n", 431},
		"10,000 headers":             {"GET / HTTP/1.1\r\n" + host + strings.Repeat("X-A: aaaa\r\n", 10_000) + "\r\n", 431},
		"a path of 100 kB":           {"GET /" + strings.Repeat("a", 100<<10) + " HTTP/1.1\r\n" + host + "\r\n", 431},
		"a header name with a space": {"GET / HTTP/1.1\r\n" + host + "X A: b\r\n\r\n", 400},
		"a NUL in a header":          {"GET / HTTP/1.1\r\n" + host + "X-A: a\x00b\r\n\r\n", 400},
		"a bare CR in an origin":     {"GET /api/server/ping HTTP/1.1\r\n" + host + "Origin: https://a\rX-Evil: 1\r\n\r\n", 400},
		"two lengths":                {"POST /api/x HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
		"an odd encoding":            {"POST /api/x HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n", 501},
		"no host":                    {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400},
		"an unknown protocol":        {"GET / HTTP/3.7\r\n" + host + "\r\n", 505},
		"no HTTP":                    {"hello\r\n\r\n", 400},
	} {
		resp, body := s.raw(tt.text)
		if resp == nil || resp.StatusCode != tt.status || resp.Header.Get("X-Evil") != "" {
			t.Errorf("%s: %+v %.200s, want %d", name, resp, body, tt.status)
		}
	}
}

func TestWhatIsEchoedAddsNoHeader(t *testing.T) {
	s := serve(t)
	for name, header := range map[string]string{
		"request id": "X-Request-Id: a%0d%0aX-Evil: 1",
		"origin":     "Origin: https://a.example%0d%0aX-Evil:%201",
		"entity":     "X-Entity-Id: a%0aX-Evil: 1",
	} {
		resp, body := s.raw("GET /api/server/ping?x=%0d%0aX-Evil:1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + header + "\r\n\r\n")
		if resp == nil || resp.Header.Get("X-Evil") != "" {
			t.Errorf("%s: %+v %.200s", name, resp, body)
		}
	}
}

func TestNoPathLeadsOutOfTheClient(t *testing.T) {
	s := serve(t)
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(filepath.Join(root, "app.go"))
	if err != nil {
		t.Fatal(err)
	}
	up := strings.Repeat("../", 12)
	for _, path := range []string{
		"/" + up + root + "/app.go", "/assets/" + up + "etc/passwd", "//etc/passwd", "/..%2f..%2f..%2f..%2f..%2fetc/passwd",
		"/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/%252e%252e/etc/passwd", `/..\..\..\etc\passwd`, "/..%5c..%5cetc%5cpasswd",
		"/assets/..;/..;/etc/passwd", "/.git/config", "/.env", "/%2egit/config", "/assets/%00/../../etc/passwd",
		"/media/uploads/agents/" + up + "etc/passwd", "/media/uploads/channels/x/..%2f..%2f..%2fetc%2fpasswd",
		"/api/../../../etc/passwd", "/socket.io/../../etc/passwd", "http://127.0.0.1/../../etc/passwd",
	} {
		resp, body := s.raw("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
		if resp == nil || strings.Contains(body, "root:") || strings.Contains(body, "[core]") || strings.Contains(body, string(secret[:60])) {
			t.Errorf("%s: %+v %.200s", path, resp, body)
		}
	}
}
