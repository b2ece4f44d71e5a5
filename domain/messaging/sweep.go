package messaging

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"parley/domain"
)

// sweepBatch is how many messages one Sweep erases. Each is a transaction; other writes
// wait for some tens of milliseconds.
const sweepBatch = 1000

// sweepPatience is how long whoever clears or deletes waits for the erasing; what is
// left then is Run's business.
const sweepPatience = 2 * time.Second

// untoldBatch is how many messages are read at once whose changes are to be told.
const untoldBatch = 100

// sweepOthers is about how often Run looks for what other processes have left.
const sweepOthers = 2 * time.Minute

// sweepPause is how long Run waits after a failure of the store or of a dependent.
const sweepPause = 5 * time.Second

// sweepSoon tells the dependents what a clear or a deletion has left behind in a channel
// and erases it; what takes too long, or fails, is left to Run. some says that there is
// or may be something. It fails if a dependent does.
func (s *Service) sweepSoon(ctx context.Context, id domain.ChannelID) (some bool, err error) {
	left, err := s.store.Unswept(ctx, id)
	if err != nil {
		s.wake()
		return true, nil // what was to be done is stored
	}
	for _, l := range left {
		if err := s.tellDependents(ctx, l); err != nil {
			s.wake()
			return true, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, sweepPatience)
	defer cancel()
	for _, l := range left {
		if s.erase(limited, l) != nil {
			s.wake()
			break
		}
	}
	return len(left) > 0, nil
}

// wake lets Run look for what is left to do.
func (s *Service) wake() {
	select {
	case s.unswept <- struct{}{}:
	default: // it has been told already
	}
}

// tellDependents tells what a leftover was. A channel that was made anew under its id
// keeps what hangs on its new messages.
func (s *Service) tellDependents(ctx context.Context, l Leftover) error {
	if len(s.dependents) == 0 {
		return nil
	}
	tell := func(d Dependents) error { return d.ChannelCleared(ctx, l.ChannelID, l.At) }
	if l.Deleted {
		switch _, err := s.store.Channel(ctx, l.ChannelID); {
		case domain.IsCode(err, domain.NotFound):
			tell = func(d Dependents) error { return d.ChannelDeleted(ctx, l.ChannelID) }
		case err != nil:
			return err
		}
	}
	for _, d := range s.dependents {
		if err := tell(d); err != nil {
			return err
		}
	}
	return nil
}

// erase erases a leftover, and ends the waits for answers to it.
func (s *Service) erase(ctx context.Context, l Leftover) error {
	for {
		swept, err := s.store.Sweep(ctx, l, sweepBatch)
		if err != nil {
			return err
		}
		for _, m := range swept.Awaited {
			s.completed(Completion{ChannelID: m.ChannelID, ServerID: m.ServerID, MessageID: m.ID, Result: ResultSilent})
		}
		if !swept.Left {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// Run finishes what deletions have left to do: at the start what the last run did not get
// to, then what takes long or has failed; now and then, if there are other processes, what
// one that died has left. Every step can be done by several at once. It also lets callers
// hear of answers in other processes. It returns when ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { s.hearAnswers(ctx) })
	for {
		var again <-chan time.Time
		if s.answers.remote != nil {
			again = time.After(sweepOthers/2 + time.Duration(rand.Int64N(int64(sweepOthers)))) //nolint:gosec // it only spreads work
		}
		if err := errors.Join(s.tellAll(ctx), s.sweepAll(ctx), s.dissolveAll(ctx)); err != nil && ctx.Err() == nil {
			again = time.After(sweepPause)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.unswept:
		case <-again:
		}
	}
}

// tellAll tells the dependents what they could not hear of the changes of messages.
func (s *Service) tellAll(ctx context.Context) error {
	for {
		untold, err := s.store.Untold(ctx, untoldBatch)
		if err != nil {
			return err
		}
		for _, m := range untold {
			tell := s.tellEdited
			if m.Deleted {
				tell = s.tellDeleted
			}
			if err := tell(ctx, m); err != nil {
				return err
			}
			if err := s.store.Told(ctx, m.ChannelID, m.ID, m.Rev); err != nil { // else it would come again at once
				return err
			}
		}
		if len(untold) < untoldBatch {
			return nil
		}
	}
}

// sweepAll sweeps every leftover, after its dependents were told.
func (s *Service) sweepAll(ctx context.Context) error {
	left, err := s.store.Unswept(ctx, "")
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range left {
		err := s.tellDependents(ctx, l)
		if err == nil {
			err = s.erase(ctx, l)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
