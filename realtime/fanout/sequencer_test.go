package fanout_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/fanout"
)

const channel domain.ChannelID = "11111111-1111-4111-8111-111111111111"

// world is a store and its readers: it plays the log, the rooms and their members.
type world struct {
	mu      sync.Mutex
	stored  map[int64]messaging.Message
	head    int64
	fails   int
	fetches int

	// room holds, per member, the numbers it heard live.
	room    map[string][]int64
	origins []int64
	// anew is how often the sequencer found the numbers to have begun anew.
	anew int
}

func newWorld() *world {
	return &world{stored: map[int64]messaging.Message{}, room: map[string][]int64{}}
}

// append stores the next event and returns it.
func (w *world) append() fanout.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head++
	m := messaging.Message{ID: domain.MessageID(fmt.Sprintf("m%d", w.head)), ChannelID: channel, Seq: w.head, Rev: w.head}
	w.stored[w.head] = m
	return fanout.Event{Event: messaging.Event{Message: m}}
}

func (w *world) Head(context.Context, domain.ChannelID) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.head, nil
}

func (w *world) Since(_ context.Context, _ domain.ChannelID, after, upto int64, limit int) ([]messaging.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fetches++
	if w.fails > 0 {
		w.fails--
		return nil, errors.New("the store is away")
	}
	var out []messaging.Message
	for rev := after + 1; rev <= upto && len(out) < limit; rev++ {
		if m, ok := w.stored[rev]; ok {
			out = append(out, m)
		}
	}
	return out, nil
}

func (w *world) Room(e fanout.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name := range w.room {
		w.room[name] = append(w.room[name], e.Message.Rev)
	}
}

func (w *world) Origin(e fanout.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.origins = append(w.origins, e.Message.Rev)
}

// BegunAnew counts.
func (w *world) BegunAnew(domain.ChannelID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.anew++
}

// join enters a member and returns the head it was told.
func (w *world) join(t *testing.T, s *fanout.Sequencer, name string) int64 {
	t.Helper()
	head, err := s.Enter(t.Context(), channel, 0, func(int64) (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.room[name] = nil
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func (w *world) leave(s *fanout.Sequencer, name string) {
	w.mu.Lock()
	delete(w.room, name)
	w.mu.Unlock()
	s.Leave(channel)
}

func (w *world) heard(name string) []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]int64(nil), w.room[name]...)
}

func newSequencer(t *testing.T, w *world) *fanout.Sequencer {
	t.Helper()
	s := fanout.New(fanout.Options{Source: w, Sink: w, Logger: zerolog.Nop()})
	t.Cleanup(s.Close)
	return s
}

func TestEventsInOrderAreDeliveredAtOnce(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	for range 3 {
		s.Announce(w.append())
	}
	if got := fmt.Sprint(w.heard("ann")); got != "[1 2 3]" {
		t.Fatalf("heard %s", got)
	}
}

func TestAnEarlyEventWaitsForItsPredecessor(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	one, two := w.append(), w.append()
	delivered := false
	two.Delivered = func() { delivered = true }
	s.Announce(two)
	if len(w.heard("ann")) != 0 || delivered {
		t.Fatal("the early event was delivered before its predecessor")
	}
	s.Announce(one)
	if got := fmt.Sprint(w.heard("ann")); got != "[1 2]" || !delivered {
		t.Fatalf("heard %s, delivered %v", got, delivered)
	}
}

func TestAGapIsFetchedFromTheStoreEvenIfItFailsAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		w.append()
		w.append()
		w.fails = 3
		s.Announce(w.append())
		time.Sleep(5 * time.Second) // virtual
		if got := fmt.Sprint(w.heard("ann")); got != "[1 2 3]" {
			t.Fatalf("heard %s after %d fetches", got, w.fetches)
		}
	})
}

func TestASupersededNumberIsSteppedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		w.append()
		w.append()
		delete(w.stored, 1) // an edit took number 3 and left 1 to nobody
		s.Announce(w.append())
		time.Sleep(time.Second) // virtual
		s.Announce(w.append())
		if got := fmt.Sprint(w.heard("ann")); got != "[2 3 4]" {
			t.Fatalf("heard %s", got)
		}
	})
}

func TestARepeatReachesOnlyItsOrigin(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	e := w.append()
	s.Announce(e)
	e.Repeat = true
	delivered := false
	e.Delivered = func() { delivered = true }
	s.Announce(e)
	if len(w.heard("ann")) != 1 || fmt.Sprint(w.origins) != "[1]" || !delivered {
		t.Fatalf("room %v, origins %v, delivered %v", w.heard("ann"), w.origins, delivered)
	}
}

func TestARepeatOfAnUndeliveredEventReachesTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := newSequencer(t, w)
		w.join(t, s, "ann")
		e := w.append() // stored, but its announcement was lost
		e.Repeat = true
		s.Announce(e)
		time.Sleep(time.Second) // virtual
		if got := fmt.Sprint(w.heard("ann")); got != "[1]" {
			t.Fatalf("heard %s", got)
		}
	})
}

func TestWithoutMembersOnlyTheOriginHears(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	s.Announce(w.append())
	if fmt.Sprint(w.origins) != "[1]" || s.Lines() != 0 {
		t.Fatalf("origins %v, %d lines", w.origins, s.Lines())
	}
}

func TestTheLineGoesWithItsLastMember(t *testing.T) {
	w := newWorld()
	s := newSequencer(t, w)
	w.join(t, s, "ann")
	w.join(t, s, "bob")
	w.leave(s, "ann")
	if s.Lines() != 1 {
		t.Fatal("the line went while a member was left")
	}
	w.leave(s, "bob")
	if s.Lines() != 0 {
		t.Fatal("the line outlived its members")
	}
}

// TestNoMemberSeesAGapOrADouble joins and leaves members at random while many
// events arrive out of order, some never; what the catch-up brings and what is
// heard live must join exactly.
func TestNoMemberSeesAGapOrADouble(t *testing.T) {
	w := newWorld()
	s := fanout.New(fanout.Options{Source: w, Sink: w, Patience: time.Millisecond, Logger: zerolog.Nop()})
	defer s.Close()
	const events, writers = 2000, 8
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(1, uint64(i)))
			for range events / writers {
				if e := w.append(); dice.IntN(10) > 0 { // one in ten announcements is lost
					s.Announce(e)
				}
			}
		})
	}
	for i := range 20 {
		wg.Go(func() {
			for range 10 {
				name := fmt.Sprintf("member %d", i)
				head := w.join(t, s, name)
				checkRun(t, head, w.heard(name))
				w.leave(s, name)
			}
		})
	}
	wg.Wait()
	head := w.join(t, s, "last")
	s.Announce(w.append())
	deadline := time.Now().Add(time.Minute)
	for {
		heard := w.heard("last")
		if int(head)+len(heard) == events+1 {
			checkRun(t, head, heard)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("head %d and %d live events make not %d", head, len(heard), events+1)
		}
		time.Sleep(time.Millisecond)
	}
}

// checkRun fails unless heard continues head without gap or double.
func checkRun(t *testing.T, head int64, heard []int64) {
	t.Helper()
	for i, rev := range heard {
		if rev != head+int64(i)+1 {
			t.Errorf("after head %d heard %v", head, heard)
			return
		}
	}
}
