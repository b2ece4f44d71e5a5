package agents_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/bus"
	"parley/domain/messaging"
	"parley/domain/models"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// The times of the tests' clusters: short, as they are waited for.
const (
	testTTL   = 600 * time.Millisecond
	testClaim = time.Second
)

// cluster is what the replicas of a test share beside the store of its house.
type cluster struct {
	t     *testing.T
	first *house
	// join gives a replica its part of what is shared.
	join func(name string) (bus.Bus, agents.Leases, agents.Hints)
	// server is nil where the replicas share the memory of this process.
	server *redistest.Server
	n      int
}

// onEach runs a test with what one process can share, and with Redis.
func onEach(t *testing.T, test func(t *testing.T, c *cluster)) {
	t.Helper()
	t.Run("in one process", func(t *testing.T) {
		local, leases, hints := &bus.Local{}, agents.NewLocalLeases(testTTL), agents.NewLocalHints(testClaim)
		test(t, &cluster{t: t, first: newHouse(t), join: func(string) (bus.Bus, agents.Leases, agents.Hints) { return local, leases, hints }})
	})
	t.Run("over Redis", func(t *testing.T) { test(t, overRedis(t)) })
}

// overRedis is a cluster with a Redis of its own.
func overRedis(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, first: newHouse(t), server: redistest.Start(t)}
	c.join = func(name string) (bus.Bus, agents.Leases, agents.Hints) {
		client, err := redis.New(redis.Options{URL: domain.Secret(c.server.URL()), Replica: name, Now: time.Now, Logger: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		b := client.Bus()
		t.Cleanup(func() { _ = client.Close() })
		run(t, b.Run)
		return b, redis.NewLeases(client, testTTL), redis.NewHints(client, testClaim)
	}
	return c
}

// run runs something until the test ends.
func run(t *testing.T, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := f(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(stop)
	return stop
}

// replica is a house of a cluster.
type replica struct {
	*house
	caches *bus.Caches
	bus    bus.Bus
	leases *mortalLeases
	hints  *mortalHints
	runner *agents.Runner
	// dead lets it behave as if its process had ended.
	dead *atomic.Bool
	stop func()
}

// replica joins a replica to the cluster, which works with a model if that is not nil.
func (c *cluster) replica(m models.Text, onStep func(r *replica, step string) error, adjust ...func(*agents.RunnerOptions)) *replica {
	c.t.Helper()
	c.n++
	b, leases, hints := c.join(fmt.Sprint("replica-", c.n))
	r := &replica{bus: b, dead: &atomic.Bool{}}
	r.leases, r.hints = &mortalLeases{Leases: leases, dead: r.dead}, &mortalHints{Hints: hints, dead: r.dead}
	r.caches = bus.NewCaches(b, zerolog.Nop())
	r.house = enter(c.t, c.first.store, agents.ServiceOptions{Logger: zerolog.Nop(), Caches: r.caches, Bus: b})
	run(c.t, r.caches.Run)
	if m == nil {
		return r
	}
	step := func(step string) error {
		if r.dead.Load() {
			return errKilled
		}
		if onStep == nil {
			return nil
		}
		return onStep(r, step)
	}
	r.runner = r.house.runner(m, append([]func(*agents.RunnerOptions){func(o *agents.RunnerOptions) {
		o.Leases, o.Hints, o.OnStep, o.Drain = r.leases, r.hints, step, time.Millisecond
	}}, adjust...)...)
	r.stop = run(c.t, r.runner.Run)
	return r
}

// meet waits until replicas know one another.
func (c *cluster) meet(all ...*replica) {
	c.t.Helper()
	eventually(c.t, "the replicas know one another", func() bool {
		for _, r := range all {
			if r.caches.Peers() != len(all)-1 {
				return false
			}
		}
		return true
	})
}

// answered waits until a channel has a reply to each of its messages, and checks that it
// has one to each, in order.
func (c *cluster) answered(channel domain.ChannelID, questions ...domain.MessageID) {
	c.t.Helper()
	eventually(c.t, "all duties are done", func() bool { return c.first.duties() == 0 })
	replies := c.first.replies(channel)
	if len(replies) != len(questions) {
		c.t.Fatalf("%d replies to %d messages: %+v", len(replies), len(questions), replies)
	}
	for i, r := range replies {
		if r.InReplyTo != questions[i] {
			c.t.Errorf("reply %d answers %s, not %s", i, r.InReplyTo, questions[i])
		}
	}
}

// dm is a channel with Eliza.
func (c *cluster) dm() domain.ChannelID { return c.first.channel(messaging.TypeDM, eliza) }

// mortalLeases are Leases of a replica that can die: then nothing is renewed or released.
type mortalLeases struct {
	agents.Leases
	dead *atomic.Bool
}

// mortalLease is a lease of mortalLeases.
type mortalLease struct {
	agents.Lease
	dead *atomic.Bool
}

// Acquire is part of agents.Leases.
func (l *mortalLeases) Acquire(ctx context.Context, lane agents.Lane) (agents.Lease, error) {
	if l.dead.Load() {
		return nil, domain.Errorf(domain.Conflict, "The replica is dead")
	}
	lease, err := l.Leases.Acquire(ctx, lane)
	return mortalLease{Lease: lease, dead: l.dead}, err
}

// Renew is part of agents.Lease.
func (l mortalLease) Renew(ctx context.Context) error {
	if l.dead.Load() {
		return nil
	}
	return l.Lease.Renew(ctx)
}

// Release is part of agents.Lease.
func (l mortalLease) Release(ctx context.Context) error {
	if l.dead.Load() {
		return nil
	}
	return l.Lease.Release(ctx)
}

// mortalHints are Hints of a replica that can die: then it takes and puts nothing.
type mortalHints struct {
	agents.Hints
	dead *atomic.Bool
	// lose lets all that is put be lost.
	lose atomic.Bool
}

// Put is part of agents.Hints.
func (q *mortalHints) Put(ctx context.Context, lanes ...agents.Lane) error {
	if q.dead.Load() || q.lose.Load() {
		return nil
	}
	return q.Hints.Put(ctx, lanes...)
}

// Take is part of agents.Hints.
func (q *mortalHints) Take(ctx context.Context, most int) ([]agents.Hint, error) {
	if q.dead.Load() {
		<-ctx.Done()
		return nil, nil
	}
	taken, err := q.Hints.Take(ctx, most)
	if q.dead.Load() {
		return nil, nil
	}
	return taken, err
}

// Done is part of agents.Hints.
func (q *mortalHints) Done(ctx context.Context, hints ...agents.Hint) error {
	if q.dead.Load() {
		return nil
	}
	return q.Hints.Done(ctx, hints...)
}
