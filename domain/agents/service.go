package agents

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/bus"
	"parley/domain/messaging"
)

// ServiceOptions are what a Service needs.
type ServiceOptions struct {
	Store  Store
	Now    domain.Clock
	Logger zerolog.Logger
	// Watcher hears of agents that start and stop.
	Watcher Watcher
	// Servers says which agents listen to which message servers; nil means all to all.
	Servers Servers
	// Salt is what secrets are encrypted with; "" means DefaultSalt.
	Salt domain.Secret
	// Env is the environment: settings of agents fall back to it, and CHARACTER.<ID>.<KEY>
	// becomes a secret of a new agent. nil is empty; it must not change.
	Env map[string]domain.Secret
	// Library finds character files; the zero value knows those of the program only.
	Library Library
	// Panels tells of the panels that plugins offer; nil means none.
	Panels PanelSource
	// Patience is how long a deletion is waited for before the caller is told that it goes
	// on; 0 means 10 s.
	Patience time.Duration
	// Caches tells other processes of changes, and this one of theirs; nil means that there
	// is no other.
	Caches *bus.Caches
	// Bus carries orders about turns to the other processes; nil means that there is none.
	Bus bus.Bus
	// MaxLanes is how many (agent, channel) pairs may wait for the Runner; beyond it
	// hints are refused and found by its sweep. 0 means 4096, about 1 MB.
	MaxLanes int
}

var (
	_ messaging.Duties = (*Service)(nil)
	_ messaging.Agents = (*Service)(nil)
	_ Servers          = (*messaging.Roster)(nil)
)

// Service knows the agents and takes the hints for them. All of them are kept in memory, because every message
// asks which ones are active; the store is read at Load and written through. It is
// safe for concurrent use.
type Service struct {
	store Store
	now   domain.Clock
	log   zerolog.Logger
	// lanes is where hints wait for a Runner.
	lanes *lanes
	// running are the turns that a Runner works on.
	servers  Servers
	running  *running
	watcher  Watcher
	caches   *bus.Caches
	orders   *orders
	vault    *vault
	env      map[string]domain.Secret
	library  Library
	panels   PanelSource
	patience time.Duration
	// departures are the deletions under way.
	departures *departures
	// sweepNow has something to receive when a sweep is asked for.
	sweepNow chan struct{}

	// telling is held while an agent is changed and everybody is told of it, so that they hear
	// of changes in their order; it is taken first.
	telling sync.Mutex
	// changing is held while an agent is changed in the store and in known, so that the
	// two go the same way; it is taken before mu.
	changing sync.Mutex
	mu       sync.RWMutex
	known    map[domain.AgentID]Agent
	// started is when agents became active after began, the beginning of the service.
	started map[domain.AgentID]time.Time
	began   time.Time
}

// maxAgents bounds the agents, all of which are kept in memory.
const maxAgents = 10_000

// NewService returns a service that knows no agent until Load or Seed.
func NewService(o ServiceOptions) *Service {
	setDefault(&o.MaxLanes, 4096)
	if o.Servers == nil {
		o.Servers = everywhere{}
	}
	setDefault(&o.Salt, DefaultSalt)
	setDefault(&o.Patience, 10*time.Second)
	s := &Service{
		store: o.Store, now: o.Now, lanes: newLanes(o.MaxLanes), servers: o.Servers,
		running: &running{turns: map[Lane]underWay{}}, watcher: o.Watcher,
		log:   o.Logger.With().Str("component", "agents").Logger(),
		vault: newVault(o.Salt), env: o.Env, library: o.Library, panels: o.Panels, patience: o.Patience,
		departures: newDepartures(), sweepNow: make(chan struct{}, 1), known: map[domain.AgentID]Agent{}, started: map[domain.AgentID]time.Time{}, began: o.Now().UTC(),
		caches: o.Caches, orders: newOrders(o.Bus),
	}
	s.caches.Register(cacheKind, bus.Cache{Drop: s.refresh, DropAll: s.refreshAll})
	return s
}

// Load reads all agents from the store. It must have succeeded before messages are
// accepted. Secrets that were stored before they were encrypted are encrypted now. Codes:
// unavailable.
func (s *Service) Load(ctx context.Context) error {
	if err := s.refreshAll(ctx); err != nil {
		return fmt.Errorf("load agents: %w", err)
	}
	for id, a := range s.snapshot() {
		if n := a.Character.unreadable(); n > 0 {
			s.logOf(a).Warn().Int("secrets", n).Msg("secrets cannot be read: they were stored under another SECRET_SALT")
		}
		if a.Leaving {
			s.departures.join(id)
		}
	}
	total, _ := s.Counts()
	s.log.Info().Int("agents", total).Msg("agents loaded")
	return nil
}

// Seed stores an agent made of c unless its id exists, in which case the stored one
// stays as it is; it returns the stored one. Codes: conflict (another id owns the
// name), unavailable.
func (s *Service) Seed(ctx context.Context, c Character, desired bool) (Agent, error) {
	a, _, err := s.ensure(ctx, c, desired)
	if err != nil {
		return Agent{}, fmt.Errorf("seed agent %s: %w", c.Name, err)
	}
	return a, nil
}

// ensure stores an agent made of c unless its id exists, and tells whoever watches if it
// is new.
func (s *Service) ensure(ctx context.Context, c Character, desired bool) (Agent, bool, error) {
	s.telling.Lock()
	defer s.telling.Unlock()
	a, created, err := s.ensureHere(ctx, c, desired)
	if created {
		s.caches.Stale(ctx, cacheKind, string(a.ID))
		s.watcher.AgentChanged(newListItem(a))
	}
	return a, created, err
}

// ensureHere stores an agent made of c unless its id exists.
func (s *Service) ensureHere(ctx context.Context, c Character, desired bool) (a Agent, created bool, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if known, ok := s.agent(c.ID); ok && !known.Leaving {
		return known, false, nil
	}
	if total, _ := s.Counts(); total >= maxAgents {
		return Agent{}, false, domain.Errorf(domain.Conflict, "There are %d agents already, which is the most", maxAgents)
	}
	now := s.stamp()
	stored, created, err := s.store.EnsureAgent(ctx, s.vault.stored(Agent{
		ID: c.ID, Character: s.vault.outside(c), Enabled: true, Desired: desired, CreatedAt: now, UpdatedAt: now,
	}))
	if err != nil {
		return Agent{}, false, err
	}
	if stored.Leaving {
		return Agent{}, false, domain.Errorf(domain.Conflict, "The agent %s is being deleted", stored.ID)
	}
	a, _ = s.vault.opened(stored)
	s.remember(a)
	if created && desired {
		s.mu.Lock()
		s.started[a.ID] = now
		s.mu.Unlock()
	}
	if created {
		s.logOf(a).Info().Msg("agent created")
	}
	return a, created, nil
}

// stamp is the present in the precision of the store.
func (s *Service) stamp() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// logOf is the log with the agent's name and id in every line.
func (s *Service) logOf(a Agent) *zerolog.Logger {
	l := s.log.With().Str("agentName", a.Character.Name).Str("agentId", string(a.ID)).Logger()
	return &l
}

// remember notes what an agent is now.
func (s *Service) remember(a Agent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[a.ID] = a
}

// Awaiting names the agents that owe m an answer: those that are active, take part in
// the channel, belong to its server and did not write m. Whether they say anything is decided in their
// turn. It asks no store.
func (s *Service) Awaiting(_ context.Context, c messaging.Channel, m messaging.Message) []domain.AgentID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var awaiting []domain.AgentID
	for _, p := range c.Participants {
		id := domain.AgentID(p)
		if p != m.AuthorID && s.known[id].Desired && s.servers.Belongs(c.ServerID, id) && !slices.Contains(awaiting, id) {
			awaiting = append(awaiting, id)
		}
	}
	return awaiting
}

// Hint says that m is stored and awaits agents. It does not block, and a hint too
// many is dropped: the Runner's sweep finds what it was about.
func (s *Service) Hint(m messaging.Message) { s.hint(m) }

// hint reports whether there was room for all of the hints.
func (s *Service) hint(m messaging.Message) bool {
	ok := true
	for _, id := range m.Awaiting {
		ok = s.lanes.hint(Lane{Agent: id, Channel: m.ChannelID}) && ok
	}
	return ok
}

// agent returns a known agent.
func (s *Service) agent(id domain.AgentID) (Agent, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, ok := s.known[id]
	return a, ok
}

// visible returns a known agent that was not deleted.
func (s *Service) visible(id domain.AgentID) (Agent, bool) {
	a, ok := s.agent(id)
	return a, ok && !a.Leaving
}

// exists is the error where an agent is missing.
func (s *Service) exists(ctx context.Context, id domain.AgentID) error {
	if _, ok := s.find(ctx, id); !ok {
		return errNoAgent
	}
	return nil
}

// errNoAgent is the answer where an agent is missing.
var errNoAgent = domain.Errorf(domain.NotFound, "Agent not found")

// wrote reports whether m comes from an agent, whether it runs now or not.
func (s *Service) wrote(m messaging.Message) bool {
	if m.SourceType == SourceReply {
		return true
	}
	_, ok := s.agent(domain.AgentID(m.AuthorID))
	return ok
}

// others returns the active agents among the participants of a channel but for one, and
// how many of them are listed before that one; all are if it does not take part.
func (s *Service) others(c messaging.Channel, but domain.AgentID) (others []Agent, ahead int) {
	ahead = -1
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range c.Participants {
		switch a, ok := s.known[domain.AgentID(p)]; {
		case ok && a.ID == but:
			ahead = len(others)
		case ok && a.Desired && s.servers.Belongs(c.ServerID, a.ID):
			others = append(others, a)
		}
	}
	if ahead < 0 {
		ahead = len(others)
	}
	return others, ahead
}

// AgentState returns an agent's name, whether it runs, and whether there is one of that
// id; see messaging.Agents and memory.Agents. One that does not run is known.
func (s *Service) AgentState(id domain.AgentID) (name string, running, known bool) {
	a, ok := s.agent(id)
	return a.Character.Name, a.Desired && !a.Leaving, ok && !a.Leaving
}

// all returns the agents in no order, without those that were deleted.
func (s *Service) all() []Agent {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Agent, 0, len(s.known))
	for _, a := range s.known {
		if !a.Leaving {
			list = append(list, a)
		}
	}
	return list
}
