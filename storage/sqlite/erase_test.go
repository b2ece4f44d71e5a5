//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage"
	"parley/storage/sqlite"
)

// erased is the channel of the tests here.
const erased domain.ChannelID = "0198f0a0-0000-7000-8000-00000000000e"

// erasable is how many messages it gets.
const erasable = 300

// eraseSlowly fills a channel, lets begin take it away, and sweeps it message by message;
// it prints a line after each step.
func eraseSlowly(dir string, begin func(context.Context, messaging.Store) error) error {
	ctx := context.Background()
	set, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	if _, _, err := set.Messaging.EnsureChannel(ctx, messaging.Channel{ID: erased, ServerID: domain.DefaultServer}); err != nil {
		return err
	}
	for n := range erasable {
		m := text(erased, strings.Repeat("secret ", 50))
		if n%2 == 0 {
			m.Awaiting = []domain.AgentID{domain.NewID[domain.AgentID]()}
		}
		if _, err := send(ctx, set, m); err != nil {
			return err
		}
	}
	if err := begin(ctx, set.Messaging); err != nil {
		return err
	}
	unswept, err := set.Messaging.Unswept(ctx, erased)
	if err != nil || len(unswept) != 1 {
		return fmt.Errorf("left behind: %v, %w", unswept, err)
	}
	for step := 1; ; step++ {
		fmt.Fprintln(os.Stdout, "step")
		if step == erasable/2 { // fast as it may be, it is killed before it is done
			_, _ = io.Copy(io.Discard, os.Stdin)
		}
		swept, err := set.Messaging.Sweep(ctx, unswept[0], 1)
		if err != nil || !swept.Left {
			return err
		}
	}
}

// clearSlowly is eraseSlowly for a clear.
func clearSlowly(dir string) error {
	return eraseSlowly(dir, func(ctx context.Context, log messaging.Store) error {
		_, _, err := log.Clear(ctx, text(erased, ""))
		return err
	})
}

// dropSlowly is eraseSlowly for the deletion of the channel.
func dropSlowly(dir string) error {
	return eraseSlowly(dir, func(ctx context.Context, log messaging.Store) error {
		_, err := log.DeleteChannel(ctx, erased)
		return err
	})
}

func TestKilledInTheMiddleOfErasing(t *testing.T) {
	tests := []struct {
		role string
		// left is how many entries the channel has in the end.
		left int
		// rows are those that belong to the channel in the end, with or without content.
		rows int
	}{
		{"clear", erasable + 1, erasable + 1},
		{"drop", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.role, func(t *testing.T) {
			dir := t.TempDir()
			killAfter(t, tt.role, dir, 30)
			set := openIn(t, dir)
			defer closeSet(t, set)
			unswept, err := set.Messaging.Unswept(t.Context(), "")
			if err != nil || len(unswept) != 1 || unswept[0].ChannelID != erased || unswept[0].Deleted != (tt.role == "drop") {
				t.Fatalf("left behind: %v, %v", unswept, err)
			}
			checkErased(t, set, tt.left)
			for left := true; left; {
				swept, err := set.Messaging.Sweep(t.Context(), unswept[0], 100)
				if err != nil {
					t.Fatal(err)
				}
				left = swept.Left
			}
			checkErased(t, set, tt.left)
			for sql, want := range map[string]int{
				`SELECT count(*) FROM messages WHERE content <> '' OR awaiting IS NOT NULL`: 0,
				`SELECT count(*) FROM duties`:   0,
				`SELECT count(*) FROM remains`:  0,
				`SELECT count(*) FROM messages`: tt.rows,
			} {
				if got, err := sqlite.Count(t.Context(), set, sql); err != nil || got != want {
					t.Errorf("%s: %d, %v, want %d", sql, got, err, want)
				}
			}
		})
	}
}

// killAfter lets a child play a role and kills it when it has printed n lines.
func killAfter(t *testing.T, role, dir string, n int) {
	t.Helper()
	cmd := child(t, role, dir)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = input.Close() }()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		if lines++; lines == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed, which is an error
	if lines < n || lines >= erasable {
		t.Fatalf("the child was killed after %d lines", lines)
	}
}

// checkErased checks that nobody can read what was erased, and how many entries a
// catch-up has.
func checkErased(t *testing.T, set *storage.Set, left int) {
	t.Helper()
	page, err := set.Messaging.Page(t.Context(), messaging.PageQuery{Channel: erased, Limit: 10})
	if err != nil || len(page) != 0 {
		t.Errorf("page: %v, %v", page, err)
	}
	found, err := set.Messaging.Search(t.Context(), messaging.SearchQuery{Words: []string{"secret"}, Server: domain.DefaultServer, Limit: 10})
	if err != nil || found.Total != 0 {
		t.Errorf("search: %+v, %v", found, err)
	}
	duties, err := set.Messaging.Duties(t.Context(), messaging.DutyCursor{}, 10)
	if err != nil || len(duties) != 0 {
		t.Errorf("duties: %v, %v", duties, err)
	}
	events, err := set.Messaging.Since(t.Context(), erased, 0, 1<<31, 10*erasable)
	if err != nil || len(events) != left {
		t.Errorf("catch-up: %d entries, %v, want %d", len(events), err, left)
	}
	for _, m := range events {
		if m.Content != "" || m.Deleted == (m.Kind == messaging.KindClear) {
			t.Errorf("catch-up: %+v", m)
		}
	}
}

func TestSearchStopsAtItsBounds(t *testing.T) {
	set := open(t)
	defer closeSet(t, set)
	sqlite.BoundSearch(set, 10)
	channel := newChannel(t, set)
	for n := range 15 {
		if _, err := send(t.Context(), set, text(channel, fmt.Sprint("word ", n%5))); err != nil {
			t.Fatal(err)
		}
	}
	for words, want := range map[string]int{"word": 10, "4": 2} {
		found, err := set.Messaging.Search(t.Context(), messaging.SearchQuery{Words: []string{words}, Channel: channel, Limit: 100})
		if err != nil || !found.Partial || found.Total != want || len(found.Messages) != want {
			t.Errorf("%s: %d messages, total %d, partial %v, %v", words, len(found.Messages), found.Total, found.Partial, err)
		}
	}
}
