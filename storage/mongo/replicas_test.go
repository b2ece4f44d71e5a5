package mongo_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage"
	"parley/storage/mongo"
	"parley/storage/mongo/mongotest"
)

// most is how many documents a test may have in a database: FerretDB reads all for each query.
const most = 2000

// replicas opens n stores on one database, as so many processes have it.
func replicas(t *testing.T, n int) []*storage.Set {
	t.Helper()
	uri := mongotest.URI(t)
	database := mongotest.Database(t, uri)
	sets := make([]*storage.Set, n)
	for i := range sets {
		sets[i] = openAt(t, uri, database)
		t.Cleanup(func() { closeSet(t, sets[i]) })
	}
	t.Cleanup(func() {
		counts, err := mongotest.Count(uri, database)
		if err != nil {
			t.Error(err)
		}
		for collection, n := range counts {
			if n > most {
				t.Errorf("%s holds %d documents", collection, n)
			}
		}
	})
	return sets
}

// closeSet closes a store.
func closeSet(t *testing.T, set *storage.Set) {
	t.Helper()
	if err := set.Close(); err != nil {
		t.Error(err)
	}
}

// newChannel stores an empty channel.
func newChannel(t *testing.T, set *storage.Set) domain.ChannelID {
	t.Helper()
	id := domain.NewID[domain.ChannelID]()
	if _, _, err := set.Messaging.EnsureChannel(t.Context(), messaging.Channel{ID: id}); err != nil {
		t.Fatal(err)
	}
	return id
}

// text returns a message with its own id.
func text(channel domain.ChannelID, content string) messaging.Message {
	id := domain.NewID[domain.MessageID]()
	return messaging.Message{ID: id, ChannelID: channel, Content: content, Dedupe: messaging.DedupeID(id)}
}

// outcome is what a callback of Append has heard.
type outcome struct {
	messaging.Appended
	err error
}

// submit appends m and returns where its outcome will arrive.
func submit(ctx context.Context, set *storage.Set, m messaging.Message) <-chan outcome {
	done := make(chan outcome, 1)
	if err := set.Messaging.Append(ctx, m, func(a messaging.Appended, err error) { done <- outcome{a, err} }); err != nil {
		done <- outcome{err: err}
	}
	return done
}

// stored reads a channel's log and checks that it is one line of numbers without holes.
func stored(t *testing.T, set *storage.Set, channel domain.ChannelID) []messaging.Message {
	t.Helper()
	events, err := set.Messaging.Since(t.Context(), channel, 0, 1<<40, most)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range events {
		if m.Seq != int64(i+1) || m.Rev != m.Seq {
			t.Fatalf("entry %d has the numbers %d and %d", i+1, m.Seq, m.Rev)
		}
		if i > 0 && !m.CreatedAt.After(events[i-1].CreatedAt) {
			t.Fatalf("entry %d is of %s, the one before of %s", i+1, m.CreatedAt, events[i-1].CreatedAt)
		}
	}
	return events
}

func TestReplicasAppendToOneOrderWithoutHolesAndDoubles(t *testing.T) {
	const each = 100
	sets := replicas(t, 3)
	channel := newChannel(t, sets[0])
	answers := make([][]<-chan outcome, len(sets))
	var all sync.WaitGroup
	for i, set := range sets {
		all.Go(func() {
			for n := range each {
				answers[i] = append(answers[i], submit(t.Context(), set, text(channel, fmt.Sprint(i, n))))
			}
		})
	}
	all.Wait()
	told := map[domain.MessageID]int64{}
	for i := range sets {
		last := int64(0)
		for _, answer := range answers[i] {
			o := <-answer
			if o.err != nil || o.Duplicate || o.Message.Seq <= last {
				t.Fatalf("replica %d after number %d: %+v", i, last, o)
			}
			last, told[o.Message.ID] = o.Message.Seq, o.Message.Seq
		}
	}
	events := stored(t, sets[1], channel)
	if len(events) != len(sets)*each || len(told) != len(events) {
		t.Fatalf("%d are stored, %d were told", len(events), len(told))
	}
	for _, m := range events {
		if told[m.ID] != m.Seq {
			t.Errorf("message %s has number %d, its sender was told %d", m.ID, m.Seq, told[m.ID])
		}
	}
}

func TestDuplicatesThatRaceOverReplicasAreOneMessage(t *testing.T) {
	const racers = 60
	sets := replicas(t, 2)
	channel := newChannel(t, sets[0])
	answers := make([]<-chan outcome, racers)
	for i := range answers {
		m := text(channel, "once")
		m.Dedupe = messaging.DedupeSource("test", "1")
		answers[i] = submit(t.Context(), sets[i%2], m)
	}
	fresh := 0
	var first domain.MessageID
	for _, answer := range answers {
		o := <-answer
		if o.err != nil || o.Message.Seq != 1 || first != "" && o.Message.ID != first {
			t.Fatalf("got %+v, the first was %s", o, first)
		}
		if first = o.Message.ID; !o.Duplicate {
			fresh++
		}
	}
	if fresh != 1 || len(stored(t, sets[0], channel)) != 1 {
		t.Errorf("%d were said to be new", fresh)
	}
}

func TestWrongClockDoesNotReorder(t *testing.T) {
	uri := mongotest.URI(t)
	database := mongotest.Database(t, uri)
	at := func(shift time.Duration) *storage.Set {
		set, err := mongo.Open(t.Context(), mongo.Options{URI: domain.Secret(uri), Database: database, Logger: zerolog.Nop(),
			Now: func() time.Time { return time.Now().Add(shift) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeSet(t, set) })
		return set
	}
	sets := []*storage.Set{at(0), at(time.Hour), at(-time.Hour)}
	channel := newChannel(t, sets[0])
	var want []domain.MessageID
	for i := range 12 {
		m := text(channel, fmt.Sprint(i))
		if o := <-submit(t.Context(), sets[i%3], m); o.err != nil || o.Message.Seq != int64(i+1) {
			t.Fatalf("message %d: %+v", i, o)
		}
		want = append(want, m.ID)
	}
	for i, m := range stored(t, sets[2], channel) {
		if m.ID != want[i] {
			t.Errorf("message %d is %s, want %s", i+1, m.ID, want[i])
		}
	}
	page, err := sets[0].Messaging.Page(t.Context(), messaging.PageQuery{Channel: channel, Limit: 100})
	if err != nil || len(page) != len(want) || page[0].ID != want[len(want)-1] {
		t.Errorf("the page has %d messages, %v", len(page), err)
	}
}

func TestNumberThatAnEditHasLetGoIsNotUsedAgain(t *testing.T) {
	sets := replicas(t, 2)
	channel := newChannel(t, sets[0])
	first := <-submit(t.Context(), sets[0], text(channel, "first"))
	if first.err != nil {
		t.Fatal(first.err)
	}
	// The other replica takes two numbers, of which the later one is left.
	for range 2 {
		if _, err := sets[1].Messaging.Edit(t.Context(), channel, first.Message.ID, func(m messaging.Message) (messaging.Message, error) {
			m.Content += "!"
			return m, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	second := <-submit(t.Context(), sets[0], text(channel, "second"))
	if second.err != nil || second.Message.Seq != 4 {
		t.Errorf("after two edits elsewhere: %+v", second)
	}
}

func TestEditsOfOneMessageOverReplicasAllCount(t *testing.T) {
	const each = 15
	sets := replicas(t, 2)
	channel := newChannel(t, sets[0])
	first := <-submit(t.Context(), sets[0], text(channel, ""))
	var all sync.WaitGroup
	for _, set := range sets {
		all.Go(func() {
			for range each {
				_, err := set.Messaging.Edit(t.Context(), channel, first.Message.ID, func(m messaging.Message) (messaging.Message, error) {
					m.Content += "!"
					return m, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	m, err := sets[0].Messaging.Message(t.Context(), channel, first.Message.ID)
	if err != nil || len(m.Content) != 2*each || m.Rev != 2*each+1 {
		t.Errorf("%d of %d edits are left, the last number is %d, %v", len(m.Content), 2*each, m.Rev, err)
	}
}

func TestPostAfterADeletionElsewhereIsNotFound(t *testing.T) {
	sets := replicas(t, 2)
	channel := newChannel(t, sets[0])
	if o := <-submit(t.Context(), sets[0], text(channel, "known here")); o.err != nil {
		t.Fatal(o.err)
	}
	if _, err := sets[1].Messaging.DeleteChannel(t.Context(), channel); err != nil {
		t.Fatal(err)
	}
	late := text(channel, "late")
	if o := <-submit(t.Context(), sets[0], late); !domain.IsCode(o.err, domain.NotFound) {
		t.Errorf("got %+v", o)
	}
	if _, _, err := sets[1].Messaging.EnsureChannel(t.Context(), messaging.Channel{ID: channel}); err != nil {
		t.Fatal(err)
	}
	if o := <-submit(t.Context(), sets[0], late); o.err != nil || o.Message.Seq != 1 || o.Duplicate {
		t.Errorf("in the channel made anew: %+v", o)
	}
	if events := stored(t, sets[1], channel); len(events) != 1 {
		t.Errorf("the channel made anew holds %d entries", len(events))
	}
}
