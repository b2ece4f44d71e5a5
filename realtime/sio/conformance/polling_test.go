package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// separator stands between the packets of a long-polling payload.
const separator = "\x1e"

// pollingQuery is the query of a long-polling handshake.
const pollingQuery = "EIO=4&transport=polling"

// reply is an HTTP reply, read to its end. A status of 0 means that the connection
// was cut before the reply was complete; err then says how.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// request sends one HTTP request to the server's endpoint.
func (s server) request(t testing.TB, method, query, body string) reply {
	t.Helper()
	return s.requestWith(t, method, query, strings.NewReader(body), nil)
}

// requestWith sends one HTTP request with headers; a body that is no strings.Reader
// goes out chunked.
func (s server) requestWith(t testing.TB, method, query string, body io.Reader, header http.Header) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.base+"?"+query, body)
	if err != nil {
		t.Fatalf("make the request: %v", err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	return s.do(request)
}

// do sends a request. It is safe to call from any goroutine.
func (s server) do(request *http.Request) reply {
	response, err := s.client().Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{err: err}
	}
	return reply{status: response.StatusCode, header: response.Header, body: string(content)}
}

// pollingPeer is a client on raw long-polling requests.
type pollingPeer struct {
	t      testing.TB
	server server
	opened time.Time
	sid    string
	queue  []string
}

// openPolling opens a session over long-polling.
func openPolling(t testing.TB, s server) *pollingPeer {
	t.Helper()
	opened := time.Now()
	answer := s.request(t, http.MethodGet, pollingQuery, "")
	if answer.status != http.StatusOK {
		t.Fatalf("long-polling handshake: %d %s %v", answer.status, answer.body, answer.err)
	}
	return &pollingPeer{t: t, server: s, opened: opened, sid: parseOpen(t, answer.body).SID}
}

// query returns the query of this session's requests.
func (p *pollingPeer) query() string { return pollingQuery + "&sid=" + p.sid }

// get sends one GET request of the session.
func (p *pollingPeer) get() reply {
	p.t.Helper()
	return p.server.request(p.t, http.MethodGet, p.query(), "")
}

// post sends one POST request of the session.
func (p *pollingPeer) post(payload string) reply {
	p.t.Helper()
	return p.server.request(p.t, http.MethodPost, p.query(), payload)
}

// getAside sends a GET request beside the test and hands over its reply.
func (p *pollingPeer) getAside() <-chan reply {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.server.base+"?"+p.query(), nil)
	if err != nil {
		p.t.Fatalf("make the request: %v", err)
	}
	answers := make(chan reply, 1)
	go func() { answers <- p.server.do(request) }()
	return answers
}

// send sends packets in one payload, which the server must accept.
func (p *pollingPeer) send(packets ...string) {
	p.t.Helper()
	answer := p.post(strings.Join(packets, separator))
	if answer.status != http.StatusOK || answer.body != "ok" {
		p.t.Fatalf("POST: %d %q %v, want 200 \"ok\"", answer.status, answer.body, answer.err)
	}
}

// offend sends packets which the server may refuse in whatever way.
func (p *pollingPeer) offend(packets ...string) {
	p.t.Helper()
	_ = p.post(strings.Join(packets, separator))
}

// next returns the next packet of the server that is no ping, and answers the pings.
func (p *pollingPeer) next() string {
	p.t.Helper()
	for deadline := time.Now().Add(patience); len(p.queue) == 0; {
		if time.Now().After(deadline) {
			p.t.Fatal("no packet came")
		}
		p.poll()
	}
	packet := p.queue[0]
	p.queue = p.queue[1:]
	return packet
}

// poll fetches one payload into the queue.
func (p *pollingPeer) poll() {
	p.t.Helper()
	answer := p.get()
	if answer.status != http.StatusOK {
		p.t.Fatalf("GET: %d %s %v, want 200", answer.status, answer.body, answer.err)
	}
	for _, packet := range strings.Split(answer.body, separator) {
		if packet == "2" {
			p.send("3")
			continue
		}
		p.queue = append(p.queue, packet)
	}
}

// expectClosed waits until the session is unknown, before which the server may send
// nothing but close and noop packets. Pings are answered, so that a session which
// lives on is not taken for a closed one.
func (p *pollingPeer) expectClosed() {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		answer := p.get()
		if answer.status == http.StatusBadRequest {
			return
		}
		for _, packet := range strings.Split(answer.body, separator) {
			switch packet {
			case "2":
				p.offend("3")
			case "", "1", "6":
			default:
				p.t.Fatalf("got %s instead of the end of the session", brief(packet))
			}
		}
	}
	p.t.Fatal("the session was not closed")
}

// age returns the time since the client began to connect.
func (p *pollingPeer) age() time.Duration { return time.Since(p.opened) }

// engineID returns the Engine.IO session id.
func (p *pollingPeer) engineID() string { return p.sid }
