package fanout_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"parley/domain/messaging"
	"parley/realtime/fanout"
)

func TestACheckDeliversWhatNobodyTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		s.Announce(w.append())
		w.append()
		w.append()
		w.fails = 2 // the store is away for a moment
		s.Check()
		time.Sleep(time.Minute)
		if got := fmt.Sprint(w.heard("ann")); got != "[1 2 3]" {
			t.Fatalf("heard %s", got)
		}
		w.append()
		s.Check("another channel")
		time.Sleep(time.Minute)
		if got := fmt.Sprint(w.heard("ann")); got != "[1 2 3]" {
			t.Fatalf("heard %s after the check of another channel", got)
		}
		s.Check(channel)
		time.Sleep(time.Minute)
		if got := fmt.Sprint(w.heard("ann")); got != "[1 2 3 4]" {
			t.Fatalf("heard %s", got)
		}
		s.Close()
	})
}

func TestAHintIsFollowedOnlyByWhoLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		s.Hint(channel, 3) // nobody is here
		w.join(t, s, "ann")
		s.Announce(w.append())
		s.Hint(channel, 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.fetches != 0 {
			t.Fatalf("%d fetches for what was delivered", w.fetches)
		}
		w.append()
		s.Hint(channel, 2)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(w.heard("ann")); got != "[1 2]" || w.fetches != 1 {
			t.Fatalf("heard %s, %d fetches", got, w.fetches)
		}
		s.Close()
	})
}

func TestACheckFindsNumbersThatBeganAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		for range 3 {
			s.Announce(w.append())
		}
		w.mu.Lock()
		w.head, w.stored = 0, map[int64]messaging.Message{}
		w.mu.Unlock()
		w.append()
		s.Check()
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.anew != 1 {
			t.Fatalf("the end of the channel was noticed %d times", w.anew)
		}
		s.Close()
	})
}

func TestAnEventOfAnotherServerTakesItsPlace(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	one, two, three := w.append(), w.append(), w.append()
	remote := fanout.Event{Encoded: "bytes", Event: messaging.Event{Message: messaging.Message{ChannelID: channel, Rev: two.Message.Rev}}}
	s.Announce(remote)
	s.Announce(three)
	s.Announce(one)
	s.Announce(remote)
	if got := fmt.Sprint(w.heard("ann")); got != "[1 2 3]" {
		t.Fatalf("heard %s", got)
	}
}

func TestWhoHasHeardMoreElsewhereHearsNothingTwice(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	s.Announce(w.append())
	late := w.append() // another server has told the next member of it, and not yet this one
	head, err := s.Enter(t.Context(), channel, late.Message.Rev, func(int64) (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.room["bob"] = nil
		return true, nil
	})
	if err != nil || head != late.Message.Rev {
		t.Fatalf("entered at %d, %v", head, err)
	}
	s.Announce(late)
	s.Announce(w.append())
	if ann, bob := fmt.Sprint(w.heard("ann")), fmt.Sprint(w.heard("bob")); ann != "[1 2 3]" || bob != "[3]" {
		t.Fatalf("ann heard %s, bob %s", ann, bob)
	}
	// A number that the channel has never come to keeps nobody out.
	if head, err = s.Enter(t.Context(), channel, 99, func(int64) (bool, error) { return false, nil }); err != nil || head != 3 {
		t.Fatalf("entered at %d, %v", head, err)
	}
}
