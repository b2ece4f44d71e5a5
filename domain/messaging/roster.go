package messaging

import (
	"context"
	"slices"
	"sync"

	"parley/domain"
	"parley/domain/bus"
)

// maxServers bounds the message servers, all of which are kept in memory.
const maxServers = 10_000

// maxServerAgents bounds the agents of one server.
const maxServerAgents = 1000

// Agents tells about agents; agents.Service implements it.
type Agents interface {
	// AgentState returns an agent's name, whether it runs, and whether there is one of
	// that id. It must not ask a store.
	AgentState(id domain.AgentID) (name string, running, known bool)
}

// noAgents knows no agent.
type noAgents struct{}

// AgentState knows nobody.
func (noAgents) AgentState(domain.AgentID) (name string, running, known bool) {
	return "", false, false
}

// Roster knows which agents belong to which message servers. It is kept in memory, because
// every message asks it, and written through. It is safe for concurrent use.
type Roster struct {
	store  Store
	caches *bus.Caches

	// changing is held while a server is changed in the store and in known, so that the
	// two go the same way; it is taken before mu.
	changing sync.Mutex
	mu       sync.RWMutex
	known    map[domain.ServerID][]domain.AgentID
}

// NewRoster returns a roster that knows nothing until Load. caches tells of other
// processes; nil means that there is none.
func NewRoster(store Store, caches *bus.Caches) *Roster {
	r := &Roster{store: store, caches: caches, known: map[domain.ServerID][]domain.AgentID{}}
	caches.Register(serverKind, bus.Cache{Drop: r.refresh, DropAll: r.Load})
	return r
}

// refresh reads what another process may have changed of a server.
func (r *Roster) refresh(ctx context.Context, key string) error {
	id := domain.ServerID(key)
	r.changing.Lock()
	defer r.changing.Unlock()
	s, err := r.store.Server(ctx, id)
	if domain.IsCode(err, domain.NotFound) {
		r.drop(id)
		return nil
	}
	if err == nil {
		r.remember(s)
	}
	return err
}

// Load reads the servers. Codes: unavailable.
func (r *Roster) Load(ctx context.Context) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	servers, err := r.store.Servers(ctx)
	if err != nil {
		return err
	}
	known := make(map[domain.ServerID][]domain.AgentID, len(servers))
	for _, s := range servers {
		known[s.ID] = s.Agents
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = known
	return nil
}

// Belongs reports whether an agent listens to a server: to the default one all do.
func (r *Roster) Belongs(server domain.ServerID, agent domain.AgentID) bool {
	if server == domain.DefaultServer {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Contains(r.known[server], agent)
}

// Of returns the agents of a server, in the order they were added.
func (r *Roster) Of(server domain.ServerID) []domain.AgentID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return append([]domain.AgentID{}, r.known[server]...)
}

// ServersOf returns the servers that an agent was added to, the default one first.
func (r *Roster) ServersOf(agent domain.AgentID) []domain.ServerID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	found := []domain.ServerID{}
	for id, agents := range r.known {
		if slices.Contains(agents, agent) {
			found = append(found, id)
		}
	}
	slices.Sort(found) // the default one is all zeros
	return found
}

// Add lets an agent listen to a server, from the next message on; one that does already
// is no error. Codes: not_found, conflict (too many), unavailable.
func (r *Roster) Add(ctx context.Context, server domain.ServerID, agent domain.AgentID) error {
	if slices.Contains(r.Of(server), agent) {
		return nil
	}
	return r.change(ctx, server, func(s Server) (Server, error) {
		switch {
		case slices.Contains(s.Agents, agent):
		case len(s.Agents) >= maxServerAgents:
			return s, domain.Errorf(domain.Conflict, "Server %s has %d agents already", server, maxServerAgents)
		default:
			s.Agents = append(slices.Clip(s.Agents), agent)
		}
		return s, nil
	})
}

// Remove lets an agent listen to a server no more; one that does not is no error. Codes:
// not_found, unavailable.
func (r *Roster) Remove(ctx context.Context, server domain.ServerID, agent domain.AgentID) error {
	return r.change(ctx, server, func(s Server) (Server, error) {
		s.Agents = slices.DeleteFunc(slices.Clone(s.Agents), func(a domain.AgentID) bool { return a == agent })
		return s, nil
	})
}

// change stores what change makes of a server, and remembers its agents, as the other
// processes do.
func (r *Roster) change(ctx context.Context, server domain.ServerID, change func(Server) (Server, error)) error {
	err := r.changeHere(ctx, server, change)
	if err == nil {
		r.caches.Stale(ctx, serverKind, string(server))
	}
	return err
}

// changeHere stores what change makes of a server, and remembers its agents.
func (r *Roster) changeHere(ctx context.Context, server domain.ServerID, change func(Server) (Server, error)) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	s, err := r.store.UpdateServer(ctx, server, change)
	if err != nil {
		return err
	}
	r.remember(s)
	return nil
}

// made notes a server that was just made, here and in the other processes.
func (r *Roster) made(ctx context.Context, s Server) {
	r.remember(s)
	r.caches.Stale(ctx, serverKind, string(s.ID))
}

// remember notes a server's agents.
func (r *Roster) remember(s Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[s.ID] = s.Agents
}

// forget notes that a server is gone, here and in the other processes.
func (r *Roster) forget(ctx context.Context, id domain.ServerID) {
	r.changing.Lock()
	r.drop(id)
	r.changing.Unlock()
	r.caches.Stale(ctx, serverKind, string(id))
}

// drop forgets a server. The caller holds changing.
func (r *Roster) drop(id domain.ServerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, id)
}

// full reports whether no more servers fit.
func (r *Roster) full() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.known) >= maxServers
}
