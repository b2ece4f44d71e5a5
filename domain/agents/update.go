package agents

import (
	"context"
	"encoding/json"

	"parley/domain"
)

// UpdateRequest changes fields of an agent; see patch for what becomes of each.
type UpdateRequest struct {
	// AgentID is the agent to change.
	AgentID domain.AgentID `json:"agentId"`
	// Body is the whole request: the agent's fields, flat.
	Body json.RawMessage `json:"-" op:"payload"`
}

// Changes are the fields that a change of an agent may have beside its id.
type Changes struct {
	Character
	// Enabled is kept for clients of the reference; whether the agent runs is said by
	// starting and stopping it.
	Enabled *bool `json:"enabled,omitempty"`
}

// Payload is what the request may hold beside its fields; see package schema.
func (UpdateRequest) Payload() any { return Changes{} }

// UpdateExample shows what a request may look like.
type UpdateExample struct {
	AgentID domain.AgentID `json:"agentId"`
	System  string         `json:"system"`
}

// Validate returns every fault of the request.
func (r *UpdateRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// Update changes an agent; one that runs uses the new data from its next turn on. Codes:
// invalid, not_found, conflict (another agent has the name), unavailable.
func (s *Service) Update(ctx context.Context, _ domain.Actor, r UpdateRequest) (View, error) {
	change := patch{}
	if len(r.Body) > 0 {
		var err error
		if change, err = readPatch(r.Body); err != nil {
			return View{}, err
		}
	}
	a, ok := s.find(ctx, r.AgentID)
	if !ok {
		return View{}, errNoAgent
	}
	if len(change) == 0 {
		return newView(a), nil
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	a, err := s.updateHere(ctx, r, change)
	if err != nil {
		return View{}, err
	}
	s.logOf(a).Info().Msg("agent changed")
	s.caches.Stale(ctx, cacheKind, string(a.ID))
	s.watcher.AgentChanged(newListItem(a))
	return newView(a), nil
}

// updateHere stores a change of an agent.
func (s *Service) updateHere(ctx context.Context, r UpdateRequest, change patch) (Agent, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	stored, err := s.store.UpdateAgent(ctx, r.AgentID, func(a Agent) (Agent, error) {
		if a.Leaving {
			return a, errNoAgent
		}
		opened, _ := s.vault.opened(a)
		changed, err := change.applied(opened, s.vault)
		changed.UpdatedAt = s.stamp()
		return s.vault.stored(changed), err
	})
	if err != nil {
		return Agent{}, err
	}
	a, _ := s.vault.opened(stored)
	s.remember(a)
	return a, nil
}
