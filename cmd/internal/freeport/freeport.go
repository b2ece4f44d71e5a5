// Package freeport finds ports for servers that are started as processes of their own, and
// that may be started again on the same port.
package freeport

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports that are handed out. Systems give outgoing connections ports above these by
// themselves (from 32768 on with Linux, from 49152 elsewhere): until its server listens, or
// while it is started again, such a port may be taken by any connection of any program, even
// by a client that tries to reach the server.
const (
	lowest  = 20_000
	highest = 32_000
)

// tries is how many ports are tried.
const tries = 1000

// given are the ports that this process was given already.
var given sync.Map

// Pick returns a port of this machine on which nobody listens now, another one each time.
func Pick(ctx context.Context) (int, error) {
	var last error
	for range tries {
		port := lowest + rand.IntN(highest-lowest) //nolint:gosec // it only spreads processes over the ports
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("find a free port: %w", last)
}
