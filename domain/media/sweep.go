package media

import (
	"context"
	"math/rand/v2"
	"time"

	"parley/domain"
)

// unfinishedAge is how old what is unfinished must be before it is nobody's any more: an
// upload, or a message on its way into the log, takes far less.
const unfinishedAge = 15 * time.Minute

// clockSlack is by how much the clocks of processes may differ that share the store: what is
// unfinished must be so much older, as another one has written its time.
const clockSlack = 3 * time.Hour

// sweepEvery is about how often Run looks for what is unfinished.
const sweepEvery = 15 * time.Minute

// age is how old what is unfinished must be before it is nobody's any more.
func (s *Service) age() time.Duration {
	if s.o.Alone {
		return unfinishedAge
	}
	return unfinishedAge + clockSlack
}

// Run finishes off what crashes and failures have left: at the start, then now and again.
// Several processes may do so at once. It returns when ctx ends.
func (s *Service) Run(ctx context.Context) error {
	before := s.began
	if !s.o.Alone {
		before = before.Add(-s.age())
	}
	tick := time.NewTicker(sweepEvery - time.Duration(rand.Int64N(int64(sweepEvery)/4))) //nolint:gosec // it only spreads work
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx, before); err != nil && ctx.Err() == nil {
			s.log.Warn().Err(err).Msg("files that are half gone could not be removed")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			before = s.stamp().Add(-s.age())
		}
	}
}

// Sweep removes the files whose upload began before a moment and did not end, and those
// whose deletion did not. Codes: unavailable.
func (s *Service) Sweep(ctx context.Context, before time.Time) error {
	for {
		files, err := s.o.Store.UnfinishedFiles(ctx, before, batch)
		if err != nil || len(files) == 0 {
			return err
		}
		for _, f := range files {
			if err := s.remove(ctx, f.ID); err != nil && !domain.IsCode(err, domain.NotFound) {
				return err
			}
		}
	}
}
