package builtin

import (
	"context"
	"strings"
	"time"
)

// stream hands out a text word by word, each with the space before the next one, with
// a pause before each but the first. The pauses together take at most limit.
func stream(ctx context.Context, text string, pace, limit time.Duration, emit func(string)) error {
	pieces := strings.SplitAfter(text, " ")
	if n := len(pieces) - 1; n > 0 && pace > 0 {
		pace = min(pace, limit/time.Duration(n))
	}
	for i, piece := range pieces {
		if i > 0 && pace > 0 {
			timer := time.NewTimer(pace)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
		}
		emit(piece)
	}
	return nil
}
