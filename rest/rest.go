package rest

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/media"
	"parley/domain/op"
	"parley/domain/quota"
	"parley/domain/trace"
)

// Options of the door.
type Options struct {
	// Registry holds the operations; all of them must be defined before New.
	Registry *op.Registry
	// Identity recognises callers.
	Identity *identity.Authenticator
	// Logger gets what no operation logs: panics of the door, results without JSON.
	Logger zerolog.Logger

	// UI serves the web client; without it every path outside the API is forbidden.
	UI bool
	// Files are the web client's; nil has none, which answers 404.
	Files fs.FS
	// ForeignUI says that Files are not our own client but for example the reference's,
	// whose pages need the wider content policy of the reference.
	ForeignUI bool
	// FilesTime stands in for the modification time of files that have none, such as
	// embedded ones; zero means the time of New.
	FilesTime time.Time

	// Metrics serves /metrics; nil has none.
	Metrics http.Handler
	// MetricsEnabled opens /metrics to everybody; else it is for this machine and for
	// administrators.
	MetricsEnabled bool

	// Profiles serves /debug/pprof/ to administrators and, where no key is needed, to this
	// machine alone; nil has none.
	Profiles http.Handler

	// Production sets the stricter headers of NODE_ENV=production.
	Production bool
	// Proxies says whose X-Forwarded-For and X-Forwarded-Proto are believed.
	Proxies identity.Proxies
	// MaxBody is the largest JSON body in bytes; 0 means 2 MiB. That much memory may
	// be held per request under way.
	MaxBody int64
	// UploadDir is where uploaded files lie while they arrive, each gone with its request; ""
	// means the system's folder, which may be in memory.
	UploadDir string
	// Blobs are the files of /media; nil has none.
	Blobs media.Opener
	// BodyTimeout is how long a body may take to arrive, and nothing may come of a file; 0
	// means 30 s.
	BodyTimeout time.Duration
	// Origins are the foreign pages that may call (CORS_ORIGIN); empty allows all.
	Origins []string
	// APIOrigins replaces Origins below /api (API_CORS_ORIGIN); empty means Origins.
	APIOrigins []string

	// Observe is told of each answered request; nil for nobody.
	Observe func(Observation)

	// Tracer traces each request that an operation answers; nil traces none.
	Tracer trace.Tracer

	// RateLimit is how many requests to /api one address may send per RateWindow,
	// loopback and callers with the key excepted; 0 is without limit.
	RateLimit int
	// RateWindow is at least a second; 0 means 15 min. The addresses seen within it are
	// held in memory.
	RateWindow time.Duration
	// UploadLimit and FileLimit are how many calls of the class op.LimitUpload one address
	// may make in 15 and in 5 minutes, ChannelMediaLimit how many of op.LimitChannelMedia in
	// 15 minutes. Nobody is excepted; 0 is without limit.
	UploadLimit, FileLimit, ChannelMediaLimit int
	// Limits makes what counts by the limits; nil counts in this process alone.
	Limits quota.Limits
	// Now is the clock of the limits; nil means time.Now.
	Now domain.Clock
	// Draining ends the streams of events when it is done; nil never does.
	Draining context.Context //nolint:containedctx // the life of the server, not of a call
}

// setDefaults fills what was left empty.
func (o *Options) setDefaults() {
	if o.MaxBody == 0 {
		o.MaxBody = 2 << 20
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = 30 * time.Second
	}
	if o.RateWindow == 0 {
		o.RateWindow = 15 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == nil {
		o.Limits = quota.Local(o.Now)
	}
	if o.FilesTime.IsZero() {
		o.FilesTime = time.Now()
	}
	if len(o.APIOrigins) == 0 {
		o.APIOrigins = o.Origins
	}
}

// Validate reports what is missing.
func (o Options) Validate() error {
	if o.Registry == nil || o.Identity == nil {
		return errors.New("rest needs a registry and an authenticator")
	}
	return nil
}

// door is the HTTP door; it is safe for concurrent use.
type door struct {
	opts    Options
	log     zerolog.Logger
	routes  routes
	client  *client
	limits  limits
	streams streamCounts
	// uploads holds a token per form that is being read.
	uploads chan struct{}
}

// New returns the handler of all paths but the Socket.IO endpoint, or an error if two
// operations claim the same route.
func New(o Options) (http.Handler, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.setDefaults()
	bound, err := bind(o.Registry)
	if err != nil {
		return nil, err
	}
	d := &door{opts: o, log: o.Logger.With().Str("component", "rest").Logger(), routes: bound,
		client: newClient(o.Files, o.FilesTime), limits: newLimits(o), uploads: make(chan struct{}, maxUploads)}

	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash, engine.RedirectFixedPath = false, false
	engine.Use(d.observe)
	if o.Tracer != nil {
		engine.Use(d.trace)
	}
	engine.Use(d.recover, d.setHeaders, d.cors, d.limit, d.inspect)
	if o.Metrics != nil {
		engine.GET("/metrics", d.metrics)
		engine.HEAD("/metrics", d.metrics)
	}
	if o.Profiles != nil {
		engine.GET("/debug/pprof/*profile", d.profiles)
	}
	engine.NoRoute(d.serve)
	return trimSlash(engine), nil
}

// trimSlash lets API paths end in a slash, as the reference does.
func trimSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.Path; isAPI(path) && len(path) > len("/api/") && strings.HasSuffix(path, "/") {
			trimmed, url := *r, *r.URL
			url.Path = strings.TrimSuffix(url.Path, "/")
			url.RawPath = strings.TrimSuffix(url.RawPath, "/")
			trimmed.URL = &url
			r = &trimmed
		}
		next.ServeHTTP(w, r)
	})
}

// isAPI reports whether path belongs to the API.
func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// recover answers a request whose handler panicked. Operations recover by
// themselves; this is for the door's own faults.
func (d *door) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p) // asked for: net/http cuts the connection
		}
		d.log.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Str("path", c.Request.URL.Path).
			Str("requestId", c.Writer.Header().Get(requestID)).Msg("request panicked")
		if c.Writer.Written() {
			panic(http.ErrAbortHandler) // the client must not take half an answer for a whole one
		}
		d.fail(c, domain.Errorf(domain.Internal, "Internal error"))
	}()
	c.Next()
}

// serve answers a request by the operation of its path, or as a path outside the API.
func (d *door) serve(c *gin.Context) {
	if v := d.visit(c); v.op != nil {
		c.Set(routeKey, v.route)
		d.call(c, v.op, v.path)
		return
	}
	path := c.Request.URL.Path
	switch {
	case !strings.HasPrefix(path, "/"): // GET *, or the address of another machine
		d.fail(c, domain.Errorf(domain.Invalid, "The request has no path"))
	case isAPI(path):
		c.Set(routeKey, "unknown")
		d.unknownPath(c)
	case isBelow(path, "/media"):
		d.media(c)
	case isBelow(path, "/socket.io"):
		d.fail(c, domain.Errorf(domain.NotFound, "Not found"))
	case !d.opts.UI:
		c.String(http.StatusForbidden, "Forbidden")
	case c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead:
		d.fail(c, domain.Errorf(domain.NotFound, "Not found"))
	default:
		d.serveClient(c)
	}
}

// unknownPath answers for an API path that does not exist. Who needs a key and has
// none is not told which paths do.
func (d *door) unknownPath(c *gin.Context) {
	actor, ok := d.caller(c)
	switch {
	case !ok:
	case actor.Role == domain.Guest:
		d.fail(c, d.opts.Identity.Refusal())
	default:
		d.fail(c, domain.Errorf(domain.NotFound, "API endpoint not found"))
	}
}

// isBelow reports whether path is root or below it.
func isBelow(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
