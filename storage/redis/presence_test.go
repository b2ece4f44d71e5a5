package redis_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/presence"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

const hall domain.ChannelID = "hall"

// told writes down what the rooms of a cluster hear.
type told struct {
	mu    sync.Mutex
	heard []string
}

// Presence is part of presence.Announcer.
func (w *told) Presence(changes []presence.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes {
		state := "left"
		if c.Joined {
			state = "joined"
		}
		w.heard = append(w.heard, string(c.EntityID)+" "+state)
	}
}

// replica starts a tracker of a cluster; stop ends it without a word.
func (w *told) replica(t *testing.T, server *redistest.Server, name string, alive func() []string) (c *presence.Cluster, stop func()) {
	t.Helper()
	c = presence.NewCluster(presence.ClusterOptions{Replica: name, Alive: alive, Registry: redis.NewPresence(open(t, server, name)), Now: time.Now,
		Refresh: 200 * time.Millisecond, Logger: zerolog.New(zerolog.NewTestWriter(t))})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Run(ctx, w) // never fails
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return c, stop
}

// want waits until the rooms have heard this, in any order, and nothing else.
func (w *told) want(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	var got []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		w.mu.Lock()
		got = slices.Sorted(slices.Values(w.heard))
		w.mu.Unlock()
		if len(got) >= len(want) {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the rooms heard %q, want %q", got, want)
	}
	w.mu.Lock()
	w.heard = nil
	w.mu.Unlock()
}

// listed waits until a list reads so.
func listed(t *testing.T, c *presence.Cluster, want string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		found, err := c.List(t.Context(), hall)
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		for _, p := range found.Present {
			parts = append(parts, fmt.Sprintf("%s %q %d", p.EntityID, p.Name, p.Sockets))
		}
		slices.Sort(parts)
		got = strings.Join(append(parts, found.Missing...), "; ")
		if got == want {
			return
		}
	}
	t.Fatalf("the list is %s, want %s", got, want)
}

func TestPresenceIsOneInTheCluster(t *testing.T) {
	server, rooms := redistest.Start(t), &told{}
	both := func() []string { return []string{"one", "two"} }
	one, _ := rooms.replica(t, server, "one", both)
	two, _ := rooms.replica(t, server, "two", both)
	one.Enter(hall, "ann", "Ann", "s1")
	rooms.want(t, "ann joined")
	two.Enter(hall, "ann", "Ann", "s2")
	two.Enter(hall, "bob", "Bob", "s3")
	rooms.want(t, "bob joined")
	listed(t, one, `ann "Ann" 2; bob "Bob" 1`)
	listed(t, two, `ann "Ann" 2; bob "Bob" 1`)
	one.LeaveAll("s1") // she is still there by the other
	two.LeaveAll("s3")
	rooms.want(t, "bob left")
	listed(t, one, `ann "Ann" 1`)
	two.LeaveAll("s2") // a page that reloads at the other replica
	one.Enter(hall, "ann", "Ann", "s4")
	one.Enter(hall, "eve", "Eve", "s5")
	rooms.want(t, "eve joined")
	listed(t, two, `ann "Ann" 1; eve "Eve" 1`)
}

func TestWhoWasThereByADeadReplicaLeavesOnce(t *testing.T) {
	server, rooms := redistest.Start(t), &told{}
	var mu sync.Mutex
	names := []string{"one", "two", "three"}
	alive := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(names)
	}
	one, _ := rooms.replica(t, server, "one", alive)
	two, _ := rooms.replica(t, server, "two", alive)
	three, stop := rooms.replica(t, server, "three", alive)
	three.Enter(hall, "ann", "Ann", "s1")
	three.Enter(hall, "bob", "Bob", "s2")
	one.Enter(hall, "bob", "Bob", "s3")
	rooms.want(t, "ann joined", "bob joined")
	stop()
	mu.Lock()
	names = names[:2]
	mu.Unlock()
	listed(t, two, `bob "Bob" 1`)
	one.Died("three")
	two.Died("three")
	rooms.want(t, "ann left")
	// Under the same name it comes back with nobody.
	mu.Lock()
	names = append(names, "three")
	mu.Unlock()
	again, _ := rooms.replica(t, server, "three", alive)
	again.Enter(hall, "eve", "Eve", "s1")
	rooms.want(t, "eve joined")
	listed(t, one, `bob "Bob" 1; eve "Eve" 1`)
}

func TestWithoutRedisPresenceIsThatOfTheReplica(t *testing.T) {
	server, rooms := redistest.Start(t), &told{}
	both := func() []string { return []string{"one", "two"} }
	one, _ := rooms.replica(t, server, "one", both)
	two, _ := rooms.replica(t, server, "two", both)
	one.Enter(hall, "ann", "Ann", "s1")
	rooms.want(t, "ann joined")
	server.Kill()
	two.Enter(hall, "bob", "Bob", "s2")
	rooms.want(t, "bob joined")
	listed(t, one, `ann "Ann" 1; two`)
	server.Restart() // empty
	one.Renew()
	two.Renew()
	listed(t, one, `ann "Ann" 1; bob "Bob" 1`)
	two.LeaveAll("s2")
	rooms.want(t, "bob left")
}

func TestWhoWasThereBeforeAllReplicasCrashedLeavesWhenOthersCome(t *testing.T) {
	server, rooms := redistest.Start(t), &told{}
	only := func(name string) func() []string { return func() []string { return []string{name} } }
	before, stop := rooms.replica(t, server, "before", only("before"))
	before.Enter(hall, "ann", "Ann", "s1")
	before.Enter(hall, "bob", "Bob", "s2")
	rooms.want(t, "ann joined", "bob joined")
	stop() // nobody hears of that
	after, _ := rooms.replica(t, server, "after", only("after"))
	after.Enter(hall, "bob", "Bob", "s1")
	rooms.want(t, "ann left")
	listed(t, after, `bob "Bob" 1`)
	after.Enter(hall, "ann", "Ann", "s2")
	rooms.want(t, "ann joined")
}

func TestAReplicaThatIsMissingForAMomentKeepsItsOwn(t *testing.T) {
	server, rooms := redistest.Start(t), &told{}
	one, _ := rooms.replica(t, server, "one", func() []string { return []string{"one", "two"} })
	one.Enter(hall, "ann", "Ann", "s1")
	rooms.want(t, "ann joined")
	var asked atomic.Int64
	two, _ := rooms.replica(t, server, "two", func() []string {
		if asked.Add(1) == 1 {
			return []string{"two"} // it has just begun
		}
		return []string{"one", "two"}
	})
	two.Enter(hall, "bob", "Bob", "s2")
	rooms.want(t, "bob joined")
	for deadline := time.Now().Add(20 * time.Second); asked.Load() < 20; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not look again")
		}
	}
	noted, err := redis.NewPresence(open(t, server, "observer")).Noted(t.Context())
	if slices.Sort(noted); err != nil || !slices.Equal(noted, []string{"one", "two"}) {
		t.Errorf("%q are noted, %v", noted, err)
	}
	listed(t, two, `ann "Ann" 1; bob "Bob" 1`)
}

func TestADepartureThatADeadReplicaHadNotToldIsTold(t *testing.T) {
	server := redistest.Start(t)
	dead, other := redis.NewPresence(open(t, server, "dead")), redis.NewPresence(open(t, server, "other"))
	state := presence.State{ChannelID: hall, EntityID: "ann", Name: "Ann", Sockets: 1, Since: time.Now()}
	if news, err := dead.Settle(t.Context(), []presence.State{state}, []string{"dead", "other"}); err != nil || !news[0] {
		t.Fatal(news, err)
	}
	state.Sockets = 0
	if err := dead.Put(t.Context(), []presence.State{state}); err != nil {
		t.Fatal(err)
	}
	gone, _, err := other.Bury(t.Context(), "dead", []string{"other"})
	if err != nil || len(gone) != 1 || gone[0].EntityID != "ann" {
		t.Fatalf("%v have gone, %v", gone, err)
	}
	state.Sockets = 1
	if news, err := other.Settle(t.Context(), []presence.State{state}, []string{"other"}); err != nil || !news[0] {
		t.Errorf("that she comes back is no news: %v", err)
	}
}
