package fanout_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/fanout"
)

// book is a channel's log whose entries change, as a store keeps it.
type book struct {
	mu      sync.Mutex
	entries map[domain.MessageID]messaging.Message
	rev     int64
}

// post adds a message.
func (b *book) post() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rev++
	id := domain.MessageID(fmt.Sprintf("m%d", b.rev))
	b.entries[id] = messaging.Message{ID: id, ChannelID: channel, Seq: b.rev, Rev: b.rev, Content: "text"}
}

// remove deletes the message of a number.
func (b *book) remove(seq int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rev++
	id := domain.MessageID(fmt.Sprintf("m%d", seq))
	m := b.entries[id]
	m.Rev = b.rev
	b.entries[id] = m.Tombstone()
}

// clear deletes all messages at once.
func (b *book) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, m := range b.entries {
		b.entries[id] = m.Tombstone()
	}
	b.rev++
	b.entries["clear"] = messaging.Message{ID: "clear", ChannelID: channel, Kind: messaging.KindClear, Seq: b.rev, Rev: b.rev, Upto: b.rev - 1}
}

// Since is part of messaging.Follower.
func (b *book) Since(_ context.Context, _ domain.ChannelID, after, upto int64, limit int) ([]messaging.Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []messaging.Message
	for _, m := range b.entries {
		if m.Rev > after && m.Rev <= upto {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(x, y messaging.Message) int { return cmp.Compare(x.Rev, y.Rev) })
	return found[:min(len(found), limit)], nil
}

// describe is what two readings are compared by.
func describe(events []messaging.Message) string {
	var text string
	for _, m := range events {
		text += fmt.Sprintf("%s %d %v %q; ", m.ID, m.Rev, m.Deleted, m.Content)
	}
	return text
}

// wantSame ends the test unless r returns what the store has.
func wantSame(t *testing.T, b *book, r *fanout.Recent, after, upto int64) {
	t.Helper()
	want, _ := b.Since(t.Context(), channel, after, upto, 1000)
	got, err := r.Since(t.Context(), channel, after, upto, 1000)
	if err != nil || describe(got) != describe(want) {
		t.Fatalf("(%d, %d]:\n got %s, %v\nwant %s", after, upto, describe(got), err, describe(want))
	}
}

func TestAThousandWhoComeBackCostOneQuery(t *testing.T) {
	b := &book{entries: map[domain.MessageID]messaging.Message{}}
	for range 400 {
		b.post()
	}
	r := fanout.NewRecent(b, time.Now)
	defer r.Close()
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			after := int64(300 + i%20)
			found, err := r.Since(t.Context(), channel, after, 400, 501)
			if err != nil || len(found) != int(400-after) {
				t.Errorf("%d events after %d, %v", len(found), after, err)
			}
		})
	}
	all.Wait()
	if n := r.Queries(); n > 2 { // the very first may ask for less than the slack covers
		t.Errorf("the store was asked %d times", n)
	}
}

func TestWhatIsKeptIsWhatTheStoreHas(t *testing.T) {
	b := &book{entries: map[domain.MessageID]messaging.Message{}}
	r := fanout.NewRecent(b, time.Now)
	defer r.Close()
	for i := range 300 {
		switch {
		case i == 200:
			b.clear()
		case i%7 == 5:
			b.remove(int64(i) / 7 * 7) // one that was posted, or a tombstone already
		default:
			b.post()
		}
		for _, back := range []int64{0, 3, 40, 200} {
			wantSame(t, b, r, max(0, b.rev-back), b.rev)
		}
	}
	// Each change is read once, and who reads further back than ever before reads anew.
	if n := r.Queries(); n > 310 {
		t.Errorf("the store was asked %d times for 300 changes", n)
	}
	wantSame(t, b, r, 0, b.rev)
	wantSame(t, b, r, b.rev-1, b.rev)
	r.Drop(channel)
	wantSame(t, b, r, b.rev-1, b.rev)
}

func TestWhatNobodyAsksForIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{entries: map[domain.MessageID]messaging.Message{}}
		b.post()
		r := fanout.NewRecent(b, time.Now)
		ask := func() {
			if found, err := r.Since(t.Context(), channel, 0, 1, 10); err != nil || len(found) != 1 {
				t.Fatalf("%d events, %v", len(found), err)
			}
		}
		ask()
		time.Sleep(time.Second)
		ask()
		if n := r.Queries(); n != 1 {
			t.Fatalf("%d queries within a second", n)
		}
		time.Sleep(time.Minute)
		ask()
		if n := r.Queries(); n != 2 {
			t.Fatalf("%d queries after a minute", n)
		}
		r.Close()
	})
}
