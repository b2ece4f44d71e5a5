package fanout_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/realtime/fanout"
)

// overtaken is a world in which something happens between the reading of a head and its arrival.
type overtaken struct {
	*world
	meanwhile func()
}

// Head is part of fanout.Source.
func (w *overtaken) Head(ctx context.Context, id domain.ChannelID) (int64, error) {
	head, err := w.world.Head(ctx, id)
	if f := w.meanwhile; f != nil {
		w.meanwhile = nil
		f()
	}
	return head, err
}

func TestAnEventAnnouncedWhileTheStoreIsAskedIsNotTakenForOneThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &overtaken{world: newWorld()}
		s := fanout.New(fanout.Options{Source: w, Sink: w, Logger: zerolog.Nop()})
		w.join(t, s, "ann")
		w.append() // nobody tells of it
		w.meanwhile = func() { s.Announce(w.append()) }
		s.Announce(w.append()) // so this waits, and the store is asked
		time.Sleep(time.Minute)
		if got := fmt.Sprint(w.heard("ann")); got != "[1 2 3]" {
			t.Errorf("heard %s", got)
		}
		s.Close()
	})
}

func TestALargeGapIsClosedWithoutPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		const missed = 20_000
		for range missed {
			w.append()
		}
		s.Check()
		time.Sleep(time.Second)
		if n := len(w.heard("ann")); n != missed {
			t.Errorf("%d of %d events came within a second in which the store took no time", n, missed)
		}
		s.Close()
	})
}

func TestWhatAMemberHasHeardElsewhereIsNotTakenForGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		s.Announce(w.append())
		w.append() // of which this server has not heard
		for after, want := range []int64{1, 1, 2} {
			if head, err := s.Head(t.Context(), channel, int64(after)); err != nil || head != want {
				t.Errorf("after %d the head is %d, %v", after, head, err)
			}
		}
		s.Close()
	})
}
