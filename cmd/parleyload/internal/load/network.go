package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"sync/atomic"
	"time"

	"parley/cmd/internal/client"
)

// spareFiles is what a driver has open besides its connections.
const spareFiles = 64

// loopbackSources is how many addresses the connections to a server on this machine come
// from: one has 28,000 ports, of which those of closed connections are blocked for a minute.
const loopbackSources = 8

// files is how many files a run keeps open: a polling client has a connection for its
// waiting GET and one for its POSTs.
func (o *Options) files() uint64 {
	n := uint64(o.Sockets) + spareFiles
	if o.Transport == client.Polling {
		n += uint64(o.Sockets)
	}
	return n
}

// errFiles says what to do when the system allows fewer open files than a run needs.
func errFiles(need, allowed uint64) error {
	return fmt.Errorf("%d open files are needed and the system allows %d: raise the hard limit "+
		"(ulimit -Hn, LimitNOFILE of systemd), here and for the server, or use fewer sockets", need, allowed)
}

// dialer opens the connections of a run.
type dialer struct {
	loopback bool
	next     atomic.Uint32
}

// newDialer returns how a server is reached. Only Linux has all of 127.0.0.0/8 without
// being told to.
func newDialer(server *url.URL) *dialer {
	ip, err := netip.ParseAddr(server.Hostname())
	return &dialer{loopback: runtime.GOOS == "linux" && err == nil && ip.Is4() && ip.IsLoopback()}
}

// dial opens one connection.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	if d.loopback {
		source := netip.AddrFrom4([4]byte{127, 0, 0, byte(1 + d.next.Add(1)%loopbackSources)})
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	return dialer.DialContext(ctx, network, address)
}

// client serves the polling connections of a run.
func (d *dialer) client(sockets int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * sockets, DialContext: d.dial}}
}
