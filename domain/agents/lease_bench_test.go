package agents_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// BenchmarkLease measures what a lease costs a turn that a replica works on alone.
func BenchmarkLease(b *testing.B) {
	server := redistest.Start(b)
	client, err := redis.New(redis.Options{URL: domain.Secret(server.URL()), Replica: "one", Now: time.Now, Logger: zerolog.Nop()})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close() //nolint:errcheck // nothing is lost
	leases := redis.NewLeases(client, 0)
	lane := agents.Lane{Agent: eliza, Channel: "channel"}
	for b.Loop() {
		lease, err := leases.Acquire(context.Background(), lane)
		if err != nil {
			b.Fatal(err)
		}
		if err := lease.Release(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
