// Package redistest starts real Redis servers for tests.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// patience is how long a server may take to answer or to end.
const patience = 20 * time.Second

// Server is one redis-server, a process of its own on a free port of loopback.
type Server struct {
	// Port is where it listens, Dir where its files are.
	Port int
	Dir  string

	t       testing.TB
	config  string // of a sentinel
	args    []string
	command *exec.Cmd
	ended   chan struct{}
}

// Start starts a server that keeps nothing and ends with the test. args are further
// settings, such as "--appendonly", "yes".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, Port: freePort(t), Dir: t.TempDir(), args: args}
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// StartSentinel starts a sentinel with a configuration file, which it writes to.
func StartSentinel(t testing.TB, config string, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, Port: freePort(t), Dir: t.TempDir(), config: config, args: args}
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// URL is the server's address. The variable REDIS_URL has no say here: a test that stops
// its server needs one of its own.
func (s *Server) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d", s.Port) }

// Addr is host:port of the server.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// Process is the running server's, for signals.
func (s *Server) Process() *os.Process { return s.command.Process }

// Restart starts the server, or stops and starts it, and returns when it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatal("redis-server is not installed: make deps installs it (apt-get install redis-server)")
	}
	args := append([]string{"--port", strconv.Itoa(s.Port), "--bind", "127.0.0.1", "--dir", s.Dir, "--save", "", "--appendonly", "no", "--daemonize", "no"}, s.args...)
	if s.config != "" {
		args = append([]string{s.config, "--sentinel", "--port", strconv.Itoa(s.Port), "--bind", "127.0.0.1", "--daemonize", "no"}, s.args...)
	}
	command := exec.Command(path, args...) //nolint:gosec // the arguments are the tests' own
	if err := command.Start(); err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	s.command, s.ended = command, make(chan struct{})
	go func(ended chan struct{}) {
		_ = command.Wait() // how it ends is no matter
		close(ended)
	}(s.ended)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if answers(s.Addr()) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("redis-server does not answer on %s", s.Addr())
		}
	}
}

// Kill ends the server at once, if it runs.
func (s *Server) Kill() {
	if s.command == nil {
		return
	}
	if err := s.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Errorf("kill redis-server: %v", err)
	}
	<-s.ended
	s.command = nil
}

// answers reports whether a server says PONG.
func answers(addr string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	reply := make([]byte, 7)
	n, _ := conn.Read(reply)
	return string(reply[:n]) == "+PONG\r\n" || n > 0 && reply[0] == '-' // one that wants a password answers too
}

// The ports of the servers. Systems give outgoing connections ports above these by
// themselves: one of those could be taken while its server is being started again.
const (
	lowestPort  = 10_000
	highestPort = 20_000
)

// freePort finds a port that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	for range highestPort - lowestPort {
		port := lowestPort + rand.IntN(highestPort-lowestPort) //nolint:gosec // it only spreads servers over the ports
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close() // it only reserved the port
			return port
		}
	}
	t.Fatal("there is no free port")
	return 0
}

// Keys is how many keys match a pattern.
func (s *Server) Keys(pattern string) int {
	s.t.Helper()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(s.t.Context(), "tcp", s.Addr())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	if _, err := fmt.Fprintf(conn, "KEYS %s\r\n", pattern); err != nil {
		s.t.Fatal(err)
	}
	var n int
	if _, err := fmt.Fscanf(conn, "*%d\r\n", &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}
