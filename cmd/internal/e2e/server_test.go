package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"parley/cmd/internal/freeport"
)

// program builds the server once for all tests and returns its path.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "parley-e2e-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "parley")
	// As make builds it.
	build := exec.Command("go", "build", "-tags", "nomsgpack", "-o", bin, "parley/cmd/parley")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if underRace {
		build = exec.Command("go", "build", "-tags", "nomsgpack", "-race", "-o", bin, "parley/cmd/parley")
	}
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
})

// TestMain removes the program that the tests built. It is also the server that has a
// fault, if a test started it as such.
func TestMain(m *testing.M) {
	if os.Getenv(killAt)+os.Getenv(clockBy) != "" {
		fmt.Fprintln(os.Stderr, serveFaulty())
		os.Exit(1)
	}
	code := m.Run()
	if bin, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// lockedBuffer collects output of a process.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// freePort returns a port that nobody listens on now, nor takes while a server is away.
func freePort(t *testing.T) int {
	t.Helper()
	port, err := freeport.Pick(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// patience bounds what a test waits for: it only ends what hangs.
const patience = time.Minute

// scriptPatience bounds what a script beside the tests takes, which is minutes at most.
const scriptPatience = 15 * time.Minute

// expectStatus fails unless a GET answers with the status.
func expectStatus(url string, status int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != status {
		return fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	return nil
}

// eventually polls until check succeeds.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	within(t, patience, what, check)
}

// within polls until check succeeds, for longer than others do.
func within(t *testing.T, patience time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// tail returns the end of a text.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "..." + s[len(s)-n:]
}

// node runs one of the scripts beside the tests and logs its output.
func node(t *testing.T, script string, args ...string) {
	t.Helper()
	if err := tryNode(t, script, args...); err != nil {
		t.Fatal(err)
	}
}

// tryNode runs one of the scripts beside the tests and logs its output, which is in the error
// if it fails.
func tryNode(t *testing.T, script string, args ...string) error {
	t.Helper()
	out, err := nodeCommand(t, script, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", script, err, out)
	}
	t.Logf("\n%s", out)
	return nil
}

// nodeCommand is the command that runs one of the scripts beside the tests.
func nodeCommand(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(file), "js")
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("Node.js is missing; install it: apt-get install nodejs npm")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Fatalf("the scripts' packages are missing; install them: npm --prefix %s ci", dir)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptPatience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(dir, script)}, args...)...)
	cmd.Dir = dir
	return cmd
}

// reference is a file or folder of the reference's own clients.
func reference(t *testing.T, path ...string) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	full, err := filepath.Abs(filepath.Join(append([]string{filepath.Dir(file), "..", "..", "..", ".tools", "reference"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(full); err != nil {
		t.Fatalf("the reference's clients are missing; fetch them: make .tools/reference (%v)", err)
	}
	return full
}

// runUntilEnd runs the program on a data folder and returns what it printed.
func runUntilEnd(t *testing.T, bin, data string, port int, env ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "SERVER_PORT=" + strconv.Itoa(port),
		"PARLEY_DATA_DIR=" + data}, env...)
	return cmd.CombinedOutput()
}
