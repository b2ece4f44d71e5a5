package realtime

import (
	"sync"
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
	// flight holds a token per ordered operation under way, slow one per slow operation.
	flight, slow chan struct{}

	// expiry ends the socket with its credential; nil if that lasts for ever.
	expiry *time.Timer

	mu     sync.Mutex
	gone   bool
	joined map[domain.ChannelID]struct{}
	typing map[domain.ChannelID]*typist
}

// connect begins a session: its listeners first, then the greetings.
func (g *Gateway) connect(socket *sio.Socket) {
	actor, _ := socket.Identity().(domain.Actor)
	actor.Socket = socket.ID()
	s := &session{
		gateway: g, socket: socket, actor: actor,
		bucket: newBucket(g.opts.EventRate, g.opts.EventBurst, g.opts.Now),
		flight: make(chan struct{}, maxInFlight), slow: make(chan struct{}, maxSlow),
		joined: map[domain.ChannelID]struct{}{}, typing: map[domain.ChannelID]*typist{},
	}
	g.mu.Lock()
	g.sessions[socket.ID()] = s
	g.mu.Unlock()
	s.expireWith(actor)
	socket.OnEvent(s.handle)
	socket.OnDisconnect(func(string) { g.disconnect(s) })
	if actor.Entity != "" {
		if err := socket.Join(entityRoom(actor.Entity)); err != nil {
			g.log.Debug().Err(err).Str("socket", socket.ID()).Msg("socket gone before it was greeted")
		}
		s.emit("authenticated", authenticated{EntityID: actor.Entity, Timestamp: domain.Millis(g.opts.Now())})
	}
	s.emit("connection_established", established{Message: "Connected to Eliza Socket.IO server", SocketID: socket.ID()})
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

// disconnect ends a session: it leaves its channels and stops typing.
func (g *Gateway) disconnect(s *session) {
	g.mu.Lock()
	delete(g.sessions, s.socket.ID())
	g.mu.Unlock()
	g.logs.remove(s)
	if s.expiry != nil {
		s.expiry.Stop()
	}
	s.mu.Lock()
	s.gone = true
	joined := s.joined
	s.joined = nil
	s.mu.Unlock()
	g.opts.Presence.LeaveAll(s.socket.ID())
	for channel := range joined {
		s.stopTyping(channel)
		g.sequencer.Leave(channel)
	}
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
