package media

import (
	"context"
	"time"

	"parley/domain"
)

// unfinishedAge is how old what is unfinished must be before it is nobody's any more: an
// upload, or a message on its way into the log, takes far less.
const unfinishedAge = 15 * time.Minute

// sweepEvery is how often Run looks for what is unfinished.
const sweepEvery = 15 * time.Minute

// Run finishes off what crashes and failures have left: at the start, then now and again.
// It returns when ctx ends.
func (s *Service) Run(ctx context.Context) error {
	before := s.began
	if !s.o.Alone {
		before = before.Add(-unfinishedAge)
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx, before); err != nil && ctx.Err() == nil {
			s.log.Warn().Err(err).Msg("files that are half gone could not be removed")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			before = s.stamp().Add(-unfinishedAge)
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
