package sio

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/zishang520/socket.io/v2/socket"
)

// Socket is one client's connection to one namespace. Safe for concurrent use.
type Socket struct {
	id, pid   string
	namespace *Namespace
	session   *session
	library   *socket.Socket
	restored  any
	// attached says that the connected socket was handed out, abandoned that it must not be;
	// both are guarded by session.mu.
	attached, abandoned bool
	auth                map[string]any
	identity            any
	rooms               roomSet // guarded by the namespace's index

	mu           sync.Mutex
	onEvent      func(*Event)
	onDisconnect []func(reason string)
	gone         bool
	reason       string
	ctx          context.Context // made when asked for
	cancel       context.CancelFunc
}

// ID is the socket's public id.
func (s *Socket) ID() string { return s.id }

// PID is the socket's private id, by which it can come back; "" without a Recovery.
func (s *Socket) PID() string { return s.pid }

// Restored is the state that the socket was restored with, nil if it is a fresh one.
func (s *Socket) Restored() any { return s.restored }

// Trail returns what the connection has sent, once it has closed; nil before.
func (s *Socket) Trail() *Trail {
	c := s.session.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen {
		return nil
	}
	return c.trail
}

// Proven returns for each channel the last number that has certainly arrived: it was sent
// before the last answered ping. What is not in it is not known.
func (s *Socket) Proven() map[string]int64 {
	c := s.session.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trail.Arrived("")
}

// Unmark makes the connection forget what it sent of a channel, because the numbers of that
// begin anew.
func (s *Socket) Unmark(channel string) {
	c := s.session.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trail.drop(channel)
}

// LastMarked returns the offset of the last marked packet that was sent on the connection,
// "" if there was none, and the last number of a channel among those.
func (s *Socket) LastMarked(channel string) (offset string, number int64) {
	c := s.session.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	m, number := c.trail.last(channel)
	if m.channel == "" {
		return "", number
	}
	return m.channel + ":" + strconv.FormatInt(m.number, 10), number
}

// Namespace is the namespace that the socket is connected to.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// Began is when the socket's connection began, by a clock that never goes back in a process.
func (s *Socket) Began() time.Time { return time.Unix(0, s.session.conn.began) }

// Handshake is what the client said when it connected.
func (s *Socket) Handshake() Handshake {
	return s.session.conn.greeting.handshake(s.auth)
}

// Identity is what the middlewares returned, nil if they returned nothing.
func (s *Socket) Identity() any { return s.identity }

// Transport is "polling" or "websocket".
func (s *Socket) Transport() string { return s.session.conn.transport() }

// Connected reports whether the socket is still connected. Between the end of the
// connection and the disconnect handlers, events that came before are handled.
func (s *Socket) Connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.gone
}

// Context ends when the socket disconnects.
func (s *Socket) Context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancel(context.Background())
		if s.gone {
			s.cancel()
		}
	}
	return s.ctx
}

// OnEvent sets the handler of the socket's events. The connection's worker calls it for
// one event at a time, in the order in which the client sent them; while it runs, the
// queue behind it fills and then the client is read no more.
func (s *Socket) OnEvent(f func(*Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onEvent = f
}

// OnDisconnect adds a handler that is called once, with the reason in the words of
// Socket.IO. After the disconnect it is called at once.
func (s *Socket) OnDisconnect(f func(reason string)) {
	s.mu.Lock()
	gone, reason := s.gone, s.reason
	if !gone {
		s.onDisconnect = append(s.onDisconnect, f)
	}
	s.mu.Unlock()
	if gone {
		f(reason)
	}
}

// Emit encodes an event and sends it; see EncodeEvent for the arguments. A socket that
// has gone ignores it.
func (s *Socket) Emit(event string, args ...any) error {
	p, err := EncodeEvent(s.namespace.name, event, args...)
	if err != nil {
		return err
	}
	s.Send(p)
	return nil
}

// Send sends an encoded event of the socket's namespace. It does not block.
func (s *Socket) Send(p Packet) {
	if len(p.frames) > 0 && s.Connected() && s.session.conn.enqueue(p.mark, p.frames...) {
		s.session.conn.engine.flush.put(s.session.conn)
	}
}

// Join puts the socket into a room. It returns ErrTooManyRooms when the socket is in
// as many as it may, and another error when it is not connected.
func (s *Socket) Join(room string) error { return s.namespace.index.join(s, room) }

// Leave takes the socket out of a room.
func (s *Socket) Leave(room string) { s.namespace.index.leave(s, room) }

// Rooms lists the rooms that the socket is in, in no order.
func (s *Socket) Rooms() []string { return s.namespace.index.roomsOf(s) }

// In reports whether the socket is in a room.
func (s *Socket) In(room string) bool { return s.namespace.index.in(s, room) }

// Close ends the connection with all of its namespaces, after what is queued was sent.
// Official clients connect again by themselves.
func (s *Socket) Close() { s.session.conn.shut(reasonForcedClose, codeNone) }

// Sever ends the connection at once: what is queued is lost.
func (s *Socket) Sever() { s.session.conn.abort(reasonForcedClose) }

// Open reports whether the connection takes packets.
func (s *Socket) Open() bool { return s.session.conn.open() }

// Disconnect sends the Socket.IO DISCONNECT packet, after the events that came before
// it were handled. Official clients do not connect again by themselves.
func (s *Socket) Disconnect() { s.session.disconnect(s) }

// dispatch hands an event to the handler.
func (s *Socket) dispatch(p *incoming) {
	s.mu.Lock()
	f := s.onEvent
	s.mu.Unlock()
	if f != nil {
		f(&Event{Name: p.name, Args: p.args, Attachments: p.attachments, socket: s, id: p.id, wantsAck: p.hasID})
	}
}

// disconnected ends the socket's life; the library calls it after it let go of it.
func (s *Socket) disconnected(args ...any) {
	reason, _ := args[0].(string)
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return
	}
	s.gone, s.reason = true, reason
	handlers := s.onDisconnect
	s.onDisconnect = nil
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.namespace.index.remove(s)
	defer s.session.detach(s)
	for _, f := range handlers {
		s.callDisconnect(f, reason)
	}
}

// callDisconnect calls one handler; a panic in it does not keep others from running.
func (s *Socket) callDisconnect(f func(string), reason string) {
	defer s.session.rescue("disconnect")
	f(reason)
}
