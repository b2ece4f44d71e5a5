package agents

import (
	"context"
	"fmt"

	"parley/domain"
)

// cacheKind names the agents that each process knows.
const cacheKind = "agents"

// find returns an agent that was not deleted; one that this process does not know it looks
// for in the store, if there are other processes that may have made it.
func (s *Service) find(ctx context.Context, id domain.AgentID) (Agent, bool) {
	a, ok := s.visible(id)
	if ok || s.caches == nil {
		return a, ok
	}
	if err := s.refresh(ctx, string(id)); err != nil {
		s.log.Warn().Err(err).Str("agentId", string(id)).Msg("agent cannot be looked for")
	}
	return s.visible(id)
}

// refresh reads what another process may have changed of an agent, and ends turns that are
// not to go on. Nobody is told: who changed it does that.
func (s *Service) refresh(ctx context.Context, key string) error {
	id := domain.AgentID(key)
	s.changing.Lock()
	defer s.changing.Unlock()
	stored, err := s.store.Agent(ctx, id)
	if domain.IsCode(err, domain.NotFound) {
		s.forget(id)
		s.running.cancel(errDeparted, func(key Lane, _ underWay) bool { return key.Agent == id })
		return nil
	}
	if err != nil {
		return err
	}
	a, _ := s.vault.opened(stored)
	s.learn(a)
	return nil
}

// refreshAll reads all agents from the store. Secrets that were stored before they were
// encrypted are encrypted now.
func (s *Service) refreshAll(ctx context.Context) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	all, err := s.store.Agents(ctx)
	if err != nil {
		return err
	}
	here := make(map[domain.AgentID]bool, len(all))
	for _, a := range all {
		opened, plain := s.vault.opened(a)
		if plain {
			if _, err := s.store.UpdateAgent(ctx, a.ID, func(Agent) (Agent, error) { return s.vault.stored(opened), nil }); err != nil {
				return fmt.Errorf("encrypt the secrets of agent %s: %w", a.ID, err)
			}
		}
		here[a.ID] = true
		s.learn(opened)
	}
	for id := range s.snapshot() {
		if !here[id] {
			s.forget(id)
		}
	}
	s.running.cancel(errDeparted, func(key Lane, _ underWay) bool { return !here[key.Agent] })
	return nil
}

// learn notes what the store says of an agent. The caller holds changing.
func (s *Service) learn(a Agent) {
	s.mu.Lock()
	before, known := s.known[a.ID]
	s.known[a.ID] = a
	if known && before.Desired != a.Desired {
		s.started[a.ID] = s.now().UTC()
	}
	s.mu.Unlock()
	cause := errHalted
	if a.Leaving {
		cause = errDeparted
	}
	if !a.Desired {
		s.running.cancel(cause, func(key Lane, _ underWay) bool { return key.Agent == a.ID })
	}
}

// snapshot copies what is known of the agents.
func (s *Service) snapshot() map[domain.AgentID]Agent {
	s.mu.RLock()
	defer s.mu.RUnlock()
	known := make(map[domain.AgentID]Agent, len(s.known))
	for id, a := range s.known {
		known[id] = a
	}
	return known
}
