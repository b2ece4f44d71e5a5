package app

import (
	"context"
	"crypto/rand"
	"fmt"

	"golang.org/x/sync/errgroup"

	"parley/domain/agents"
	"parley/domain/bus"
	"parley/realtime"
	"parley/storage/redis"
)

// shared is what replicas share; all of it is nil for a server that is alone.
type shared struct {
	bus    bus.Bus
	caches *bus.Caches
	// leases and hints share the agents' work.
	leases agents.Leases
	hints  agents.Hints
	// link carries the events of sockets, sessions what sockets need to come back.
	link     *redis.Link
	sessions realtime.Sessions
	// run are what works on it while the server runs.
	run []func(context.Context) error
}

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
	a.redis, err = redis.New(redis.Options{URL: a.cfg.RedisURL, Replica: a.replica, Now: a.now, Logger: a.log})
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	notes, link := a.redis.Bus(), a.redis.Link()
	a.shared = shared{bus: notes, caches: bus.NewCaches(notes, a.log), leases: redis.NewLeases(a.redis, 0), hints: redis.NewHints(a.redis, 0),
		link: link, sessions: realtime.NewVaultSessions(redis.NewSessions(a.redis), a.replica, a.now)}
	a.shared.run = []func(context.Context) error{notes.Run, link.Run, a.shared.caches.Run, a.watchRedis}
	return nil
}

// watchRedis notices when Redis goes and comes.
func (a *App) watchRedis(ctx context.Context) error {
	a.redis.Watch(ctx, func(bool) {})
	return nil
}

// link makes the gateway one with those of the other replicas.
func (a *App) link() error {
	if a.shared.link == nil {
		return nil
	}
	return a.gateway.Link(a.shared.link, a.replica, nil)
}

// runCluster does the work of the cluster until ctx ends.
func (a *App) runCluster(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range a.shared.run {
		group.Go(func() error { return run(ctx) })
	}
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
