// Package target starts the two servers that are compared, each on a free port with a
// folder of its own, and stops them by their process ids.
package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"parley/cmd/internal/freeport"
)

// readyWithin bounds the start of a server; the reference takes 5 to 20 s.
const readyWithin = 90 * time.Second

// Server is a running server.
type Server struct {
	// Name is reference or parley.
	Name string
	// URL is its address.
	URL string

	cmd *exec.Cmd
	dir string
	// ended is closed when the process has ended, with failure set.
	ended   chan struct{}
	failure error
}

// Parley starts the program bin.
func Parley(ctx context.Context, bin string, log io.Writer) (*Server, error) {
	abs, err := filepath.Abs(bin)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", bin, err)
	}
	return start(ctx, "parley", log, func(port, dir string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, abs, "serve")
		cmd.Env = []string{"SERVER_PORT=" + port, "PARLEY_DATA_DIR=" + filepath.Join(dir, "data"), "PARLEY_SEED=false",
			"PARLEY_BUILTIN_PACE=0", "LOG_LEVEL=debug", "RATE_LIMIT_API=0"}
		return cmd
	})
}

// Reference starts the ElizaOS 1.2.0 server of a folder with its packages installed.
func Reference(ctx context.Context, folder string, log io.Writer) (*Server, error) {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", folder, err)
	}
	if _, err := os.Stat(filepath.Join(abs, "node_modules", "@elizaos", "server")); err != nil {
		return nil, fmt.Errorf("the reference is not installed (make compat does): %w", err)
	}
	return start(ctx, "reference", log, func(port, dir string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "node", filepath.Join(abs, "server.mjs"), port, dir) //nolint:gosec // the folder is the developer's own flag
		cmd.Env = []string{"SERVER_PORT=" + port, "NODE_ENV=development", "SENTRY_LOGGING=false", "LOG_LEVEL=info"}
		return cmd
	})
}

// start runs a command on a free port in a new folder and waits until it answers.
func start(ctx context.Context, name string, log io.Writer, command func(port, dir string) *exec.Cmd) (*Server, error) {
	dir, err := os.MkdirTemp("", "parleydiff-"+name+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	port, err := freeport.Pick(ctx)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &Server{Name: name, URL: "http://127.0.0.1:" + strconv.Itoa(port), dir: dir, ended: make(chan struct{})}
	s.cmd = command(strconv.Itoa(port), dir)
	s.cmd.Env = append(s.cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+dir)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, log, log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 10 * time.Second
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the %s: %w", name, err), os.RemoveAll(dir))
	}
	go func() {
		s.failure = s.cmd.Wait()
		close(s.ended)
	}()
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// awaitReady polls until the server answers.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		select {
		case <-s.ended:
			return fmt.Errorf("the %s ended before it was ready: %w", s.Name, s.failure)
		case <-ctx.Done():
			return fmt.Errorf("the %s is not ready: %w", s.Name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/server/ping", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		if err := resp.Body.Close(); err == nil && resp.StatusCode == http.StatusOK {
			return nil
		}
	}
}

// Dir is the folder in which the server runs; Stop removes it.
func (s *Server) Dir() string { return s.dir }

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	var errs []error
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		errs = append(errs, err)
	}
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		errs = append(errs, s.cmd.Process.Kill())
		<-s.ended
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
