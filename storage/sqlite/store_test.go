package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage/sqlite"
)

func TestFilesBelongToTheirOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "odd ?#% name")
	set := openIn(t, dir)
	defer closeSet(t, set)
	if _, err := send(t.Context(), set, text(newChannel(t, set), "hello")); err != nil {
		t.Fatal(err)
	}
	want := map[string]os.FileMode{"": 0o700, "parley.db": 0o600, "parley.db-wal": 0o600, "parley.db-shm": 0o600, "parley.lock": 0o600}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode {
			t.Errorf("%q has mode %o, want %o", name, info.Mode().Perm(), mode)
		}
	}
}

func TestWhatCannotBeOpenedIsExplained(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  string
	}{
		{"file instead of a folder", func(t *testing.T, dir string) {
			t.Helper()
			if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, "create data folder"},
		{"no database", func(t *testing.T, dir string) { t.Helper(); overwrite(t, dir, 0, "this is text, and more of it") }, "is damaged"},
		{"damaged schema", func(t *testing.T, dir string) { t.Helper(); overwrite(t, dir, 100, strings.Repeat("\xff", 3000)) }, "is damaged"},
		{"damaged table after a crash", func(t *testing.T, dir string) {
			t.Helper()
			// The lock of a process that did not give it back calls for a check.
			if err := os.WriteFile(filepath.Join(dir, "parley.lock"), []byte("999999\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(dir, "parley.db"))
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, dir, info.Size()/2, strings.Repeat("\xff", int(info.Size()/2)))
		}, "is damaged"},
		{"newer schema", func(t *testing.T, dir string) { t.Helper(); overwrite(t, dir, 60, "\x00\x00\x27\x0f") }, "written by a newer Parley"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			set := openIn(t, dir)
			channel := newChannel(t, set)
			for range 20 {
				if _, err := send(t.Context(), set, text(channel, strings.Repeat("x", 5000))); err != nil {
					t.Fatal(err)
				}
			}
			closeSet(t, set)
			tt.spoil(t, dir)
			_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
}

// overwrite changes bytes of the database.
func overwrite(t *testing.T, dir string, at int64, bytes string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(dir, "parley.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt([]byte(bytes), at)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDamageWhileRunningIsAnError(t *testing.T) {
	dir := t.TempDir()
	set := openIn(t, dir)
	channel := newChannel(t, set)
	closeSet(t, set)
	// The root page of some table is not looked at before it is needed.
	overwrite(t, dir, 4096, strings.Repeat("\xff", 4096*8))
	set, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	_, err = set.Messaging.Channel(t.Context(), channel)
	var known *domain.Error
	if !errors.As(err, &known) || known.Code != domain.Unavailable || known.Message != "The data could not be read: the database is damaged" {
		t.Errorf("error is %v", err)
	}
	if _, err := send(t.Context(), set, text(channel, "hello")); domain.AsError(err) == nil || domain.AsError(err).Code != domain.Unavailable {
		t.Errorf("error is %v", err)
	}
}

func TestClockThatGoesBackKeepsTheOrder(t *testing.T) {
	clock := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	options := sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop(), Now: func() time.Time {
		clock = clock.Add(-time.Hour)
		return clock
	}}
	var channel domain.ChannelID
	var last messaging.Message
	for range 3 { // over restarts too
		set, err := sqlite.Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		if channel == "" {
			channel = newChannel(t, set)
		}
		for range 3 {
			m, err := send(t.Context(), set, text(channel, "tick"))
			if err != nil {
				t.Fatal(err)
			}
			if last.Seq > 0 && (m.Seq != last.Seq+1 || m.CreatedAt.Sub(last.CreatedAt) != time.Millisecond) {
				t.Errorf("%d at %s after %d at %s", m.Seq, m.CreatedAt, last.Seq, last.CreatedAt)
			}
			last = m
		}
		closeSet(t, set)
	}
}

func TestFullQueueMakesSendersWaitAndLetsThemGo(t *testing.T) {
	set, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop(), Queue: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer closeSet(t, set)
	channel := newChannel(t, set)
	release, err := sqlite.Hold(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	for range 2 {
		if err := set.Messaging.Append(t.Context(), text(channel, "queued"), func(_ messaging.Appended, err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
	}
	if stats := set.Stats(); stats.Queued != 2 || stats.QueueLimit != 2 {
		t.Errorf("stats are %+v", stats)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = set.Messaging.Append(short, text(channel, "too many"), func(messaging.Appended, error) { t.Error("done was called") })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	if _, err := set.Messaging.Head(t.Context(), channel); err != nil {
		t.Errorf("a reader had to wait: %v", err)
	}
	release()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if head, err := set.Messaging.Head(t.Context(), channel); err != nil || head != 2 {
		t.Errorf("head is %d, %v", head, err)
	}
}

func TestCallGivenUpInTheQueueChangesNothing(t *testing.T) {
	set := open(t)
	defer closeSet(t, set)
	release, err := sqlite.Hold(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	id := domain.NewID[domain.ChannelID]()
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err = set.Messaging.EnsureChannel(short, messaging.Channel{ID: id})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	release()
	newChannel(t, set) // comes behind it
	if _, err := set.Messaging.Channel(t.Context(), id); domain.AsError(err) == nil || domain.AsError(err).Code != domain.NotFound {
		t.Errorf("error is %v", err)
	}
}

func TestWritesThatWaitShareACommit(t *testing.T) {
	set := open(t)
	defer closeSet(t, set)
	channel := newChannel(t, set)
	release, err := sqlite.Hold(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	before := set.Stats()
	done := make(chan error, 100)
	for range cap(done) {
		if err := set.Messaging.Append(t.Context(), text(channel, "hello"), func(_ messaging.Appended, err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
	}
	release()
	for range cap(done) {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	after := set.Stats()
	if commits, rows := after.Commits-before.Commits, after.Rows-before.Rows; commits != 2 || rows != 101 || after.CommitSeconds <= 0 {
		t.Errorf("%d commits with %d rows", commits, rows)
	}
}
