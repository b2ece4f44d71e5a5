package e2e_test

import "testing"

// TestTheOfficialClientWorksOnEveryTransport runs socket.io-client under Node.js over
// WebSocket, long-polling and an upgrade from one to the other.
func TestTheOfficialClientWorksOnEveryTransport(t *testing.T) {
	scenario(t, always, func(t *testing.T, on topology) {
		node(t, "official.mjs", on.start(t).url)
	})
}

// TestEveryMethodOfTheOfficialAPIClientWorks runs @elizaos/api-client under Node.js; its
// last call stops the server.
func TestEveryMethodOfTheOfficialAPIClientWorks(t *testing.T) {
	scenario(t, inFull, func(t *testing.T, on topology) {
		p := on.start(t)
		node(t, "apiclient.mjs", p.url, reference(t, "api-client", "index.js"))
		switch ended, err := p.ends(patience); {
		case !ended:
			t.Error("the server was stopped and goes on")
		case err != nil:
			t.Errorf("the server was stopped and ended with %v", err)
		}
	})
}
