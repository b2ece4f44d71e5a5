// Package quotatest is the contract of quota.Limiter: every implementation must pass it.
package quotatest

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/domain/quota"
)

// patience is how long something may take to come about.
const patience = 30 * time.Second

// Run checks the limiters that open makes, each of a limit of its own.
func Run(t *testing.T, open quota.Limits) {
	t.Helper()
	limiter := func(most int, per time.Duration) quota.Limiter {
		return open(quota.Limit{Name: uuid.NewString(), Most: most, Per: per})
	}
	t.Run("callers have so much each and then nothing", func(t *testing.T) { counts(t, limiter(2, time.Hour)) })
	t.Run("limits count apart", func(t *testing.T) { countsApart(t, limiter(1, time.Hour), limiter(1, time.Hour)) })
	t.Run("of many at once so many get in as may", func(t *testing.T) { races(t, limiter(50, time.Hour)) })
	t.Run("a window ends however much was tried in it", func(t *testing.T) { ends(t, limiter(1, time.Second)) })
	t.Run("looking takes nothing", func(t *testing.T) { looks(t, limiter(1, time.Hour)) })
}

func counts(t *testing.T, l quota.Limiter) {
	for i, want := range []int{1, 0, -1, -1} {
		left, ends := l.Take(t.Context(), "a")
		if left != want || ends <= 0 || ends > time.Hour {
			t.Fatalf("step %d: %d left, ends in %v", i, left, ends)
		}
	}
	if !l.Exhausted(t.Context(), "a") || l.Exhausted(t.Context(), "b") {
		t.Error("the wrong caller is exhausted")
	}
	if left, _ := l.Take(t.Context(), "b"); left != 1 {
		t.Errorf("another caller has %d left", left)
	}
}

func countsApart(t *testing.T, one, two quota.Limiter) {
	one.Take(t.Context(), "a")
	if !one.Exhausted(t.Context(), "a") || two.Exhausted(t.Context(), "a") {
		t.Error("one limit counts in another")
	}
}

func races(t *testing.T, l quota.Limiter) {
	var admitted atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if left, _ := l.Take(t.Context(), "a"); left >= 0 {
					admitted.Add(1)
				}
			}
		})
	}
	group.Wait()
	if n := admitted.Load(); n != 50 {
		t.Errorf("%d of 50 got in", n)
	}
}

func ends(t *testing.T, l quota.Limiter) {
	l.Take(t.Context(), "a")
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	began := time.Now()
	for deadline := time.After(patience); ; {
		left, ends := l.Take(t.Context(), "a")
		if left == 0 {
			break
		}
		if left != -1 || ends <= 0 || ends > time.Second {
			t.Fatalf("%d left, ends in %v", left, ends)
		}
		select {
		case <-deadline:
			t.Fatal("the window does not end")
		case <-poll.C:
		}
	}
	if gone := time.Since(began); gone < 900*time.Millisecond {
		t.Errorf("the window of a second ended after %v", gone)
	}
}

func looks(t *testing.T, l quota.Limiter) {
	for i := range 5 {
		if caller := strconv.Itoa(i % 2); l.Exhausted(t.Context(), caller) {
			t.Fatalf("a caller that did nothing has nothing left, look %d", i)
		}
	}
	if left, ends := l.Take(t.Context(), "0"); left != 0 || ends < time.Hour-patience {
		t.Errorf("%d left, ends in %v", left, ends)
	}
}
