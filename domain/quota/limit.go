package quota

import (
	"context"
	"time"

	"parley/domain"
)

// Limit is how much each caller has in a window of time.
type Limit struct {
	// Name tells it from the server's other limits, and is the same at every replica.
	Name string
	// Most is how much each caller has in a window.
	Most int
	// Per is how long a window lasts, at least a second.
	Per time.Duration
}

// Limiter counts by one Limit. It never fails and waits for others a moment at most. It is
// safe for concurrent use.
type Limiter interface {
	// Take counts one for a caller. It returns how much more the caller has, below zero if
	// there was none left, and how long the window still lasts.
	Take(ctx context.Context, caller string) (left int, ends time.Duration)
	// Exhausted reports whether a caller has nothing left in its window. What was counted at
	// another replica may take a second to show.
	Exhausted(ctx context.Context, caller string) bool
}

// Limits makes the limiter of a limit.
type Limits func(Limit) Limiter

// Local returns the limits of a server that is alone.
func Local(now domain.Clock) Limits {
	return func(l Limit) Limiter { return &Window{Limit: l, Now: now} }
}
