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
	d.admit(c, d.limiter, left, ends)
}

// admit tells a caller how much it has left with a limiter, and refuses it if that is less
// than nothing.
func (d *door) admit(c *gin.Context, l *limiter, left int, ends time.Duration) {
	seconds := strconv.FormatInt(int64((ends+time.Second-1)/time.Second), 10)
	header := c.Writer.Header()
	header.Set("RateLimit-Policy", strconv.Itoa(l.most)+";w="+strconv.FormatInt(int64(l.window/time.Second), 10))
	header.Set("RateLimit-Limit", strconv.Itoa(l.most))
	header.Set("RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	header.Set("RateLimit-Reset", seconds)
	if left >= 0 {
		c.Next()
		return
	}
	header.Set("Retry-After", seconds)
	d.refuse(c)
}

// The limit of the health checks, which need no key; see limitHealth.
const (
	healthLimit  = 100
	healthWindow = time.Minute
)

// limitHealth refuses health checks from an address that has sent too many. This machine
// and private networks, from which balancers ask, are not counted.
func (d *door) limitHealth(c *gin.Context) {
	path := c.Request.URL.Path
	if d.opts.RateLimit == 0 || path != "/health" && path != "/healthz" {
		c.Next()
		return
	}
	remote := d.remote(c.Request)
	if ip, err := netip.ParseAddr(remote); err != nil || ip.Unmap().IsLoopback() || ip.Unmap().IsPrivate() || ip.IsLinkLocalUnicast() {
		c.Next()
		return
	}
	left, ends := d.health.take(network(remote))
	d.admit(c, d.health, left, ends)
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
