//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage"
	"parley/storage/sqlite"
)

// roles are the parts that this program plays in other processes.
func roles() map[string]func(dir string) error {
	return map[string]func(dir string) error{"hold": hold, "append": appendForEver, "limit": appendUnderLimit,
		"clear": clearSlowly, "drop": dropSlowly}
}

// hold keeps a folder until its input ends.
func hold(dir string) error {
	set, err := sqlite.Open(context.Background(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "open")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, set.Close())
}

func TestFolderInUseIsRefusedWithTheOwnersProcessID(t *testing.T) {
	dir := t.TempDir()
	owner := child(t, "hold", dir)
	input, err := owner.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if want := fmt.Sprintf("data folder %s is in use by process %d", dir, owner.Process.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // it was killed, which is an error
	_ = input.Close()

	set := openIn(t, dir) // the lock of a dead process is taken over
	defer closeSet(t, set)
	_, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if want := fmt.Sprintf("in use by process %d", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// crashChannels are the channels of the crash test.
var crashChannels = [3]domain.ChannelID{
	"0198f0a0-0000-7000-8000-000000000001", "0198f0a0-0000-7000-8000-000000000002", "0198f0a0-0000-7000-8000-000000000003",
}

// appendForEver posts from many senders and prints what was acknowledged. One message in
// eight is deleted again.
func appendForEver(dir string) error {
	ctx := context.Background()
	set, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	for _, id := range crashChannels {
		if _, _, err := set.Messaging.EnsureChannel(ctx, messaging.Channel{ID: id}); err != nil {
			return err
		}
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for n := 0; ; n++ {
				m := text(crashChannels[rand.IntN(len(crashChannels))], strings.Repeat("x", rand.IntN(3000)))
				if err := ack(ctx, set, m, n%8 == 0); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
			}
		})
	}
	all.Wait()
	return nil
}

// ack appends m, perhaps deletes it, and prints a line for each that was acknowledged.
func ack(ctx context.Context, set *storage.Set, m messaging.Message, remove bool) error {
	stored, err := send(ctx, set, m)
	if err != nil {
		return err
	}
	// One write per line: a line that the reader sees was acknowledged as a whole.
	fmt.Fprintf(os.Stdout, "%s %s %d %d\n", m.ChannelID, m.ID, stored.Seq, stored.Rev)
	if !remove {
		return nil
	}
	tomb, _, err := set.Messaging.Delete(ctx, m.ChannelID, m.ID)
	if err == nil {
		fmt.Fprintf(os.Stdout, "%s %s %d %d\n", tomb.ChannelID, tomb.ID, tomb.Seq, tomb.Rev)
	}
	return err
}

// acked is a line of the child: what a sender was told.
type acked struct {
	channel  domain.ChannelID
	id       domain.MessageID
	seq, rev int64
}

func TestKillAtAnyMomentLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	told := map[domain.MessageID]acked{}
	for round := range 10 {
		lines := runAndKill(t, dir, 20+rand.IntN(400))
		for _, line := range lines {
			told[line.id] = line // a deletion comes after its message
		}
		set := openIn(t, dir)
		checkLogs(t, set, told)
		closeSet(t, set)
		t.Logf("round %d: %d acknowledged, %d in all", round, len(lines), len(told))
	}
}

// runAndKill lets a child append, kills it when it has acknowledged n, and returns
// every line that it printed.
func runAndKill(t *testing.T, dir string, n int) []acked {
	t.Helper()
	sender := child(t, "append", dir)
	output, err := sender.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []acked
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		var a acked
		if _, err := fmt.Sscanf(scanner.Text(), "%s %s %d %d", &a.channel, &a.id, &a.seq, &a.rev); err != nil {
			t.Fatalf("line %q: %v", scanner.Text(), err)
		}
		if lines = append(lines, a); len(lines) == n {
			if err := sender.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = sender.Wait() // it was killed, which is an error
	if len(lines) < n {
		t.Fatalf("the child ended after %d lines", len(lines))
	}
	return lines
}

// checkLogs compares the store with what senders were told, and each channel's numbers
// with what the rules say: every number up to the head was used once, for a message or
// for its deletion.
func checkLogs(t *testing.T, set *storage.Set, told map[domain.MessageID]acked) {
	t.Helper()
	seen := map[domain.MessageID]messaging.Message{}
	for _, channel := range crashChannels {
		head, err := set.Messaging.Head(t.Context(), channel)
		if err != nil {
			t.Fatal(err)
		}
		events, err := set.Messaging.Since(t.Context(), channel, 0, head, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		used := make([]bool, head+1)
		for _, m := range events {
			if _, double := seen[m.ID]; double || used[m.Rev] || m.Rev != m.Seq && used[m.Seq] {
				t.Fatalf("message %s or one of its numbers %d, %d is there twice", m.ID, m.Seq, m.Rev)
			}
			seen[m.ID], used[m.Seq], used[m.Rev] = m, true, true
		}
		for n := int64(1); n <= head; n++ {
			if !used[n] {
				t.Fatalf("number %d of channel %s is missing below head %d", n, channel, head)
			}
		}
	}
	for id, want := range told {
		if got, ok := seen[id]; !ok || got.Seq != want.seq || got.Rev < want.rev || got.ChannelID != want.channel {
			t.Fatalf("acknowledged %+v, stored %v seq %d rev %d", want, ok, got.Seq, got.Rev)
		}
	}
}
