package fanout_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"parley/domain/messaging"
	"parley/realtime/fanout"
)

// resume takes a member up again that has everything up to after, and returns what it was
// told of what it missed.
func (w *world) resume(t *testing.T, s *fanout.Sequencer, name string, after int64) ([]int64, error) {
	t.Helper()
	var missed []int64
	err := s.Resume(t.Context(), channel, after, func(events []messaging.Message) {
		for _, m := range events {
			missed = append(missed, m.Rev)
		}
	}, func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.room[name] = nil
		return nil
	})
	return missed, err
}

func TestWhoIsTakenUpAgainHearsWhatItMissedThenLiveEvents(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	for range 5 {
		s.Announce(w.append())
	}
	missed, err := w.resume(t, s, "bob", 2)
	if err != nil || fmt.Sprint(missed) != "[3 4 5]" {
		t.Fatal(missed, err)
	}
	s.Announce(w.append())
	if got := fmt.Sprint(w.heard("bob")); got != "[6]" {
		t.Fatalf("heard %s", got)
	}
}

func TestWhoHasMoreThanTheLineWasToldOfHearsNothingTwice(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	s.Announce(w.append())
	late := w.append() // stored, not announced yet
	missed, err := w.resume(t, s, "bob", 2)
	if err != nil || len(missed) != 0 {
		t.Fatal(missed, err)
	}
	s.Announce(late)
	s.Announce(w.append())
	if ann, bob := fmt.Sprint(w.heard("ann")), fmt.Sprint(w.heard("bob")); ann != "[1 2 3]" || bob != "[3]" {
		t.Fatal(ann, bob)
	}
}

func TestANumberThatTheChannelHasNotComeToEndsTheMembership(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	s.Announce(w.append())
	if _, err := w.resume(t, s, "bob", 7); !errors.Is(err, fanout.ErrBegunAnew) {
		t.Fatal(err)
	}
	if s.Lines() != 0 {
		t.Fatal("the line stays")
	}
}

func TestAStoreThatFailsLeavesTheMemberOutside(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.append()
	w.fails = 1
	if _, err := w.resume(t, s, "bob", 0); err == nil || s.Lines() != 0 {
		t.Fatal(err, s.Lines())
	}
}

// TestNothingIsMissedWhileEventsComeAllTheTime takes members up again in the middle of a
// stream of events.
func TestNothingIsMissedWhileEventsComeAllTheTime(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	const events, members = 2_000, 50
	var all sync.WaitGroup
	all.Go(func() {
		for range events {
			s.Announce(w.append())
		}
	})
	missed := make([][]int64, members)
	for i := range members {
		all.Go(func() {
			var err error
			if missed[i], err = w.resume(t, s, fmt.Sprint(i), 0); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range members {
		heard := slices.Concat(missed[i], w.heard(fmt.Sprint(i)))
		for n, rev := range heard {
			if rev != int64(n+1) {
				t.Fatalf("member %d heard %d as its %d", i, rev, n+1)
			}
		}
		if len(heard) != events {
			t.Fatalf("member %d heard %d", i, len(heard))
		}
	}
}
