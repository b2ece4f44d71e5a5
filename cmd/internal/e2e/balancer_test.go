package e2e_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley/cmd/internal/composetest"
)

// States in which the balancer sees a replica: it takes new clients, none but keeps those
// that it has, or none at all.
const (
	stateUp      = "UP"
	stateDrains  = "NOLB"
	stateDown    = "DOWN"
	backendName  = "replicas"
	columnOfName = 1
	columnState  = 17
)

// balancer is the one of docker-compose.yml, as a process.
type balancer struct {
	url      string
	names    []string
	commands string // path of the socket on which it tells what it sees
}

// startBalancer starts it, before replicas at the addresses, until the test ends.
func startBalancer(t *testing.T, file *composetest.File, addresses []string) *balancer {
	t.Helper()
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		if bin, err = exec.LookPath("/usr/sbin/haproxy"); err != nil {
			t.Fatal("the balancer is missing; install it: apt-get install haproxy")
		}
	}
	listen := freeAddress(t)
	config, err := file.Balancer(listen, addresses)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b := &balancer{url: "http://" + listen, names: file.Replicas(), commands: socketPath(t)}
	// What the tests look through stands beside the file's own text, not in it.
	parts := map[string]string{"balancer.cfg": config, "tests.cfg": "global\n  stats socket " + b.commands + "\n"}
	for name, text := range parts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := &lockedBuffer{}
	cmd := exec.Command(bin, "-db", "-f", filepath.Join(dir, "balancer.cfg"), "-f", filepath.Join(dir, "tests.cfg"))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the balancer's log:\n%s", tail(log.String(), 4000))
		}
	})
	eventually(t, "the balancer runs", func() error {
		_, err := b.states()
		return err
	})
	return b
}

// socketPath is where a socket may be: the folders of tests have names too long for one.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "parley-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "balancer")
}

// states are how the balancer sees the replicas, by their names.
func (b *balancer) states() (map[string]string, error) {
	conn, err := net.Dial("unix", b.commands)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "show stat\n"); err != nil {
		return nil, err
	}
	table := csv.NewReader(conn)
	table.Comment = '#'
	table.FieldsPerRecord = -1
	rows, err := table.ReadAll()
	if err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, row := range rows {
		if len(row) > columnState && row[0] == backendName && slices.Contains(b.names, row[columnOfName]) {
			state, _, _ := strings.Cut(row[columnState], " ") // "DOWN 1/3" is on its way to another
			states[row[columnOfName]] = state
		}
	}
	return states, nil
}

// expect fails unless the balancer sees a replica in one of the states.
func (b *balancer) expect(replica int, states ...string) error {
	all, err := b.states()
	if err != nil {
		return err
	}
	if got := all[b.names[replica]]; !slices.Contains(states, got) {
		return fmt.Errorf("%s is %s", b.names[replica], got)
	}
	return nil
}

// itoa is a number as text.
func itoa(n int) string { return strconv.Itoa(n) }

// standIn is a server in the place of a replica.
type standIn struct {
	*httptest.Server
	drains, frozen atomic.Bool
	thaw           chan struct{}
	served         atomic.Int64
}

// newStandIn answers everything with 200, but its readiness with 503 while it drains, and
// nothing while it is frozen. A request for /stay is held until the client goes.
func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{thaw: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.frozen.Load() {
			select {
			case <-s.thaw:
			case <-r.Context().Done():
			}
		}
		switch {
		case r.URL.Path == "/readyz" && s.drains.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/stay":
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case r.URL.Path == "/address":
			s.served.Add(1)
			_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-For"))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestTheBalancerOfTheComposeFile runs it before servers that drain, freeze and die.
func TestTheBalancerOfTheComposeFile(t *testing.T) {
	file, err := composetest.Read()
	if err != nil {
		t.Fatal(err)
	}
	var servers []*standIn
	var addresses []string
	for range file.Replicas() {
		s := newStandIn(t)
		servers, addresses = append(servers, s), append(addresses, strings.TrimPrefix(s.URL, "http://"))
	}
	b := startBalancer(t, file, addresses)
	is := func(replica int, state string) {
		t.Helper()
		eventually(t, "the balancer notices", func() error { return b.expect(replica, state) })
	}
	for i := range servers {
		is(i, stateUp)
	}
	ask(t, b, 9)
	for i, s := range servers {
		if n := s.served.Swap(0); n != 3 {
			t.Errorf("replica %d has served %d of 9 requests, one after the other", i, n)
		}
	}
	stays := make([]*stay, len(servers))
	for i := range stays {
		stays[i] = staying(t, b.url)
	}

	servers[0].drains.Store(true)
	is(0, stateDrains)
	ask(t, b, 4)
	if n := servers[0].served.Load(); n != 0 {
		t.Errorf("a replica that drains has served %d new requests", n)
	}
	for i, s := range stays {
		if s.over() {
			t.Errorf("connection %d was cut though its replica only drains", i)
		}
	}
	servers[0].drains.Store(false)
	is(0, stateUp)

	servers[1].frozen.Store(true)
	is(1, stateDown)
	eventually(t, "the connection to the frozen replica is cut", func() error { return over(stays, 1) })
	close(servers[1].thaw)
	servers[1].frozen.Store(false)
	is(1, stateUp)

	servers[2].CloseClientConnections()
	servers[2].Listener.Close() //nolint:errcheck // it is the death of the server
	is(2, stateDown)
	ask(t, b, 4)
}

// ask sends requests to the balancer, one after the other, which must all be answered.
func ask(t *testing.T, b *balancer, n int) {
	t.Helper()
	for range n {
		res, err := http.Get(b.url + "/address")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || string(body) != "127.0.0.1" {
			t.Errorf("%s, the caller's address is %q", res.Status, body)
		}
	}
}

// stay is a connection that lasts.
type stay struct {
	ended atomic.Bool
	done  sync.WaitGroup
}

// over reports whether the connection has ended.
func (s *stay) over() bool { return s.ended.Load() }

// staying opens a connection that lasts until the test or its server ends.
func staying(t *testing.T, url string) *stay {
	t.Helper()
	res, err := http.Get(url + "/stay")
	if err != nil {
		t.Fatal(err)
	}
	s := &stay{}
	s.done.Go(func() {
		_, _ = io.Copy(io.Discard, res.Body)
		s.ended.Store(true)
	})
	t.Cleanup(func() {
		_ = res.Body.Close()
		s.done.Wait()
	})
	return s
}

// over fails unless so many of the connections have ended.
func over(all []*stay, want int) error {
	n := 0
	for _, s := range all {
		if s.over() {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("%d connections have ended, not %d", n, want)
	}
	return nil
}

// freeAddress is one of loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", itoa(freePort(t)))
}

// throughBalancer sends requests whose replies may be the balancer's own: that it has no
// replica, or lost the one it had. Those are errors, for they are in no document of Parley.
type throughBalancer struct{}

// RoundTrip is part of http.RoundTripper.
func (throughBalancer) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if w.StatusCode >= http.StatusBadGateway && w.StatusCode <= http.StatusGatewayTimeout && strings.HasPrefix(w.Header.Get("Content-Type"), "text/html") {
		_ = w.Body.Close()
		return nil, fmt.Errorf("the balancer answers %s", w.Status)
	}
	return w, nil
}
