package messaging_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// failing is a store whose next sweeps fail.
type failing struct {
	messaging.Store
	sweeps atomic.Int64
}

func (f *failing) Sweep(ctx context.Context, l messaging.Leftover, limit int) (messaging.Swept, error) {
	if f.sweeps.Add(-1) >= 0 {
		return messaging.Swept{}, domain.Errorf(domain.Unavailable, "no space left")
	}
	return f.Store.Sweep(ctx, l, limit)
}

// TestWhatAClearCannotEraseIsLeftToRun lets the erasing fail after the clear is stored:
// the clear counts, and Run erases later.
func TestWhatAClearCannotEraseIsLeftToRun(t *testing.T) {
	s, store := newStageOn(t)
	f := &failing{Store: store}
	s.service = messaging.New(messaging.Options{Store: f, Announcer: s, Signals: s, Duties: s, Now: time.Now})
	s.say(3)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.service.Run(ctx) })
	f.sweeps.Store(1)
	if _, err := s.service.Clear(t.Context(), rest, messaging.ChannelRequest{ChannelID: channelID}); err != nil {
		t.Fatal(err)
	}
	list, err := s.service.List(t.Context(), rest, messaging.ListRequest{ChannelID: channelID})
	if err != nil || len(list.Messages) != 0 {
		t.Errorf("history %v, %v", list, err)
	}
	eventually(t, "nothing is left", func() bool {
		left, err := store.Unswept(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		return len(left) == 0
	})
	stop()
	running.Wait()
}
