package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/domain/bus"
	"parley/realtime"
	"parley/storage/redis"
)

// openCluster opens what this replica shares with others: with REDIS_URL the client of Redis
// and what is built on it, without it the parts of a server that is alone.
func (a *App) openCluster(context.Context, Options) error {
	a.replica = a.cfg.Replica
	if a.replica == "" {
		a.replica = replicaName()
	}
	if a.cfg.RedisURL == "" {
		return nil
	}
	var err error
	a.redis, err = redis.New(redis.Options{URL: a.cfg.RedisURL, Replica: a.replica, Now: time.Now, Logger: a.log})
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	a.shared = &shared{bus: a.redis.Bus(), link: a.redis.Link()}
	a.shared.caches = bus.NewCaches(a.shared.bus, a.log)
	return nil
}

// shared is what this replica shares with others.
type shared struct {
	bus    *redis.Bus
	link   *redis.Link
	caches *bus.Caches
}

// notes is the bus, nil for a server that is alone.
func (a *App) notes() bus.Bus {
	if a.shared == nil {
		return nil
	}
	return a.shared.bus
}

// caches tells other replicas of changes; nil for a server that is alone.
func (a *App) caches() *bus.Caches {
	if a.shared == nil {
		return nil
	}
	return a.shared.caches
}

// sessions keeps what sockets need to come back; nil for a server that is alone.
func (a *App) sessions() realtime.Sessions {
	if a.redis == nil {
		return nil
	}
	return realtime.NewVaultSessions(redis.NewSessions(a.redis), a.replica, time.Now)
}

// link makes the gateway one with those of the other replicas.
func (a *App) link() error {
	if a.shared == nil {
		return nil
	}
	return a.gateway.Link(a.shared.link, a.replica, nil)
}

// runCluster does the work of the cluster until ctx ends.
func (a *App) runCluster(ctx context.Context) error {
	if a.redis == nil {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.shared.bus.Run(ctx) })
	group.Go(func() error { return a.shared.link.Run(ctx) })
	group.Go(func() error { return a.shared.caches.Run(ctx) })
	group.Go(func() error {
		a.redis.Watch(ctx, func(bool) {})
		return nil
	})
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
