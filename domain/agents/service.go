package agents

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
)

// ServiceOptions are what a Service needs.
type ServiceOptions struct {
	Store  Store
	Now    domain.Clock
	Logger zerolog.Logger
	// Watcher hears of agents that start and stop.
	Watcher Watcher
	// MaxLanes is how many (agent, channel) pairs may wait for the Runner; beyond it
	// hints are refused and found by its sweep. 0 means 4096, about 1 MB.
	MaxLanes int
}

var _ messaging.Duties = (*Service)(nil)

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
	running *running
	watcher Watcher

	// changing is held while an agent is changed in the store and in known, so that the
	// two go the same way; it is taken before mu.
	changing sync.Mutex
	mu       sync.RWMutex
	known    map[domain.AgentID]Agent
	// started is when agents became active after began, the beginning of the service.
	started map[domain.AgentID]time.Time
	began   time.Time
}

// NewService returns a service that knows no agent until Load or Seed.
func NewService(o ServiceOptions) *Service {
	setDefault(&o.MaxLanes, 4096)
	return &Service{
		store: o.Store, now: o.Now, lanes: newLanes(o.MaxLanes),
		running: &running{turns: map[laneKey]underWay{}}, watcher: o.Watcher,
		log:   o.Logger.With().Str("component", "agents").Logger(),
		known: map[domain.AgentID]Agent{}, started: map[domain.AgentID]time.Time{}, began: o.Now().UTC(),
	}
}

// Load reads all agents from the store. It must have succeeded before messages are
// accepted. Codes: unavailable.
func (s *Service) Load(ctx context.Context) error {
	all, err := s.store.Agents(ctx)
	if err != nil {
		return fmt.Errorf("load agents: %w", err)
	}
	known := make(map[domain.AgentID]Agent, len(all))
	for _, a := range all {
		known[a.ID] = a
	}
	s.mu.Lock()
	s.known = known
	s.mu.Unlock()
	s.log.Info().Int("agents", len(all)).Msg("agents loaded")
	return nil
}

// Seed stores an agent made of c unless its id exists, in which case the stored one
// stays as it is; it returns the stored one. Codes: conflict (another id owns the
// name), unavailable.
func (s *Service) Seed(ctx context.Context, c Character, desired bool) (Agent, error) {
	now := s.now().UTC()
	stored, created, err := s.store.EnsureAgent(ctx, Agent{
		ID: c.ID, Character: c, Enabled: true, Desired: desired, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return Agent{}, fmt.Errorf("seed agent %s: %w", c.Name, err)
	}
	s.mu.Lock()
	s.known[stored.ID] = stored
	s.mu.Unlock()
	if created {
		s.log.Info().Str("agentName", c.Name).Str("agentId", string(c.ID)).Msg("agent created")
	}
	return stored, nil
}

// Awaiting names the agents that owe m an answer: those that are active, take part
// in the channel and did not write m. Whether they say anything is decided in their
// turn. It asks no store.
func (s *Service) Awaiting(_ context.Context, c messaging.Channel, m messaging.Message) []domain.AgentID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var awaiting []domain.AgentID
	for _, p := range c.Participants {
		id := domain.AgentID(p)
		if p != m.AuthorID && s.known[id].Desired && !slices.Contains(awaiting, id) {
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
		ok = s.lanes.hint(laneKey{agent: id, channel: m.ChannelID}) && ok
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
		case ok && a.Desired:
			others = append(others, a)
		}
	}
	if ahead < 0 {
		ahead = len(others)
	}
	return others, ahead
}

// all returns the known agents in no order.
func (s *Service) all() []Agent {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Agent, 0, len(s.known))
	for _, a := range s.known {
		list = append(list, a)
	}
	return list
}
