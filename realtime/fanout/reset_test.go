package fanout_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/fanout"
)

// renew deletes the channel and makes it anew, without any event.
func (w *world) renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stored, w.head = map[int64]messaging.Message{}, 0
}

func TestAChannelMadeAnewBeginsAtItsOwnHead(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	for range 5 {
		s.Announce(w.append())
	}
	w.renew()
	s.Reset(channel)
	s.Announce(w.append()) // waits: nobody has entered the new channel
	if head := w.join(t, s, "bob"); head != 1 {
		t.Fatalf("bob entered at %d", head)
	}
	w.leave(s, "ann")
	s.Announce(w.append())
	if got := fmt.Sprint(w.heard("bob")); got != "[2]" {
		t.Fatalf("bob heard %s", got)
	}
	w.leave(s, "bob")
	if s.Lines() != 0 {
		t.Errorf("%d lines are left", s.Lines())
	}
}

func TestAResetWithoutMembersIsNothing(t *testing.T) {
	s := newSequencer(t, newWorld())
	s.Reset(channel)
	if s.Lines() != 0 {
		t.Errorf("%d lines", s.Lines())
	}
}

func TestWhatWaitsForADeletedChannelReachesItsSender(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	w.append()
	early, delivered := w.append(), false
	early.Delivered = func() { delivered = true }
	s.Announce(early)
	w.renew()
	s.Reset(channel)
	if !delivered || len(w.heard("ann")) != 0 {
		t.Errorf("delivered %v, heard %v", delivered, w.heard("ann"))
	}
}

func TestALateEventOfADeletedChannelDoesNotMoveTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		var late fanout.Event
		for range 9 {
			late = w.append()
		}
		var delivered atomic.Bool
		late.Delivered = func() { delivered.Store(true) }
		w.renew()
		s.Reset(channel)
		w.join(t, s, "bob")
		s.Announce(late)
		time.Sleep(time.Second) // virtual
		if !delivered.Load() {
			t.Error("its sender waits for ever")
		}
		s.Announce(w.append())
		if got := fmt.Sprint(w.heard("bob")); got != "[1]" {
			t.Errorf("bob heard %s", got)
		}
	})
}

// slowHead is a world whose head is read slowly.
type slowHead struct {
	*world
	first         sync.Once
	reading, goOn chan struct{}
}

func (w *slowHead) Head(ctx context.Context, id domain.ChannelID) (int64, error) {
	head, err := w.world.Head(ctx, id)
	w.first.Do(func() {
		close(w.reading)
		<-w.goOn
	})
	return head, err
}

func TestAHeadReadBeforeTheDeletionIsReadAgain(t *testing.T) {
	w := &slowHead{world: newWorld(), reading: make(chan struct{}), goOn: make(chan struct{})}
	s := fanout.New(fanout.Options{Source: w, Sink: w, Logger: zerolog.Nop()})
	t.Cleanup(s.Close)
	for range 5 {
		w.append()
	}
	entered := make(chan int64)
	go func() {
		head, err := s.Enter(context.Background(), channel, 0, func(int64) (bool, error) { return true, nil })
		if err != nil {
			t.Error(err)
		}
		entered <- head
	}()
	<-w.reading
	w.renew()
	s.Reset(channel)
	close(w.goOn)
	if head := <-entered; head != 0 {
		t.Errorf("entered at %d", head)
	}
}
