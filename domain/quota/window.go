package quota

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"parley/domain"
)

// MaxCallers is how many callers a Limiter remembers; one more makes it forget all, so that
// nobody can fill the memory with addresses.
const MaxCallers = 100_000

var _ Limiter = (*Window)(nil)

// Window is the Limiter of one process. Its windows begin and end for all callers together.
// Limit and Now must be set before it is used.
type Window struct {
	Limit
	Now domain.Clock

	mu    sync.Mutex
	ends  time.Time
	spent map[string]int
}

// Take is part of Limiter.
func (w *Window) Take(_ context.Context, caller string) (left int, ends time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	if !now.Before(w.ends) || len(w.spent) >= MaxCallers {
		w.ends, w.spent = now.Add(w.Per), map[string]int{}
	}
	if w.spent[caller] <= w.Most {
		w.spent[caller]++
	}
	return w.Most - w.spent[caller], w.ends.Sub(now)
}

// Exhausted is part of Limiter.
func (w *Window) Exhausted(_ context.Context, caller string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Now().Before(w.ends) && w.spent[caller] >= w.Most
}

// Network is what counts as one caller: an IPv4 address, or the /64 that one IPv6
// subscriber has all addresses of. What is no address is itself.
func Network(remote string) string {
	ip, err := netip.ParseAddr(remote)
	if err != nil || ip.Unmap().Is4() {
		return remote
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return remote
	}
	return prefix.String()
}
