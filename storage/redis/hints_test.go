package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/domain"
	"parley/domain/agents"
	storage "parley/storage/redis"
	"parley/storage/redis/redistest"
)

// raw is a plain client of a server.
func raw(t *testing.T, s *redistest.Server) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// lanes makes lanes.
func lanes(n int) []agents.Lane {
	list := make([]agents.Lane, n)
	for i := range list {
		list[i] = agents.Lane{Agent: "agent", Channel: domain.ChannelID(fmt.Sprint("channel-", i))}
	}
	return list
}

func TestEveryKeyOfTheAgentsWorkHasATimeToLive(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, server, "one")
	hints, leases := storage.NewHints(c, 0), storage.NewLeases(c, 0)
	if _, err := hints.Take(t.Context(), 1); err != nil { // it makes the group
		t.Fatal(err)
	}
	lease, err := leases.Acquire(t.Context(), lanes(1)[0])
	if err != nil || lease.Renew(t.Context()) != nil || hints.Put(t.Context(), lanes(3)...) != nil {
		t.Fatal(err)
	}
	if taken, err := hints.Take(t.Context(), 2); err != nil || len(taken) != 2 {
		t.Fatalf("%+v, %v", taken, err)
	}
	keys, err := raw(t, server).Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	for _, key := range keys {
		if ttl, err := raw(t, server).TTL(t.Context(), key).Result(); err != nil || ttl <= 0 {
			t.Errorf("%s lives for %v, %v", key, ttl, err)
		}
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	server := redistest.Start(t)
	hints := storage.NewHints(open(t, server, "one"), 0)
	for range 15 {
		if err := hints.Put(t.Context(), lanes(1000)...); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := raw(t, server).XLen(t.Context(), "parley:hints").Result(); err != nil || n > 10_500 {
		t.Errorf("%d hints are kept, %v", n, err)
	}
}

func TestTheQueueComesBackWhenRedisHasLostIt(t *testing.T) {
	server := redistest.Start(t)
	hints := storage.NewHints(open(t, server, "one"), 0)
	if err := hints.Put(t.Context(), lanes(1)...); err != nil {
		t.Fatal(err)
	}
	take := func() (taken []agents.Hint) {
		for deadline := time.Now().Add(30 * time.Second); len(taken) == 0; {
			var err error
			if taken, err = hints.Take(t.Context(), 5); err != nil && !domain.IsCode(err, domain.Unavailable) || time.Now().After(deadline) {
				t.Fatalf("%+v, %v", taken, err)
			}
		}
		return taken
	}
	old := take()
	if err := raw(t, server).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := hints.Done(t.Context(), old...); err != nil {
		t.Errorf("finishing what is lost: %v", err)
	}
	if err := hints.Put(t.Context(), lanes(1)...); err != nil {
		t.Fatal(err)
	}
	take()
	server.Kill()
	if _, err := hints.Take(t.Context(), 1); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("without Redis: %v", err)
	}
	if err := hints.Put(t.Context(), lanes(1)...); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("without Redis: %v", err)
	}
	if _, err := storage.NewLeases(open(t, server, "two"), 0).Acquire(t.Context(), lanes(1)[0]); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("without Redis: %v", err)
	}
}

func TestConsumersOfReplicasThatAreGoneAreRemovedWithoutTheirHints(t *testing.T) {
	server := redistest.Start(t)
	gone := storage.NewHints(open(t, server, "gone"), time.Hour)
	if _, err := gone.Take(t.Context(), 1); err != nil { // it makes the group
		t.Fatal(err)
	}
	if err := gone.Put(t.Context(), lanes(1)...); err != nil {
		t.Fatal(err)
	}
	if taken, err := gone.Take(t.Context(), 1); err != nil || len(taken) != 1 {
		t.Fatalf("%+v, %v", taken, err)
	}
	stays := storage.NewHints(open(t, server, "stays"), 200*time.Millisecond)
	stays.SetDeadAfter(time.Millisecond)
	var taken []agents.Hint
	names := func() (list []string) {
		consumers, err := raw(t, server).XInfoConsumers(t.Context(), "parley:hints", "agents").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range consumers {
			list = append(list, c.Name)
		}
		return list
	}
	for deadline := time.Now().Add(30 * time.Second); len(taken) == 0 || len(names()) != 1; {
		more, err := stays.Take(t.Context(), 5)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("taken %+v, consumers %q, %v", taken, names(), err)
		}
		taken = append(taken, more...)
	}
}
