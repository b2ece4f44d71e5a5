package sio

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/zishang520/socket.io/v2/socket"

	"parley/realtime/sio/siotest"
)

// patience bounds what a test waits for. All that must happen does long before, also on a
// busy machine.
const patience = time.Minute

// stockPatience is how long what the stock server may lose is waited for.
const stockPatience = 5 * time.Second

// allTransports are all ways to connect.
var allTransports = []string{siotest.WebSocket, siotest.Polling, siotest.Upgrade}

// small reports whether tests are to be quick rather than thorough.
func small() bool { return raceEnabled || testing.Short() }

// size picks the size of a test.
func size(full, reduced int) int {
	if small() {
		return reduced
	}
	return full
}

// subject is a server under test: the stock library or ours, with the same
// application. Every socket joins the room "all"; the event "n" carries a number that
// is noted.
type subject struct {
	name      string
	url       string
	broadcast func(event string, args ...any) // to the room "all"
	sockets   func() int

	mu      sync.Mutex
	numbers map[string][]int // by socket
	auths   []any
}

// patience is how long an event of the server is waited for. The stock server loses some,
// each of which costs its patience.
func (s *subject) patience() time.Duration {
	if s.name == "stock" {
		return stockPatience
	}
	return patience
}

// failed takes a failure of one of the server's clients: of ours it fails the test, of the
// stock server's it is a fault like those that are counted.
func (s *subject) failed(t *testing.T, err error) {
	t.Helper()
	if s.name == "ours" {
		t.Error(err)
	}
	t.Logf("%s: %v", s.name, err)
}

// note keeps a number of a socket's.
func (s *subject) note(id string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[id] = append(s.numbers[id], n)
}

// noted is the count of all numbers.
func (s *subject) noted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, numbers := range s.numbers {
		n += len(numbers)
	}
	return n
}

// ours starts our server.
func ours(t testing.TB, o Options) *subject {
	t.Helper()
	sub := &subject{name: "ours", numbers: map[string][]int{}}
	var server *Server
	sub.url = serve(t, o, func(s *Server) {
		server = s
		n := s.Namespace("/")
		n.OnConnect(func(k *Socket) {
			sub.mu.Lock()
			sub.auths = append(sub.auths, any(k.Handshake().Auth))
			if k.Handshake().Auth == nil {
				sub.auths[len(sub.auths)-1] = nil
			}
			sub.mu.Unlock()
			_ = k.Join("all")
			k.OnEvent(func(e *Event) {
				var number int
				if e.Name == "n" && len(e.Args) > 0 && json.Unmarshal(e.Args[0], &number) == nil {
					sub.note(k.ID(), number)
				}
				if e.WantsAck() {
					_ = e.Ack("done")
				}
			})
		})
	})
	n := server.Namespace("/")
	sub.broadcast = func(event string, args ...any) {
		p, err := EncodeEvent("/", event, args...)
		if err != nil {
			t.Error(err)
		}
		n.Broadcast(p, []string{"all"})
	}
	sub.sockets = func() int { return n.Members("all") }
	return sub
}

// stockHandler builds the application on the library as it comes.
func stockHandler(sub *subject) http.Handler {
	opts := socket.DefaultServerOptions()
	opts.SetServeClient(false)
	io := socket.NewServer(nil, opts)
	_ = io.On("connection", func(args ...any) {
		k, _ := args[0].(*socket.Socket)
		sub.mu.Lock()
		sub.auths = append(sub.auths, k.Handshake().Auth)
		sub.mu.Unlock()
		k.Join("all")
		_ = k.On("n", func(args ...any) {
			if number, ok := args[0].(float64); ok {
				sub.note(string(k.Id()), int(number))
			}
		})
	})
	sub.broadcast = func(event string, args ...any) { _ = io.To("all").Emit(event, args...) }
	sub.sockets = func() int {
		if room, ok := io.Sockets().Adapter().Rooms().Load("all"); ok {
			return room.Len()
		}
		return 0
	}
	return io.ServeHandler(nil)
}

// stock starts the library as it comes.
func stock(t testing.TB) *subject {
	t.Helper()
	sub := &subject{name: "stock", numbers: map[string][]int{}}
	h := httptest.NewServer(stockHandler(sub))
	t.Cleanup(func() { h.CloseClientConnections(); go h.Close() }) // its pollers outlive their clients
	sub.url = h.URL
	return sub
}

// attempts is how often the stock server may do right before a test says that it proves
// nothing. The first fault ends the attempts, so that many cost little.
const attempts = 10

// compare runs a measurement, the count of faults, on the stock server until it fails
// but at most attempts times, then on ours, where it must be 0. needed says that stock
// must fail. With the race detector only ours runs.
func compare(t *testing.T, what string, attempts int, needed bool, faults func(t *testing.T, s *subject) (bad, all int)) {
	t.Helper()
	report := what + ": "
	if !raceEnabled {
		bad, all := 0, 0
		for attempt := 0; attempt < attempts && bad == 0; attempt++ {
			bad, all = faults(t, stock(t))
		}
		report += fmt.Sprintf("stock %d of %d, ", bad, all)
		if needed && bad == 0 {
			t.Errorf("%s: the stock server did not fail, so the test proves nothing", what)
		}
	}
	bad, all := faults(t, ours(t, Options{}))
	report += fmt.Sprintf("ours %d of %d", bad, all)
	t.Log(report)
	fmt.Println(report) //nolint:forbidigo // the counts are the test's result, with -v or without
	if bad != 0 {
		t.Errorf("%s: ours failed %d of %d", what, bad, all)
	}
}

// serve starts a server on a port of its own; both end with the test.
func serve(t testing.TB, o Options, setup func(*Server)) string {
	t.Helper()
	o.Logger = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	setup(s)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		h.Close()
	})
	return h.URL
}

// dial connects a client that ends with the test.
func dial(t testing.TB, url string, o siotest.Options) *siotest.Client {
	t.Helper()
	c, err := siotest.Dial(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// dialMany connects clients to the server at once and returns those that were accepted.
func (s *subject) dialMany(count int, o siotest.Options) []*siotest.Client {
	o.Timeout = s.patience()
	return dialMany(s.url, count, o)
}

// dialMany connects clients at once and returns those that were accepted.
func dialMany(url string, count int, o siotest.Options) []*siotest.Client {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var clients []*siotest.Client
	for range count {
		wg.Go(func() {
			if c, err := siotest.Dial(url, o); err == nil {
				mu.Lock()
				clients = append(clients, c)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return clients
}

// closeAll closes clients.
func closeAll(clients []*siotest.Client) {
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(c.Close)
	}
	wg.Wait()
}

// eventually polls a condition and reports whether it came true in time.
func eventually(within time.Duration, condition func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); <-tick.C {
		if condition() {
			return true
		}
	}
	return condition()
}
