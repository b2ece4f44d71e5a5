package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parley/cmd/internal/freeport"
)

// Bounds of waiting for a server.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	readyPoll    = 2 * time.Millisecond
)

// server is a started process that takes connections.
type server struct {
	name   string
	url    string
	pid    int
	took   time.Duration // from the start of the process until it was ready
	data   string        // its data folder; empty if it has none
	stop   func() error  // ends it and removes its data; call it once
	exited <-chan struct{}
}

// starter starts one kind of server.
type starter func(ctx context.Context) (*server, error)

// parley returns how Parley is started: fresh data below Out, default settings, and none
// of the settings of the caller's environment.
func (o *Options) parley(ctx context.Context) (*server, error) { return o.parleyWith(ctx) }

// parleyWith starts Parley with further settings.
func (o *Options) parleyWith(ctx context.Context, settings ...string) (*server, error) {
	port, err := freeport.Pick(ctx)
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp(o.Out, "data-")
	if err != nil {
		return nil, fmt.Errorf("make a data folder: %w", err)
	}
	// The nearest .env is read; this one keeps it from being somebody else's.
	if err := os.WriteFile(filepath.Join(home, ".env"), nil, 0o600); err != nil {
		return nil, fmt.Errorf("make a data folder: %w", err)
	}
	program, err := filepath.Abs(o.Parley)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", o.Parley, err)
	}
	cmd := exec.Command(program)
	cmd.Dir = home
	data := filepath.Join(home, "data")
	cmd.Env = append(bareEnvironment(), "SERVER_HOST=127.0.0.1", "SERVER_PORT="+strconv.Itoa(port),
		"PARLEY_DATA_DIR="+data, "LOG_LEVEL=warn")
	cmd.Env = append(cmd.Env, settings...)
	log, err := o.logFile("parley.log")
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	s, begun, err := launch(cmd, nameParley, func() error { return errors.Join(log.Close(), os.RemoveAll(home)) })
	if err != nil {
		return nil, err
	}
	s.data, s.url = home, "http://127.0.0.1:"+strconv.Itoa(port)
	if err := s.awaitReady(ctx, s.url+"/readyz"); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (see %s)", err, log.Name()), s.stop())
	}
	s.took = time.Since(begun)
	return s, nil
}

// node returns how the Node.js server is started: it prints its port.
func (o *Options) node(ctx context.Context) (*server, error) { return o.nodeWith(ctx) }

// nodeWith starts the Node.js server with further settings.
func (o *Options) nodeWith(ctx context.Context, settings ...string) (*server, error) {
	if _, err := os.Stat(filepath.Join(o.NodePeer, "node_modules", "socket.io")); err != nil {
		return nil, fmt.Errorf("the Node.js peer is not installed; run: npm ci --prefix %s", o.NodePeer)
	}
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir = o.NodePeer
	cmd.Env = append(bareEnvironment(), "NODE_ENV=production")
	cmd.Env = append(cmd.Env, settings...)
	log, err := o.logFile("node.log")
	if err != nil {
		return nil, err
	}
	cmd.Stderr = log
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start Node.js: %w", err)
	}
	cmd.Stdout = write
	s, begun, err := launch(cmd, nameNode, func() error { return errors.Join(read.Close(), log.Close()) })
	_ = write.Close() // the child has its own
	if err != nil {
		return nil, err
	}
	port, err := s.awaitPort(ctx, read)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w (see %s)", err, log.Name()), s.stop())
	}
	s.url, s.took = "http://127.0.0.1:"+port, time.Since(begun)
	return s, nil
}

// bareEnvironment is what any program needs of the caller's environment.
func bareEnvironment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// logFile opens a log in the results, which all starts of a server share.
func (o *Options) logFile(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(o.Out, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	return f, nil
}

// launch starts a process and returns it with the time of its start; release is called
// once it has ended.
func launch(cmd *exec.Cmd, name string, release func() error) (*server, time.Time, error) {
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, begun, errors.Join(fmt.Errorf("start %s: %w", name, err), release())
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended does not matter; that it did is seen by the driver
		close(exited)
	}()
	stop := func() error {
		// An error means that it has ended already.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(stopTimeout):
			_ = cmd.Process.Kill()
			<-exited
		}
		return release()
	}
	return &server{name: name, pid: cmd.Process.Pid, stop: stop, exited: exited}, begun, nil
}

// awaitReady asks the address until it answers 200.
func (s *server) awaitReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for {
		if ready(ctx, address) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", s.name, ctx.Err())
		case <-s.exited:
			return fmt.Errorf("%s ended while it started", s.name)
		case <-ticker.C:
		}
	}
}

// ready reports whether the address answers 200.
func ready(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// awaitPort reads "listening <port>" from the server's output.
func (s *server) awaitPort(ctx context.Context, output io.Reader) (string, error) {
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(output).ReadString('\n')
		line <- text
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(startTimeout):
		return "", fmt.Errorf("%s does not say its port", s.name)
	case text := <-line:
		port, found := strings.CutPrefix(strings.TrimSpace(text), "listening ")
		if _, err := strconv.ParseUint(port, 10, 16); !found || err != nil {
			return "", fmt.Errorf("%s says %q, not its port", s.name, text)
		}
		return port, nil
	}
}
