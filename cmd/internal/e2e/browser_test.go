package e2e_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestTwoPeopleAndTheAgentChatInBrowsers drives the chat page in Chromium, kills the
// server in the middle and starts it again. Screenshots stay in web/e2e/out.
func TestTwoPeopleAndTheAgentChatInBrowsers(t *testing.T) {
	p := start(t)
	_, file, _, _ := runtime.Caller(0)
	here := filepath.Dir(file)
	shots := filepath.Join(here, "..", "..", "..", "web", "e2e", "out")
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join(here, "js", "chat.mjs"), p.url, shots, chromium(t))
	cmd.Dir = filepath.Join(here, "js")
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
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the walk failed: %v", err)
	}
}

// chromium returns the browser's path.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return strings.TrimSpace(path)
		}
	}
	t.Fatal("Chromium is missing; install it: apt-get install chromium")
	return ""
}
