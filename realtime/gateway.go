package realtime

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/bus"
	"parley/domain/identity"
	"parley/domain/memory"
	"parley/domain/op"
	"parley/domain/presence"
	"parley/domain/quota"
	"parley/domain/system"
	"parley/domain/trace"
	"parley/realtime/fanout"
	"parley/realtime/sio"
)

// Channels is what the gateway asks of messaging; messaging.Service implements it.
type Channels interface {
	fanout.Source
	// TakesPart tells whether an entity is a participant of a channel. Codes: not_found.
	TakesPart(ctx context.Context, channel domain.ChannelID, entity domain.EntityID) (bool, error)
	// Participants are the entities that take part in a channel, as the store has them now.
	// Codes: not_found.
	Participants(ctx context.Context, channel domain.ChannelID) ([]domain.EntityID, error)
	// Made is when a channel was made, as the store has it now, zero if there is none.
	Made(ctx context.Context, channel domain.ChannelID) (time.Time, error)
}

// Options of a Gateway; every field is needed unless it says otherwise.
type Options struct {
	Identity *identity.Authenticator
	Logs     *system.Logs
	// Presence hears which sockets are in which channels.
	Presence presence.Tracker
	// Joins hears who comes into channels, and must not block; nil is nobody.
	Joins  func(j memory.Join)
	Now    domain.Clock
	Logger zerolog.Logger
	// EventRate is how many events per second a socket may send on average; 0 is
	// without limit.
	EventRate float64
	// EventBurst is how many it may send at once; 0 means 200.
	EventBurst int
	// ControlMessages locks the input of a channel's clients while an agent works on an
	// answer, also that of people who did not ask.
	ControlMessages bool
	// LegacyLogEvents sends each log entry as the event logEntry too.
	LegacyLogEvents bool
	// Bus carries notes to the gateways of other replicas; nil is that of a process alone.
	Bus bus.Bus
	// Sessions keeps what sockets need to come back after a lost connection; nil keeps it in
	// this process.
	Sessions Sessions
	// Tracer traces each event that an operation answers; nil traces none.
	Tracer trace.Tracer
	// AllowOrigin decides about cross-origin polling; nil echoes any origin.
	AllowOrigin func(origin string) bool
	// Proxies says whose X-Forwarded-For and X-Forwarded-Proto are believed.
	Proxies identity.Proxies
	// ConnectRate is how many connections one address may open in a minute, this machine
	// excepted, and how many wrong keys it may show; 0 is without limit.
	ConnectRate int
	// Limits makes what counts them; nil counts in this process alone.
	Limits quota.Limits
	// Replica is the name with which the ids of connections begin; "" is for a server that is alone.
	Replica string
}

// defaultBurst is how many events a socket may send at once unless set otherwise.
const defaultBurst = 200

// Gateway is the Socket.IO door. Bind must be called once before it serves.
type Gateway struct {
	opts      Options
	log       zerolog.Logger
	server    *sio.Server
	ns        *sio.Namespace
	registry  *op.Registry
	channels  Channels
	sequencer *fanout.Sequencer
	recent    *fanout.Recent

	mu       sync.RWMutex
	sessions map[string]*session      // by socket id
	byPID    map[string]*session      // until what it needs to come back is saved
	claimed  map[string]chan struct{} // by private id, while a session comes back
	// releases are the sessions that other replicas were asked for, by private id.
	releases map[string]chan struct{}
	// hearings are the channels that this replica begins to hear of.
	hearings map[domain.ChannelID]*hearing
	tasks    *tasks
	saver    saver
	spare    spare
	// vault tells whether what keeps the sessions answers.
	vault   outage
	logs    logSubscribers
	streams *streams
	ends    ends
	// removals are the agents deleted last.
	removals removals

	// connects and guesses count per address; nil without a limit.
	connects, guesses quota.Limiter

	// linked says that there may be other replicas; unlink ends that.
	linked atomic.Bool
	unlink []func()
	// replica is this one's name among them.
	replica string
	// members lists the names of all; nil knows of none.
	members func() []string
	heads   heads
	// notes wait to be told to the others.
	notes  chan note
	doubts doubts
	// deleted are the channels that another replica says are deleted.
	deleted doubts

	// published and delivered count the events of channels, lapses how often some of other
	// replicas may have been missed.
	published, delivered, lapses atomic.Uint64
}

// New returns a gateway that refuses everything until it is bound. What needs the
// gateway (messaging announces through it) can be built between New and Bind.
func New(o Options) (*Gateway, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == nil {
		o.Limits = quota.Local(o.Now)
	}
	if o.EventBurst == 0 {
		o.EventBurst = defaultBurst
	}
	if o.Bus == nil {
		o.Bus = &bus.Local{}
	}
	if o.Sessions == nil {
		o.Sessions = NewMemorySessions(o.Now)
	}
	g := &Gateway{opts: o, log: o.Logger.With().Str("component", "realtime").Logger(), sessions: map[string]*session{},
		tasks: newTasks(), spare: spare{NewMemorySessions(o.Now)}, byPID: map[string]*session{}, claimed: map[string]chan struct{}{}, releases: map[string]chan struct{}{}, hearings: map[domain.ChannelID]*hearing{}, streams: newStreams(), ends: ends{now: o.Now}, logs: logSubscribers{source: o.Logs},
		heads: heads{news: make(chan struct{}, 1), waiting: map[domain.ChannelID]int64{}}, notes: make(chan note, maxNotes),
		doubts:  doubts{news: make(chan struct{}, 1), channels: map[domain.ChannelID]struct{}{}},
		deleted: doubts{news: make(chan struct{}, 1), channels: map[domain.ChannelID]struct{}{}}}
	if o.Sessions.Shared() {
		g.saver = saver{news: make(chan struct{}, 1), dirty: map[*session]struct{}{}}
	}
	if o.ConnectRate > 0 {
		g.connects = o.Limits(quota.Limit{Name: "connects", Most: o.ConnectRate, Per: connectWindow})
		g.guesses = o.Limits(quota.Limit{Name: "socket-keys", Most: o.ConnectRate, Per: connectWindow})
	}
	server, err := sio.New(sio.Options{Path: "/socket.io/", AllowOrigin: o.AllowOrigin, Guard: g.guard, Replica: o.Replica,
		MaxRooms: maxChannels + maxAgents + 1, // and that of its entity
		Logger:   o.Logger.With().Str("component", "sio").Logger()})
	if err != nil {
		return nil, err
	}
	g.server, g.ns = server, server.Namespace("/")
	return g, nil
}

// Bind connects the gateway with the operations and the channels, declares its own
// operations and begins to accept sockets.
func (g *Gateway) Bind(r *op.Registry, c Channels) {
	g.registry, g.channels = r, c
	g.recent = fanout.NewRecent(c, g.opts.Now)
	g.sequencer = fanout.New(fanout.Options{Source: c, Sink: g, Made: g.made, Logger: g.log})
	g.defineOps(r)
	r.Describe(events()...)
	g.ns.Use(g.authenticate)
	g.ns.Recover(sio.Recovery{Restore: g.restore, Abandon: g.abandon})
	g.ns.OnConnect(g.connect)
}

// ServeHTTP serves the Engine.IO endpoint.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.server.ServeHTTP(w, r) }

// ReleasePoll makes the waiting poll of a connection return, so that its client polls anew.
func (g *Gateway) ReleasePoll(connection string) { g.server.ReleasePoll(connection) }

// Run delivers log lines to their subscribers, and tells other replicas what they may have
// missed, until ctx ends.
func (g *Gateway) Run(ctx context.Context) error {
	var telling sync.WaitGroup
	defer telling.Wait()
	telling.Go(func() { g.tellHeads(ctx) })
	telling.Go(func() { g.tellNotes(ctx) })
	telling.Go(func() { g.resolveDoubts(ctx) })
	telling.Go(func() { g.resolveDeleted(ctx) })
	telling.Go(func() { g.saveSessions(ctx) })
	return g.streamLogs(ctx)
}

// Shutdown refuses new sockets, ends the transports of all others, spread over the
// time that ctx leaves, and stops the sequencer.
func (g *Gateway) Shutdown(ctx context.Context) error {
	err := g.server.Shutdown(ctx)
	for _, end := range g.unlink {
		end()
	}
	g.tasks.end()
	g.sequencer.Close()
	g.recent.Close()
	return err
}

// Stats tells about sockets and queues.
func (g *Gateway) Stats() sio.Stats { return g.server.Stats() }

// session returns the session of a socket id, nil if it has gone.
func (g *Gateway) session(socket string) *session {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.sessions[socket]
}
