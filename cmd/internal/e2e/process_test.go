package e2e_test

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is one Parley, a process of the operating system.
type process struct {
	t   *testing.T
	url string
	dir string
	// env are settings, as NAME=value; of two with one name the later counts.
	env []string
	// bin is run instead of the program that is built, unless it is empty.
	bin string
	cmd *exec.Cmd
	log *lockedBuffer
	end chan error
}

// newProcess prepares a Parley with a port and a folder of its own; begin starts it. What
// must not be in any log is looked for when the test ends. The built-in model does not type
// at leisure unless env says so.
func newProcess(t *testing.T, env ...string) *process {
	t.Helper()
	port := strconv.Itoa(freePort(t))
	p := &process{t: t, dir: t.TempDir(), url: "http://127.0.0.1:" + port, log: &lockedBuffer{}}
	p.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "SERVER_PORT=" + port, "SERVER_HOST=127.0.0.1",
		"PARLEY_BUILTIN_PACE=0", "PARLEY_DATA_DIR=" + filepath.Join(p.dir, "data")}, env...)
	t.Cleanup(func() {
		p.kill()
		if strings.Contains(p.log.String(), "DATA RACE") {
			t.Error("the server has a data race")
		}
		for line := range strings.Lines(p.log.String()) {
			if strings.Contains(line, "operation answered with an undeclared code") {
				t.Errorf("add the code to the operation's Errors: %s", line)
			}
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", tail(p.log.String(), 8000))
		}
	})
	return p
}

// begin starts the process, the first time or again on the same data and port.
func (p *process) begin() {
	p.t.Helper()
	bin, err := program()
	if err != nil {
		p.t.Fatal(err)
	}
	if p.bin != "" {
		bin = p.bin
	}
	p.cmd = exec.Command(bin)
	p.cmd.Dir, p.cmd.Env = p.dir, p.env
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	end := make(chan error, 1)
	cmd := p.cmd
	go func() { end <- cmd.Wait() }()
	p.end = end
}

// ready waits until the process may take traffic.
func (p *process) ready() {
	p.t.Helper()
	eventually(p.t, "the server is ready", func() error {
		if ended, err := p.ends(0); ended {
			p.t.Fatalf("the server ended: %v\n%s", err, tail(p.log.String(), 8000))
		}
		return expectStatus(p.url+"/readyz", http.StatusOK)
	})
}

// runs reports whether the process was started and has not ended.
func (p *process) runs() bool {
	if p.cmd == nil {
		return false
	}
	ended, _ := p.ends(0)
	return !ended
}

// kill ends the process at once, like kill -9, and waits for it.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	err := <-p.end
	p.end <- err
}

// signal sends the process a signal; a frozen one (SIGSTOP) goes on with SIGCONT.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("send %s: %v", s, err)
	}
}

// terminate asks the process to stop and returns how it ended.
func (p *process) terminate(within time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	ended, err := p.ends(within)
	if !ended {
		return errors.New("the server did not stop in time")
	}
	return err
}

// ends waits until the process has ended, and returns whether and how it did.
func (p *process) ends(within time.Duration) (bool, error) {
	select {
	case err := <-p.end:
		p.end <- err
		return true, err
	default:
	}
	select {
	case err := <-p.end:
		p.end <- err
		return true, err
	case <-time.After(within):
		return false, nil
	}
}
