package badinput_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// raw sends bytes over a connection of their own and returns the answers to them, at most
// n, without those that only say that the body may come.
func (s *server) raw(text string, n int) (answers []answer, err error) {
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	go func() { _, _ = io.WriteString(conn, text) }() // the server may answer before it has read all
	method, _, _ := strings.Cut(text, " ")
	reader := bufio.NewReader(conn)
	for len(answers) < n {
		w, err := http.ReadResponse(reader, &http.Request{Method: method})
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return answers, nil
		}
		if err != nil {
			return answers, err
		}
		body, err := io.ReadAll(io.LimitReader(w.Body, 8<<20))
		_ = w.Body.Close()
		if err != nil {
			return answers, err
		}
		if w.StatusCode != http.StatusContinue {
			answers = append(answers, answer{status: w.StatusCode, kind: w.Header.Get("Content-Type"), body: body})
		}
	}
	return answers, nil
}

// The beginnings of raw requests.
const (
	hostLine = "Host: 127.0.0.1\r\n"
	jsonLine = "Content-Type: application/json\r\n"
	post     = "POST /api/messaging/messages/search HTTP/1.1\r\n" + hostLine
)

// TestRequestsThatMeanTwoThingsMeanOne checks what proxies and servers have read differently.
func TestRequestsThatMeanTwoThingsMeanOne(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	const smuggled = "DELETE /api/messaging/channels/" + stranger + " HTTP/1.1\r\n" + hostLine + "\r\n"
	for name, test := range map[string]struct {
		text string
		// statuses are those of the first answer, of which one must come.
		statuses []int
		// answers are the most that may come.
		answers int
	}{
		"a length and chunks, the length longer": {post + jsonLine + "Content-Length: 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []int{400}, 1},
		"two lengths that differ":                {post + jsonLine + "Content-Length: 2\r\nContent-Length: 90\r\n\r\n{}" + smuggled, []int{400}, 1},
		"a list of lengths":                      {post + jsonLine + "Content-Length: 2, 90\r\n\r\n{}" + smuggled, []int{400}, 1},
		"a length with a sign":                   {post + jsonLine + "Content-Length: +2\r\n\r\n{}", []int{400}, 1},
		"a negative length":                      {post + jsonLine + "Content-Length: -2\r\n\r\n{}", []int{400}, 1},
		"a hexadecimal length":                   {post + jsonLine + "Content-Length: 0x2\r\n\r\n{}", []int{400}, 1},
		"a length beyond all numbers":            {post + jsonLine + "Content-Length: 99999999999999999999\r\n\r\n{}", []int{400}, 1},
		"a huge length":                          {post + jsonLine + "Content-Length: 9223372036854775807\r\n\r\n{}", []int{413}, 1},
		"a space before the colon":               {post + jsonLine + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", []int{400}, 1},
		"an unknown encoding":                    {post + jsonLine + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled, []int{400, 501}, 1},
		"two encodings":                          {post + jsonLine + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + smuggled, []int{400, 501}, 1},
		"chunks, and something else":             {post + jsonLine + "Transfer-Encoding: chunked, gzip\r\n\r\n" + smuggled, []int{400, 501}, 1},
		"an encoding behind a vertical tab":      {post + jsonLine + "Transfer-Encoding: \vchunked\r\n\r\n" + smuggled, []int{400, 501}, 1},
		"a chunk of negative size":               {post + jsonLine + "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n", []int{400}, 1},
		"a chunk beyond all numbers":             {post + jsonLine + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff1\r\n{}\r\n0\r\n\r\n", []int{400}, 1},
		"a chunk that does not end":              {post + jsonLine + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", []int{400}, 1},
		"endless extensions of a chunk":          {post + jsonLine + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("a", 4000)+"\r\n{\r\n", 64) + "0\r\n\r\n", []int{400}, 1},
		"a header that goes on in the next line": {post + jsonLine + "X-A: 1\r\n b\r\nContent-Length: 2\r\n\r\n{}", []int{200, 400}, 1},
		"a line end alone before a header":       {post + "X-A: 1\rContent-Length: 90\r\n\r\n", []int{400}, 1},
		"two hosts":                              {"GET /api/server/ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", []int{400}, 1},
		"a host that is none":                    {"GET /api/server/ping HTTP/1.1\r\nHost: a b\r\n\r\n", []int{400}, 1},
		"HTTP/1.0":                               {"GET /api/server/ping HTTP/1.0\r\n\r\n", []int{200}, 1},
		"HTTP/0.9":                               {"GET /api/server/ping\r\n\r\n", []int{400}, 1},
		"HTTP/2 without TLS":                     {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400, 404, 505}, 1},
		"a TLS handshake":                        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}, 1},
		"chunks in HTTP/1.0":                     {"POST /api/messaging/messages/search HTTP/1.0\r\n" + jsonLine + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", []int{400, 501}, 1},
		"an absolute address":                    {"GET http://elsewhere.example/api/server/ping HTTP/1.1\r\n" + hostLine + "\r\n", []int{200}, 1},
		"an absolute address of another scheme":  {"GET file:///etc/passwd HTTP/1.1\r\n" + hostLine + "Connection: close\r\n\r\n", []int{200, 400, 404}, 1},
		"an address alone":                       {"GET elsewhere.example:80 HTTP/1.1\r\n" + hostLine + "\r\n", []int{400}, 1},
		"a tunnel":                               {"CONNECT elsewhere.example:80 HTTP/1.1\r\n" + hostLine + "\r\n" + smuggled, []int{400, 404, 405}, 1},
		"a star":                                 {"GET * HTTP/1.1\r\n" + hostLine + "\r\n", []int{400, 404}, 1},
		"another expectation":                    {post + jsonLine + "Expect: miracles\r\nContent-Length: 2\r\n\r\n", []int{417}, 1},
		"an expectation with too large a body":   {post + jsonLine + "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", []int{413}, 1},
		"an upgrade to HTTP/2":                   {"GET /api/server/ping HTTP/1.1\r\n" + hostLine + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", []int{200}, 1},
		"an upgrade of an API path":              {"GET /api/server/ping HTTP/1.1\r\n" + hostLine + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", []int{200}, 1},
		"a body of a GET":                        {"GET /api/server/ping HTTP/1.1\r\n" + hostLine + "Content-Length: 5\r\n\r\nhello" + "GET /api/server/ping HTTP/1.1\r\n" + hostLine + "Connection: close\r\n\r\n", []int{200}, 2},
		"many requests at once":                  {strings.Repeat("GET /api/server/ping HTTP/1.1\r\n"+hostLine+"\r\n", 99) + "GET /api/server/ping HTTP/1.1\r\n" + hostLine + "Connection: close\r\n\r\n", []int{200}, 100},
	} {
		answers, err := s.raw(test.text, test.answers)
		if err != nil || len(answers) != test.answers || !slices.Contains(test.statuses, answers[0].status) {
			t.Errorf("%s: %.300s, %v; want one of %v, %d times", name, answers, err, test.statuses, test.answers)
		}
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("something smuggled has changed %v", changed)
	}
}

func TestMethodsThatNoRouteHasAreNotFound(t *testing.T) {
	s := serve(t)
	for _, method := range []string{"FOO", "get", "TRACE", "PROPFIND", "QUERY", "PURGE", "LINK", "M-SEARCH", strings.Repeat("X", 5000)} {
		for _, path := range []string{"/api/agents", "/api/no/such/path", "/", "/media/uploads/agents/" + stranger + "/a.png"} {
			answers, err := s.raw(method+" "+path+" HTTP/1.1\r\n"+hostLine+"X-Secret: echo\r\nConnection: close\r\n\r\n", 1)
			if err != nil || len(answers) != 1 || answers[0].status != http.StatusNotFound || strings.Contains(string(answers[0].body), "echo") {
				t.Errorf("%.20s %s: %.300v, %v", method, path, answers, err)
				continue
			}
			if out, err := answers[0].read(false); err != nil || out.code != "NOT_FOUND" {
				t.Errorf("%.20s %s: %v, %v", method, path, out, err)
			}
		}
	}
}

// TestEveryPathAnswersHEADAndOPTIONS walks the registry: HEAD is GET without the body, and
// a preflight never reaches an operation.
func TestEveryPathAnswersHEADAndOPTIONS(t *testing.T) {
	s := serve(t)
	for _, o := range s.Registry().Ops() {
		base := trial{op: o, fields: exampleOf(t, o)}
		for _, route := range o.Routes {
			method, target, _, ok := base.request(route)
			if !ok {
				continue
			}
			if a, err := s.send(http.MethodOptions, target, nil); err != nil || a.status != http.StatusNoContent || len(a.body) > 0 {
				t.Errorf("OPTIONS %s: %v, %v", target, a, err)
			}
			if method != http.MethodGet {
				continue
			}
			head, err := s.send(http.MethodHead, target, nil)
			if err != nil || len(head.body) > 0 {
				t.Errorf("HEAD %s: %v, %v", target, head, err)
			}
			if get, err := s.send(http.MethodGet, target, nil); err != nil || get.status != head.status || get.kind != head.kind {
				t.Errorf("%s: GET %d %s, HEAD %d %s, %v", target, get.status, get.kind, head.status, head.kind, err)
			}
		}
	}
}

// TestEveryPathRefusesABodyOverTheLimitUnread sends no more than the length of a body.
func TestEveryPathRefusesABodyOverTheLimitUnread(t *testing.T) {
	s := serve(t)
	for _, o := range s.Registry().Ops() {
		method, path, ok := pathOf(o)
		if !ok || !takesJSON(o) {
			continue
		}
		answers, err := s.raw(method+" "+path+" HTTP/1.1\r\n"+hostLine+jsonLine+"Content-Length: 99999999\r\n\r\n", 1)
		if err != nil || len(answers) != 1 || answers[0].status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s: %s, %v", method, path, answers, err)
			continue
		}
		if out, err := answers[0].read(o.Dual); err != nil || out.code != "PAYLOAD_TOO_LARGE" {
			t.Errorf("%s %s: %v, %v", method, path, out, err)
		}
	}
}

// TestContentTypesThatAreNotAccepted sends a right body under a wrong name.
func TestContentTypesThatAreNotAccepted(t *testing.T) {
	s := serve(t)
	for _, kind := range []string{"", "text/plain", "text/html", "application/xml", "application/json; charset=utf-16", "application/json; charset", "application/jsonp",
		"application/json, text/plain", "application/octet-stream", "image/png", "multipart/form-data; boundary=", "json", "/", ";", "application/x-ndjson",
		"application/json\r\nContent-Encoding: gzip", "application/json\r\nContent-Encoding: br, gzip"} {
		line := "Content-Type: " + kind + "\r\n"
		if kind == "" {
			line = ""
		}
		answers, err := s.raw(post+line+"Connection: close\r\nContent-Length: 17\r\n\r\n"+`{"query":"hello"}`, 1)
		if err != nil || len(answers) != 1 {
			t.Errorf("%q: %s, %v", kind, answers, err)
			continue
		}
		if out, err := answers[0].read(false); err != nil || out.code != "INVALID_CONTENT_TYPE" {
			t.Errorf("%q: %s, %v", kind, answers[0], err)
		}
	}
	for _, kind := range []string{"multipart/form-data", "application/x-www-form-urlencoded"} {
		answers, err := s.raw(post+"Content-Type: "+kind+"\r\nConnection: close\r\nContent-Length: 17\r\n\r\n"+`{"query":"hello"}`, 1)
		if err != nil || len(answers) != 1 {
			t.Errorf("%q: %s, %v", kind, answers, err)
			continue
		}
		if out, err := answers[0].read(false); err != nil || out.code != "INVALID_REQUEST" {
			t.Errorf("%q: %s, %v", kind, answers[0], err)
		}
	}
}

// TestQueriesThatMeanNothingAreRefused tries what stands after the question mark.
func TestQueriesThatMeanNothingAreRefused(t *testing.T) {
	s := serve(t)
	for query, code := range map[string]string{
		"limit=abc": "INVALID_REQUEST", "limit=1.5": "INVALID_REQUEST", "limit=1e3": "INVALID_REQUEST", "limit=0x10": "INVALID_REQUEST", "limit=%00": "INVALID_REQUEST",
		"limit=5&limit=abc": "", "limit=-5": "", "limit=99999999999999999999": "", "limit=": "", "limit=%zz": "INVALID_REQUEST", "a;b": "INVALID_REQUEST", "%": "INVALID_REQUEST",
		"q=%ff": "INVALID_REQUEST", "q=%c0%ae": "INVALID_REQUEST", "q=a%00b": "INVALID_REQUEST", "q=%ed%a0%80": "INVALID_REQUEST", "status=none": "INVALID_REQUEST",
		"&&&===&": "", "__proto__[a]=1&constructor.prototype=2": "", strings.Repeat("a=1&", 8_000): "", strings.Repeat("a=1&", 9_000): "PAYLOAD_TOO_LARGE",
		"q=" + strings.Repeat("x", 33_000): "PAYLOAD_TOO_LARGE", "status=active&status=none": "",
	} {
		a, err := s.send(http.MethodGet, "/api/agents?"+query, nil)
		var out outcome
		if err == nil {
			out, err = a.read(false)
		}
		if err != nil || out.code != code {
			t.Errorf("%.60s: %s, %v; want %q", query, a, err, code)
		}
	}
}
