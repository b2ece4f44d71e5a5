package redis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"parley/domain"
)

// The bounds of what one replica does with Redis at once, and how long it waits.
const (
	poolSize     = 32
	dialTimeout  = 2 * time.Second
	replyTimeout = 3 * time.Second
)

// checkEvery is the time between two looks whether Redis answers.
const checkEvery = time.Second

// Options of a Client.
type Options struct {
	// URL is the address; see parseAddress for its forms. It may hold a password.
	URL domain.Secret
	// Replica is this process's name in the cluster.
	Replica string
	Now     domain.Clock
	Logger  zerolog.Logger
}

// Client is one replica's connections to Redis. It is safe for concurrent use.
type Client struct {
	opts  Options
	log   zerolog.Logger
	redis redis.UniversalClient

	// up is whether Redis answered the last time that it was asked.
	up atomic.Bool
}

// silence keeps the library from writing to standard error by itself: what matters of it is
// in the errors that it returns.
var silence sync.Once

// unheard is the library's logger.
type unheard struct{}

// Printf drops a line.
func (unheard) Printf(context.Context, string, ...any) {}

// New returns a client, which connects when it is needed. Close ends it.
func New(o Options) (*Client, error) {
	u, err := parseAddress(o.URL.Reveal())
	if err != nil {
		return nil, err
	}
	silence.Do(func() { redis.SetLogger(unheard{}) })
	u.ContextTimeoutEnabled = true
	u.ClientName = "parley-" + o.Replica
	if u.PoolSize == 0 {
		u.PoolSize = poolSize
	}
	if u.DialTimeout == 0 {
		u.DialTimeout = dialTimeout
	}
	if u.ReadTimeout == 0 {
		u.ReadTimeout = replyTimeout
	}
	u.DialerRetries = 1
	return &Client{opts: o, log: o.Logger.With().Str("component", "redis").Logger(), redis: redis.NewUniversalClient(u)}, nil
}

// Close ends all connections. It may be called more than once.
func (c *Client) Close() error {
	if err := c.redis.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return err
	}
	return nil
}

// Up reports whether Redis answered when it was asked last; false before Run.
func (c *Client) Up() bool { return c.up.Load() }

// Ping asks Redis whether it answers; Unavailable if it does not.
func (c *Client) Ping(ctx context.Context) error {
	return fault(c.redis.Ping(ctx).Err())
}

// Watch asks Redis regularly whether it answers, until ctx ends, and tells changed of each
// change, the first answer included.
func (c *Client) Watch(ctx context.Context, changed func(up bool)) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for known := false; ; known = true {
		asked, cancel := context.WithTimeout(ctx, replyTimeout)
		err := c.Ping(asked)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if before := c.up.Swap(err == nil); !known || before != (err == nil) {
			if err != nil {
				c.log.Warn().Err(err).Msg("Redis does not answer; this replica goes on alone")
			} else if known {
				c.log.Info().Msg("Redis answers again")
			}
			changed(err == nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Stats are numbers of the connections to Redis.
type Stats struct {
	// Connections are open, Idle of them without work.
	Connections, Idle uint32
	// Timeouts is how often no connection was free in time.
	Timeouts uint32
}

// Stats tells about the connections.
func (c *Client) Stats() Stats {
	s := c.redis.PoolStats()
	return Stats{Connections: s.TotalConns, Idle: s.IdleConns, Timeouts: s.Timeouts}
}

// fault is an error of Redis in the domain's words; nil and "no such key" stay what they are.
func fault(err error) error {
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return err
	case errors.Is(err, context.Canceled):
		return domain.Wrap(domain.Canceled, err, "The call was canceled")
	default:
		return domain.Wrap(domain.Unavailable, err, "Redis does not answer")
	}
}
