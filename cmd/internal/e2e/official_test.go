package e2e_test

import "testing"

// TestTheOfficialClientWorksOnEveryTransport runs socket.io-client under Node.js over
// WebSocket, long-polling and an upgrade from one to the other.
func TestTheOfficialClientWorksOnEveryTransport(t *testing.T) {
	p := start(t)
	node(t, "official.mjs", p.url)
}

// TestEveryMethodOfTheOfficialAPIClientWorks runs @elizaos/api-client under Node.js; its
// last call stops the server.
func TestEveryMethodOfTheOfficialAPIClientWorks(t *testing.T) {
	p := start(t)
	node(t, "apiclient.mjs", p.url, reference(t, "api-client", "index.js"))
	switch ended, err := p.ends(patience); {
	case !ended:
		t.Error("the server was stopped and goes on")
	case err != nil:
		t.Errorf("the server was stopped and ended with %v", err)
	}
}
