package e2e_test

import (
	"testing"
)

// TestPeopleComeGoAndRead runs over both transports.
func TestPeopleComeGoAndRead(t *testing.T) {
	scenario(t, always, func(t *testing.T, on topology) {
		p := on.start(t)
		for _, transport := range []string{"websocket", "polling"} {
			t.Run(transport, func(t *testing.T) {
				node(t, "people.mjs", p.url, transport)
			})
		}
	})
}
