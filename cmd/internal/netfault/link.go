package netfault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Bounds of what a link holds in one direction of a connection.
const (
	chunk  = 32 << 10
	queued = 64 // chunks under way on a slow link
)

// dialTimeout bounds the wait for the server behind a link.
const dialTimeout = 5 * time.Second

// Link carries TCP connections from its own address to a server. It passes everything on at
// once until it is told otherwise. It is safe for concurrent use.
type Link struct {
	target   string
	listener net.Listener
	ctx      context.Context //nolint:containedctx // the life of the link, not of a call
	end      context.CancelFunc
	running  sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed at each change
	silent  bool
	cut     bool
	delay   time.Duration
	open    map[net.Conn]struct{}
}

// Open opens a link to the server at an address, on a free port of loopback; the server
// need not be there yet. Close ends it.
func Open(target string) (*Link, error) {
	ctx, end := context.WithCancel(context.Background())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		end()
		return nil, fmt.Errorf("open a link: %w", err)
	}
	l := &Link{target: target, listener: listener, ctx: ctx, end: end, changed: make(chan struct{}), open: map[net.Conn]struct{}{}}
	l.running.Go(l.accept)
	return l, nil
}

// Addr is where the link is entered, host:port.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Slow delays all that is passed on from now, in each direction; 0 ends that. What is under
// way is not overtaken.
func (l *Link) Slow(by time.Duration) { l.change(func() { l.delay = by }) }

// Silence lets nothing through any more: nobody is told, connections stay open, new ones are
// made and hear nothing. Heal lets through what was kept back, as a network does.
func (l *Link) Silence() { l.change(func() { l.silent = true }) }

// Cut ends all connections, and new ones at once.
func (l *Link) Cut() {
	l.change(func() {
		l.cut = true
		l.breakLocked()
	})
}

// Break ends all connections; new ones are made.
func (l *Link) Break() { l.change(l.breakLocked) }

// Heal makes the link pass on everything at once again.
func (l *Link) Heal() { l.change(func() { l.silent, l.cut, l.delay = false, false, 0 }) }

// Close ends the link with its connections and waits for them.
func (l *Link) Close() error {
	l.end()
	err := l.listener.Close()
	l.Break()
	l.running.Wait()
	return err
}

// change changes the link and wakes who waits for that.
func (l *Link) change(what func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what()
	close(l.changed)
	l.changed = make(chan struct{})
}

// breakLocked ends all connections. The lock is held.
func (l *Link) breakLocked() {
	for conn := range l.open {
		abort(conn)
	}
}

// abort ends a connection as one that is lost: its ends see a reset, not an end of data.
func abort(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// accept takes connections until the link is closed.
func (l *Link) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.running.Go(func() { l.carry(near) })
	}
}

// carry serves one connection.
func (l *Link) carry(near net.Conn) {
	if !l.keep(near) {
		return
	}
	defer l.drop(near)
	if !l.passes() {
		return
	}
	far, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(l.ctx, "tcp", l.target)
	if err != nil || !l.keep(far) {
		return
	}
	defer l.drop(far)
	var both sync.WaitGroup
	both.Go(func() { l.pump(near, far) })
	both.Go(func() { l.pump(far, near) })
	both.Wait()
}

// keep notes a connection, so that it can be ended; it ends it and reports false if the
// link is cut or closed.
func (l *Link) keep(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut || l.ctx.Err() != nil {
		abort(conn)
		return false
	}
	l.open[conn] = struct{}{}
	return true
}

// drop ends a connection.
func (l *Link) drop(conn net.Conn) {
	l.mu.Lock()
	delete(l.open, conn)
	l.mu.Unlock()
	abort(conn)
}

// passes waits while the link is silent; false: it is closed.
func (l *Link) passes() bool {
	for {
		l.mu.Lock()
		silent, changed := l.silent, l.changed
		l.mu.Unlock()
		if !silent {
			return l.ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-l.ctx.Done():
			return false
		}
	}
}

// parcel is some bytes on their way, nil at the end of data, and when they are due.
type parcel struct {
	bytes []byte
	due   time.Time
}

// pump passes on one direction of a connection until it ends, and then ends the other one
// too if it was lost.
func (l *Link) pump(from, to net.Conn) {
	way := make(chan parcel, queued)
	var writer sync.WaitGroup
	writer.Go(func() { l.deliver(way, from, to) })
	defer writer.Wait()
	defer close(way)
	for {
		buffer := make([]byte, chunk)
		n, err := from.Read(buffer)
		if n > 0 {
			way <- parcel{buffer[:n], l.due()}
		}
		if errors.Is(err, io.EOF) {
			way <- parcel{nil, l.due()}
			return
		}
		if err != nil {
			abort(to)
			return
		}
	}
}

// due is when what comes in now is passed on.
func (l *Link) due() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.delay)
}

// deliver writes what is on its way when it is due; it takes everything until the way is
// closed, so that who reads never waits for a connection that is gone.
func (l *Link) deliver(way <-chan parcel, from, to net.Conn) {
	lost := false
	for p := range way {
		if lost {
			continue
		}
		select {
		case <-time.After(time.Until(p.due)):
		case <-l.ctx.Done():
		}
		if !l.passes() || !put(to, p.bytes) {
			lost = true
			abort(from)
		}
	}
}

// put writes bytes, or the end of data; false: the connection is gone.
func put(to net.Conn, b []byte) bool {
	if b == nil {
		tcp, ok := to.(*net.TCPConn)
		return ok && tcp.CloseWrite() == nil
	}
	_, err := to.Write(b)
	return err == nil
}
