package e2e_test

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestTwoPeopleAndTheAgentChatInBrowsers drives the chat page in Chromium, kills the
// server in the middle and starts it again. Screenshots stay in web/e2e/out.
func TestTwoPeopleAndTheAgentChatInBrowsers(t *testing.T) {
	browser := chromium(t)
	_, file, _, _ := runtime.Caller(0)
	shots := filepath.Join(filepath.Dir(file), "..", "..", "..", "web", "e2e", "out")
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	pageTest(t, func() error {
		p := start(t)
		return drive(t, p, scriptPatience, "chat.mjs", p.url, shots, browser)
	})
}

// TestTheReferencesWebClientWorksUnmodified walks through the client of ElizaOS 1.2.0, as it
// is in its npm package, served by Parley. Screenshots stay in web/e2e/out/reference.
func TestTheReferencesWebClientWorksUnmodified(t *testing.T) {
	browser := chromium(t)
	_, file, _, _ := runtime.Caller(0)
	shots := filepath.Join(filepath.Dir(file), "..", "..", "..", "web", "e2e", "out", "reference")
	pageTest(t, func() error {
		p := start(t, "PARLEY_WEB_DIR="+reference(t, "web-client"), "PARLEY_SEED=false")
		return logged(t)(tryNode(t, scriptPatience, "reference.mjs", p.url, shots, browser))
	})
}

// pageTries is the environment variable that says how often a test of a page may try, once
// unless it is set. make test allows a second time, make soak does not.
const pageTries = "PARLEY_PAGE_TRIES"

// pageTest runs what drives a page in a browser. Whether a click comes before or after
// something that the browser does by itself is not in our hand, and one of some hundred steps
// that meets the other order would refuse a whole run. So another try, with a server and a
// browser of its own, may follow; the failure of the first is logged as FLAKY, to be mended:
// what is broken fails again.
func pageTest(t *testing.T, try func() error) {
	t.Helper()
	tries, err := strconv.Atoi(cmp.Or(os.Getenv(pageTries), "1"))
	if err != nil {
		t.Fatalf("%s: %v", pageTries, err)
	}
	for n := 1; ; n++ {
		err := try()
		switch {
		case err == nil:
			return
		case n >= tries:
			t.Fatal(err)
		}
		t.Logf("FLAKY, trying again: %v", err)
	}
}

// logged returns what logs the output of a script and passes its error on.
func logged(t *testing.T) func(out string, err error) error {
	return func(out string, err error) error {
		t.Log("\n" + out)
		return err
	}
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
