package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestHandshakeAnswersWithAnOpenPacket(t *testing.T) {
	t.Parallel()
	onBothServers(t, officialSettings(), func(t *testing.T, s server) {
		t.Run("over long-polling it offers the upgrade", func(t *testing.T) {
			answer := s.request(t, http.MethodGet, pollingQuery, "")
			if answer.status != http.StatusOK {
				t.Fatalf("status %d, want 200", answer.status)
			}
			checkOpen(t, parseOpen(t, answer.body), []string{"websocket"})
		})
		t.Run("over WebSocket there is nothing to upgrade to", func(t *testing.T) {
			socket := dialWebSocket(t, s, "EIO=4&transport=websocket")
			packet := socket.next()
			checkOpen(t, parseOpen(t, packet), []string{})
			if !strings.Contains(packet, `"upgrades":[]`) {
				t.Errorf("%s: upgrades is not an empty array", packet)
			}
		})
		t.Run("unknown query parameters are ignored", func(t *testing.T) {
			answer := s.request(t, http.MethodGet, pollingQuery+"&t=abc&b64=1", "")
			checkOpen(t, parseOpen(t, answer.body), []string{"websocket"})
		})
		t.Run("each session has its own id", func(t *testing.T) {
			seen := make(map[string]bool)
			for range 20 {
				seen[openPolling(t, s).sid] = true
				seen[openWebSocket(t, s).sid] = true
			}
			if len(seen) != 40 {
				t.Errorf("%d different ids for 40 sessions", len(seen))
			}
		})
	})
}

// checkOpen compares an open packet with the settings of the server under test.
func checkOpen(t *testing.T, open openPacket, upgrades []string) {
	t.Helper()
	if !slices.Equal(open.Upgrades, upgrades) {
		t.Errorf("upgrades %v, want %v", open.Upgrades, upgrades)
	}
	if open.PingInterval != 300 {
		t.Errorf("pingInterval %d, want 300", open.PingInterval)
	}
	if open.PingTimeout != 200 {
		t.Errorf("pingTimeout %d, want 200", open.PingTimeout)
	}
	if open.MaxPayload != 1_000_000 {
		t.Errorf("maxPayload %d, want 1000000", open.MaxPayload)
	}
}

// The numbers by which the reference names the reasons of a refused request.
const (
	unknownTransport    = 0
	unknownSession      = 1
	badMethod           = 2
	badRequest          = 3
	unsupportedProtocol = 5
)

func TestRequestWithoutValidParametersIsRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, method, query string
		code                int
	}{
		{"no EIO", http.MethodGet, "transport=polling", unsupportedProtocol},
		{"empty EIO", http.MethodGet, "EIO=&transport=polling", unsupportedProtocol},
		{"EIO is no number", http.MethodGet, "EIO=abc&transport=polling", unsupportedProtocol},
		{"EIO of an older protocol", http.MethodGet, "EIO=3&transport=polling", unsupportedProtocol},
		{"EIO of a later protocol", http.MethodGet, "EIO=5&transport=polling", unsupportedProtocol},
		{"no transport", http.MethodGet, "EIO=4", unknownTransport},
		{"empty transport", http.MethodGet, "EIO=4&transport=", unknownTransport},
		{"unknown transport", http.MethodGet, "EIO=4&transport=abc", unknownTransport},
		{"name of an object's member as transport", http.MethodGet, "EIO=4&transport=constructor", unknownTransport},
		{"WebTransport, which is not offered", http.MethodGet, "EIO=4&transport=webtransport", unknownTransport},
		{"WebSocket without an upgrade request", http.MethodGet, "EIO=4&transport=websocket", badRequest},
		{"handshake by POST", http.MethodPost, pollingQuery, badMethod},
		{"handshake by PUT", http.MethodPut, pollingQuery, badMethod},
		{"handshake by DELETE", http.MethodDelete, pollingQuery, badMethod},
		{"handshake by PATCH", http.MethodPatch, pollingQuery, badMethod},
		{"unknown session, GET", http.MethodGet, pollingQuery + "&sid=abc", unknownSession},
		{"unknown session, POST", http.MethodPost, pollingQuery + "&sid=abc", unknownSession},
		{"unknown session with the name of an object's member", http.MethodGet, pollingQuery + "&sid=__proto__", unknownSession},
		{"no parameter at all", http.MethodGet, "", unknownTransport},
	}
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				expectRefusal(t, s.request(t, c.method, c.query, ""), c.code)
			})
		}
	})
}

// expectRefusal fails unless a request got status 400 and, in JSON, the reason.
func expectRefusal(t *testing.T, answer reply, code int) {
	t.Helper()
	if answer.status != http.StatusBadRequest {
		t.Fatalf("status %d (%v), want 400", answer.status, answer.err)
	}
	if kind := answer.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("Content-Type %q, want application/json", kind)
	}
	var reason struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(answer.body), &reason); err != nil {
		t.Fatalf("body %q: %v", answer.body, err)
	}
	if reason.Code == nil || *reason.Code != code || reason.Message == "" {
		t.Errorf("body %s, want code %d and a message", answer.body, code)
	}
}

func TestRequestThatDoesNotFitItsSessionIsRefused(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, method, query string }{
		{"GET without EIO", http.MethodGet, "transport=polling"},
		{"POST without EIO", http.MethodPost, "transport=polling"},
		{"GET with another EIO", http.MethodGet, "EIO=3&transport=polling"},
		{"GET without a transport", http.MethodGet, "EIO=4"},
		{"POST with an unknown transport", http.MethodPost, "EIO=4&transport=abc"},
		{"POST with the WebSocket transport", http.MethodPost, "EIO=4&transport=websocket"},
		{"GET with the WebSocket transport, but no upgrade request", http.MethodGet, "EIO=4&transport=websocket"},
	}
	s := startEngineIO(t, relaxed())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			answer := s.request(t, c.method, c.query+"&sid="+session.sid, "4refused")
			if answer.status != http.StatusBadRequest {
				t.Errorf("status %d (%v), want 400", answer.status, answer.err)
			}
			expectEcho(t, session, "4the session goes on")
		})
	}
}

func TestUnknownMethodOnASessionIsRefused(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			// The page names no status; the reference answers with 500.
			if answer := s.request(t, method, session.query(), ""); answer.status < http.StatusBadRequest {
				t.Errorf("status %d (%v), want an error", answer.status, answer.err)
			}
			expectEcho(t, session, "4the session goes on")
		})
	}
}

func TestWebSocketWithoutValidParametersIsClosed(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, query string }{
		{"no EIO", "transport=websocket"},
		{"EIO is no number", "EIO=abc&transport=websocket"},
		{"EIO of an older protocol", "EIO=3&transport=websocket"},
		{"no transport", "EIO=4"},
		{"unknown transport", "EIO=4&transport=abc"},
		{"long-polling, which is no WebSocket", "EIO=4&transport=polling"},
		{"unknown session", "EIO=4&transport=websocket&sid=abc"},
	}
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				expectNoWebSocket(t, s, c.query)
			})
		}
	})
}

// expectNoWebSocket fails unless the server refuses a WebSocket with 400, or accepts
// and closes it without a packet.
func expectNoWebSocket(t *testing.T, s server, query string) {
	t.Helper()
	conn, response, err := tryDial(s, query)
	if err != nil {
		if response != nil && response.StatusCode != http.StatusBadRequest {
			t.Errorf("status %d, want 400", response.StatusCode)
		}
		return
	}
	_ = conn.Close()
	dialMute(t, s, query).expectClosed()
}
