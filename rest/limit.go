package rest

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/identity"
)

// maxCallers is how many callers a limiter remembers; one more begins a new window for
// all, so that nobody can fill the memory with addresses.
const maxCallers = 100_000

// limiter counts requests per caller in fixed windows, which begin and end for all
// callers together, so that what it remembers is forgotten at once. It is safe for
// concurrent use.
type limiter struct {
	most   int
	window time.Duration
	now    domain.Clock

	mu    sync.Mutex
	ends  time.Time
	spent map[string]int
}

// take counts a request of a caller. It returns how many more the caller has, below
// zero if it had none left, and how long the window still lasts.
func (l *limiter) take(caller string) (left int, ends time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if !now.Before(l.ends) || len(l.spent) >= maxCallers {
		l.ends, l.spent = now.Add(l.window), map[string]int{}
	}
	if l.spent[caller] <= l.most {
		l.spent[caller]++
	}
	return l.most - l.spent[caller], l.ends.Sub(now)
}

// exhausted reports whether a caller has nothing left in this window.
func (l *limiter) exhausted(caller string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now().Before(l.ends) && l.spent[caller] >= l.most
}

// limit refuses requests to the API from an address that has sent too many. Loopback
// is not counted, nor is who holds the key: a page of the reference's client may poll
// once a second. But an address that has spent all on wrong keys is refused with the
// right one too, else whoever guesses would go on and wait for the answer that differs.
func (d *door) limit(c *gin.Context) {
	remote := d.remote(c.Request)
	if d.opts.RateLimit == 0 || !isAPI(c.Request.URL.Path) || isLoopback(remote) {
		c.Next()
		return
	}
	caller := network(remote)
	guesses := "keys of " + caller
	shows, holds := d.key(c.Request)
	if holds && !d.limiter.exhausted(guesses) {
		c.Next()
		return
	}
	if shows && !holds {
		d.limiter.take(guesses)
	}
	left, ends := d.limiter.take(caller)
	seconds := strconv.FormatInt(int64((ends+time.Second-1)/time.Second), 10)
	header := c.Writer.Header()
	header.Set("RateLimit-Policy", strconv.Itoa(d.opts.RateLimit)+";w="+strconv.FormatInt(int64(d.opts.RateWindow/time.Second), 10))
	header.Set("RateLimit-Limit", strconv.Itoa(d.opts.RateLimit))
	header.Set("RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	header.Set("RateLimit-Reset", seconds)
	if left >= 0 {
		c.Next()
		return
	}
	header.Set("Retry-After", seconds)
	d.refuse(c)
}

// refuse answers a request over the limit, with the reference's own code beside ours.
func (d *door) refuse(c *gin.Context) {
	failure := domain.Errorf(domain.RateLimited, "Too many requests from this address, try again later")
	failure.LegacyCode = "RATE_LIMIT_EXCEEDED"
	d.fail(c, failure)
}

// key reports whether a request shows a key that could be guessed, and whether its
// credentials are good. In open mode everybody is an administrator, which earns nothing.
func (d *door) key(r *http.Request) (shows, holds bool) {
	if d.opts.Identity.Mode() != identity.Key {
		return false, false
	}
	credentials := d.credentials(r)
	actor, err := d.opts.Identity.Authenticate(credentials)
	return credentials.APIKey != "" || credentials.Bearer != "", err == nil && actor.Role == domain.Admin
}

// network is what counts as one caller: an IPv4 address, or the /64 that one IPv6
// subscriber has all addresses of.
func network(remote string) string {
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
