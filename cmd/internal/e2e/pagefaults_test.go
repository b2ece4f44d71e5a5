package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// TestThePageAndItsFaults reloads, cuts off, stops and bombs the chat page, and kills
// the server while somebody writes: nothing may be lost, doubled or executed.
func TestThePageAndItsFaults(t *testing.T) {
	browser := chromium(t)
	scenario(t, inSoak, func(t *testing.T, on topology) {
		pageTest(t, func() error {
			p := on.start(t, "RATE_LIMIT_SOCKET=0", "PARLEY_BUILTIN_PACE=150ms")
			return drive(t, p, "pagefaults.mjs", p.url, browser)
		})
	})
}

// TestThePageAtScale fills channels and measures that the page does not mind. It has one
// replica alone: what is measured is the page, and the database that stands in for MongoDB
// does not bear a tenth of these messages.
func TestThePageAtScale(t *testing.T) {
	browser := chromium(t)
	pageTest(t, func() error {
		p := one.start(t, "RATE_LIMIT_SOCKET=0", "LOG_LEVEL=warn")
		return drive(t, p, "scale.mjs", p.url, browser)
	})
}

// drive runs a script that may ask for the server to be killed, by the line RESTART,
// and to be started again, by the line AWAY; it is told when that is done.
func drive(t *testing.T, p *cluster, script string, args ...string) error {
	t.Helper()
	cmd := nodeCommand(t, script, args...)
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
