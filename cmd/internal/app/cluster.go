package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

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
	return nil
}

// runCluster does the work of the cluster until ctx ends.
func (a *App) runCluster(ctx context.Context) error {
	if a.redis != nil {
		a.redis.Watch(ctx, func(bool) {})
	}
	return nil
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
