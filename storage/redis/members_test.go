package redis_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/cluster"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// memberPatience is how long a test waits for what is said to happen.
const memberPatience = time.Minute

// replica is one member of a cluster, which runs until it is stopped.
type replica struct {
	*cluster.Members
	gone  chan cluster.Member
	stop  context.CancelFunc
	ended chan error
}

// member returns a member that does not run yet.
func member(t *testing.T, s *redistest.Server, name string, secret domain.Secret) *replica {
	t.Helper()
	r := &replica{gone: make(chan cluster.Member, 64), ended: make(chan error, 1), stop: func() {}}
	r.Members = cluster.New(cluster.Options{
		Self:  cluster.Member{Name: name, Version: "test", Address: name + ":1", Started: domain.Instant{Time: time.Now()}},
		Store: redis.NewMembers(open(t, s, name)), Secret: secret, Interval: 400 * time.Millisecond, Lifetime: 4 * time.Second,
		Load: func() cluster.Load { return cluster.Load{Sockets: 7} }, Now: time.Now, Logger: zerolog.New(zerolog.NewTestWriter(t)),
	})
	r.OnGone(func(m cluster.Member) { r.gone <- m })
	return r
}

// run lets it announce itself until the test ends or stop is called.
func (r *replica) run(t *testing.T) *replica {
	t.Helper()
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	var once sync.Once
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.ended <- r.Run(ctx)
	}()
	cancel := r.stop
	r.stop = func() { once.Do(func() { cancel(); <-ended }) }
	t.Cleanup(r.stop)
	return r
}

// until polls for something.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(memberPatience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain waited for: %s", what)
		}
	}
}

// sees reports whether exactly these members are on the list.
func (r *replica) sees(names ...string) bool {
	list, _ := r.List()
	for i, m := range list {
		if i >= len(names) || m.Name != names[i] {
			return false
		}
	}
	return len(list) == len(names)
}

func TestReplicasKnowOneAnotherAndWhoHasGone(t *testing.T) {
	server := redistest.Start(t)
	a, b, c := member(t, server, "a", "").run(t), member(t, server, "b", "").run(t), member(t, server, "c", "").run(t)
	for _, r := range []*replica{a, b, c} {
		until(t, "all three members", func() bool { return r.sees("a", "b", "c") })
	}
	if m, _ := a.Find("c"); m.Address != "c:1" || m.Version != "test" || m.Load.Sockets != 7 || m.Instance != c.Self().Instance {
		t.Errorf("the entry of c is %+v", m)
	}
	if a.Secret() == "" || a.Secret() != b.Secret() || b.Secret() != c.Secret() {
		t.Error("the replicas do not share one secret")
	}
	if err := b.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "b to be draining", func() bool { m, _ := a.Find("b"); return m.Draining })
	if err := b.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	died := time.Now()
	c.stop() // and says nothing, as if it was killed
	for range 2 {
		m := <-a.gone
		if m.Name == "c" && time.Since(died) < 3*time.Second {
			t.Errorf("c was declared dead after %v, while its entry lived", time.Since(died))
		}
	}
	until(t, "a to be alone", func() bool { return a.sees("a") })
}

func TestANameBelongsToOneProcess(t *testing.T) {
	server := redistest.Start(t)
	first := member(t, server, "a", "").run(t)
	until(t, "the first to be there", func() bool { return first.Secret() != "" })
	second := member(t, server, "a", "")
	if err := second.Claim(t.Context()); !domain.IsCode(err, domain.Conflict) {
		t.Fatalf("a second process of the name starts: %v", err)
	}
	other := member(t, server, "b", "").run(t)
	until(t, "b to know a", func() bool { return other.sees("a", "b") })
	first.stop() // without a word, as if it was frozen
	if err := second.Claim(t.Context()); err != nil {
		t.Fatalf("a restarted process does not get the name of the dead one: %v", err)
	}
	second.run(t)
	if gone := <-other.gone; gone.Instance != first.Self().Instance {
		t.Errorf("%+v has gone, want the first process", gone)
	}
	until(t, "b to know the new process", func() bool { m, _ := other.Find("a"); return m.Instance == second.Self().Instance })
	if err := first.Members.Run(t.Context()); !domain.IsCode(err, domain.Conflict) {
		t.Errorf("the frozen process goes on: %v", err)
	}
	if !second.sees("a", "b") {
		t.Error("the frozen process has harmed the new one")
	}
}

func TestNobodyIsDeadBecauseRedisForgotOrWasAway(t *testing.T) {
	server := redistest.Start(t)
	a, b := member(t, server, "a", "").run(t), member(t, server, "b", "").run(t)
	until(t, "both", func() bool { return a.sees("a", "b") && b.sees("a", "b") })
	secret := a.Secret()
	server.Kill()
	until(t, "the list to be stale", func() bool { _, stale := a.List(); return stale })
	if !a.sees("a", "b") {
		t.Error("the last list is not kept")
	}
	server.Restart() // it kept nothing
	until(t, "the list to be fresh", func() bool { _, stale := a.List(); return !stale })
	fresh := member(t, server, "c", "").run(t)
	until(t, "all to see the third", func() bool { return a.sees("a", "b", "c") && b.sees("a", "b", "c") && fresh.sees("a", "b", "c") })
	select {
	case m := <-a.gone:
		t.Errorf("%s was declared dead", m.Name)
	case m := <-b.gone:
		t.Errorf("%s was declared dead", m.Name)
	default:
	}
	until(t, "one secret", func() bool { return a.Secret() == b.Secret() && b.Secret() == fresh.Secret() })
	if a.Secret() != secret {
		t.Error("the secret is another one")
	}
	fresh.stop()
	if m := <-a.gone; m.Name != "c" {
		t.Errorf("%s has gone, want c", m.Name)
	}
}

func TestAConfiguredSecretIsNotKept(t *testing.T) {
	server := redistest.Start(t)
	const configured = "a secret of the operator's"
	a := member(t, server, "a", configured)
	if err := a.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := member(t, server, "b", "")
	if err := b.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a.Secret() != configured || b.Secret() == configured || b.Secret() == "" {
		t.Errorf("the secrets are %v and %v", a.Secret() == configured, b.Secret() == configured)
	}
}

func TestANewReplicaIsFoundBeforeTheOthersAnnounceThemselves(t *testing.T) {
	s := redistest.Start(t)
	a, b := member(t, s, "a", ""), member(t, s, "b", "")
	for _, r := range []*replica{a, b} { // neither runs, so neither hears of what comes later
		if err := r.Claim(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, known := a.Find("b"); known {
		t.Fatal("the first one knows the second one already; the test proves nothing")
	}
	if found, ok := a.Seek(t.Context(), "b"); !ok || found.Address != "b:1" {
		t.Errorf("found %+v, %t", found, ok)
	}
	if found, ok := a.Seek(t.Context(), "nobody"); ok {
		t.Errorf("found %+v, who is not there", found)
	}
}
