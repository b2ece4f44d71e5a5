package bus_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain/bus"
)

// shelf is a cache of the tests: it counts what it was told to drop.
type shelf struct {
	mu      sync.Mutex
	dropped map[string]int
	all     int
	fail    error
}

// join gives a bus a process with a shelf.
func join(t *testing.T, b bus.Bus) (*bus.Caches, *shelf, func()) {
	t.Helper()
	c, s := bus.NewCaches(b, zerolog.Nop()), &shelf{dropped: map[string]int{}}
	c.Register("things", bus.Cache{Drop: s.drop, DropAll: s.dropAll})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Run(ctx)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return c, s, stop
}

// drop counts a key.
func (s *shelf) drop(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped[key]++
	return s.fail
}

// dropAll counts a call.
func (s *shelf) dropAll(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all++
	s.fail = nil
	return nil
}

// got tells how often a key and everything was dropped.
func (s *shelf) got(key string) (one, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped[key], s.all
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

func TestAChangeIsKnownEverywhereWhenStaleReturns(t *testing.T) {
	local := &bus.Local{}
	one, own, _ := join(t, local)
	_, other, leave := join(t, local)
	until(t, "they know each other", func() bool { return one.Peers() == 1 })
	one.Stale(t.Context(), "things", "a")
	if n, _ := other.got("a"); n != 1 {
		t.Errorf("the other one dropped it %d times", n)
	}
	if n, _ := own.got("a"); n != 0 {
		t.Error("a process hears of its own change")
	}
	leave()
	until(t, "the other one has left", func() bool { return one.Peers() == 0 })
	one.Stale(t.Context(), "things", "b")
	var none *bus.Caches
	none.Register("things", bus.Cache{})
	none.Stale(t.Context(), "things", "c")
}

func TestWhatCannotBeReadAnewIsTriedAgain(t *testing.T) {
	local := &bus.Local{}
	one, _, _ := join(t, local)
	_, other, _ := join(t, local)
	until(t, "they know each other", func() bool { return one.Peers() == 1 })
	other.mu.Lock()
	other.fail = errors.New("the store is away")
	other.mu.Unlock()
	one.Stale(t.Context(), "things", "a")
	until(t, "everything was read anew", func() bool { _, all := other.got("a"); return all > 0 })
}

// mute is a bus that fails for some time.
type mute struct {
	bus.Local
	mu    sync.Mutex
	fails bool
}

// Publish fails while it is told to.
func (m *mute) Publish(ctx context.Context, topic string, payload []byte) error {
	m.mu.Lock()
	fails := m.fails
	m.mu.Unlock()
	if fails {
		return errors.New("away")
	}
	return m.Local.Publish(ctx, topic, payload)
}

func TestWhatOthersCouldNotHearIsMadeUpFor(t *testing.T) {
	b := &mute{}
	one, _, _ := join(t, b)
	_, other, _ := join(t, b)
	until(t, "they know each other", func() bool { return one.Peers() == 1 })
	set := func(fails bool) {
		b.mu.Lock()
		b.fails = fails
		b.mu.Unlock()
	}
	set(true)
	one.Stale(t.Context(), "things", "a")
	if n, _ := other.got("a"); n != 0 {
		t.Fatal("it was heard")
	}
	set(false)
	until(t, "the other one has forgotten everything", func() bool { _, all := other.got("a"); return all > 0 })
}
