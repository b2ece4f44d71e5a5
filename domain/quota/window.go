package quota

import (
	"net/netip"
	"sync"
	"time"

	"parley/domain"
)

// MaxCallers is how many callers a Window remembers; one more begins a new window for
// all, so that nobody can fill the memory with addresses.
const MaxCallers = 100_000

// Window counts per caller in fixed windows. Most, Per and Now must be set before it is
// used. It is safe for concurrent use.
type Window struct {
	// Most is how much each caller has in a window.
	Most int
	// Per is how long a window lasts.
	Per time.Duration
	Now domain.Clock

	mu    sync.Mutex
	ends  time.Time
	spent map[string]int
}

// Take counts one for a caller. It returns how much more the caller has, below zero if
// there was none left, and how long the window still lasts.
func (w *Window) Take(caller string) (left int, ends time.Duration) {
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

// Exhausted reports whether a caller has nothing left in this window.
func (w *Window) Exhausted(caller string) bool {
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
