package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestTwoPeopleAndTheAgentChatInBrowsers drives the chat page in Chromium, kills the
// server in the middle and starts it again. Screenshots stay in web/e2e/out.
func TestTwoPeopleAndTheAgentChatInBrowsers(t *testing.T) {
	browser := chromium(t)
	p := start(t)
	_, file, _, _ := runtime.Caller(0)
	shots := filepath.Join(filepath.Dir(file), "..", "..", "..", "web", "e2e", "out")
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	drive(t, p, scriptPatience, "chat.mjs", p.url, shots, browser)
}

// TestTheReferencesWebClientWorksUnmodified walks through the client of ElizaOS 1.2.0, as it
// is in its npm package, served by Parley. Screenshots stay in web/e2e/out/reference.
func TestTheReferencesWebClientWorksUnmodified(t *testing.T) {
	browser := chromium(t)
	_, file, _, _ := runtime.Caller(0)
	shots := filepath.Join(filepath.Dir(file), "..", "..", "..", "web", "e2e", "out", "reference")
	p := start(t, "PARLEY_WEB_DIR="+reference(t, "web-client"), "PARLEY_SEED=false")
	t.Log("\n" + node(t, scriptPatience, "reference.mjs", p.url, shots, browser))
}

// chromium returns the browser's path. The tests of the page belong to the full run: they
// take minutes, and the scripts with the official clients find the server's races.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("the chat page is tested in the full run")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return strings.TrimSpace(path)
		}
	}
	t.Fatal("Chromium is missing; install it: apt-get install chromium")
	return ""
}
