package sio

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/zishang520/socket.io/v2/socket"
)

// ConnectError refuses a connection to a namespace; the client gets both fields with
// its connect_error. Data nil is left out.
type ConnectError struct {
	Message string
	Data    any
}

// Error is part of error.
func (e ConnectError) Error() string { return e.Message }

// Middleware decides about a socket that wants to connect. The identity it returns,
// unless nil, becomes the socket's. An error refuses the socket with its text, or with
// the fields of a ConnectError within it. The context ends when the server stops.
type Middleware = func(ctx context.Context, h Handshake) (identity any, err error)

// Namespace is one channel of communication within all connections, with its own
// sockets and rooms. Safe for concurrent use.
type Namespace struct {
	server *Server
	name   string
	index  *index
	bound  bool // guarded by Server.creating
	// cluster is the namespace's part in a cluster of servers; nil while it is alone.
	cluster   atomic.Pointer[cluster]
	questions questions

	mu          sync.RWMutex
	middlewares []Middleware
	onConnect   []func(*Socket)
	recovery    *Recovery
	onRemote    func(RemotePacket) bool
	onServer    func(*ServerEvent)
}

// Name is the name, which begins with a slash.
func (n *Namespace) Name() string { return n.name }

// Use adds a middleware; they run in the order of being added until one refuses.
func (n *Namespace) Use(m Middleware) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.middlewares = append(n.middlewares, m)
}

// OnConnect adds a handler for connected sockets. It runs before any event of the
// socket is handled, so it is the place to set the socket's own handlers.
func (n *Namespace) OnConnect(f func(*Socket)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onConnect = append(n.onConnect, f)
}

// OnRoom sets functions that hear of every join and leave. They run with the rooms
// locked, so that their order is right, and must not call back into the namespace or
// its sockets.
func (n *Namespace) OnRoom(joined func(room string, first bool), left func(room string, last bool)) {
	n.index.mu.Lock()
	defer n.index.mu.Unlock()
	n.index.joined, n.index.left = joined, left
}

// Broadcast sends p to the sockets in any of the rooms, nil standing for all, but not
// to those in one of except; each gets it once. A socket's id is also the name of a room
// with only it. On return the queue of every member here has the packet. It does not
// wait for the network, unless this takes less than what is broadcast. Members at other
// servers of the cluster, if a link is attached, get it by way of that.
func (n *Namespace) Broadcast(p Packet, rooms []string, except ...string) {
	n.Publish(p, rooms, except...)
	n.BroadcastLocal(p, rooms, except...)
}

// BroadcastLocal is Broadcast to the sockets of this process alone.
func (n *Namespace) BroadcastLocal(p Packet, rooms []string, except ...string) {
	if len(p.frames) == 0 {
		return
	}
	pool := &n.server.engine.pools.dirty
	list, _ := pool.Get().(*[]*conn)
	dirty := (*list)[:0]
	n.index.visit(rooms, except, func(s *Socket) {
		if s.session.conn.enqueue(p.mark, p.frames...) {
			dirty = append(dirty, s.session.conn)
		}
	})
	n.server.engine.flush.put(dirty...)
	clear(dirty)
	*list = dirty
	pool.Put(list)
}

// Members is the number of sockets in a room.
func (n *Namespace) Members(room string) int {
	if room == "" {
		return 0
	}
	return n.index.count(room)
}

// Sockets is the number of connected sockets.
func (n *Namespace) Sockets() int { return n.index.count("") }

// Rooms is the number of rooms with members.
func (n *Namespace) Rooms() int {
	n.index.mu.RLock()
	defer n.index.mu.RUnlock()
	return len(n.index.rooms)
}

// Each calls f for every socket in a room at the time of the call; "" stands for all.
func (n *Namespace) Each(room string, f func(*Socket)) {
	for _, s := range n.index.members(room) {
		f(s)
	}
}

// bind makes the namespace hear of the library's sockets.
func (n *Namespace) bind(library socket.Namespace) {
	library.Use(n.decide)
	_ = library.EventEmitter().On("connection", n.connected) // never fails
}

// decide tells the library how the admission of a socket ended.
func (n *Namespace) decide(library *socket.Socket, next func(*socket.ExtendedError)) {
	a := admissionOf(library.Conn())
	err := errInternal
	if a != nil {
		err = a.err
	}
	if err == nil {
		a.socket.library = library
		*library.Handshake() = socket.Handshake{} // what is in it nobody reads, and it lives with the socket
		library.SetData(a.socket)
		next(nil)
		return
	}
	refusal := ConnectError{Message: err.Error()}
	var given ConnectError
	var pointer *ConnectError
	switch {
	case errors.As(err, &given):
		refusal = given
	case errors.As(err, &pointer):
		refusal = *pointer
	}
	next(socket.NewExtendedError(refusal.Message, refusal.Data))
}

// errInternal is what a client hears of a panic.
var errInternal = errors.New("internal server error")

// connected begins the life of a socket; the library calls it after it has queued the
// CONNECT packet.
func (n *Namespace) connected(args ...any) {
	library, ok := args[0].(*socket.Socket)
	if !ok {
		return
	}
	s, ok := library.Data().(*Socket)
	if !ok {
		return
	}
	_ = library.On("disconnect", s.disconnected) // never fails
	attached := s.session.attach(s, func() {
		defer s.session.rescue("connect")
		n.index.add(s)
		n.mu.RLock()
		handlers := n.onConnect
		n.mu.RUnlock()
		for _, f := range handlers {
			f(s)
		}
	})
	if !attached {
		// The connection's end has passed the library by; this makes it let go.
		library.Disconnect(true)
	}
}
