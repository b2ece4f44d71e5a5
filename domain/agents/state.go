package agents

import (
	"context"

	"parley/domain"
)

// StateChanged answers agents:start and agents:stop.
type StateChanged struct {
	ID   domain.AgentID `json:"id"`
	Name string         `json:"name"`
	// Status says whether it runs.
	Status Status `json:"status"`
	// Message is what the reference says of a stop.
	Message string `json:"message,omitempty"`
}

// Start makes an agent active, for good: it answers from the next message on, also
// after a restart, and it is added to the default server. One that is active already
// stays so. Codes: not_found, unavailable.
func (s *Service) Start(ctx context.Context, _ domain.Actor, r GetRequest) (StateChanged, error) {
	a, err := s.setDesired(ctx, r.AgentID, true)
	if err == nil {
		err = s.servers.Add(ctx, domain.DefaultServer, r.AgentID)
	}
	return StateChanged{ID: a.ID, Name: a.Character.Name, Status: Active}, err
}

// Halt makes an agent inactive, for good. What it is about to say is dropped, and what
// it was asked ends with a failure. Codes: not_found (also if it is inactive already, as
// in the reference), unavailable.
func (s *Service) Halt(ctx context.Context, _ domain.Actor, r GetRequest) (StateChanged, error) {
	if a, ok := s.find(ctx, r.AgentID); ok && !a.Desired {
		return StateChanged{}, domain.Errorf(domain.NotFound, "Agent is not running")
	}
	a, err := s.setDesired(ctx, r.AgentID, false)
	if err != nil {
		return StateChanged{}, err
	}
	s.running.cancel(errHalted, func(key Lane, _ underWay) bool { return key.Agent == r.AgentID })
	return StateChanged{ID: a.ID, Name: a.Character.Name, Status: Inactive, Message: "Agent stopped"}, nil
}

// JoinDefault adds all active agents to the default server: those that were active when
// the server was started. Codes: unavailable.
func (s *Service) JoinDefault(ctx context.Context) error {
	for _, a := range s.all() {
		if !a.Desired {
			continue
		}
		if err := s.servers.Add(ctx, domain.DefaultServer, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// setDesired stores whether an agent should run, and tells whoever watches.
func (s *Service) setDesired(ctx context.Context, id domain.AgentID, desired bool) (Agent, error) {
	if _, ok := s.find(ctx, id); !ok {
		return Agent{}, errNoAgent
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	a, changed, err := s.setDesiredHere(ctx, id, desired)
	if changed {
		s.caches.Stale(ctx, cacheKind, string(id))
		s.watcher.AgentChanged(newListItem(a))
	}
	return a, err
}

// setDesiredHere stores whether an agent should run.
func (s *Service) setDesiredHere(ctx context.Context, id domain.AgentID, desired bool) (a Agent, changed bool, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	a, ok := s.visible(id)
	if !ok {
		return Agent{}, false, errNoAgent
	}
	if a.Desired == desired {
		return a, false, nil
	}
	if err := s.store.SetDesired(ctx, id, desired); err != nil {
		return Agent{}, false, err
	}
	a.Desired = desired
	s.mu.Lock()
	s.known[id] = a
	s.started[id] = s.now().UTC()
	s.mu.Unlock()
	s.logOf(a).Info().Str("status", string(a.Status())).Msg("agent changed")
	return a, true, nil
}
