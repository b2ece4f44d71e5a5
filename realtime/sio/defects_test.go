package sio

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/zishang520/engine.io/v2/types"
	"github.com/zishang520/socket.io/v2/socket"

	"parley/realtime/sio/siotest"
)

// These tests show the defects of the library as it comes, and that ours has none.

func TestNoConnectionIsLeftUnconnected(t *testing.T) {
	rounds := size(20, 2)
	for _, test := range []struct {
		transport     string
		rounds, count int
		stockFails    bool
	}{
		{siotest.WebSocket, rounds, size(1000, 200), true},
		{siotest.Polling, size(4, 1), size(500, 100), false},
	} {
		compare(t, "left unconnected over "+test.transport, attempts, test.stockFails && !small(), func(t *testing.T, s *subject) (int, int) {
			left, all := 0, 0
			for range test.rounds {
				all += test.count
				if test.transport == siotest.WebSocket {
					left += dialEagerly(t, s, test.count)
				} else {
					clients := s.dialMany(test.count, siotest.Options{Transport: test.transport})
					left += test.count - len(clients)
					closeAll(clients)
				}
				if s.name == "stock" && left > 0 {
					break // each lost one costs its patience
				}
			}
			return left, all
		})
	}
}

func TestEventsOfAClientAreHandledInOrder(t *testing.T) {
	for _, transport := range allTransports {
		clients, count := size(200, 40), size(200, 50)
		compare(t, "disordered events over "+transport, attempts, !small(), func(t *testing.T, s *subject) (int, int) {
			texts := make([]string, count)
			for i := range texts {
				texts[i] = `2["n",` + strconv.Itoa(i) + `]`
			}
			connected := s.dialMany(clients, siotest.Options{Transport: transport})
			defer closeAll(connected)
			var wg sync.WaitGroup
			for _, c := range connected {
				wg.Go(func() {
					if err := c.SendBatch(texts); err != nil {
						s.failed(t, err)
					}
				})
			}
			wg.Wait()
			all := len(connected) * count
			eventually(s.patience(), func() bool { return s.noted() >= all })
			s.mu.Lock()
			defer s.mu.Unlock()
			bad := 0
			for _, numbers := range s.numbers {
				for i, n := range numbers {
					if i > 0 && n != numbers[i-1]+1 {
						bad++
					}
				}
				bad += count - len(numbers)
			}
			return bad, all
		})
	}
}

// mute is a WebSocket client that reads only when told to.
func mute(t testing.TB, url string) *websocket.Conn {
	t.Helper()
	ws, err := dialMute(t, url, patience)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// dialMute is mute for a server that may fail to connect it.
func dialMute(t testing.TB, url string, within time.Duration) (*websocket.Conn, error) {
	ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	if _, _, err := ws.ReadMessage(); err != nil {
		return nil, err
	}
	if err := ws.WriteMessage(websocket.TextMessage, []byte("40")); err != nil {
		return nil, err
	}
	_ = ws.SetReadDeadline(time.Now().Add(within))
	_, data, err := ws.ReadMessage()
	if err != nil {
		return nil, fmt.Errorf("wait to be connected: %w", err)
	}
	if !strings.HasPrefix(string(data), "40") {
		return nil, fmt.Errorf("got %q, want to be connected", data)
	}
	return ws, nil
}

// stubborn dials until it is connected: the stock server loses one CONNECT in some
// hundreds, which another test counts and which must not end this one.
func stubborn[T any](t testing.TB, dial func() (T, error)) T {
	t.Helper()
	for tries := 5; ; tries-- {
		c, err := dial()
		if err == nil {
			return c
		}
		if tries == 1 {
			t.Fatal(err)
		}
	}
}

func TestBacklogReachesSlowReaders(t *testing.T) {
	readers, count := size(20, 10), size(2000, 500)
	padding := strings.Repeat("x", 1000)
	compare(t, "broadcasts missing after a backlog over websocket", attempts, !small(), func(t *testing.T, s *subject) (int, int) {
		conns := make([]*websocket.Conn, readers)
		for i := range conns {
			conns[i] = stubborn(t, func() (*websocket.Conn, error) { return dialMute(t, s.url, s.patience()) })
		}
		eventually(s.patience(), func() bool { return s.sockets() == readers })
		for i := range count {
			s.broadcast("b", i, padding)
		}
		return sum(conns, func(ws *websocket.Conn) int { return missingNumbers(ws, count, s.patience()) }), readers * count
	})
	compare(t, "broadcasts missing after a backlog over polling", 1, false, func(t *testing.T, s *subject) (int, int) {
		clients := s.dialMany(readers, siotest.Options{Transport: siotest.Polling})
		defer closeAll(clients)
		eventually(s.patience(), func() bool { return s.sockets() == readers })
		for i := range count {
			s.broadcast("b", i, padding)
		}
		missing := 0
		for _, c := range clients {
			for i := range count {
				e, err := c.Next("b", s.patience())
				if err != nil {
					missing += count - i
					break
				}
				if string(e.Args[0]) != strconv.Itoa(i) {
					missing++
				}
			}
		}
		return missing, readers * count
	})
}

// sum adds up what f returns for all elements, at the same time.
func sum[T any](elements []T, f func(T) int) int {
	var total atomic.Int64
	var wg sync.WaitGroup
	for _, e := range elements {
		wg.Go(func() { total.Add(int64(f(e))) })
	}
	wg.Wait()
	return int(total.Load())
}

// missingNumbers reads numbered broadcasts and counts those that are not in their place.
func missingNumbers(ws *websocket.Conn, count int, within time.Duration) int {
	_ = ws.SetReadDeadline(time.Now().Add(within))
	got, disordered, next := 0, 0, 0
	for got < count {
		_, data, err := ws.ReadMessage()
		if err != nil {
			break
		}
		var payload []any
		if len(data) < 2 || json.Unmarshal(data[2:], &payload) != nil || len(payload) < 2 {
			continue
		}
		if n, ok := payload[1].(float64); ok {
			got++
			if int(n) < next {
				disordered++
			}
			next = int(n) + 1
		}
	}
	return count - got + disordered
}

func TestRoomIsRightAfterConcurrentJoinsAndLeaves(t *testing.T) {
	const members = 64
	rounds := size(2000, 200)
	// churn returns how often a member that had just joined was not in the room.
	churn := func(join, leave func(i int), in func(i int) bool) int {
		var lost atomic.Int64
		var wg sync.WaitGroup
		for i := range members {
			wg.Go(func() {
				for round := range rounds {
					if join(i); !in(i) {
						lost.Add(1)
					}
					if round < rounds-1 {
						leave(i)
					}
				}
			})
		}
		wg.Wait()
		return int(lost.Load())
	}
	if !raceEnabled {
		lost := 0
		for attempt := 0; attempt < 20 && lost == 0; attempt++ {
			adapter := socket.MakeAdapter()
			id := func(i int) socket.SocketId { return socket.SocketId(strconv.Itoa(i)) }
			lost = churn(func(i int) { adapter.AddAll(id(i), types.NewSet[socket.Room]("room")) },
				func(i int) { adapter.Del(id(i), "room") },
				func(i int) bool { room, ok := adapter.Rooms().Load("room"); return ok && room.Has(id(i)) })
		}
		fmt.Printf("joins lost from a room: stock %d of %d\n", lost, members*rounds) //nolint:forbidigo // as in compare
		if lost == 0 && !small() {
			t.Error("the stock adapter did not fail, so the test proves nothing")
		}
	}
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		var n *Namespace
		url := serve(t, Options{}, func(s *Server) { n = s.Namespace("/") })
		var inside atomic.Int64
		var hooks struct{ first, last atomic.Int64 }
		n.OnRoom(func(_ string, first bool) {
			inside.Add(1)
			if first {
				hooks.first.Add(1)
			}
		}, func(_ string, last bool) {
			inside.Add(-1)
			if last {
				hooks.last.Add(1)
			}
		})
		clients := dialMany(url, members, siotest.Options{Transport: transport})
		eventually(patience, func() bool { return n.Sockets() == members })
		sockets := n.index.members("")
		lost := churn(func(i int) { _ = sockets[i].Join("room") }, func(i int) { sockets[i].Leave("room") },
			func(i int) bool {
				n.index.mu.RLock()
				defer n.index.mu.RUnlock()
				_, in := n.index.rooms["room"][sockets[i]]
				return in
			})
		got := n.Members("room")
		fmt.Printf("joins lost from a room over %s: ours %d of %d\n", transport, lost, members*rounds) //nolint:forbidigo // as in compare
		if lost != 0 || got != members || inside.Load() != members || hooks.first.Load() != hooks.last.Load()+1 {
			t.Errorf("%d members, hooks counted %d, want %d", got, inside.Load(), members)
		}
		for _, k := range sockets {
			if !k.In("room") {
				t.Error("a socket that joined is not in the room")
			}
		}
		closeAll(clients)
		if !eventually(patience, func() bool { return n.Members("room") == 0 && n.Sockets() == 0 }) {
			t.Error("the room has members after all have gone")
		}
	}
}

func TestBodyWithoutLengthIsBounded(t *testing.T) {
	total := size(200<<20, 20<<20)
	compare(t, "200 MB chunked POST accepted", attempts, true, func(t *testing.T, s *subject) (int, int) {
		c, err := siotest.Dial(s.url, siotest.Options{Transport: siotest.Polling, NoConnect: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		body := &countingReader{}
		body.left.Store(int64(total))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			s.url+"/socket.io/?EIO=4&transport=polling&sid="+c.Session(), io.MultiReader(strings.NewReader("4"), body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if read := int64(total) - body.left.Load(); read > 16<<20 {
			return 1, 1
		}
		return 0, 1
	})
}

// countingReader is a body of so many bytes; the request may be over before its reader.
type countingReader struct{ left atomic.Int64 }

// Read is part of io.Reader.
func (r *countingReader) Read(p []byte) (int, error) {
	left := int(r.left.Load())
	if left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	r.left.Add(int64(-n))
	return n, nil
}

func TestAuthIsNeverNull(t *testing.T) {
	for _, transport := range allTransports {
		compare(t, "auth null over "+transport, attempts, true, func(t *testing.T, s *subject) (int, int) {
			c := stubborn(t, func() (*siotest.Client, error) {
				return siotest.Dial(s.url, siotest.Options{Transport: transport, Timeout: s.patience()})
			})
			defer c.Close()
			eventually(s.patience(), func() bool { return s.sockets() == 1 })
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.auths[0] == nil {
				return 1, 1
			}
			return 0, 1
		})
	}
}

func TestBroadcastsDuringUpgradesStayInOrder(t *testing.T) {
	upgrades, batch := size(500, 60), 50
	compare(t, "broadcasts lost or disordered during upgrades", attempts, !small(), func(t *testing.T, s *subject) (int, int) {
		faults, all := 0, 0
		for done := 0; done < upgrades; done += batch {
			bad, seen := upgradeUnderFire(t, s, min(batch, upgrades-done))
			faults += bad
			all += seen
			if s.name == "stock" && faults > 0 {
				break
			}
		}
		return faults, all
	})
}

// upgradeUnderFire upgrades clients while numbered broadcasts go out, and counts what
// any of them did not get in its place.
func upgradeUnderFire(t *testing.T, s *subject, count int) (bad, all int) {
	clients := s.dialMany(count, siotest.Options{Transport: siotest.Polling})
	defer closeAll(clients)
	eventually(s.patience(), func() bool { return s.sockets() == count })
	stop := make(chan struct{})
	finished := make(chan int)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		n := 0
		for {
			select {
			case <-stop:
				s.broadcast("b", -1)
				finished <- n
				return
			case <-tick.C:
				for range 5 {
					s.broadcast("b", n)
					n++
				}
			}
		}
	}()
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			if err := c.Upgrade(s.patience()); err != nil {
				s.failed(t, err)
			}
		})
	}
	wg.Wait()
	close(stop)
	sent := <-finished
	return sum(clients, func(c *siotest.Client) int { return misplaced(c, sent, s.patience()) }), sent * len(clients)
}

// misplaced reads the broadcasts 0 to sent-1 and the final -1.
func misplaced(c *siotest.Client, sent int, within time.Duration) int {
	next, bad := 0, 0
	for {
		e, err := c.Next("b", within)
		if err != nil {
			return bad + sent - next + 1
		}
		n, _ := strconv.Atoi(string(e.Args[0]))
		if n < 0 {
			return bad + sent - next
		}
		if n != next {
			bad++
		}
		next = n + 1
	}
}
