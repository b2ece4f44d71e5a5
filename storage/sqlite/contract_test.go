package sqlite_test

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage"
	"parley/storage/sqlite"
	"parley/storage/storagetest"
)

// open opens a store in a folder of its own.
func open(t *testing.T) *storage.Set {
	t.Helper()
	return openIn(t, t.TempDir())
}

// openIn opens a store in a folder. The caller closes it.
func openIn(t testing.TB, dir string) *storage.Set {
	t.Helper()
	set, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestContract(t *testing.T) { storagetest.Run(t, open) }

// closeSet closes a store.
func closeSet(t testing.TB, set *storage.Set) {
	t.Helper()
	if err := set.Close(); err != nil {
		t.Error(err)
	}
}

// newChannel stores an empty channel.
func newChannel(t testing.TB, set *storage.Set) domain.ChannelID {
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

// send appends m and waits until it is durable.
func send(ctx context.Context, set *storage.Set, m messaging.Message) (messaging.Message, error) {
	type outcome struct {
		m   messaging.Message
		err error
	}
	done := make(chan outcome, 1)
	err := set.Messaging.Append(ctx, m, func(a messaging.Appended, err error) { done <- outcome{a.Message, err} })
	if err != nil {
		return messaging.Message{}, err
	}
	o := <-done
	return o.m, o.err
}
