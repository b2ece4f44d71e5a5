package redis_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/quota"
	"parley/domain/quota/quotatest"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// limitsOf are the limits of one replica at a server; patience 0 is the usual one.
func limitsOf(t *testing.T, s *redistest.Server, replica string, patience time.Duration, now domain.Clock) quota.Limits {
	t.Helper()
	counts := redis.NewLimits(open(t, s, replica), func() domain.Secret { return "the secret of the tests" })
	return quota.NewCluster(quota.ClusterOptions{Counts: counts, Patience: patience, Now: now,
		Logger: zerolog.New(zerolog.NewTestWriter(t))}).Limiter
}

// ample is a patience that no machine is too slow for.
const ample = time.Minute

// untilShared waits until two limiters of a limit of at least two count together.
func untilShared(t *testing.T, one, two quota.Limiter, most int) {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(30 * time.Second); ; {
		caller := uuid.NewString()
		one.Take(t.Context(), caller)
		if left, _ := two.Take(t.Context(), caller); left == most-2 {
			return
		}
		select {
		case <-deadline:
			t.Fatal("the limiters never count together")
		case <-poll.C:
		}
	}
}

// take counts one and checks what is left.
func take(t *testing.T, l quota.Limiter, caller string, want int) time.Duration {
	t.Helper()
	left, ends := l.Take(t.Context(), caller)
	if left != want {
		t.Fatalf("%d left, want %d", left, want)
	}
	return ends
}

func TestTheLimitsOfAClusterKeepTheContract(t *testing.T) {
	quotatest.Run(t, limitsOf(t, redistest.Start(t), "one", ample, time.Now))
}

func TestTheLimitsKeepTheContractWithoutRedis(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	quotatest.Run(t, limitsOf(t, server, "one", 0, time.Now))
}

func TestReplicasCountTogetherWhateverTheirClocksSay(t *testing.T) {
	server := redistest.Start(t)
	late := func() time.Time { return time.Now().Add(-time.Hour) }
	limit := quota.Limit{Name: "api", Most: 3, Per: 15 * time.Minute}
	one, two := limitsOf(t, server, "one", ample, time.Now)(limit), limitsOf(t, server, "two", ample, late)(limit)
	first := take(t, one, "a", 2)
	if second := take(t, two, "a", 1); second > first || second < first-ample {
		t.Errorf("the window ends in %v for one and in %v for the other", first, second)
	}
	take(t, one, "a", 0)
	take(t, two, "a", -1)
	take(t, one, "a", -1)
	take(t, two, "b", 2)
	limit.Name = "connects"
	if limitsOf(t, server, "three", ample, time.Now)(limit).Exhausted(t.Context(), "a") {
		t.Error("limits of two names count together")
	}
	limit.Name = "api"
	if !limitsOf(t, server, "three", ample, time.Now)(limit).Exhausted(t.Context(), "a") {
		t.Error("another replica does not see that a caller has nothing left")
	}
}

func TestReplicasLetInTogetherAsManyAsMay(t *testing.T) {
	server := redistest.Start(t)
	limit := quota.Limit{Name: "api", Most: 100, Per: time.Hour}
	var admitted atomic.Int64
	var group sync.WaitGroup
	for replica := range 2 {
		l := limitsOf(t, server, fmt.Sprint("r", replica), ample, time.Now)(limit)
		for range 4 {
			group.Go(func() {
				for range 30 {
					if left, _ := l.Take(t.Context(), "a"); left >= 0 {
						admitted.Add(1)
					}
				}
			})
		}
	}
	group.Wait()
	if n := admitted.Load(); n != 100 {
		t.Errorf("%d of 100 got in", n)
	}
}

func TestLimitsGoOnWithoutRedisAndCountTogetherAgainAfterwards(t *testing.T) {
	server := redistest.Start(t)
	limit := quota.Limit{Name: "api", Most: 4, Per: time.Hour}
	one, two := limitsOf(t, server, "one", ample, time.Now)(limit), limitsOf(t, server, "two", ample, time.Now)(limit)
	take(t, one, "spender", 3)
	take(t, two, "spender", 2)
	take(t, one, "guest", 3)
	take(t, one, "spender", 1)

	server.Kill()
	take(t, one, "spender", 0) // goes on from what it was told
	take(t, one, "spender", -1)
	take(t, one, "spender", -1)
	take(t, one, "guest", 2)
	if !one.Exhausted(t.Context(), "spender") || one.Exhausted(t.Context(), "guest") {
		t.Error("the wrong caller is exhausted without Redis")
	}
	for _, want := range []int{3, 2, 1, 0, -1} {
		take(t, two, "stranger", want)
	}

	server.Restart() // it has forgotten all
	untilShared(t, one, two, limit.Most)
	take(t, one, "guest", 1)
	take(t, two, "guest", 0) // what one knew is known to all again
	take(t, one, "guest", -1)
	take(t, one, "spender", -1)
}

func TestASlowRedisDelaysHardlyAnything(t *testing.T) {
	server := redistest.Start(t)
	limits := limitsOf(t, server, "one", 0, time.Now)
	first := limits(quota.Limit{Name: "api", Most: 1000, Per: time.Hour})
	second := limits(quota.Limit{Name: "upload", Most: 1000, Per: time.Hour})
	first.Take(t.Context(), "a")
	if err := server.Process().Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 500 { // 50 s, if each were to wait
		first.Take(t.Context(), "a")
		second.Take(t.Context(), "a")
	}
	if waited := time.Since(began); waited > 20*time.Second {
		t.Errorf("1,000 calls took %v", waited)
	}
	take(t, second, "a", 499)
	if err := server.Process().Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	other := limitsOf(t, server, "two", 0, time.Now)(quota.Limit{Name: "api", Most: 1000, Per: time.Hour})
	untilShared(t, first, other, 1000)
}

func TestCountsInRedisEndAndNameNobody(t *testing.T) {
	server := redistest.Start(t)
	limits := limitsOf(t, server, "one", ample, time.Now)
	for _, name := range []string{"api", "connects"} {
		l := limits(quota.Limit{Name: name, Most: 2, Per: time.Minute})
		for range 5 {
			l.Take(t.Context(), "203.0.113.7")
		}
		l.Exhausted(t.Context(), "203.0.113.8")
	}
	raw := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer raw.Close() //nolint:errcheck // nothing is lost
	keys, err := raw.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys are %v, %v", keys, err)
	}
	for _, key := range keys {
		ttl, err := raw.PTTL(t.Context(), key).Result()
		value, _ := raw.Get(t.Context(), key).Result()
		if err != nil || ttl <= 0 || ttl > time.Minute || value != "3" {
			t.Errorf("%s is %s for %v, %v", key, value, ttl, err)
		}
		if !strings.HasPrefix(key, "parley:limit:api:") && !strings.HasPrefix(key, "parley:limit:connects:") || strings.Contains(key, "203.0.113") {
			t.Errorf("a key is called %s", key)
		}
	}
}

func TestLimitsDoNotAskBeforeTheSecretIsKnown(t *testing.T) {
	c := open(t, redistest.Start(t), "one")
	_, err := redis.NewLimits(c, func() domain.Secret { return "" }).
		Add(t.Context(), quota.Limit{Name: "api", Most: 1, Per: time.Minute}, "a", 1, quota.Account{Ends: time.Minute})
	if !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("error is %v", err)
	}
}

func TestALimiterRemembersNoMoreCallersThanItMay(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	l := limitsOf(t, server, "one", 0, time.Now)(quota.Limit{Name: "api", Most: 1, Per: time.Hour})
	for i := range quota.MaxCallers + 10 {
		take(t, l, strconv.Itoa(i), 0)
	}
	if l.Exhausted(t.Context(), "0") {
		t.Error("it remembers more callers than it may")
	}
	take(t, l, strconv.Itoa(quota.MaxCallers+9), -1)
}

// BenchmarkTake is what a limit costs a request: of a replica that is alone, of one that
// asks Redis, and of one that asks Redis for a caller it knows to be over the limit.
func BenchmarkTake(b *testing.B) {
	server := redistest.Start(b)
	c, err := redis.New(redis.Options{URL: domain.Secret(server.URL()), Replica: "bench", Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is lost
	counts := redis.NewLimits(c, func() domain.Secret { return "the secret of the tests" })
	shared := quota.NewCluster(quota.ClusterOptions{Counts: counts, Now: time.Now}).Limiter
	for _, way := range []struct {
		name   string
		limits quota.Limits
		most   int
	}{{"alone", quota.Local(time.Now), 1 << 40}, {"cluster", shared, 1 << 40}, {"cluster, over the limit", shared, 1}} {
		b.Run(way.name, func(b *testing.B) {
			l := way.limits(quota.Limit{Name: uuid.NewString(), Most: way.most, Per: time.Hour})
			b.ReportAllocs()
			for b.Loop() {
				l.Take(b.Context(), "203.0.113.7")
			}
		})
	}
}
