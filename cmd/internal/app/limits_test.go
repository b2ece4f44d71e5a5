package app_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/op"
	"parley/domain/quota"
	"parley/rest"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// limitedKey is the server key of the doors of these tests.
const limitedKey = "the-key-of-the-limited-doors"

// limitedDoor is the REST door of a replica behind a proxy, with a limit of the API.
func limitedDoor(t testing.TB, mode identity.Mode, limit int, limits quota.Limits) http.Handler {
	t.Helper()
	access := identity.Options{Mode: mode}
	if mode == identity.Key {
		access.Key = limitedKey
	}
	auth, err := identity.New(access)
	if err != nil {
		t.Fatal(err)
	}
	proxies, err := identity.ParseProxies("true")
	if err != nil {
		t.Fatal(err)
	}
	door, err := rest.New(rest.Options{Registry: op.NewRegistry(op.Options{}), Identity: auth, Proxies: proxies, RateLimit: limit, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	return door
}

// replicaLimits are the limits of one replica of a cluster.
func replicaLimits(t testing.TB, s *redistest.Server, patience time.Duration) quota.Limits {
	t.Helper()
	client, err := redis.New(redis.Options{URL: domain.Secret(s.URL()), Replica: "one", Now: time.Now, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	counts := redis.NewLimits(client, func() domain.Secret { return "the secret of the tests" })
	return quota.NewCluster(quota.ClusterOptions{Counts: counts, Patience: patience, Now: time.Now, Logger: zerolog.Nop()}).Limiter
}

// askAs sends a request of an address to a door, with a key if one is given.
func askAs(t testing.TB, door http.Handler, address, key string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/nothing-here", http.NoBody)
	r.Header.Set("X-Forwarded-For", address)
	if key != "" {
		r.Header.Set("X-API-KEY", key)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w.Result()
}

func TestAddressesHaveOneLimitAtAllReplicas(t *testing.T) {
	server := redistest.Start(t)
	one := limitedDoor(t, identity.Open, 3, replicaLimits(t, server, time.Minute))
	two := limitedDoor(t, identity.Open, 3, replicaLimits(t, server, time.Minute))
	ask := func(door http.Handler, address string) (int, http.Header) {
		resp := askAs(t, door, address, "")
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	const stranger = "203.0.113.7"
	for i, step := range []struct {
		door http.Handler
		left string
		over bool
	}{{one, "2", false}, {two, "1", false}, {two, "0", false}, {one, "0", true}, {two, "0", true}} {
		status, header := ask(step.door, stranger)
		reset, err := time.ParseDuration(header.Get("RateLimit-Reset") + "s")
		if (status == http.StatusTooManyRequests) != step.over || header.Get("RateLimit-Remaining") != step.left ||
			header.Get("RateLimit-Limit") != "3" || header.Get("RateLimit-Policy") != "3;w=900" ||
			err != nil || reset <= 10*time.Minute || reset > 15*time.Minute {
			t.Fatalf("request %d: %d %v", i, status, header)
		}
		if step.over != (header.Get("Retry-After") != "") || step.over && header.Get("Retry-After") != header.Get("RateLimit-Reset") {
			t.Errorf("request %d: retry after %q", i, header.Get("Retry-After"))
		}
	}
	if status, header := ask(one, "127.0.0.1"); status == http.StatusTooManyRequests || header.Get("RateLimit-Limit") != "" {
		t.Errorf("this machine: %d %v", status, header)
	}

	server.Kill()
	if status, _ := ask(one, stranger); status != http.StatusTooManyRequests {
		t.Errorf("without Redis who was refused gets %d", status)
	}
	for i := range 5 {
		if status, _ := ask(two, "203.0.113.8"); (status == http.StatusTooManyRequests) != (i >= 3) {
			t.Errorf("request %d without Redis: %d", i, status)
		}
	}
}

func TestWhoGuessesKeysAtOneReplicaIsRefusedAtTheOthers(t *testing.T) {
	server := redistest.Start(t)
	one := limitedDoor(t, identity.Key, 2, replicaLimits(t, server, time.Minute))
	two := limitedDoor(t, identity.Key, 2, replicaLimits(t, server, time.Minute))
	const guesser = "203.0.113.9"
	status := func(door http.Handler, address, key string) int {
		resp := askAs(t, door, address, key)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	for range 2 {
		if code := status(one, guesser, "guess"); code != http.StatusUnauthorized {
			t.Fatalf("a guess: %d", code)
		}
	}
	if code := status(two, guesser, limitedKey); code != http.StatusTooManyRequests {
		t.Errorf("the right key after the guesses: %d", code)
	}
	if code := status(two, "203.0.113.10", limitedKey); code != http.StatusNotFound {
		t.Errorf("the right key from elsewhere: %d", code)
	}
}

// BenchmarkLimits is what a request to the API costs within the process, at a server that is
// alone and at a replica, for who is counted, for who has the key and on this machine.
func BenchmarkLimits(b *testing.B) {
	server := redistest.Start(b)
	const most = 1 << 40
	for _, where := range []struct {
		name   string
		limits quota.Limits
	}{{"alone", nil}, {"cluster", replicaLimits(b, server, time.Minute)}} {
		for _, who := range []struct{ name, address, key string }{
			{"counted", "203.0.113.7", ""}, {"with the key", "203.0.113.7", limitedKey}, {"near", "127.0.0.1", ""},
		} {
			b.Run(where.name+"/"+who.name, func(b *testing.B) {
				door := limitedDoor(b, identity.Key, most, where.limits)
				b.ReportAllocs()
				for b.Loop() {
					_ = askAs(b, door, who.address, who.key).Body.Close()
				}
			})
		}
	}
}
