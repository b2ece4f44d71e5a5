//go:build !linux

package load

import (
	"context"
	"time"
)

// pause waits, or until the context ends; it may be late by a millisecond.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
