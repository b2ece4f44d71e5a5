package e2e_test

import (
	"testing"
)

// TestTheOfficialClientComesBackIntoItsRooms takes the network away from socket.io-client,
// for a moment, for longer than the ping timeout, and at random, and checks that it misses
// nothing and hears nothing twice.
func TestTheOfficialClientComesBackIntoItsRooms(t *testing.T) {
	t.Parallel() // it mostly waits
	scenario(t, inFull, func(t *testing.T, on topology) {
		p := on.start(t, "RATE_LIMIT_SOCKET=0")
		args := []string{p.url}
		if on == one && !testing.Short() || soaking() { // it is long because of the ping timeout, whatever the topology
			args = append(args, "long")
		}
		node(t, "recover.mjs", args...)
	})
}
