package quota

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
)

// How a replica treats the common counts.
const (
	// patience is how long it waits for them.
	patience = 50 * time.Millisecond
	// pause is for how long it goes on alone after they were not there in time.
	pause = time.Second
	// fresh is how long Exhausted goes by what it was told.
	fresh = time.Second
)

// Account is what a caller has spent of a limit in its window.
type Account struct {
	Spent int
	// Ends is how long the window still lasts.
	Ends time.Duration
}

// Counts are the counts that the replicas of a cluster share.
type Counts interface {
	// Add adds n, which may be 0, to what a caller has spent, but to no more than one above
	// what the limit allows, and returns what it then is. Where the counts know nothing of
	// the caller they go on from known. Any failure means that they are away.
	Add(ctx context.Context, l Limit, caller string, n int, known Account) (Account, error)
}

// ClusterOptions are the options of a Cluster.
type ClusterOptions struct {
	Counts Counts
	// Patience is how long one call waits for Counts; 0 means 50 ms.
	Patience time.Duration
	Now      domain.Clock
	Logger   zerolog.Logger
}

// Cluster makes limiters that count for all replicas. All of them together learn when the
// common counts are away, so that a request waits for them once, whatever limits it meets.
// It is safe for concurrent use.
type Cluster struct {
	opts  ClusterOptions
	log   zerolog.Logger
	start time.Time
	// again is when the counts may be asked again, in time since start; 0 is at once.
	again atomic.Int64
}

// NewCluster returns what makes the limiters of a replica.
func NewCluster(o ClusterOptions) *Cluster {
	o.Patience = cmp.Or(o.Patience, patience)
	return &Cluster{opts: o, log: o.Logger.With().Str("component", "quota").Logger(), start: o.Now()}
}

// Limiter returns the limiter of a limit; it is a Limits.
func (c *Cluster) Limiter(l Limit) Limiter {
	return &shared{Limit: l, of: c, known: map[string]note{}}
}

// add is Counts.Add with the cluster's patience; ok is false if the counts are away.
func (c *Cluster) add(ctx context.Context, l Limit, caller string, n int, known Account) (a Account, ok bool) {
	if !c.mayAsk() {
		return Account{}, false
	}
	// A caller that goes away early must not make the counts look away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Patience)
	defer cancel()
	a, err := c.opts.Counts.Add(ctx, l, caller, n, known)
	c.learn(err)
	return a, err == nil
}

// mayAsk reports whether to ask the counts. After a pause one call alone finds out whether
// they are back.
func (c *Cluster) mayAsk() bool {
	again := c.again.Load()
	if again == 0 {
		return true
	}
	now := c.since()
	return now >= again && c.again.CompareAndSwap(again, now+int64(pause))
}

// learn notes whether the counts answered.
func (c *Cluster) learn(err error) {
	if err == nil {
		if c.again.Load() != 0 && c.again.Swap(0) != 0 {
			c.log.Info().Msg("limits count for the whole cluster again")
		}
		return
	}
	if c.again.Swap(c.since()+int64(pause)) == 0 {
		c.log.Warn().Err(err).Msg("the common counts do not answer; limits count for this replica alone")
	}
}

// since is the time since start, by a clock that nobody sets.
func (c *Cluster) since() int64 { return int64(c.opts.Now().Sub(c.start)) }
