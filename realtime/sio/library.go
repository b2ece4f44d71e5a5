package sio

import (
	"io"
	"net/http"
	"net/url"
	"reflect"
	"sync"

	"github.com/zishang520/engine.io-go-parser/packet"
	"github.com/zishang520/engine.io/v2/engine"
	"github.com/zishang520/engine.io/v2/events"
	"github.com/zishang520/engine.io/v2/transports"
	"github.com/zishang520/engine.io/v2/types"
)

// This file is what the library sees of a connection: its interface engine.Socket,
// of which socket.io/v2 v2.5.0 uses the events data, error and close, Id, Protocol,
// Request, RemoteAddress, ReadyState, Transport().Writable(), Write and Close.

var _ engine.Socket = (*conn)(nil)

// bindable is the Engine as the library's Bind wants it: an emitter of "connection".
type bindable struct {
	engine.BaseServer
	engine *Engine
}

// ClientsCount is part of engine.BaseServer.
func (b bindable) ClientsCount() uint64 { return uint64(b.engine.leftover()) } //nolint:gosec // a count

// Close is part of engine.BaseServer.
func (b bindable) Close() engine.BaseServer {
	for _, c := range b.engine.list() {
		c.shut(reasonTransportClose, codeGoingAway)
	}
	return b
}

// slots stands in for an event emitter: one place per event that the library listens to.
type slots struct {
	mu                 sync.Mutex
	data, failed, done events.Listener
}

// slot is the place of an event, nil if there is none.
func (s *slots) slot(e events.EventName) *events.Listener {
	switch e {
	case "data":
		return &s.data
	case "error":
		return &s.failed
	case "close":
		return &s.done
	}
	return nil
}

// On is part of events.EventEmitter; it keeps one listener per event.
func (s *slots) On(e events.EventName, listeners ...events.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.slot(e); at != nil && len(listeners) > 0 {
		*at = listeners[0]
	}
	return nil
}

// AddListener is part of events.EventEmitter.
func (s *slots) AddListener(e events.EventName, listeners ...events.Listener) error {
	return s.On(e, listeners...)
}

// Once is part of events.EventEmitter; the library takes its listener off by itself.
func (s *slots) Once(e events.EventName, listeners ...events.Listener) error {
	return s.On(e, listeners...)
}

// Emit is part of events.EventEmitter.
func (s *slots) Emit(e events.EventName, args ...any) {
	for _, listener := range s.Listeners(e) {
		listener(args...)
	}
}

// EventNames is part of events.EventEmitter.
func (s *slots) EventNames() []events.EventName {
	var names []events.EventName
	for _, e := range []events.EventName{"data", "error", "close"} {
		if s.ListenerCount(e) > 0 {
			names = append(names, e)
		}
	}
	return names
}

// Listeners is part of events.EventEmitter.
func (s *slots) Listeners(e events.EventName) []events.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.slot(e); at != nil && *at != nil {
		return []events.Listener{*at}
	}
	return nil
}

// ListenerCount is part of events.EventEmitter.
func (s *slots) ListenerCount(e events.EventName) int { return len(s.Listeners(e)) }

// RemoveListener is part of events.EventEmitter.
func (s *slots) RemoveListener(e events.EventName, listener events.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.slot(e)
	if at == nil || *at == nil || reflect.ValueOf(*at).Pointer() != reflect.ValueOf(listener).Pointer() {
		return false
	}
	*at = nil
	return true
}

// RemoveAllListeners is part of events.EventEmitter.
func (s *slots) RemoveAllListeners(e events.EventName) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.slot(e)
	if at == nil || *at == nil {
		return false
	}
	*at = nil
	return true
}

// Clear is part of events.EventEmitter.
func (s *slots) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data, s.failed, s.done = nil, nil, nil
}

// Len is part of events.EventEmitter.
func (s *slots) Len() int { return len(s.EventNames()) }

// SetMaxListeners is part of events.EventEmitter; there is no such bound.
func (s *slots) SetMaxListeners(uint) {}

// GetMaxListeners is part of events.EventEmitter.
func (s *slots) GetMaxListeners() uint { return 0 }

// transportView answers what the library asks of a connection's transport.
type transportView struct {
	transports.Transport // nil: the library calls nothing else
	name                 string
}

// Name is part of transports.Transport.
func (v transportView) Name() string { return v.name }

// Writable is part of transports.Transport; there is always room on the queue.
func (v transportView) Writable() bool { return true }

// ReadyState is part of transports.Transport.
func (v transportView) ReadyState() string { return "open" }

// noRequest stands for the request of every connection: what the library keeps of it
// in each socket we keep once, in a Handshake.
func noRequest() *types.HttpContext {
	ctx := types.NewHttpContext(discardResponse{}, &http.Request{Method: http.MethodGet, URL: new(url.URL), Header: http.Header{}})
	ctx.Flush() // ends the goroutine that waits for the request's end
	return ctx
}

// discardResponse is a response that nobody reads.
type discardResponse struct{}

// Header is part of http.ResponseWriter.
func (discardResponse) Header() http.Header { return http.Header{} }

// Write is part of http.ResponseWriter.
func (discardResponse) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader is part of http.ResponseWriter.
func (discardResponse) WriteHeader(int) {}

// Construct is part of engine.Socket; the library does not make its own sockets here.
func (c *conn) Construct(string, engine.BaseServer, transports.Transport, *types.HttpContext, int) {}

// SetReadyState is part of engine.Socket; the state is not the library's to set.
func (c *conn) SetReadyState(string) {}

// Protocol is part of engine.Socket.
func (c *conn) Protocol() int { return 4 }

// Request is part of engine.Socket.
func (c *conn) Request() *types.HttpContext { return c.engine.request }

// RemoteAddress is part of engine.Socket.
func (c *conn) RemoteAddress() string { return c.greeting.remoteAddr }

// Transport is part of engine.Socket.
func (c *conn) Transport() transports.Transport { return transportView{name: c.transport()} }

// Id is part of engine.Socket.
func (c *conn) Id() string { return c.id }

// ReadyState is part of engine.Socket.
func (c *conn) ReadyState() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return [...]string{stateOpen: "open", stateClosing: "closing", stateClosed: "closed"}[c.state]
}

// Upgraded is part of engine.Socket.
func (c *conn) Upgraded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.upgraded
}

// Upgrading is part of engine.Socket.
func (c *conn) Upgrading() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.probe != nil
}

// MaybeUpgrade is part of engine.Socket; upgrades are the Engine's own affair.
func (c *conn) MaybeUpgrade(transports.Transport) {}

// Send is part of engine.Socket.
func (c *conn) Send(r io.Reader, o *packet.Options, done engine.SendCallback) engine.Socket {
	return c.Write(r, o, done)
}

// Write is part of engine.Socket: it queues one message.
func (c *conn) Write(r io.Reader, _ *packet.Options, _ engine.SendCallback) engine.Socket {
	data, err := io.ReadAll(r)
	if err != nil {
		c.engine.log.Error().Err(err).Msg("packet of the library could not be read")
		return c
	}
	_, text := r.(*types.StringBuffer)
	s, ok := c.receiver.(*session)
	if ok && text {
		s.writes(data)
	}
	c.send(messagePacket(data, !text))
	if ok && text {
		s.wrote(data)
	}
	return c
}

// Close is part of engine.Socket.
func (c *conn) Close(discard bool) {
	if discard {
		c.abort(reasonForcedClose)
		return
	}
	c.shut(reasonForcedClose, codeNone)
}
