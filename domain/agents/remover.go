package agents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
)

// How a deletion goes.
const (
	// removeTries is how often it is tried before who asked for it is told that it failed.
	removeTries = 3
	// removeTimeout bounds one try.
	removeTimeout = 5 * time.Minute
	// removePage is how many documents are removed, or duties looked at, at once.
	removePage = 200
	// removePoll is the first pause before it is looked again whether an agent's last turns
	// have ended, doubled each time up to removePollMost.
	removePoll     = 10 * time.Millisecond
	removePollMost = time.Second
)

// RemoverOptions are what a Remover needs. Those after Logger have defaults.
type RemoverOptions struct {
	Agents *Service
	Store  Store
	Logs   LogStore
	// Owners keep something of agents, and are asked in this order to remove it.
	Owners []Owner
	Logger zerolog.Logger
	// Pause is the first pause after a failure, doubled each time; 0 means 1 s.
	Pause time.Duration
	// Again is how often what failed is tried once more; 0 means 1 min.
	Again time.Duration
	// Leases let one process at a time remove an agent; nil means that there is no other.
	Leases Leases
}

// Remover removes what deleted agents have left behind, one agent at a time. Every step
// can be repeated, and the agent itself, which says that it is on its way out, goes last:
// so a crash at any point leaves a deletion that the next start resumes.
type Remover struct{ RemoverOptions }

// NewRemover returns a Remover that does nothing until Run.
func NewRemover(o RemoverOptions) *Remover {
	setDefault(&o.Pause, time.Second)
	setDefault(&o.Again, time.Minute)
	if o.Leases == nil {
		o.Leases = alone{}
	}
	o.Logger = o.Logger.With().Str("component", "agents").Logger()
	return &Remover{o}
}

// Run works until ctx ends.
func (r *Remover) Run(ctx context.Context) error {
	again := time.NewTicker(jittered(r.Again))
	defer again.Stop()
	departures := r.Agents.departures
	for {
		var later <-chan time.Time
		for _, id := range departures.open() {
			if ctx.Err() == nil && !r.removeLeased(ctx, id) {
				later = time.After(removePollMost)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-later:
		case <-departures.woken:
		case <-again.C:
			r.Agents.rejoin()
		}
	}
}

// removeLeased removes an agent unless another process does, and tells who waits. It is
// false if it must be looked at again.
func (r *Remover) removeLeased(ctx context.Context, id domain.AgentID) bool {
	if err := r.Agents.gone(ctx, id); err == nil {
		r.Agents.departures.end(id, nil)
		return true
	}
	held, err := hold(ctx, r.Leases, Lane{Agent: id})
	if domain.IsCode(err, domain.Conflict) {
		return false
	}
	defer held.release()
	r.Agents.departures.end(id, r.remove(held.ctx, id))
	return true
}

// gone is nil if another process has removed an agent that was on its way out.
func (s *Service) gone(ctx context.Context, id domain.AgentID) error {
	if s.caches == nil {
		return errNoAgent
	}
	if err := s.refresh(ctx, string(id)); err != nil {
		return err
	}
	if _, known := s.agent(id); known {
		return errNoAgent
	}
	return nil
}

// rejoin asks once more for the deletions that have failed.
func (s *Service) rejoin() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for id, a := range s.known {
		if a.Leaving {
			s.departures.join(id)
		}
	}
}

// remove tries to remove an agent, a few times.
func (r *Remover) remove(ctx context.Context, id domain.AgentID) error {
	a, ok := r.Agents.agent(id)
	if !ok || !a.Leaving {
		return nil
	}
	log := r.Agents.logOf(a)
	pause := r.Pause
	for try := 1; ; try++ {
		err := r.once(ctx, id)
		if err == nil {
			log.Info().Msg("agent removed")
			return nil
		}
		if ctx.Err() != nil {
			log.Info().Msg("agent's removal is left to the next start")
			return ctx.Err()
		}
		log.Warn().Err(err).Int("try", try).Msg("agent cannot be removed")
		if try == removeTries {
			return removeError(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// removeError is what who asked for a deletion is told.
func removeError(err error) error {
	if domain.IsCode(err, domain.Conflict) {
		refused := domain.Wrap(domain.Conflict, err, "Cannot delete agent because it has active references in the system")
		refused.Reason = "DELETE_ERROR"
		return refused
	}
	if domain.IsCode(err, domain.Unavailable) {
		return err
	}
	failed := domain.Wrap(domain.Internal, err, "Error deleting agent")
	failed.Reason = "DELETE_ERROR"
	return failed
}

// once removes everything, step by step; the steps do nothing where nothing is left.
func (r *Remover) once(ctx context.Context, id domain.AgentID) error {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	if err := r.settle(ctx, id); err != nil {
		return fmt.Errorf("end its turns: %w", err)
	}
	for _, o := range r.Owners {
		if err := o.AgentDeleted(ctx, id); err != nil {
			return fmt.Errorf("remove what belongs to it: %w", err)
		}
	}
	if err := r.eraseTurns(ctx, id); err != nil {
		return fmt.Errorf("remove its turns: %w", err)
	}
	if _, err := clearLogs(ctx, r.Logs, id); err != nil {
		return fmt.Errorf("remove its log: %w", err)
	}
	if err := r.Store.DeleteAgent(ctx, id); err != nil {
		return fmt.Errorf("remove the agent: %w", err)
	}
	r.Agents.forget(id)
	r.Agents.caches.Stale(ctx, cacheKind, string(id))
	return nil
}

// settle sees to it that the agent owes no message a turn: the Runner ends what is open,
// as its lanes are hinted at, and tells the channels.
func (r *Remover) settle(ctx context.Context, id domain.AgentID) error {
	for pause := removePoll; ; pause = min(2*pause, removePollMost) {
		open, err := r.Store.AgentDuties(ctx, id, removePage)
		if err != nil {
			return err
		}
		for _, m := range open {
			r.Agents.lanes.hint(Lane{Agent: id, Channel: m.ChannelID})
		}
		if len(open) == 0 && !r.Agents.running.busy(id) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), errors.New("its turns have not ended"))
		case <-time.After(pause):
		}
	}
}

// eraseTurns removes the agent's turns.
func (r *Remover) eraseTurns(ctx context.Context, id domain.AgentID) error {
	for {
		n, err := r.Store.EraseTurns(ctx, id, removePage)
		if err != nil || n < removePage {
			return err
		}
	}
}
