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
	take := func(s *redis.Sessions, identity, owner string, generation int64, want string) {
		t.Helper()
		data, age, found, err := s.Take(ctx, "key", identity, owner, generation)
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
	take(two, "bob", "two", 0, "")
	take(two, "ann", "two", 3, "")
	take(two, "ann", "two", 0, "second")
	take(one, "ann", "one", 0, "")
	if owner, generation, found, err := one.Look(ctx, "key", "ann"); err != nil || !found || owner != "two" || generation != 1 {
		t.Fatalf("once taken: %q, %d, %v, %v", owner, generation, found, err)
	}
	save(one, "one", 0, "of a zombie", false)
	save(two, "two", 1, "third", true)
	if err := one.Drop(ctx, "key", 0); err != nil {
		t.Fatal(err)
	}
	take(one, "ann", "one", 1, "third")
	save(one, "one", 2, "fourth", true)
	if err := one.Drop(ctx, "key", 2); err != nil {
		t.Fatal(err)
	}
	take(one, "ann", "one", 2, "")
}

func TestASessionWhoseTakerNeverSavedItIsNotLost(t *testing.T) {
	server := redistest.Start(t)
	s := redis.NewSessions(open(t, server, "one"))
	ctx := t.Context()
	if _, err := s.Save(ctx, "key", "ann", "one", 0, time.Minute, []byte("data")); err != nil {
		t.Fatal(err)
	}
	for generation, owner := range []string{"two", "three"} {
		data, age, found, err := s.Take(ctx, "key", "ann", owner, int64(generation))
		if err != nil || !found || string(data) != "data" || age < 0 || age > 30*time.Second {
			t.Fatalf("took %q, %v old, found %v, %v", data, age, found, err)
		}
	}
}

func TestASessionThatWasTakenIsNoOlderThanItsTime(t *testing.T) {
	server := redistest.Start(t)
	s := redis.NewSessions(open(t, server, "one"))
	ctx := t.Context()
	for deadline, taken := time.Now().Add(10*time.Second), false; !taken; { // a slow machine may be too late for it
		if _, err := s.Save(ctx, "key", "ann", "one", 0, 300*time.Millisecond, []byte("data")); err != nil {
			t.Fatal(err)
		}
		var err error
		if _, _, taken, err = s.Take(ctx, "key", "ann", "two", 0); err != nil || !taken && time.Now().After(deadline) {
			t.Fatalf("taken %v, %v", taken, err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		_, generation, found, err := s.Look(ctx, "key", "ann")
		if err != nil || !found {
			t.Fatalf("found %v, %v: its generation must be known for longer", found, err)
		}
		if _, _, found, err = s.Take(ctx, "key", "ann", "three", generation); err != nil {
			t.Fatal(err)
		}
		if !found {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it can be taken long after its time")
		}
	}
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
	if _, _, _, err := s.Take(t.Context(), "key", "ann", "one", 0); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("take: %v", err)
	}
	if err := s.Drop(t.Context(), "key", 0); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("drop: %v", err)
	}
}
