package interop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"parley/domain"
	"parley/realtime/sio"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// patience is how long what must happen may take.
const patience = 30 * time.Second

// The link of storage/redis is what the server needs.
var _ sio.Link = (*redis.Link)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fields are those of a command.
type fields map[string]any

// node is a server in Node.js, with clients of its own and of ours.
type node struct {
	t       *testing.T
	URL     string
	command *exec.Cmd
	input   io.WriteCloser
	answers chan []byte
	ended   chan struct{}
	next    int
}

// startNode starts a server in Node.js that ends with the test.
func startNode(t *testing.T, redisURL string) *node {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is not installed: make deps installs it")
	}
	n := &node{t: t, answers: make(chan []byte, 1), ended: make(chan struct{})}
	n.command = exec.Command(program, "cluster.mjs", redisURL) //nolint:noctx // the test's own; it is ended below
	n.command.Dir = filepath.Join("..", "e2e", "js")
	output, err := n.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if n.input, err = n.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	n.command.Stderr = t.Output()
	if err := n.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			n.answers <- slices.Clone(lines.Bytes())
		}
		_ = n.command.Wait() // how it ends is no matter
		close(n.ended)
	}()
	t.Cleanup(func() {
		_ = n.command.Process.Kill()
		<-n.ended
	})
	if err := json.Unmarshal(n.result(), &n.URL); err != nil {
		t.Fatal(err)
	}
	return n
}

// result waits for the answer to the last command.
func (n *node) result() json.RawMessage {
	n.t.Helper()
	select {
	case line := <-n.answers:
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  string
		}
		if err := json.Unmarshal(line, &answer); err != nil || answer.Error != "" || answer.ID != n.next {
			n.t.Fatalf("Node.js says %s, %v", line, err)
		}
		return answer.Result
	case <-time.After(patience):
		n.t.Fatal("Node.js does not answer")
		return nil
	}
}

// do has Node.js do something and decodes the result.
func do[T any](n *node, command string, with fields) T {
	n.t.Helper()
	n.next++
	line := fields{"id": n.next, "do": command}
	for key, value := range with {
		line[key] = value
	}
	data, err := json.Marshal(line)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.input.Write(append(data, '\n')); err != nil {
		n.t.Fatal(err)
	}
	var result T
	if err := json.Unmarshal(n.result(), &result); err != nil {
		n.t.Fatal(err)
	}
	return result
}

// heard are the events of a client before one that was sent last.
func (n *node) heard(name, until string) []string {
	n.t.Helper()
	var list []string
	for _, e := range do[[]json.RawMessage](n, "heard", fields{"name": name, "until": until}) {
		list = append(list, string(e))
	}
	return list
}

// parley is our server, attached to a Redis.
type parley struct {
	*sio.Namespace
	URL        string
	subscribed *rooms
}

// rooms are those whose subscriptions are in force.
type rooms struct {
	mu    sync.Mutex
	names map[string]bool
	lapse int
}

// startParley starts our server with a client of Redis. Its sockets join the rooms that their
// auth names.
func startParley(t *testing.T, s *redistest.Server, uid string, members ...string) *parley {
	t.Helper()
	logger := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	client, err := redis.New(redis.Options{URL: domain.Secret(s.URL()), Replica: uid, Now: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	server, err := sio.New(sio.Options{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	p := &parley{Namespace: server.Namespace("/"), subscribed: &rooms{names: map[string]bool{}}}
	p.OnConnect(func(k *sio.Socket) {
		names, _ := k.Handshake().Auth["rooms"].([]any)
		for _, name := range names {
			_ = k.Join(name.(string)) //nolint:forcetypeassert // the test's own
		}
	})
	link := client.Link()
	detach, err := p.Attach(link, sio.LinkOptions{UID: uid, PrivateRooms: true, Members: func() []string { return members },
		Describe: func(*sio.Socket) any { return map[string]string{"from": "parley"} }, Subscribed: p.subscribed.add, Lapsed: p.subscribed.lapsed})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- link.Run(ctx) }()
	h := httptest.NewServer(server)
	p.URL = h.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		h.Close()
		detach()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	eventually(t, func() bool { return p.subscribed.lapses() > 0 })
	return p
}

func (r *rooms) add(room string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[room] = true
}

func (r *rooms) lapsed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lapse++
}

func (r *rooms) lapses() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lapse
}

func (r *rooms) has(room string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[room]
}

// eventually waits for a condition.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
	}
}

// broadcast broadcasts an event of ours.
func (p *parley) broadcast(t *testing.T, names []string, except []string, event string, args ...any) {
	t.Helper()
	packet, err := sio.EncodeEvent("/", event, args...)
	if err != nil {
		t.Fatal(err)
	}
	p.Broadcast(packet, names, except...)
}

// cluster is a server of ours and one in Node.js, each with clients: "p" and "n" are in the
// room x, "py" and "ny" in x and y, "pz" and "nz" in z.
type cluster struct {
	*parley
	*node
	redis *redistest.Server
	ids   map[string]string
}

// start starts a cluster.
func start(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{redis: redistest.Start(t), ids: map[string]string{}}
	c.parley = startParley(t, c.redis, "parley-one", "parley-one")
	c.node = startNode(t, c.redis.URL())
	for suffix, names := range map[string][]string{"": {"x"}, "y": {"x", "y"}, "z": {"z"}} {
		c.connect("p"+suffix, c.parley.URL, fields{"rooms": names})
		c.connect("n"+suffix, c.node.URL, fields{"rooms": names})
	}
	eventually(t, func() bool {
		for _, room := range []string{"x", "y", "z", c.ids["p"], c.ids["py"], c.ids["pz"]} {
			if !c.subscribed.has(room) {
				return false
			}
		}
		return true
	})
	return c
}

// connect connects a client.
func (c *cluster) connect(name, url string, with fields) {
	c.t.Helper()
	with["name"], with["url"] = name, url
	c.ids[name] = do[string](c.node, "connect", with)
}

// expect checks what clients hear before "end", which is sent to all by ours and by Node.js.
func (c *cluster) expect(want map[string][]string) {
	c.t.Helper()
	got := map[string][]string{}
	for _, end := range []string{"end1", "end2"} {
		if end == "end1" {
			c.broadcast(c.t, nil, nil, end)
		} else {
			do[bool](c.node, "emit", fields{"event": end})
		}
		for name := range c.ids {
			got[name] = append(got[name], c.heard(name, end)...)
		}
	}
	for name := range c.ids {
		got := got[name]
		if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want[name]))) {
			c.t.Errorf("%s hears %v, want %v", name, got, want[name])
		}
	}
}
