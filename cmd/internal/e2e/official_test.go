package e2e_test

import (
	"testing"
	"time"
)

// TestTheOfficialClientWorksOnEveryTransport runs socket.io-client under Node.js over
// WebSocket, long-polling and an upgrade from one to the other.
func TestTheOfficialClientWorksOnEveryTransport(t *testing.T) {
	p := start(t)
	t.Log("\n" + node(t, scriptPatience, "official.mjs", p.url))
}

// TestEveryMethodOfTheOfficialAPIClientWorks runs @elizaos/api-client under Node.js; its
// last call stops the server.
func TestEveryMethodOfTheOfficialAPIClientWorks(t *testing.T) {
	p := start(t)
	t.Log("\n" + node(t, scriptPatience, "apiclient.mjs", p.url, reference(t, "api-client", "index.js")))
	select {
	case err := <-p.end:
		p.end <- err
		if err != nil {
			t.Errorf("the server was stopped and ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("the server was stopped and goes on")
	}
}
