package rest

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/op"
	"parley/domain/quota"
)

// The windows of the limits that have no setting for it.
const (
	uploadWindow       = 15 * time.Minute
	fileWindow         = 5 * time.Minute
	channelMediaWindow = 15 * time.Minute
	healthWindow       = time.Minute
)

// maxHealth is how many health checks an address may ask for per healthWindow.
const maxHealth = 100

// rule is one limit.
type rule struct {
	quota.Limit
	limiter quota.Limiter
	// legacy is the reference's code for a request over it, "" if it has none.
	legacy string
}

// limits are the limits of the door.
type limits struct {
	api rule
	// guesses counts what shows wrong keys, as much as api allows in all.
	guesses quota.Limiter
	// health is for the checks that need no key.
	health rule
	// classes are the stricter ones, the most specific first.
	classes map[op.LimitClass][]rule
}

// newLimits returns the limits of some options; those of 0 are left out.
func newLimits(o Options) limits {
	newRule := func(name string, most int, per time.Duration, legacy string) rule {
		l := quota.Limit{Name: name, Most: most, Per: per}
		return rule{l, o.Limits(l), legacy}
	}
	limit := func(name string, most int, per time.Duration, legacy string) []rule {
		if most == 0 {
			return nil
		}
		return []rule{newRule(name, most, per, legacy)}
	}
	return limits{
		api:     newRule("api", o.RateLimit, o.RateWindow, "RATE_LIMIT_EXCEEDED"),
		guesses: o.Limits(quota.Limit{Name: "keys", Most: o.RateLimit, Per: o.RateWindow}),
		health:  newRule("health", maxHealth, healthWindow, "RATE_LIMIT_EXCEEDED"),
		classes: map[op.LimitClass][]rule{
			op.LimitUpload: append(limit("upload", o.UploadLimit, uploadWindow, "UPLOAD_RATE_LIMIT_EXCEEDED"),
				limit("file", o.FileLimit, fileWindow, "FILE_RATE_LIMIT_EXCEEDED")...),
			op.LimitChannelMedia: limit("channel-media", o.ChannelMediaLimit, channelMediaWindow, ""),
		},
	}
}

// limit refuses requests to the API from an address that has sent too many.
func (d *door) limit(c *gin.Context) {
	switch path := c.Request.URL.Path; {
	case isAPI(path) && (!d.withinAPI(c) || !d.withinClass(c)):
	case (path == "/health" || path == "/healthz") && !d.withinHealth(c):
	default:
		c.Next()
	}
}

// withinHealth counts a health check, and refuses it if there were too many. This machine
// and private networks, from which balancers ask, are not counted.
func (d *door) withinHealth(c *gin.Context) bool {
	v := d.visit(c)
	ip, err := netip.ParseAddr(v.credentials.Remote)
	if d.opts.RateLimit == 0 || v.credentials.Near || err != nil || ip.Unmap().IsPrivate() || ip.IsLinkLocalUnicast() {
		return true
	}
	left, ends := d.limits.health.limiter.Take(c.Request.Context(), quota.Network(v.credentials.Remote))
	return d.admit(c, d.limits.health, left, ends)
}

// wholeSeconds is a wait as headers tell it, rounded up.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// withinAPI counts a request in the general limit, and refuses it if that is passed. This
// machine is not counted, nor is who holds the key: a page of the reference's client may
// poll once a second. But an address that has spent all on wrong keys is refused with the
// right one too, else whoever guesses would go on and wait for the answer that differs.
func (d *door) withinAPI(c *gin.Context) bool {
	v := d.visit(c)
	if d.opts.RateLimit == 0 || v.credentials.Near {
		return true
	}
	caller := quota.Network(v.credentials.Remote)
	ctx := c.Request.Context()
	// Who shows nothing has nothing to guess with, and is not asked about.
	shows := v.credentials.Shows() || v.credentials.Cookie != ""
	if d.opts.Identity.Mode() != identity.Open && (!shows || !d.limits.guesses.Exhausted(ctx, caller)) {
		d.recognise(c)
		if v.actor.Keyed {
			return true
		}
		if v.failure == nil && v.actor.Role == domain.Guest && v.credentials.Shows() {
			d.limits.guesses.Take(ctx, caller)
		}
	}
	left, ends := d.limits.api.limiter.Take(ctx, caller)
	return d.admit(c, d.limits.api, left, ends)
}

// withinClass counts a request in the limits of its operation's class. Nobody is exempt
// from these: what they guard, disk and models, is the same for everybody.
func (d *door) withinClass(c *gin.Context) bool {
	v := d.visit(c)
	if v.op == nil {
		return true
	}
	rules := d.limits.classes[v.op.Limit]
	caller := quota.Network(v.credentials.Remote)
	for i := len(rules) - 1; i >= 0; i-- { // the headers are those of the last, the most specific
		left, ends := rules[i].limiter.Take(c.Request.Context(), caller)
		if !d.admit(c, rules[i], left, ends) {
			return false
		}
	}
	return true
}

// admit tells in the headers how much a caller has left, and refuses it if that is nothing.
func (d *door) admit(c *gin.Context, r rule, left int, ends time.Duration) bool {
	seconds := wholeSeconds(ends)
	header := c.Writer.Header()
	header.Set("RateLimit-Policy", strconv.Itoa(r.Most)+";w="+strconv.FormatInt(int64(r.Per/time.Second), 10))
	header.Set("RateLimit-Limit", strconv.Itoa(r.Most))
	header.Set("RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	header.Set("RateLimit-Reset", seconds)
	if left >= 0 {
		return true
	}
	header.Set("Retry-After", seconds)
	failure := domain.Errorf(domain.RateLimited, "Too many requests from this address, try again later")
	failure.LegacyCode = r.legacy
	d.fail(c, failure)
	return false
}
