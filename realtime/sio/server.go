package sio

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zishang520/engine.io/v2/engine"
	"github.com/zishang520/socket.io/v2/socket"
)

// neverTimeout keeps the library's own connect timer from firing: the engine's timers
// do its work.
const neverTimeout = 1000 * time.Hour

// Server is a Socket.IO server. It is ready when made; Shutdown ends it. Safe for
// concurrent use.
type Server struct {
	engine  *Engine
	library *socket.Server
	binding bindable
	ctx     context.Context // of middlewares; ends with the server
	cancel  context.CancelFunc

	// creating is held while a namespace is bound to the library, before spacesMu.
	creating sync.Mutex

	spacesMu sync.Mutex
	spaces   map[string]*Namespace
}

// New returns a server that has the namespace "/". It has goroutines until Shutdown.
func New(o Options) (*Server, error) {
	s := &Server{spaces: map[string]*Namespace{}}
	e, err := newEngine(o, s.accept)
	if err != nil {
		return nil, err
	}
	s.engine = e
	s.ctx, s.cancel = context.WithCancel(context.Background())
	opts := socket.DefaultServerOptions()
	opts.SetParser(libraryParser{})
	opts.SetAdapter(adapters{s})
	opts.SetConnectTimeout(neverTimeout)
	opts.SetServeClient(false)
	opts.SetConnectionStateRecovery(recoveryOptions())
	s.library = socket.NewServer(nil, opts)
	s.binding = bindable{BaseServer: engine.MakeBaseServer(), engine: e}
	s.library.Bind(s.binding)
	s.Namespace("/")
	return s, nil
}

// accept makes the receiver of a new connection and lets the library listen to it.
func (s *Server) accept(c *conn) receiver {
	c.receiver = newSession(s, c)
	s.binding.Emit("connection", c)
	return c.receiver
}

// ServeHTTP serves the requests under Options.Path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// ReleasePoll makes the waiting poll of an Engine.IO session return; see Engine.ReleasePoll.
func (s *Server) ReleasePoll(id string) { s.engine.ReleasePoll(id) }

// Namespace returns the namespace with a name, and creates it if there is none. Clients
// cannot connect to a namespace before.
func (s *Server) Namespace(name string) *Namespace {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	s.creating.Lock()
	defer s.creating.Unlock()
	n := s.space(name)
	if !n.bound {
		n.bound = true
		n.bind(s.library.Of(name, nil))
	}
	return n
}

// bound returns the namespace that clients may connect to under a name, nil if there is none.
func (s *Server) bound(name string) *Namespace {
	s.creating.Lock()
	defer s.creating.Unlock()
	s.spacesMu.Lock()
	defer s.spacesMu.Unlock()
	if n := s.spaces[name]; n != nil && n.bound {
		return n
	}
	return nil
}

// space returns our side of a namespace; the library asks for it by way of the adapter.
func (s *Server) space(name string) *Namespace {
	s.spacesMu.Lock()
	defer s.spacesMu.Unlock()
	n := s.spaces[name]
	if n == nil {
		n = &Namespace{server: s, name: name, index: newIndex(s.engine.opts.MaxRooms)}
		s.spaces[name] = n
	}
	return n
}

// Batch runs f and holds back what it sends until it has returned, so that packets
// for the same connection leave in one write. f must not wait for a client.
func (s *Server) Batch(f func()) {
	s.engine.flush.open()
	defer s.engine.flush.close()
	f()
}

// Silence is how long a client may have been silent when its connection ends because it
// did not answer a ping.
func (s *Server) Silence() time.Duration {
	return s.engine.opts.PingInterval + s.engine.opts.PingTimeout
}

// Shutdown refuses new connections with 503 and ends those that there are, spread over
// the time that ctx leaves: clients see their transport close and connect again, here
// or elsewhere. It returns when all handlers and goroutines have ended, or with an
// error when ctx ends first.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.cancel()
	return s.engine.Shutdown(ctx)
}

// Stats are the numbers of a server or an engine.
type Stats struct {
	Conns       int    // open connections
	Polling     int    // those of them on long-polling
	WebSocket   int    // those of them on WebSocket
	Sockets     int    // connected sockets of all namespaces
	QueuedBytes int    // bytes that wait to be sent
	SlowClosed  int64  // connections closed because they did not read
	Upgrades    int64  // connections that went from long-polling to WebSocket
	PacketsIn   uint64 // messages received
	PacketsOut  uint64 // packets put on a queue
}

// Stats counts; it takes time in proportion to the number of connections.
func (s *Server) Stats() Stats {
	stats := s.engine.Stats()
	s.spacesMu.Lock()
	defer s.spacesMu.Unlock()
	for _, n := range s.spaces {
		stats.Sockets += n.Sockets()
	}
	return stats
}

// Stats counts; it takes time in proportion to the number of connections.
func (e *Engine) Stats() Stats {
	stats := Stats{SlowClosed: e.slowClosed.Load(), Upgrades: e.upgrades.Load(),
		PacketsIn: e.received.Load(), PacketsOut: e.sent.Load()}
	for _, c := range e.list() {
		c.mu.Lock()
		stats.Conns++
		if c.webSocket {
			stats.WebSocket++
		} else {
			stats.Polling++
		}
		stats.QueuedBytes += c.waiting
		c.mu.Unlock()
	}
	return stats
}
