package memory

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/bus"
	"parley/domain/messaging"
)

// Options of a Service; every field is needed unless it says otherwise.
type Options struct {
	Store  Store
	Agents Agents
	Log    Log
	// RoomLogs go with their rooms; nil means that there are none.
	RoomLogs RoomLogs
	Watcher  Watcher
	// Caches tells of agents that other processes delete; nil means that there is no other.
	Caches *bus.Caches
	Now    domain.Clock
	Logger zerolog.Logger
}

// lockShards is over how many locks the writes for agents are spread.
const lockShards = 64

// Service holds the rules of worlds, rooms, entities and memories. It is safe for
// concurrent use. Run must run for Joined to have an effect.
type Service struct {
	store   Store
	agents  Agents
	log     Log
	logs    RoomLogs
	watcher Watcher
	now     domain.Clock
	logger  zerolog.Logger
	joins   chan Join
	backlog atomic.Int64 // of joins
	// dropping says that the last join found no room.
	dropping atomic.Bool
	// mark tells ids that this process makes of the time from those of others, "" if there
	// are none.
	mark string
	// ticked is the last number of milliseconds that an id was made of.
	ticked atomic.Int64
	seed   maphash.Seed
	// writing are held for reading while something is written for an agent, and for
	// writing for a moment by AgentDeleted.
	writing [lockShards]sync.RWMutex
}

var _ messaging.Dependents = (*Service)(nil)

// New returns a service over the store of its options.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, agents: o.Agents, log: o.Log, logs: o.RoomLogs, watcher: o.Watcher, now: o.Now,
		logger: o.Logger.With().Str("component", "memory").Logger(),
		joins:  make(chan Join, joinQueue), seed: maphash.MakeSeed(),
	}
	if o.Caches != nil {
		s.mark = "-" + string(domain.RandomID[domain.RoomID]())
	}
	o.Caches.Register(agentKind, bus.Cache{Drop: s.agentChanged, DropAll: func(context.Context) error { return nil }})
	return s
}

// agentKind names what processes know of agents; see bus.Caches.
const agentKind = "agents"

// agentChanged waits until what is being written for an agent is written: who deletes it
// elsewhere erases after that, and nothing is written from now on.
func (s *Service) agentChanged(_ context.Context, id string) error {
	lock := s.lock(domain.AgentID(id))
	lock.Lock()
	defer lock.Unlock() // nothing but the wait is wanted
	return nil
}

// stamp is the present in the precision of the store.
func (s *Service) stamp() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// tick is the present in milliseconds, later than at any earlier call: the reference
// makes ids of it, and two of one millisecond would be the same.
func (s *Service) tick() int64 {
	for {
		last := s.ticked.Load()
		next := max(domain.Millis(s.now()), last+1)
		if s.ticked.CompareAndSwap(last, next) {
			return next
		}
	}
}

// hold lets somebody write for an agent, unless it is not known; release must be called
// then. While it is held, AgentDeleted has not begun to erase.
func (s *Service) hold(agent domain.AgentID) (name string, release func(), known bool) {
	lock := s.lock(agent)
	lock.RLock()
	name, _, known = s.agents.AgentState(agent)
	if !known {
		lock.RUnlock()
		return "", nil, false
	}
	return name, lock.RUnlock, true
}

// lock is that of the writes for an agent.
func (s *Service) lock(agent domain.AgentID) *sync.RWMutex {
	return &s.writing[maphash.String(s.seed, string(agent))%lockShards]
}

// errNoAgent is the answer where an agent is missing.
func errNoAgent() error { return domain.Errorf(domain.NotFound, "Agent not found") }

// requireAgent returns NotFound unless there is such an agent, running or not.
func (s *Service) requireAgent(id domain.AgentID) error {
	if _, _, known := s.agents.AgentState(id); !known {
		return errNoAgent()
	}
	return nil
}
