package freeport

import (
	"net"
	"strconv"
	"testing"
)

func TestPortsAreFreeAndDiffer(t *testing.T) {
	for range 100 {
		port, err := Pick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if port < lowest || port >= highest {
			t.Fatalf("port %d", port)
		}
		// Held until the end: none may come again.
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
	}
}
