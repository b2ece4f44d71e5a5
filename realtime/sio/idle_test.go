package sio

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/realtime/sio/siotest"
)

// bare is a client that takes next to no memory: a network connection that is written and
// read by hand, by nobody in between.
type bare struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	host string
	sid  string
}

// newBare connects to a server; in is the memory to read with, which clients may share.
func newBare(t testing.TB, url string, in *bufio.Reader) *bare {
	t.Helper()
	b := &bare{t: t, in: in, host: strings.TrimPrefix(url, "http://")}
	conn, err := net.Dial("tcp", b.host)
	if err != nil {
		t.Fatal(err)
	}
	b.conn = conn
	t.Cleanup(b.close)
	return b
}

// close ends the connection without a word.
func (b *bare) close() { _ = b.conn.Close() }

// ask sends a request and does not read the answer.
func (b *bare) ask(method, query, head, body string) {
	b.t.Helper()
	if b.sid != "" {
		query += "&sid=" + b.sid
	}
	_, err := fmt.Fprintf(b.conn, "%s /socket.io/?EIO=4&%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n%s",
		method, query, b.host, len(body), head, body)
	if err != nil {
		b.t.Fatal(err)
	}
}

// answer reads an answer.
func (b *bare) answer() (status int, body string) {
	b.t.Helper()
	b.in.Reset(b.conn)
	r, err := http.ReadResponse(b.in, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if r.StatusCode == http.StatusSwitchingProtocols {
		return r.StatusCode, ""
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = r.Body.Close()
	return r.StatusCode, string(text)
}

// open begins a session; connected, it enters the namespace and waits for what comes.
func (b *bare) open(transport string, connected bool) {
	b.t.Helper()
	query := "transport=" + transport
	if transport == siotest.WebSocket {
		b.ask("GET", query, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", "")
		if status, _ := b.answer(); status != http.StatusSwitchingProtocols {
			b.t.Fatalf("status %d", status)
		}
		if connected { // masked with zeros
			_, _ = b.conn.Write([]byte("\x81\x82\x00\x00\x00\x0040"))
		}
		return
	}
	b.ask("GET", query, "", "")
	_, body := b.answer()
	_, body, _ = strings.Cut(body, `"sid":"`)
	b.sid, _, _ = strings.Cut(body, `"`)
	if !connected {
		return
	}
	b.ask("POST", query, "", "40")
	b.answer()
	b.ask("GET", query, "", "")
	b.answer()
	b.ask("GET", query, "", "")
}

// waiting is how many polls wait outside the HTTP server.
func waiting(e *Engine) (n int) {
	for _, c := range e.list() {
		c.mu.Lock()
		if c.poll != nil && c.poll.parked != nil {
			n++
		}
		c.mu.Unlock()
	}
	return n
}

// memory is what the process has in use once everything that can be collected was.
func memory() (heap, stacks int64) {
	for range 3 { // pools let go in the second collection
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}

// idleServer starts a server without pings, unless the options say otherwise.
func idleServer(t testing.TB, o Options) (url string, s *Server) {
	t.Helper()
	setDuration(&o.PingInterval, time.Hour)
	url = serve(t, o, func(server *Server) {
		s = server
		s.Namespace("/").OnConnect(func(k *Socket) { _ = k.Join("all") })
	})
	return url, s
}

// empty reports whether nothing is left of the server's connections.
func empty(s *Server) bool {
	n := s.Namespace("/")
	s.engine.timers.mu.Lock()
	timers := len(s.engine.timers.heap)
	s.engine.timers.mu.Unlock()
	s.engine.running.mu.Lock()
	running := s.engine.running.n
	s.engine.running.mu.Unlock()
	return s.engine.leftover() == 0 && n.Sockets() == 0 && n.Rooms() == 0 && timers == 0 && running == 0
}

// TestNothingIsLeftOfClosedConnections opens and closes many, again and again: what the
// process has in use afterwards does not grow with their number.
func TestNothingIsLeftOfClosedConnections(t *testing.T) {
	const perConn = 400 // bytes that one may leave: less than any of its parts
	count := size(500, 100)
	for _, transport := range []string{siotest.WebSocket, siotest.Polling, siotest.Upgrade} {
		t.Run(transport, func(t *testing.T) {
			url, s := idleServer(t, Options{})
			var heap int64
			goroutines := 0
			for round := range 4 {
				clients := dialMany(url, count, siotest.Options{Transport: transport})
				if len(clients) != count {
					t.Fatalf("%d of %d connected", len(clients), count)
				}
				closeAll(clients)
				if !eventually(patience, func() bool { return empty(s) }) {
					t.Fatalf("round %d: %d connections, %d sockets, %d rooms are left", round, s.engine.leftover(),
						s.Namespace("/").Sockets(), s.Namespace("/").Rooms())
				}
				http.DefaultClient.CloseIdleConnections()
				if round == 0 { // what all share is made
					goroutines = runtime.NumGoroutine()
					heap, _ = memory()
				}
			}
			if !eventually(patience, func() bool { return runtime.NumGoroutine() <= goroutines+5 }) {
				t.Errorf("%d goroutines, %d after the first round", runtime.NumGoroutine(), goroutines)
			}
			now, _ := memory()
			t.Logf("heap %d KB, %d KB after the first round", now>>10, heap>>10)
			if now > heap+int64(3*count*perConn) {
				t.Errorf("%d bytes are left of each connection", (now-heap)/int64(3*count))
			}
		})
	}
}

// TestHalfOpenClientsLeaveNothing covers those that begin and then say no more.
func TestHalfOpenClientsLeaveNothing(t *testing.T) {
	soon := 50 * time.Millisecond
	for _, c := range []struct {
		name      string
		options   Options
		transport string
		connected bool
		hangsUp   bool
	}{
		{"no namespace over WebSocket", Options{ConnectTimeout: soon}, siotest.WebSocket, false, false},
		{"no namespace over polling", Options{PingInterval: soon, PingTimeout: soon}, siotest.Polling, false, false},
		{"no pong over WebSocket", Options{PingInterval: soon, PingTimeout: soon}, siotest.WebSocket, true, false},
		{"no pong over polling", Options{PingInterval: soon, PingTimeout: soon}, siotest.Polling, true, false},
		{"hangs up over WebSocket", Options{}, siotest.WebSocket, true, true},
		{"hangs up over polling", Options{}, siotest.Polling, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, s := idleServer(t, c.options)
			in := bufio.NewReader(nil)
			var clients []*bare
			for range size(50, 10) {
				b := newBare(t, url, in)
				b.open(c.transport, c.connected)
				clients = append(clients, b)
			}
			if c.hangsUp {
				if c.transport == siotest.Polling && !eventually(patience, func() bool { return waiting(s.engine) == len(clients) }) {
					t.Errorf("%d of %d polls wait outside the HTTP server", waiting(s.engine), len(clients))
				}
				for _, b := range clients {
					b.close()
				}
			}
			if !eventually(patience, func() bool { return empty(s) }) {
				t.Errorf("%d connections and %d sockets are left", s.engine.leftover(), s.Namespace("/").Sockets())
			}
		})
	}
}

// TestAnIdleSocketTakesLittle bounds what the process has in use for each of many, with the
// other end of the network connection.
func TestAnIdleSocketTakesLittle(t *testing.T) {
	const most = 16 << 10
	count := size(1000, 200)
	in := bufio.NewReader(nil)
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		t.Run(transport, func(t *testing.T) {
			url, s := idleServer(t, Options{})
			heap, stacks := memory()
			for range count {
				newBare(t, url, in).open(transport, true)
			}
			calm := func() bool {
				n := s.Namespace("/").Sockets()
				return n == count && (transport == siotest.WebSocket || waiting(s.engine) == count)
			}
			if !eventually(patience, calm) {
				t.Fatalf("%d sockets, %d polls wait outside the HTTP server", s.Namespace("/").Sockets(), waiting(s.engine))
			}
			heapNow, stacksNow := memory()
			each := (heapNow - heap + stacksNow - stacks) / int64(count)
			t.Logf("%d bytes a socket: %d heap, %d stack", each, (heapNow-heap)/int64(count), (stacksNow-stacks)/int64(count))
			if each > most && !raceEnabled {
				t.Errorf("an idle socket takes %d bytes, more than %d", each, most)
			}
		})
	}
}

// TestAParkedPollIsAnswered with events, with the noop of an upgrade, and with the close.
func TestAParkedPollIsAnswered(t *testing.T) {
	url, s := idleServer(t, Options{})
	in := bufio.NewReader(nil)
	park := func() *bare {
		b := newBare(t, url, in)
		b.open(siotest.Polling, true)
		if !eventually(patience, func() bool { return waiting(s.engine) == 1 }) {
			t.Fatal("the poll does not wait outside the HTTP server")
		}
		return b
	}
	expect := func(b *bare, want string) {
		t.Helper()
		if status, body := b.answer(); status != http.StatusOK || body != want {
			t.Errorf("%d %q, want %q", status, body, want)
		}
	}
	emit := func() {
		if p, err := EncodeEvent("/", "news", 1); err != nil {
			t.Error(err)
		} else {
			s.Namespace("/").Broadcast(p, []string{"all"})
		}
	}

	b := park()
	emit()
	expect(b, `42["news",1]`)
	if _, err := b.conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection goes on although the answer says that it does not")
	}

	b = park()
	ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+"/socket.io/?EIO=4&transport=websocket&sid="+b.sid, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	defer func() { _ = ws.Close() }()
	_ = ws.WriteMessage(websocket.TextMessage, []byte("2probe"))
	expect(b, "6")
	_ = ws.WriteMessage(websocket.TextMessage, []byte("5"))
	emit()
	for _, want := range []string{"3probe", `42["news",1]`} {
		if _, text, err := ws.ReadMessage(); err != nil || string(text) != want {
			t.Errorf("%q and %v, want %q", text, err, want)
		}
	}

	b = park()
	s.Namespace("/").Each("all", (*Socket).Close)
	expect(b, "1")
	if !eventually(patience, func() bool { return waiting(s.engine) == 0 }) {
		t.Error("a poll that was answered waits")
	}
}
