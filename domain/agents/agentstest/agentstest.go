// Package agentstest is the contract of agents.Leases and agents.Hints: every
// implementation must pass it.
package agentstest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
)

// patience is how long something may take to come about.
const patience = 30 * time.Second

// lane makes a lane that no other test has.
func lane() agents.Lane {
	return agents.Lane{Agent: domain.NewID[domain.AgentID](), Channel: domain.NewID[domain.ChannelID]()}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(patience); !ok(); {
		select {
		case <-deadline:
			t.Fatalf("it never came to this: %s", what)
		case <-poll.C:
		}
	}
}

// RunLeases checks the leases of one cluster: each call of open joins one more process to
// it. Their TTL must be short, as it is waited for.
func RunLeases(t *testing.T, open func(t *testing.T) agents.Leases) {
	t.Helper()
	t.Run("one process at a time has a lease", func(t *testing.T) { excludes(t, open(t), open(t)) })
	t.Run("of many at once one gets it", func(t *testing.T) { races(t, open) })
	t.Run("a lease that is not renewed runs out and is lost", func(t *testing.T) { runsOut(t, open(t), open(t)) })
	t.Run("a lease that is renewed does not run out", func(t *testing.T) { lasts(t, open(t), open(t)) })
	t.Run("a late release takes nothing from anybody", func(t *testing.T) { releasesLate(t, open(t), open(t)) })
}

// acquire takes a lease that must be free, or become so.
func acquire(t *testing.T, l agents.Leases, lane agents.Lane) agents.Lease {
	t.Helper()
	var lease agents.Lease
	until(t, "the lease is free", func() bool {
		var err error
		lease, err = l.Acquire(t.Context(), lane)
		if err != nil && !domain.IsCode(err, domain.Conflict) {
			t.Fatal(err)
		}
		return err == nil
	})
	return lease
}

// held fails the test unless somebody has the lease.
func held(t *testing.T, l agents.Leases, lane agents.Lane) {
	t.Helper()
	if _, err := l.Acquire(t.Context(), lane); !domain.IsCode(err, domain.Conflict) {
		t.Fatalf("a lease that somebody has: %v", err)
	}
}

func excludes(t *testing.T, one, two agents.Leases) {
	lane, other := lane(), lane()
	lease := acquire(t, one, lane)
	held(t, two, lane)
	held(t, one, lane)
	acquire(t, two, other)
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Acquire(t.Context(), lane); err != nil {
		t.Errorf("a lease that was released: %v", err)
	}
}

func races(t *testing.T, open func(t *testing.T) agents.Leases) {
	lane := lane()
	var group sync.WaitGroup
	got := make(chan error, 32)
	for range 4 {
		l := open(t)
		for range 8 {
			group.Go(func() {
				_, err := l.Acquire(t.Context(), lane)
				got <- err
			})
		}
	}
	group.Wait()
	close(got)
	n := 0
	for err := range got {
		if err == nil {
			n++
		} else if !domain.IsCode(err, domain.Conflict) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d have the lease", n)
	}
}

func runsOut(t *testing.T, one, two agents.Leases) {
	lane := lane()
	first := acquire(t, one, lane)
	second := acquire(t, two, lane) // when the first one has run out
	if err := first.Renew(t.Context()); !domain.IsCode(err, domain.Conflict) {
		t.Errorf("renewing a lease that is lost: %v", err)
	}
	if err := second.Renew(t.Context()); err != nil {
		t.Errorf("renewing a lease: %v", err)
	}
	if err := second.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Renew(t.Context()); err != nil {
		t.Errorf("renewing a lease that nobody has: %v", err)
	}
	held(t, two, lane)
}

func lasts(t *testing.T, one, two agents.Leases) {
	if one.TTL() <= 0 {
		t.Fatal("leases do not run out")
	}
	lane := lane()
	lease := acquire(t, one, lane)
	renewals := time.NewTicker(one.TTL() / 10)
	defer renewals.Stop()
	for began := time.Now(); time.Since(began) < 2*one.TTL(); <-renewals.C {
		before := time.Now()
		if err := lease.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := two.Acquire(t.Context(), lane)
		if err == nil && time.Since(before) < one.TTL()/2 { // else this test was too slow to renew it
			t.Fatal("somebody else got a lease that is renewed")
		}
		if err == nil {
			t.Skip("the machine is too slow to renew a lease in time")
		}
	}
}

func releasesLate(t *testing.T, one, two agents.Leases) {
	lane := lane()
	first := acquire(t, one, lane)
	acquire(t, two, lane)
	if err := first.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	held(t, one, lane)
}

// RunHints checks the queues of one cluster: each call of open joins one more process to
// it. What is not finished must go to somebody else soon, as it is waited for.
func RunHints(t *testing.T, open func(t *testing.T) agents.Hints) {
	t.Helper()
	t.Run("each hint is handed out once", func(t *testing.T) { once(t, open(t), open(t)) })
	t.Run("what is not finished is handed out again", func(t *testing.T) { again(t, open(t), open(t)) })
	t.Run("taking ends with its context", func(t *testing.T) { ends(t, open(t)) })
}

// empty takes what other tests have left.
func empty(t *testing.T, q agents.Hints) {
	t.Helper()
	for {
		taken := take(t, q, 100)
		if len(taken) == 0 {
			return
		}
		done(t, q, taken...)
	}
}

// take asks once.
func take(t *testing.T, q agents.Hints, most int) []agents.Hint {
	t.Helper()
	taken, err := q.Take(t.Context(), most)
	if err != nil {
		t.Fatal(err)
	}
	if len(taken) > most {
		t.Fatalf("%d hints, %d were asked for", len(taken), most)
	}
	return taken
}

// done finishes hints.
func done(t *testing.T, q agents.Hints, hints ...agents.Hint) {
	t.Helper()
	if err := q.Done(t.Context(), hints...); err != nil {
		t.Fatal(err)
	}
}

// put adds lanes.
func put(t *testing.T, q agents.Hints, lanes ...agents.Lane) {
	t.Helper()
	if err := q.Put(t.Context(), lanes...); err != nil {
		t.Fatal(err)
	}
}

func once(t *testing.T, one, two agents.Hints) {
	empty(t, one)
	lanes := map[agents.Lane]int{}
	for range 50 {
		l := lane()
		lanes[l] = 0
		put(t, one, l)
	}
	queues, at := []agents.Hints{one, two}, 0
	for n := 0; n < len(lanes); at++ {
		q := queues[at%2]
		for _, h := range take(t, q, 7) {
			if h.ID == "" {
				t.Fatalf("hint %+v has no id", h)
			}
			lanes[h.Lane]++
			n++
			done(t, q, h)
			done(t, q, h)
		}
	}
	for l, n := range lanes {
		if n != 1 {
			t.Errorf("%+v was handed out %d times", l, n)
		}
	}
	if left := take(t, two, 7); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func again(t *testing.T, one, two agents.Hints) {
	empty(t, one)
	l := lane()
	put(t, one, l)
	var first []agents.Hint
	until(t, "it is handed out", func() bool {
		first = take(t, one, 5)
		return len(first) > 0
	})
	var second []agents.Hint
	until(t, "it is handed out again", func() bool {
		second = take(t, two, 5)
		return len(second) > 0
	})
	if len(second) != 1 || second[0] != first[0] || second[0].Lane != l {
		t.Errorf("first %+v, then %+v", first, second)
	}
	done(t, two, second...)
	if left := take(t, one, 5); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func ends(t *testing.T, q agents.Hints) {
	empty(t, q)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan string, 1)
	go func() {
		taken, err := q.Take(ctx, 1)
		ended <- fmt.Sprint(len(taken), " hints, ", err)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("it does not end")
	}
}
