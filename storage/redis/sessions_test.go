package redis_test

import (
	"testing"
	"time"

	"parley/domain"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

func TestASessionIsHandedOutOnceToItsIdentity(t *testing.T) {
	server := redistest.Start(t)
	one, two := redis.NewSessions(open(t, server, "one")), redis.NewSessions(open(t, server, "two"))
	ctx := t.Context()
	save := func(s *redis.Sessions, owner string, generation int64, data string, want bool) {
		t.Helper()
		kept, err := s.Save(ctx, "key", "ann", owner, generation, time.Minute, []byte(data))
		if err != nil || kept != want {
			t.Fatalf("kept is %v, %v", kept, err)
		}
	}
	take := func(s *redis.Sessions, identity string, generation int64, want string) {
		t.Helper()
		data, age, found, err := s.Take(ctx, "key", identity, generation)
		if err != nil || found != (want != "") || string(data) != want || age < 0 || age > 30*time.Second {
			t.Fatalf("took %q, %v old, found %v, %v", data, age, found, err)
		}
	}
	if _, _, found, err := one.Look(ctx, "key", "ann"); err != nil || found {
		t.Fatalf("found %v, %v", found, err)
	}
	save(one, "one", 0, "first", true)
	save(one, "one", 0, "second", true)
	if owner, generation, found, err := two.Look(ctx, "key", "ann"); err != nil || !found || owner != "one" || generation != 0 {
		t.Fatalf("%q, %d, %v, %v", owner, generation, found, err)
	}
	if _, _, found, err := two.Look(ctx, "key", "bob"); err != nil || found {
		t.Fatalf("another identity found it: %v, %v", found, err)
	}
	take(two, "bob", 0, "")
	take(two, "ann", 3, "")
	take(two, "ann", 0, "second")
	take(one, "ann", 0, "")
	take(one, "ann", 1, "")
	save(one, "one", 0, "of a zombie", false)
	save(two, "two", 1, "third", true)
	if err := one.Drop(ctx, "key", 0); err != nil {
		t.Fatal(err)
	}
	take(one, "ann", 1, "third")
	save(one, "one", 2, "fourth", true)
	if err := one.Drop(ctx, "key", 2); err != nil {
		t.Fatal(err)
	}
	take(one, "ann", 2, "")
}

func TestWithoutRedisASessionIsUnavailable(t *testing.T) {
	server := redistest.Start(t)
	s := redis.NewSessions(open(t, server, "one"))
	server.Kill()
	if _, err := s.Save(t.Context(), "key", "ann", "one", 0, time.Minute, nil); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("save: %v", err)
	}
	if _, _, _, err := s.Look(t.Context(), "key", "ann"); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("look: %v", err)
	}
	if _, _, _, err := s.Take(t.Context(), "key", "ann", 0); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("take: %v", err)
	}
	if err := s.Drop(t.Context(), "key", 0); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("drop: %v", err)
	}
}
