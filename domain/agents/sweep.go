package agents

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"parley/domain/messaging"
)

// sweepPage is how many duties a sweep reads at once.
const sweepPage = 50

// sweepAlways sweeps at once, regularly but not at the same time as other processes, when
// there is room after hints were refused, and when it is asked for.
func (r *Runner) sweepAlways(ctx context.Context) {
	for {
		if err := r.sweep(ctx); err != nil && ctx.Err() == nil {
			r.Logger.Warn().Err(err).Msg("open duties cannot be swept")
		}
		pause := time.NewTimer(jittered(r.Sweep))
		select {
		case <-ctx.Done():
		case <-pause.C:
		case <-r.lanes.drained:
		case <-r.Agents.sweepNow:
		}
		pause.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// sweep hints at every open duty, or at as many as there is room for.
func (r *Runner) sweep(ctx context.Context) error {
	r.lanes.sweeping()
	var after messaging.DutyCursor
	for {
		page, err := r.Log.Duties(ctx, after, sweepPage)
		if err != nil {
			return fmt.Errorf("read open duties: %w", err)
		}
		for _, m := range page {
			for _, agent := range m.Awaiting {
				if !r.lanes.hintSwept(Lane{Agent: agent, Channel: m.ChannelID}) {
					return nil
				}
			}
			after = messaging.DutyCursor{CreatedAt: m.CreatedAt, ID: m.ID}
		}
		if len(page) < sweepPage {
			return nil
		}
	}
}

// jittered is d, give or take a quarter, so that processes which began together do not go
// on together.
func jittered(d time.Duration) time.Duration {
	return d - d/4 + time.Duration(rand.Int64N(int64(d)/2+1)) //nolint:gosec // it only spreads work
}

// SweepSoon lets the Runner search the store for open duties, as when another process is
// gone. It does not wait.
func (s *Service) SweepSoon() { signal(s.sweepNow) }
