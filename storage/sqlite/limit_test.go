//go:build unix

package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage/sqlite"
)

// appendUnderLimit lets the system refuse to let files grow, which is an input/output
// error to SQLite, and takes that back.
func appendUnderLimit(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	set, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	channel := domain.NewID[domain.ChannelID]()
	if _, _, err := set.Messaging.EnsureChannel(ctx, messaging.Channel{ID: channel}); err != nil {
		return err
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: before.Max}); err != nil {
		return err
	}
	stored := int64(0)
	for err == nil && stored < 1000 {
		if _, err = send(ctx, set, text(channel, strings.Repeat("x", 50_000))); err == nil {
			stored++
		}
	}
	fmt.Fprintf(os.Stdout, "%d %v\n", stored, err)
	if e := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); e != nil {
		return e
	}
	m, err := send(ctx, set, text(channel, strings.Repeat("x", 50_000)))
	if err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	if m.Seq != stored+1 {
		return fmt.Errorf("number %d after %d", m.Seq, stored)
	}
	return set.Close()
}

func TestStoreGoesOnAfterAnInputOutputError(t *testing.T) {
	sender := child(t, "limit", t.TempDir())
	output, err := sender.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(output), "The message could not be stored: the data disk reports an error") {
		t.Errorf("output is %s", output)
	}
}
