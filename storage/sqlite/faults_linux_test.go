package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage"
	"parley/storage/sqlite"
)

// fault is a way to keep the database from writing, and to let it write again.
type fault struct {
	name  string
	begin func(t *testing.T, set *storage.Set, dir string)
	// end is nil for a fault that passes by itself.
	end  func(t *testing.T, set *storage.Set, dir string)
	says string
}

// onWriter runs sql on the writer's connection.
func onWriter(t *testing.T, set *storage.Set, sql string) {
	t.Helper()
	if err := sqlite.OnWriter(t.Context(), set, sql); err != nil {
		t.Fatal(err)
	}
}

// ballast is the file that fills a disk.
const ballast = "ballast"

// faults are the ways that work everywhere.
func faults() []fault {
	return []fault{
		{"no space by the page limit",
			func(t *testing.T, set *storage.Set, _ string) { onWriter(t, set, "PRAGMA max_page_count = 60") },
			func(t *testing.T, set *storage.Set, _ string) { onWriter(t, set, "PRAGMA max_page_count = 1000000") },
			"no space left on the data disk"},
		{"read-only", func(t *testing.T, set *storage.Set, _ string) { onWriter(t, set, "PRAGMA query_only = ON") },
			nil, "the data folder is read-only"},
	}
}

// fullDisk is a disk without space.
func fullDisk() fault {
	return fault{"no space on a real disk",
		func(t *testing.T, _ *storage.Set, dir string) {
			t.Helper()
			file, err := os.Create(filepath.Join(dir, ballast))
			if err != nil {
				t.Fatal(err)
			}
			block := make([]byte, 4096)
			for err == nil {
				_, err = file.Write(block)
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		},
		func(t *testing.T, _ *storage.Set, dir string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, ballast)); err != nil {
				t.Fatal(err)
			}
		},
		"no space left on the data disk"}
}

// smallDisk mounts a disk of 4 MB, if this user may.
func smallDisk(t *testing.T) (dir string, mounted bool) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Logf("no disk of its own for the test: %v", err)
		return dir, false
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir, true
}

func TestStoreGoesOnAfterAFault(t *testing.T) {
	dir, mounted := smallDisk(t)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) { survive(t, f, t.TempDir()) })
	}
	if mounted {
		t.Run("real disk", func(t *testing.T) { survive(t, fullDisk(), dir) })
	}
}

// survive sends before, during and after a fault.
func survive(t *testing.T, f fault, dir string) {
	set := openIn(t, dir)
	channel := newChannel(t, set)
	told := map[domain.MessageID]int64{}
	post := func(n int) (failed int) {
		t.Helper()
		for _, err := range sendMany(t, set, channel, n, told) {
			failed++
			wantUnavailable(t, err, "The message could not be stored: "+f.says)
		}
		return failed
	}
	if post(10) != 0 {
		t.Fatal("sends failed before the fault")
	}
	f.begin(t, set, dir)
	if post(40) == 0 {
		t.Fatal("no send failed during the fault")
	}
	if f.end != nil {
		_, _, err := set.Messaging.EnsureChannel(t.Context(), messaging.Channel{
			ID: domain.NewID[domain.ChannelID](), Topic: strings.Repeat("x", 200_000)})
		wantUnavailable(t, err, "The change could not be stored: "+f.says)
		wantStored(t, set, channel, told)
		f.end(t, set, dir)
	}
	if failed := post(10); failed != 0 {
		t.Errorf("%d sends failed after the fault", failed)
	}
	wantStored(t, set, channel, told)
	if stats := set.Stats(); stats.Failed == 0 || stats.Commits == 0 {
		t.Errorf("stats are %+v", stats)
	}
	closeSet(t, set)
	again := openIn(t, dir)
	defer closeSet(t, again)
	wantStored(t, again, channel, told)
}

// sendMany sends n large messages from several senders, notes the number of each that
// was acknowledged, and returns the errors of the others.
func sendMany(t *testing.T, set *storage.Set, channel domain.ChannelID, n int, told map[domain.MessageID]int64) (failures []error) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range n / 4 {
				m, err := send(t.Context(), set, text(channel, strings.Repeat("x", 50_000)))
				mu.Lock()
				if err != nil {
					failures = append(failures, err)
				} else {
					told[m.ID] = m.Seq
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return failures
}

// wantUnavailable checks what the caller is told.
func wantUnavailable(t *testing.T, err error, says string) {
	t.Helper()
	var known *domain.Error
	if !errors.As(err, &known) || known.Code != domain.Unavailable || known.WireCode() != "DB_ERROR" || known.Message != says {
		t.Fatalf("error is %v, want %q", err, says)
	}
}

// wantStored checks that the channel holds exactly what senders were told.
func wantStored(t *testing.T, set *storage.Set, channel domain.ChannelID, told map[domain.MessageID]int64) {
	t.Helper()
	events, err := set.Messaging.Since(t.Context(), channel, 0, 1<<30, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != len(told) {
		t.Fatalf("%d messages are stored, %d were acknowledged", len(events), len(told))
	}
	for i, m := range events {
		if m.Seq != int64(i+1) || told[m.ID] != m.Seq {
			t.Fatalf("message %s at place %d has number %d, its sender heard %d", m.ID, i+1, m.Seq, told[m.ID])
		}
	}
}
