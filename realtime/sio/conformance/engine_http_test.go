package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestRepliesCarryTheHeadersOfTheTransport(t *testing.T) {
	t.Parallel()
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		session := openPolling(t, s)
		t.Run("the open packet is plain text in UTF-8", func(t *testing.T) {
			expectPlainText(t, s.request(t, http.MethodGet, pollingQuery, ""))
		})
		t.Run("a payload is plain text in UTF-8", func(t *testing.T) {
			expectPlainText(t, session.get())
		})
		t.Run("a POST is answered with the text ok", func(t *testing.T) {
			answer := session.post("3")
			if answer.status != http.StatusOK || answer.body != "ok" {
				t.Errorf("%d %q, want 200 ok", answer.status, answer.body)
			}
			// The page shows text/plain, the reference sends text/html.
			if kind := answer.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/") {
				t.Errorf("Content-Type %q, want text", kind)
			}
			expectNoStore(t, answer)
		})
	})
}

// expectPlainText fails unless a reply is plain text that no cache may keep.
func expectPlainText(t *testing.T, answer reply) {
	t.Helper()
	if answer.status != http.StatusOK {
		t.Fatalf("status %d (%v), want 200", answer.status, answer.err)
	}
	if kind := answer.header.Get("Content-Type"); !strings.EqualFold(kind, "text/plain; charset=UTF-8") {
		t.Errorf("Content-Type %q, want text/plain; charset=UTF-8", kind)
	}
	expectNoStore(t, answer)
}

// expectNoStore fails unless a reply forbids caches to keep it.
func expectNoStore(t *testing.T, answer reply) {
	t.Helper()
	if control := answer.header.Get("Cache-Control"); control != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", control)
	}
}

func TestAnyOriginMayUseTheServer(t *testing.T) {
	t.Parallel()
	const origin = "https://client.example"
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		t.Run("a preflight request names origin and methods", func(t *testing.T) {
			answer := s.requestWith(t, http.MethodOptions, pollingQuery, http.NoBody, http.Header{
				"Origin":                         {origin},
				"Access-Control-Request-Method":  {http.MethodPost},
				"Access-Control-Request-Headers": {"content-type"},
			})
			if answer.status != http.StatusOK && answer.status != http.StatusNoContent {
				t.Errorf("status %d (%v), want 204", answer.status, answer.err)
			}
			expectOrigin(t, answer, origin)
			methods := answer.header.Get("Access-Control-Allow-Methods")
			if !strings.Contains(methods, http.MethodGet) || !strings.Contains(methods, http.MethodPost) {
				t.Errorf("Access-Control-Allow-Methods %q, want GET and POST", methods)
			}
		})
		t.Run("a handshake, a refusal and a POST carry the header", func(t *testing.T) {
			header := http.Header{"Origin": {origin}}
			session := openPolling(t, s)
			expectOrigin(t, s.requestWith(t, http.MethodGet, pollingQuery, http.NoBody, header), origin)
			expectOrigin(t, s.requestWith(t, http.MethodGet, "EIO=4", http.NoBody, header), origin)
			expectOrigin(t, s.requestWith(t, http.MethodPost, session.query(), strings.NewReader("3"), header), origin)
		})
	})
}

// expectOrigin fails unless a reply admits the origin.
func expectOrigin(t *testing.T, answer reply, origin string) {
	t.Helper()
	if allowed := answer.header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != origin {
		t.Errorf("Access-Control-Allow-Origin %q, want * or the origin", allowed)
	}
}
