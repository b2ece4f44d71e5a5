package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/cmd/internal/config"
)

// lockedBuffer is a buffer that a running command writes while the test reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends p.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is all that was written.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// source is a configuration source without files.
func source(env ...string) config.Source {
	return config.Source{Env: env, Dir: "/", ReadFile: func(path string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}}
}

func TestCommands(t *testing.T) {
	cases := []struct {
		name     string
		args     []string
		env      []string
		code     int
		out, err string
	}{
		{name: "version", args: []string{"version"}, out: "parley "},
		{name: "version as a flag", args: []string{"--version"}, out: "parley "},
		{name: "version with a wrong configuration", args: []string{"version"}, env: []string{"SERVER_PORT=x"}, out: "parley "},
		{name: "version with an argument", args: []string{"version", "--foo"}, code: exitUsage, err: `unexpected argument "--foo"`},
		{name: "help about version", args: []string{"version", "--help"}, out: "Usage: parley"},
		{name: "flag without its value", args: []string{"--server-port"}, code: exitUsage, err: "--server-port needs a value"},
		{name: "help", args: []string{"help"}, out: "Usage: parley"},
		{name: "help as a flag", args: []string{"--help"}, out: "--server-port"},
		{name: "help of a command", args: []string{"serve", "-h"}, out: "Exit codes"},
		{name: "table of settings", args: []string{"config-doc"}, out: "| `SERVER_PORT` |"},
		{name: "operations", args: []string{"ops"}, out: "messages:send"},
		{name: "configuration", args: []string{"check-config", "--server-port=81"}, env: []string{"PARLEY_PROT=1"},
			out: "81", err: "unknown setting is ignored"},
		{name: "configuration with a secret", args: []string{"check-config"}, env: []string{"ELIZA_SERVER_AUTH_TOKEN=hush"}, out: "***"},
		{name: "unknown command", args: []string{"swerve"}, code: exitUsage, err: `unknown command "swerve"`},
		{name: "unknown flag", args: []string{"--sever-port=1"}, code: exitUsage, err: "did you mean --server-port?"},
		{name: "faults in the configuration", env: []string{"SERVER_PORT=x", "LOG_LEVEL=y"}, code: exitUsage,
			err: "parley: LOG_LEVEL must be one of"},
		{name: "open to the network", args: []string{"serve", "--server-host=0.0.0.0"}, code: exitUsage, err: "PARLEY_ALLOW_OPEN"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(t.Context(), tc.args, source(tc.env...), streams{out: &out, err: &errs})
			if code != tc.code || !strings.Contains(out.String(), tc.out) || !strings.Contains(errs.String(), tc.err) {
				t.Errorf("code %d, out %q, err %q", code, out.String(), errs.String())
			}
			if strings.Contains(out.String()+errs.String(), "hush") {
				t.Error("the secret is shown")
			}
		})
	}
}

func TestHealth(t *testing.T) {
	status, key := http.StatusOK, "none"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("X-API-KEY")
		if r.URL.Path != "/health" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
	}))
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	ask := func() (int, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"health"}, source("SERVER_HOST=0.0.0.0", "ELIZA_SERVER_AUTH_TOKEN=k", "SERVER_PORT="+port),
			streams{out: &out, err: &errs})
		return code, out.String() + errs.String()
	}
	if code, text := ask(); code != exitOK || key != "" || text != "healthy\n" {
		t.Errorf("a healthy server: code %d, key %q, %s", code, key, text)
	}
	status = http.StatusServiceUnavailable
	if code, text := ask(); code != exitFailure || !strings.Contains(text, "503") {
		t.Errorf("an unwell server: code %d, %s", code, text)
	}
	server.Close()
	if code, _ := ask(); code != exitFailure {
		t.Errorf("no server: code %d", code)
	}
}

func TestServeSaysWhereItIsAndStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs lockedBuffer
	env := source("SERVER_PORT=0", "PARLEY_DRAIN_TIMEOUT=1s", "PARLEY_DATA_DIR="+t.TempDir())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, nil, env, streams{out: &out, err: &errs}) }()

	const ready = "Parley is ready on http://127.0.0.1:"
	deadline := time.After(time.Minute)
	for poll := time.NewTicker(10 * time.Millisecond); !strings.Contains(errs.String(), ready); {
		select {
		case <-poll.C:
		case code := <-ended:
			t.Fatalf("it ended with code %d: %s%s", code, &out, &errs)
		case <-deadline:
			t.Fatalf("it never said that it is ready: %s%s", &out, &errs)
		}
	}
	stop()
	select {
	case code := <-ended:
		if code != exitOK {
			t.Errorf("a graceful stop ends with code %d: %s", code, &errs)
		}
	case <-time.After(time.Minute):
		t.Fatal("it did not stop")
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("the log has a line that is no JSON: %s", line)
		}
	}
	if !strings.Contains(out.String(), `"stopped"`) {
		t.Errorf("the log does not say that it stopped: %s", &out)
	}
}

func TestWrongFoldersAreNamedWithTheirSetting(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ env, want string }{
		{"PARLEY_DATA_DIR=" + file, "PARLEY_DATA_DIR"},
		{"PARLEY_WEB_DIR=" + filepath.Join(dir, "absent"), "PARLEY_WEB_DIR"},
		{"PARLEY_WEB_DIR=" + file, "PARLEY_WEB_DIR"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), nil, source("SERVER_PORT=0", "PARLEY_DATA_DIR="+filepath.Join(dir, "data"), tc.env),
			streams{out: &out, err: &errs})
		if text := errs.String(); code != exitFailure || !strings.Contains(text, tc.want) || strings.Count(text, "open store") > 1 {
			t.Errorf("%s: code %d, %s", tc.env, code, text)
		}
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	var out, errs bytes.Buffer
	code := run(t.Context(), nil, source("SERVER_PORT="+port, "PARLEY_DATA_DIR="+t.TempDir()), streams{out: &out, err: &errs})
	if code != exitFailure || !strings.Contains(errs.String(), "SERVER_PORT") {
		t.Errorf("code %d, %s", code, errs.String())
	}
}

func TestAddress(t *testing.T) {
	for _, tc := range []struct{ host, listening, want string }{
		{"127.0.0.1", "127.0.0.1:3000", "http://127.0.0.1:3000"},
		{"0.0.0.0", "[::]:3000", "http://127.0.0.1:3000"},
		{"", "[::]:80", "http://127.0.0.1:80"},
		{"::", "[::]:80", "http://[::1]:80"},
		{"::1", "[::1]:80", "http://[::1]:80"},
		{"chat.example", "10.0.0.1:80", "http://chat.example:80"},
	} {
		if got := address(tc.host, tc.listening); got != tc.want {
			t.Errorf("%s on %s is %s, want %s", tc.listening, tc.host, got, tc.want)
		}
	}
}
