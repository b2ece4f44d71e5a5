package e2e_test

import (
	"testing"
	"time"
)

// TestTheOfficialClientWorksOnEveryTransport runs socket.io-client under Node.js over
// WebSocket, long-polling and an upgrade from one to the other.
func TestTheOfficialClientWorksOnEveryTransport(t *testing.T) {
	p := start(t)
	t.Log("\n" + node(t, time.Minute, "official.mjs", p.url))
}
