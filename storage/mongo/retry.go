package mongo

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pause after somebody else was faster, so that those who compete do not go in step.
const (
	shortestPause = time.Millisecond
	longestPause  = 5 * time.Millisecond
)

// retry calls try until it says that it is done or fails; it is not done where somebody
// else was faster. It ends with the context.
func (s *Store) retry(ctx context.Context, try func() (done bool, err error)) error {
	for {
		done, err := try()
		if done || err != nil {
			return err
		}
		if err := pause(ctx); err != nil {
			return errContended
		}
	}
}

// pause waits a moment, or until the context ends.
func pause(ctx context.Context) error {
	timer := time.NewTimer(shortestPause + rand.N(longestPause-shortestPause)) //nolint:gosec // it only spreads
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
