package relay_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"parley/domain"
	"parley/realtime/relay"
	"parley/realtime/sio"
	"parley/realtime/sio/siotest"
)

// patience bounds what a test waits for.
const patience = time.Minute

// secret is what the replicas of the tests know one another by.
const secret domain.Secret = "the secret of the tests' cluster"

// node is one replica: a Socket.IO server that answers "ask" with its name and the same
// argument as "told", behind its relay.
type node struct {
	name   string
	server *sio.Server
	relay  *relay.Relay
	public *httptest.Server
	// address is the private one.
	address string

	mu sync.Mutex
	// seen are the requests that came to the engine.
	seen []*http.Request
}

// network is the replicas that know one another.
type network struct {
	t *testing.T

	mu    sync.Mutex
	nodes map[string]*node
}

// newNetwork returns a network that ends with the test and leaves nothing behind.
func newNetwork(t *testing.T, names ...string) *network {
	t.Helper()
	before := []goleak.Option{goleak.IgnoreCurrent(), goleak.IgnoreTopFunction("github.com/zishang520/engine.io/v2/utils.SetInterval.func1")}
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections() //nolint:forcetypeassert // the standard library's
		if !eventually(func() bool { return goleak.Find(before...) == nil }) {
			t.Error(goleak.Find(before...))
		}
	})
	n := &network{t: t, nodes: map[string]*node{}}
	for _, name := range names {
		n.add(name, secret)
	}
	return n
}

// add starts a replica.
func (n *network) add(name string, known domain.Secret) *node {
	n.t.Helper()
	d := &node{name: name}
	var err error
	d.server, err = sio.New(sio.Options{Replica: name, Guard: d.guard, Logger: zerolog.Nop()})
	if err != nil {
		n.t.Fatal(err)
	}
	d.server.Namespace("/").OnConnect(func(s *sio.Socket) {
		s.OnEvent(func(e *sio.Event) {
			_ = s.Emit("told", e.Args[0])
			_ = e.Ack(name)
		})
	})
	listener, err := (&net.ListenConfig{}).Listen(n.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	d.address = listener.Addr().String()
	d.relay = relay.New(relay.Options{Replica: name, Find: n.find, Secret: func() domain.Secret { return known }, Local: d.server,
		Release: d.server.ReleasePoll, Listener: listener, Logger: zerolog.Nop()})
	ended := make(chan error, 1)
	go func() { ended <- d.relay.Run() }()
	d.public = httptest.NewServer(d.relay)
	n.t.Cleanup(func() {
		d.shutdown(n.t)
		if err := <-ended; err != nil {
			n.t.Error(err)
		}
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[name] = d
	return d
}

// find is relay.Options.Find.
func (n *network) find(_ context.Context, name string) (relay.Owner, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	d := n.nodes[name]
	if d == nil {
		return relay.Owner{}, false
	}
	return relay.Owner{Instance: "instance of " + name, Address: d.address}, true
}

// guard notes a request.
func (d *node) guard(r *http.Request, _ bool) *sio.Refusal {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, r.Clone(context.Background()))
	return nil
}

// last is the request that came last.
func (d *node) last() *http.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen[len(d.seen)-1]
}

// shutdown ends the replica in order.
func (d *node) shutdown(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	d.relay.Drain(ctx)
	d.relay.Close(ctx)
	d.public.Close()
}

// eventually polls until something is so, and reports whether it came about.
func eventually(is func() bool) bool {
	for end := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// balancer sends each request to the next replica, as a plain round-robin balancer does.
type balancer struct {
	url     string
	refused atomic.Int64
}

// balance starts a balancer before replicas.
func balance(t *testing.T, nodes ...*node) *balancer {
	t.Helper()
	b := &balancer{}
	var backends []http.Handler
	for _, d := range nodes {
		target, err := url.Parse(d.public.URL)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(target)
		proxy.ModifyResponse = func(r *http.Response) error {
			if r.StatusCode >= 400 {
				b.refused.Add(1)
			}
			return nil
		}
		proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
		backends = append(backends, proxy)
	}
	var turn atomic.Uint64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		backends[turn.Add(1)%uint64(len(backends))].ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// get sends a request and returns the answer with its body.
func get(t *testing.T, address string, header http.Header) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // all was read
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// handshake opens a session on long-polling and returns its id.
func handshake(t *testing.T, base string) string {
	t.Helper()
	status, body := get(t, base+"/socket.io/?EIO=4&transport=polling", nil)
	var open struct{ SID string }
	if status != http.StatusOK || json.Unmarshal([]byte(strings.TrimPrefix(body, "0")), &open) != nil {
		t.Fatalf("handshake: %d %s", status, body)
	}
	return open.SID
}

func TestEveryTransportWorksThroughARoundRobinOfReplicas(t *testing.T) {
	n := newNetwork(t, "one", "two", "three")
	b := balance(t, n.nodes["one"], n.nodes["two"], n.nodes["three"])
	var all sync.WaitGroup
	var mu sync.Mutex
	var clients []*siotest.Client
	for _, transport := range []string{siotest.Polling, siotest.Upgrade, siotest.WebSocket} {
		for i := range 9 {
			all.Go(func() {
				c, err := siotest.Dial(b.url, siotest.Options{Transport: transport})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				clients = append(clients, c)
				mu.Unlock()
				for j := range 5 {
					text := fmt.Sprintf("%s %d %d %s", transport, i, j, strings.Repeat("ö", 1<<(4*j)))
					answer, err := c.EmitAck(patience, "ask", text)
					if err != nil {
						t.Error(err)
						return
					}
					event, err := c.Next("told", patience)
					if err != nil {
						t.Error(err)
						return
					}
					owner, _, _ := strings.Cut(c.Session(), ".")
					if want, _ := json.Marshal(text); string(event.Args[0]) != string(want) || string(answer.Args[0]) != `"`+owner+`"` {
						t.Errorf("%s says %.80s after %.80s", answer.Args[0], event.Args[0], text)
					}
				}
			})
		}
	}
	all.Wait()
	if got := b.refused.Load(); got != 0 {
		t.Errorf("%d requests were refused", got)
	}
	for _, c := range clients {
		c.Close()
	}
	relayed := uint64(0)
	for _, d := range n.nodes {
		s := d.relay.Stats()
		relayed += s.Requests
		if s.Failed != 0 {
			t.Errorf("%s failed to relay %d requests", d.name, s.Failed)
		}
	}
	if relayed == 0 {
		t.Error("nothing was relayed, so nothing was tested")
	}
	for _, d := range n.nodes {
		if !eventually(func() bool { return d.relay.Stats().Sockets == 0 && d.relay.Stats().Polls == 0 }) {
			t.Errorf("%s relays %+v when all clients have gone", d.name, d.relay.Stats())
		}
	}
}

func TestAnOwnerThatIsGoneIsASessionUnknown(t *testing.T) {
	n := newNetwork(t, "one", "two")
	one := n.nodes["one"]
	deaf, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // accepts, and never answers: a stopped process
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()                                           //nolint:errcheck // it served
	n.nodes["deaf"] = &node{address: deaf.Addr().String()}       // stopped
	n.nodes["dead"] = &node{address: "127.0.0.1:1"}              // refuses connections
	n.nodes["stranger"] = n.add("stranger", "some other secret") // another cluster
	const unknown = `{"code":1,"message":"Session ID unknown"}`
	for _, owner := range []string{"nobody", "dead", "deaf", "stranger", "two"} {
		session := owner + ".abcdefghijklmnopqrst"
		began := time.Now()
		status, body := get(t, one.public.URL+"/socket.io/?EIO=4&transport=polling&sid="+session, nil)
		if status != http.StatusBadRequest || body != unknown {
			t.Errorf("%s: a poll is answered with %d %s", owner, status, body)
		}
		header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		status, body = get(t, one.public.URL+"/socket.io/?EIO=4&transport=websocket&sid="+session, header)
		if status != http.StatusBadRequest || strings.TrimSpace(body) != "Session ID unknown" {
			t.Errorf("%s: a WebSocket is answered with %d %s", owner, status, body)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: that took %v", owner, took)
		}
	}
}

func TestWhatIsRelayedEndsWhenTheOwnerIsDeclaredDead(t *testing.T) {
	n := newNetwork(t, "one", "two")
	one, two := n.nodes["one"], n.nodes["two"]
	session := handshake(t, two.public.URL)
	answered := make(chan string, 1)
	go func() {
		status, body := get(t, one.public.URL+"/socket.io/?EIO=4&transport=polling&sid="+session, nil)
		answered <- fmt.Sprint(status, " ", body)
	}()
	if !eventually(func() bool { return one.relay.Stats().Polls == 1 }) {
		t.Fatal("the poll is not relayed")
	}
	one.relay.Forget("instance of two")
	if got, want := <-answered, `400 {"code":1,"message":"Session ID unknown"}`; got != want {
		t.Errorf("the poll was answered with %s", got)
	}
}

func TestTheOwnerSeesTheClientAndNotTheReplicaBetween(t *testing.T) {
	n := newNetwork(t, "one", "two")
	one, two := n.nodes["one"], n.nodes["two"]
	session := handshake(t, two.public.URL)
	header := http.Header{"X-Forwarded-For": {"192.0.2.7", "192.0.2.8"}, "X-Forwarded-Proto": {"https"}, "Cookie": {"a=b"},
		"Origin": {"https://chat.example"}, "Parley-Remote-Addr": {"203.0.113.1:1"}, "Parley-Secure": {"1"},
		"Connection": {"X-Hop"}, "X-Hop": {"1"}, "Te": {"trailers"}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		get(t, one.public.URL+"/socket.io/?EIO=4&transport=polling&sid="+session+"&t=%41%2f", header)
	}()
	if !eventually(func() bool { return one.relay.Stats().Polls == 1 && two.last().URL.Query().Get("sid") != "" }) {
		t.Fatal("the poll is not relayed")
	}
	two.server.ReleasePoll(session)
	<-done
	r := two.last()
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || host != "127.0.0.1" || r.TLS != nil {
		t.Errorf("the client is %s, TLS %v", r.RemoteAddr, r.TLS != nil)
	}
	if got := strings.Join(r.Header.Values("X-Forwarded-For"), " "); got != "192.0.2.7 192.0.2.8" {
		t.Errorf("X-Forwarded-For is %s", got)
	}
	for name, want := range map[string]string{"X-Forwarded-Proto": "https", "Cookie": "a=b", "Origin": "https://chat.example",
		"Parley-Remote-Addr": "", "Parley-Secure": "", "X-Hop": "", "Te": "", "Connection": ""} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if "http://"+r.Host != one.public.URL || r.URL.Query().Get("t") != "A/" {
		t.Errorf("the request is for %s %s", r.Host, r.URL)
	}
}

func TestNobodyButAReplicaIsServedAtThePrivateAddress(t *testing.T) {
	n := newNetwork(t, "one")
	address := n.nodes["one"].address
	for name, config := range map[string]*tls.Config{
		"no certificate":  {InsecureSkipVerify: true},
		"TLS 1.2":         {InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12},
		"its own, forged": {InsecureSkipVerify: true, Certificates: httptestCertificates(t)},
	} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
		for _, path := range []string{"/member", "/release", "/socket.io/?EIO=4&transport=polling"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err == nil {
				_ = resp.Body.Close()
				t.Errorf("%s: %s is answered with %d", name, path, resp.StatusCode)
			}
		}
		client.CloseIdleConnections()
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/member", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("plain HTTP is answered with %d", resp.StatusCode)
		}
	}
}

// httptestCertificates are some that no replica has issued.
func httptestCertificates(t *testing.T) []tls.Certificate {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.StartTLS()
	defer server.Close()
	return server.TLS.Certificates
}

func TestADrainGivesRelayedPollsBackUnharmed(t *testing.T) {
	n := newNetwork(t, "one", "two")
	one, two := n.nodes["one"], n.nodes["two"]
	session := handshake(t, two.public.URL)
	poll := "/socket.io/?EIO=4&transport=polling&sid=" + session
	answered := make(chan string, 1)
	go func() {
		status, body := get(t, one.public.URL+poll, nil)
		answered <- fmt.Sprint(status, " ", body)
	}()
	if !eventually(func() bool { return one.relay.Stats().Polls == 1 }) {
		t.Fatal("the poll is not relayed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	one.relay.Drain(ctx)
	if got := <-answered; got != "200 6" {
		t.Fatalf("the poll was answered with %q, want a noop", got)
	}
	if n := two.server.Stats().Conns; n != 1 {
		t.Fatal("the session has ended")
	}
	c, err := siotest.Dial(two.public.URL, siotest.Options{Transport: siotest.Polling})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
