//go:build unix

package media_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"parley/domain/media"
)

// The variables that make the test program a server that is killed.
const (
	killFolder = "PARLEY_TEST_KILL_FOLDER"
	killStep   = "PARLEY_TEST_KILL_STEP"
)

// TestKilledBetweenRowAndBytes kills a process before each step of an upload and of a
// deletion. What a new one finds after its sweep is either whole or not there at all.
func TestKilledBetweenRowAndBytes(t *testing.T) {
	if os.Getenv(killFolder) != "" {
		t.Skip("this is the process that is killed")
	}
	for step, want := range map[string]int{"row": 1, "contents": 1, "keep": 1, "answer": 2, "leave": 2, "delete": 1, "forget": 1} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcessThatIsKilled$")
			child.Env = append(os.Environ(), killFolder+"="+dir, killStep+"="+step)
			out, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed: %v\n%s", err, out)
			}
			h := newHouse(t, dir)
			if err := h.media.Sweep(t.Context(), time.Now().Add(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			h.wantFiles(want)
			if left, err := os.ReadDir(filepath.Join(dir, "uploads/channels/.incoming")); err != nil || len(left) > 0 {
				t.Errorf("incoming: %v, %v", left, err)
			}
		})
	}
}

// TestProcessThatIsKilled uploads two files and deletes the second, until its step comes.
func TestProcessThatIsKilled(t *testing.T) {
	dir := os.Getenv(killFolder)
	if dir == "" {
		t.Skip("this is run by TestKilledBetweenRowAndBytes")
	}
	h := newHouse(t, dir)
	h.upload(channel)
	h.dies = os.Getenv(killStep)
	up := h.upload(channel)
	if _, err := h.media.Delete(t.Context(), admin, media.DeleteRequest{ID: up.ID}); err != nil {
		t.Fatal(err)
	}
}
