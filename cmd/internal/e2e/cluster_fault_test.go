package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/cmd/internal/client"
)

// sized is a number that depends on the run: the short one, the full one of make test, or
// make soak.
func sized[T any](short, full, soak T) T {
	switch {
	case soaking():
		return soak
	case testing.Short():
		return short
	default:
		return full
	}
}

// faulty skips a test that is no part of this run. The tests below need replicas, so they
// have three.
func faulty(t *testing.T, with extent) {
	t.Helper()
	if !with.due() {
		t.Skip("this is part of a longer run")
	}
}

// mixed is a crowd of people alone and in talks with the agent, over both transports. It
// says little, for the database of the tests is slow and bears few documents.
func mixed(repeats bool) plan {
	return plan{groups: 3, direct: 2, listeners: 4, pause: time.Second, repeats: repeats}
}

// moment waits for a random moment, at most so far away; it is no wait for something.
func moment(most time.Duration) { time.Sleep(rand.N(most)) }

// TestAKilledReplicaLosesNothing kills replicas under load, one at a time.
func TestAKilledReplicaLosesNothing(t *testing.T) {
	faulty(t, always)
	c := three.start(t)
	w := gather(t, c, mixed(true))
	w.talk()
	for round := range sized(1, 2, 9) {
		w.progress()
		moment(time.Second)
		victim := round % len(c.replicas)
		c.replicas[victim].kill()
		w.progress()
		c.launch()
	}
	w.progress()
	w.verify()
}

// TestAFrozenReplicaIsNotWaitedFor stops a replica for so long that the others do its work,
// and lets it go on: what it then still writes must not count.
func TestAFrozenReplicaIsNotWaitedFor(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t)
	w := gather(t, c, mixed(true))
	w.talk()
	for round := range sized(1, 1, 6) {
		w.progress()
		moment(time.Second)
		frozen := round % len(c.replicas)
		c.replicas[frozen].signal(syscall.SIGSTOP)
		asleep := time.Now()
		c.awaitState(frozen, stateDown)
		w.progress()
		w.hush()                                             // so much would be too much for the tests' database
		time.Sleep(time.Until(asleep.Add(20 * time.Second))) // the length of the fault
		c.replicas[frozen].signal(syscall.SIGCONT)
		c.awaitState(frozen, stateUp)
		w.talk()
		w.progress()
	}
	w.verify()
}

// TestRedisIsRestartedUnderLoad restarts it again and again.
func TestRedisIsRestartedUnderLoad(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t)
	w := gather(t, c, mixed(false))
	w.talk()
	for range sized(2, 3, 10) {
		w.progress()
		moment(time.Second)
		c.redis.Restart()
	}
	w.progress()
	w.verify()
}

// TestRedisIsGoneForAWhile takes it away: the replicas go on, each for its own clients, say
// that they are degraded, and afterwards nothing is missing.
func TestRedisIsGoneForAWhile(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t)
	w := gather(t, c, mixed(false))
	w.talk()
	w.progress()
	c.redis.Kill()
	gone := time.Now()
	eventually(t, "every replica says that it is degraded", func() error { return c.degraded(true) })
	w.progress()
	time.Sleep(time.Until(gone.Add(sized(5*time.Second, 10*time.Second, 30*time.Second)))) // the length of the fault
	w.progress()
	c.redis.Restart()
	eventually(t, "no replica is degraded any more", func() error { return c.degraded(false) })
	w.progress()
	w.verify()
}

// degraded fails unless every replica says of itself that it is, or is not, degraded.
func (c *cluster) degraded(want bool) error {
	for _, p := range c.replicas {
		var health struct{ Degraded bool }
		if err := getJSON(p.url+"/api/server/health", &health); err != nil {
			return err
		}
		if health.Degraded != want {
			return fmt.Errorf("%s says %t", p.url, health.Degraded)
		}
	}
	return nil
}

// TestMongoDBIsGoneForAWhile takes it away: sends fail, with a code that says why, and what
// the clients send again is stored once.
func TestMongoDBIsGoneForAWhile(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t)
	w := gather(t, c, mixed(false))
	w.talk()
	w.progress()
	c.mongo.Kill()
	gone := time.Now()
	k := &talker{channel: w.senders[0].channel, user: uuid.NewString()}
	id := uuid.NewString()
	c.awaitState(0, stateDrains) // from here on no replica is ready, and the balancer asks those that live
	if a, err := post(t.Context(), c, k, id, "Nobody stores this"); err == nil || !strings.Contains(err.Error(), "DB_ERROR") {
		t.Errorf("without a database a send was answered with %+v and %v", a, err)
	}
	time.Sleep(time.Until(gone.Add(sized(5*time.Second, 5*time.Second, 10*time.Second)))) // the length of the fault
	if err := c.mongo.Restart(); err != nil {
		t.Fatal(err)
	}
	w.progress()
	eventually(t, "the send succeeds", func() error {
		a, err := post(t.Context(), c, k, id, "Nobody stores this")
		if err == nil {
			w.acknowledged(k.channel, id, a)
		}
		return err
	})
	w.verify()
	w.mu.Lock()
	defer w.mu.Unlock()
	for code, n := range w.codes {
		if !slices.Contains([]string{"DB_ERROR", "TIMEOUT"}, code) {
			t.Errorf("%d sends were refused with %s", n, code)
		}
	}
}

// TestAReplicaIsCutOff takes one replica away from MongoDB and Redis, so that it can do
// nothing for its clients: they find another one.
func TestAReplicaIsCutOff(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t)
	w := gather(t, c, mixed(true))
	w.talk()
	for round := range sized(1, 1, 3) {
		w.progress()
		c.partition(round % len(c.replicas))
		began := time.Now()
		w.progress()
		time.Sleep(time.Until(began.Add(sized(5*time.Second, 10*time.Second, 40*time.Second)))) // the length of the fault
		c.heal()
		w.progress()
	}
	w.verify()
}

// TestRedisIsSlow delays each word with it.
func TestRedisIsSlow(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t)
	w := gather(t, c, mixed(false))
	w.talk()
	for _, by := range []time.Duration{20 * time.Millisecond, 200 * time.Millisecond} {
		for _, l := range c.toRedis {
			l.Slow(by)
		}
		for range sized(1, 1, 10) {
			w.progress()
		}
	}
	c.heal()
	w.progress()
	w.verify()
}

// TestAClockOffByAnHourChangesNothing has one replica live an hour later than the others and
// another one an hour earlier.
func TestAClockOffByAnHourChangesNothing(t *testing.T) {
	faulty(t, inFull)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := three.prepare(t)
	for i, off := range []string{"1h", "-1h"} {
		c.replicas[i].bin, c.replicas[i].env = self, append(c.replicas[i].env, clockBy+"="+off)
	}
	c.launch()
	w := gather(t, c, mixed(true))
	w.talk()
	for range sized(1, 2, 10) {
		w.progress()
	}
	c.replicas[2].kill() // the two that are two hours apart take over its work
	w.progress()
	c.launch()
	w.progress()
	w.verify()
	for channel := range w.acks {
		rows, err := c.history(t.Context(), channel)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(rows); i++ { // newest first
			if rows[i-1].CreatedAt <= rows[i].CreatedAt {
				t.Fatalf("number %d was made at %d, number %d at %d", rows[i-1].Seq, rows[i-1].CreatedAt, rows[i].Seq, rows[i].CreatedAt)
			}
		}
	}
}

// TestManyPollThroughTheBalancer has clients whose every request comes to another replica:
// none may be told that its session is unknown.
func TestManyPollThroughTheBalancer(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t, "RATE_LIMIT_CONNECT=0")
	pause := sized(time.Second, time.Second, 10*time.Second) // for so many, two cores bear no more
	w := gather(t, c, plan{groups: 10, listeners: sized(5, 20, 300), transports: []string{client.Polling}, pause: pause})
	w.talk()
	for range sized(1, 2, 10) {
		w.progress()
	}
	w.verify()
	if n := w.seen[http.StatusBadRequest].Load(); n > 0 {
		t.Errorf("%d requests were answered with 400", n)
	}
	if _, lost := w.mostLost(); lost > 0 {
		t.Errorf("%d connections were lost", lost)
	}
}

// maxPerSecond is the part of the clients that may come back in one second of a rolling
// restart.
const maxPerSecond = 0.10

// TestARollingRestartIsUnnoticed restarts all replicas, one after the other.
func TestARollingRestartIsUnnoticed(t *testing.T) {
	faulty(t, inFull)
	c := three.start(t, "RATE_LIMIT_CONNECT=0")
	pause := sized(time.Second, time.Second, 10*time.Second) // for so many, two cores bear no more
	w := gather(t, c, plan{groups: 10, listeners: sized(6, 15, 200), pause: pause})
	w.talk()
	w.progress()
	for _, p := range c.replicas {
		if err := p.terminate(time.Minute); err != nil {
			t.Fatalf("a replica did not stop cleanly: %v", err)
		}
		c.launch()
		w.progress()
	}
	w.verify()
	second, all := w.mostLost()
	if limit := maxPerSecond * float64(len(w.members)); float64(second) > limit {
		t.Errorf("%d of %d clients lost their connection in one second", second, len(w.members))
	}
	if all == 0 {
		t.Error("no client lost its connection; the test proves nothing")
	}
}

// TestAReconnectStormReadsEachChannelOnce ends all connections at one moment, while the
// clients have something to catch up with.
func TestAReconnectStormReadsEachChannelOnce(t *testing.T) {
	scenario(t, inFull, func(t *testing.T, on topology) {
		c := on.start(t, "RATE_LIMIT_CONNECT=0", "METRICS_ENABLED=true")
		network := openLink(t, c.url[len("http://"):])
		const channels = 10
		w := gather(t, c, plan{groups: channels, listeners: sized(5, 30, 200), pause: 500 * time.Millisecond, via: network,
			transports: []string{client.WebSocket}})
		w.talk()
		w.progress()
		w.hush() // a message in the middle of it would be something more to read
		before, err := c.metric("parley_history_queries_total")
		if err != nil {
			t.Fatal(err)
		}
		arrived := w.arrivals.Load()
		network.Cut()
		for channel := range w.acks {
			id := uuid.NewString()
			a, err := post(t.Context(), c, &talker{channel: channel, user: uuid.NewString()}, id, "You have missed this")
			if err != nil {
				t.Fatal(err)
			}
			w.acknowledged(channel, id, a)
		}
		network.Heal()
		eventually(t, "all are back", func() error {
			if n := w.arrivals.Load() - arrived; n < int64(len(w.members)) {
				return fmt.Errorf("%d of %d are; %s", n, len(w.members), w.troubles())
			}
			return nil
		})
		after, err := c.metric("parley_history_queries_total")
		if err != nil {
			t.Fatal(err)
		}
		w.talk()
		w.progress()
		w.verify()
		// Each replica reads for its own clients.
		n, most := after-before, float64(channels*len(c.replicas))
		t.Logf("%d clients came back for %.0f queries", len(w.members), n)
		if n > most || n == 0 {
			t.Errorf("there were %.0f queries, not 1 to %.0f", n, most)
		}
	})
}
