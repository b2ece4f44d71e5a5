package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestThePageAndItsFaults reloads, cuts off, stops and bombs the chat page, and kills
// the server while somebody writes: nothing may be lost, doubled or executed.
func TestThePageAndItsFaults(t *testing.T) {
	browser := chromium(t)
	pageTest(t, func() error {
		p := start(t, "RATE_LIMIT_SOCKET=0", "PARLEY_BUILTIN_PACE=150ms")
		return drive(t, p, scriptPatience, "pagefaults.mjs", p.url, browser)
	})
}

// TestThePageAtScale fills channels and measures that the page does not mind.
func TestThePageAtScale(t *testing.T) {
	browser := chromium(t)
	pageTest(t, func() error {
		p := start(t, "RATE_LIMIT_SOCKET=0", "LOG_LEVEL=warn")
		return drive(t, p, scriptPatience, "scale.mjs", p.url, browser)
	})
}

// drive runs a script that may ask for the server to be killed, by the line RESTART,
// and to be started again, by the line AWAY; it is told when that is done.
func drive(t *testing.T, p *process, timeout time.Duration, script string, args ...string) error {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(file), "js")
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(dir, script)}, args...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var failed []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch line := lines.Text(); line {
		case "RESTART":
			p.kill()
		case "AWAY":
			p.launch()
			if _, err := io.WriteString(in, "again\n"); err != nil {
				t.Error(err)
			}
		default:
			t.Log(line)
			if strings.HasPrefix(line, "FAIL ") {
				failed = append(failed, line)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", script, err, strings.Join(failed, "\n"))
	}
	return nil
}
