package realtime

import (
	"sync"
	"sync/atomic"
	"time"

	"parley/domain"
	"parley/realtime/sio"
)

// maxChannels bounds the channels that one socket is in.
const maxChannels = 1000

// maxInFlight bounds the ordered operations of one socket that wait for their answer.
const maxInFlight = 64

// maxSlow bounds the slow operations of one socket that run at once.
const maxSlow = 16

// session is one connected socket.
type session struct {
	gateway *Gateway
	socket  *sio.Socket
	actor   domain.Actor
	bucket  bucket
	// flight holds a token per ordered operation under way; slow counts the slow ones.
	flight chan struct{}
	slow   atomic.Int32

	// ended is closed when nothing of the session is left but what was saved of it.
	ended chan struct{}
	// generation is how often the session was taken by a new connection.
	generation int64
	// saving is held while the session is saved.
	saving sync.Mutex
	// expiry ends the socket with its credential; nil if that lasts for ever.
	expiry *time.Timer

	mu     sync.Mutex
	gone   bool
	joined map[domain.ChannelID]*membership
	typing map[domain.ChannelID]*typist // made when first needed
	agents []domain.AgentID             // whose rooms it is in
	// watching is since when it is in them.
	watching map[domain.AgentID]time.Time
	deleted  lostChannels // of which it may not have heard
}

// membership is a socket's place in a channel's room.
type membership struct {
	// base is the number from which on the socket hears the channel live, had the last one
	// that its client had when it came back, 0 if it did not.
	base, had int64
	// entity and name are as whom it is present, "" if as nobody.
	entity domain.EntityID
	name   string
	// returning says that what it missed is being sent: it is not in the room yet.
	returning bool
}

// connect begins a session: its listeners first, then the greetings.
func (g *Gateway) connect(socket *sio.Socket) {
	actor, _ := socket.Identity().(domain.Actor)
	actor.Socket = socket.ID()
	s := &session{
		gateway: g, socket: socket, actor: actor,
		bucket: newBucket(g.opts.EventRate, g.opts.EventBurst, g.opts.Now),
		flight: make(chan struct{}, maxInFlight),
		ended:  make(chan struct{}), joined: map[domain.ChannelID]*membership{},
	}
	restored, _ := socket.Restored().(*restoration)
	if restored != nil {
		s.generation = restored.saved.Generation
		s.takeRooms(restored)
	}
	g.mu.Lock()
	g.sessions[socket.ID()] = s
	g.byPID[socket.PID()] = s
	g.mu.Unlock()
	g.unclaim(socket.PID())
	s.expireWith(actor)
	socket.OnEvent(s.handle)
	socket.OnDisconnect(func(reason string) { g.disconnect(s, reason) })
	s.greet(restored != nil)
	if restored != nil {
		s.resume(restored)
	}
	g.saver.changed(s)
}

// greet welcomes a socket. One that comes back is told the same, but keeps its offset.
func (s *session) greet(restored bool) {
	g, socket, actor := s.gateway, s.socket, s.actor
	if actor.Entity != "" {
		if err := socket.Join(entityRoom(actor.Entity)); err != nil {
			g.log.Debug().Err(err).Str("socket", socket.ID()).Msg("socket gone before it was greeted")
		}
		s.emit("authenticated", authenticated{EntityID: actor.Entity, Timestamp: domain.Millis(g.opts.Now())})
	}
	greeting := []any{established{Message: "Connected to Eliza Socket.IO server", SocketID: socket.ID()}}
	if !restored {
		greeting = append(greeting, noOffset)
	}
	s.emit("connection_established", greeting...)
}

// authenticated greets a socket that said who it is.
type authenticated struct {
	EntityID  domain.EntityID `json:"entityId"`
	Timestamp int64           `json:"timestamp"`
}

// established greets every socket.
type established struct {
	Message  string `json:"message"`
	SocketID string `json:"socketId"`
}

// disconnect ends a session: it leaves its channels and stops typing. What it needs to
// come back is saved before anybody can look for it.
func (g *Gateway) disconnect(s *session, reason string) {
	defer close(s.ended)
	g.mu.Lock()
	delete(g.sessions, s.socket.ID())
	g.mu.Unlock()
	if s.expiry != nil {
		s.expiry.Stop()
	}
	s.mu.Lock()
	s.gone = true
	joined, deleted, agents := s.joined, s.deleted, s.agents
	s.joined, s.deleted, s.agents = nil, nil, nil
	s.mu.Unlock()
	g.opts.Presence.LeaveAll(s.socket.ID())
	for channel, m := range joined {
		s.stopTyping(channel)
		if !m.returning {
			g.sequencer.Leave(channel)
		}
	}
	g.remember(s, joined, deleted, agents, reason)
	g.logs.remove(s)
	g.mu.Lock()
	delete(g.byPID, s.socket.PID())
	g.mu.Unlock()
}

// in reports whether the session is in a channel's room.
func (s *session) in(channel domain.ChannelID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, in := s.joined[channel]
	return in && !m.returning
}

// returnsTo reports whether what the session missed of a channel is being sent.
func (s *session) returnsTo(channel domain.ChannelID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, in := s.joined[channel]
	return in && m.returning
}

// emit sends an event to this socket. A socket that has gone hears nothing, which
// is no fault: what matters is in the log.
func (s *session) emit(event string, args ...any) {
	if err := s.socket.Emit(event, args...); err != nil {
		s.gateway.log.Debug().Err(err).Str("event", event).Str("socket", s.socket.ID()).Msg("event not sent")
	}
}

// bucket is a token bucket; it belongs to one socket's worker.
type bucket struct {
	rate, burst, tokens float64
	now                 domain.Clock
	last                time.Time
}

// newBucket returns a full bucket; rate 0 never runs dry.
func newBucket(rate float64, burst int, now domain.Clock) bucket {
	return bucket{rate: rate, burst: float64(burst), tokens: float64(burst), now: now, last: now()}
}

// take spends a token and reports whether there was one.
func (b *bucket) take() bool {
	if b.rate <= 0 {
		return true
	}
	now := b.now()
	b.tokens = min(b.burst, b.tokens+now.Sub(b.last).Seconds()*b.rate)
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
