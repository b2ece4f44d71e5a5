package agents

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"parley/domain"
)

// departures are the deletions that are not done yet. It is safe for concurrent use.
type departures struct {
	mu sync.Mutex
	of map[domain.AgentID]*departure
	// woken has something to receive when there may be something to do.
	woken chan struct{}
}

// departure is one attempt to delete an agent.
type departure struct {
	// over is closed when it has ended, with err or without.
	over chan struct{}
	err  error
}

// newDepartures returns no departures.
func newDepartures() *departures {
	return &departures{of: map[domain.AgentID]*departure{}, woken: make(chan struct{}, 1)}
}

// join asks for an agent's deletion, and returns the attempt that will do it.
func (d *departures) join(id domain.AgentID) *departure {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of[id] == nil {
		d.of[id] = &departure{over: make(chan struct{})}
	}
	select {
	case d.woken <- struct{}{}:
	default:
	}
	return d.of[id]
}

// open lists the agents that are asked for.
func (d *departures) open() []domain.AgentID {
	d.mu.Lock()
	defer d.mu.Unlock()
	ids := make([]domain.AgentID, 0, len(d.of))
	for id := range d.of {
		ids = append(ids, id)
	}
	return ids
}

// end tells who waits how an attempt has ended.
func (d *departures) end(id domain.AgentID, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if attempt := d.of[id]; attempt != nil {
		attempt.err = err
		close(attempt.over)
		delete(d.of, id)
	}
}

// Deleted answers agents:delete; it is empty if all is done.
type Deleted struct {
	// Partial says that what belongs to the agent is still being removed.
	Partial bool   `json:"partial,omitempty"`
	Message string `json:"message,omitempty"`
}

// HTTPStatus tells a deletion that goes on from one that is done.
func (d Deleted) HTTPStatus() int {
	if d.Partial {
		return http.StatusAccepted
	}
	return 0
}

// Delete removes an agent and all that belongs to it. From now on nobody sees it, and its
// turns end; what it has left behind is removed by a Remover, which is waited for as long
// as Patience, and goes on after that, also after a restart. Codes: not_found, conflict
// (something still needs the agent), unavailable.
func (s *Service) Delete(ctx context.Context, _ domain.Actor, r GetRequest) (Deleted, error) {
	if err := s.depart(ctx, r.AgentID); err != nil {
		return Deleted{}, err
	}
	attempt := s.departures.join(r.AgentID)
	patience := time.NewTimer(s.patience)
	defer patience.Stop()
	select {
	case <-attempt.over:
		if errors.Is(attempt.err, context.Canceled) { // the server stops, and goes on with it at its next start
			return goesOn(), nil
		}
		return Deleted{}, attempt.err
	case <-patience.C:
		return goesOn(), nil
	case <-ctx.Done():
		return Deleted{}, ctx.Err()
	}
}

// goesOn answers who has waited long enough, in the reference's words.
func goesOn() Deleted {
	return Deleted{Partial: true, Message: "Agent deletion initiated but taking longer than expected. " +
		"The operation will continue in the background."}
}

// depart writes down that an agent is on its way out, and ends its turns. One that is
// already stays so.
func (s *Service) depart(ctx context.Context, id domain.AgentID) error {
	if _, ok := s.find(ctx, id); !ok {
		if a, known := s.agent(id); !known || !a.Leaving {
			return errNoAgent
		}
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	a, changed, err := s.departHere(ctx, id)
	if changed {
		s.caches.Stale(ctx, cacheKind, string(id))
		s.watcher.AgentRemoved(newListItem(a))
	}
	return err
}

// departHere writes down that an agent is on its way out, and ends its turns here.
func (s *Service) departHere(ctx context.Context, id domain.AgentID) (a Agent, changed bool, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	a, ok := s.agent(id)
	if !ok {
		return a, false, errNoAgent
	}
	if a.Leaving {
		return a, false, nil
	}
	if _, err := s.store.UpdateAgent(ctx, id, func(a Agent) (Agent, error) {
		a.Leaving, a.Desired, a.UpdatedAt = true, false, s.stamp()
		return a, nil
	}); err != nil {
		return a, false, err
	}
	a.Leaving, a.Desired = true, false
	s.remember(a)
	s.running.cancel(errDeparted, func(key Lane, _ underWay) bool { return key.Agent == id })
	s.logOf(a).Info().Msg("agent deleted")
	return a, true, nil
}

// forget notes that nothing is left of an agent.
func (s *Service) forget(id domain.AgentID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, id)
	delete(s.started, id)
}
