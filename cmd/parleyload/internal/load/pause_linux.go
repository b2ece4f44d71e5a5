package load

import (
	"context"
	"syscall"
	"time"
)

// pause waits, or until the context ends. Short waits bypass the runtime's timers,
// which are late by up to a millisecond: more than what is measured here.
func pause(ctx context.Context, d time.Duration) {
	const coarse = 20 * time.Millisecond
	if d > coarse {
		timer := time.NewTimer(d - coarse/2)
		defer timer.Stop()
		begun := time.Now()
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		d -= time.Since(begun)
	}
	for d > 0 && ctx.Err() == nil {
		begun := time.Now()
		wait := syscall.NsecToTimespec(int64(d))
		// An error means that a signal cut the wait short; the rest follows.
		_ = syscall.Nanosleep(&wait, nil)
		d -= time.Since(begun)
	}
}
