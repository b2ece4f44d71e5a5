package redis

import "time"

// SetDeadAfter is how long a consumer that asks for nothing is kept.
func (h *Hints) SetDeadAfter(d time.Duration) { h.dead = d }
