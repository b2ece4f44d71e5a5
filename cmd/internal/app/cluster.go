package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/domain/agents"
	"parley/domain/bus"
	"parley/storage/redis"
)

// openCluster opens what this replica shares with others: with REDIS_URL the client of Redis
// and what is built on it, without it the parts of a server that is alone.
func (a *App) openCluster(context.Context, Options) error {
	a.replica = a.cfg.Replica
	if a.replica == "" {
		a.replica = replicaName()
	}
	a.bus = &bus.Local{}
	if a.cfg.RedisURL == "" {
		return nil
	}
	var err error
	a.redis, err = redis.New(redis.Options{URL: a.cfg.RedisURL, Replica: a.replica, Now: time.Now, Logger: a.log})
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	a.shareWork()
	return nil
}

// shared is what replicas share of the agents' work and of what they remember; all of it is
// nil for a server that is alone.
type shared struct {
	bus    bus.Bus
	caches *bus.Caches
	leases agents.Leases
	hints  agents.Hints
	// run hears of the others.
	run func(context.Context) error
}

// shareWork builds what replicas share on Redis.
func (a *App) shareWork() {
	b := a.redis.Bus()
	a.bus = b
	a.shared = shared{bus: b, caches: bus.NewCaches(b, a.log), leases: redis.NewLeases(a.redis, 0), hints: redis.NewHints(a.redis, 0), run: b.Run}
}

// runCluster does the work of the cluster until ctx ends.
func (a *App) runCluster(ctx context.Context) error {
	if a.redis == nil {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		a.redis.Watch(ctx, func(bool) {})
		return nil
	})
	group.Go(func() error { return a.shared.run(ctx) })
	group.Go(func() error { return a.shared.caches.Run(ctx) })
	return group.Wait()
}

// closeCluster ends what openCluster opened.
func (a *App) closeCluster() error {
	if a.redis == nil {
		return nil
	}
	return a.redis.Close()
}

// replicaName makes a name of eight letters up.
func replicaName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it would end the process instead
	for i := range b {
		b[i] = 'a' + b[i]%26
	}
	return string(b[:])
}
