package sio

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"parley/realtime/sio/siotest"
)

func TestEveryTransportCarriesEventsAcksAndBytes(t *testing.T) {
	url := serve(t, Options{}, func(s *Server) {
		s.Namespace("/custom").OnConnect(func(k *Socket) {
			k.OnEvent(func(e *Event) {
				_ = k.Emit("back", e.Args[0], e.Attachments[0])
				if err := e.Ack(k.Transport(), e.Attachments[0]); err != nil {
					t.Errorf("ack: %v", err)
				}
				if e.Ack() == nil {
					t.Error("a second ack was sent")
				}
			})
		})
	})
	for _, transport := range allTransports {
		c := dial(t, url, siotest.Options{Transport: transport, Namespace: "/custom"})
		answer, err := c.EmitAck(patience, "hello", "wörld <&>", []byte{0, 1, 2})
		if err != nil {
			t.Fatalf("%s: %v", transport, err)
		}
		want := `"` + strings.Replace(transport, siotest.Upgrade, siotest.WebSocket, 1) + `"`
		if string(answer.Args[0]) != want || len(answer.Binary) != 1 || string(answer.Binary[0]) != "\x00\x01\x02" {
			t.Errorf("%s: the ack is %s %v", transport, answer.Args, answer.Binary)
		}
		back, err := c.Next("back", patience)
		var word string
		if err != nil || json.Unmarshal(back.Args[0], &word) != nil || word != "wörld <&>" || len(back.Binary) != 1 {
			t.Errorf("%s: got %s %v, %v", transport, back.Args, back.Binary, err)
		}
	}
}

func TestMiddlewareDecides(t *testing.T) {
	url := serve(t, Options{}, func(s *Server) {
		n := s.Namespace("/")
		n.Use(func(_ context.Context, h Handshake) (any, error) {
			switch h.Auth["as"] {
			case "panic":
				panic("in the middleware")
			case "nobody":
				return nil, ConnectError{Message: "who?", Data: map[string]int{"n": 1}}
			case "plain":
				return nil, errors.New("plain")
			}
			return h.Auth["as"], nil
		})
		n.OnConnect(func(k *Socket) { _ = k.Emit("you", k.Identity(), k.Handshake().Header.Get("X-Test")) })
	})
	for _, transport := range allTransports {
		for as, want := range map[string]string{"nobody": `{"data":{"n":1},"message":"who?"}`, "plain": `{"message":"plain"}`,
			"panic": `{"message":"internal server error"}`} {
			_, err := siotest.Dial(url, siotest.Options{Transport: transport, Auth: map[string]string{"as": as}})
			var refused siotest.Refused
			if !errors.As(err, &refused) || string(refused.Payload) != want {
				t.Errorf("%s as %s: got %v, want %s", transport, as, err, want)
			}
		}
		c := dial(t, url, siotest.Options{Transport: transport, Auth: map[string]string{"as": "me"}, Header: http.Header{"X-Test": {"yes"}}})
		if e, err := c.Next("you", patience); err != nil || string(e.Args[0]) != `"me"` || string(e.Args[1]) != `"yes"` {
			t.Errorf("%s: got %s, %v", transport, e.Args, err)
		}
	}
}

func TestEventsWaitForTheirNamespace(t *testing.T) {
	url := serve(t, Options{}, func(s *Server) {
		n := s.Namespace("/slow")
		n.Use(func(ctx context.Context, _ Handshake) (any, error) {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
			return nil, nil
		})
		n.OnConnect(func(k *Socket) { k.OnEvent(func(e *Event) { _ = k.Emit("back", e.Name) }) })
	})
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		c := dial(t, url, siotest.Options{Transport: transport, NoConnect: true})
		if err := c.SendBatch([]string{"0/slow,", `2/slow,["early"]`, "1/slow,", "0/slow,", `2/slow,["again"]`}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"early"`, `"again"`} {
			if e, err := c.Next("back", patience); err != nil || string(e.Args[0]) != want {
				t.Errorf("%s: got %s, %v, want %s", transport, e.Args, err, want)
			}
		}
	}
}

func TestBroadcastReachesRoomsOnceAndSparesTheExcepted(t *testing.T) {
	var n *Namespace
	url := serve(t, Options{MaxRooms: 3}, func(s *Server) { n = s.Namespace("/") })
	clients := map[string]*siotest.Client{}
	for _, transport := range allTransports {
		clients[transport] = dial(t, url, siotest.Options{Transport: transport})
	}
	if !eventually(patience, func() bool { return n.Sockets() == 3 }) {
		t.Fatal("not all are connected")
	}
	for _, k := range n.index.members("") {
		for _, room := range []string{"a", "b", "c"} {
			if err := k.Join(room); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.Join("d"); !errors.Is(err, ErrTooManyRooms) {
			t.Errorf("a room too many: %v", err)
		}
	}
	spared := clients[siotest.Polling]
	send := func(event string, rooms []string, except ...string) {
		p, err := EncodeEvent("/", event, 1)
		if err != nil {
			t.Fatal(err)
		}
		n.Broadcast(p, rooms, except...)
	}
	send("rooms", []string{"a", "b", spared.ID()})
	send("except", []string{"a", "c"}, spared.ID())
	send("one", []string{spared.ID()})
	send("all", nil)
	for transport, c := range clients {
		var got []string
		for len(got) == 0 || got[len(got)-1] != "all" {
			e, err := c.Next("", patience)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Name)
		}
		want := "rooms except all"
		if c == spared {
			want = "rooms one all"
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", transport, got, want)
		}
	}
}

func TestClientThatNeverReadsIsClosedAndOthersNoticeNothing(t *testing.T) {
	for _, kind := range []string{siotest.WebSocket, siotest.Polling} {
		s := ours(t, Options{QueueBytes: 256 << 10})
		other := dial(t, s.url, siotest.Options{})
		if kind == siotest.WebSocket {
			ws := mute(t, s.url)
			if tcp, ok := ws.NetConn().(*net.TCPConn); ok {
				_ = tcp.SetReadBuffer(4096)
			}
		} else {
			abandonPolling(t, s.url)
		}
		if !eventually(patience, func() bool { return s.sockets() == 2 }) {
			t.Fatal("not all are connected")
		}
		padding := strings.Repeat("x", 16<<10)
		sent := 0
		for ; sent < 5000 && s.sockets() == 2; sent++ {
			s.broadcast("b", sent, padding)
			if _, err := other.Next("b", patience); err != nil {
				t.Fatalf("the other client, after %d: %v", sent, err)
			}
		}
		if s.sockets() != 1 {
			t.Errorf("%s: still connected after %d broadcasts", kind, sent)
		}
	}
}

// abandonPolling connects a client on long-polling that polls no more.
func abandonPolling(t *testing.T, url string) {
	t.Helper()
	c, err := siotest.Dial(url, siotest.Options{Transport: siotest.Polling, NoConnect: true})
	if err != nil {
		t.Fatal(err)
	}
	// The client's poll takes the CONNECT's answer; its next would take the broadcasts.
	_, data := ask(t, http.MethodGet, url+"/socket.io/?EIO=4&transport=polling", "")
	var open struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal([]byte(data[1:]), &open); err != nil {
		t.Fatal(err)
	}
	ask(t, http.MethodPost, url+"/socket.io/?EIO=4&transport=polling&sid="+open.SID, "40")
	c.Close()
}

func TestHalfOpenConnectionsDieByPingTimeout(t *testing.T) {
	// Long enough for clients on a busy machine to connect before they are half open.
	reasons := make(chan string, 2)
	url := serve(t, Options{PingInterval: 2 * time.Second, PingTimeout: 2 * time.Second}, func(s *Server) {
		s.Namespace("/").OnConnect(func(k *Socket) { k.OnDisconnect(func(reason string) { reasons <- reason }) })
	})
	mute(t, url)
	abandonPolling(t, url)
	for range 2 {
		select {
		case reason := <-reasons:
			if reason != reasonPingTimeout {
				t.Errorf("reason %q, want %q", reason, reasonPingTimeout)
			}
		case <-time.After(patience):
			t.Fatal("a half-open connection lives on")
		}
	}
}

func TestClientWithoutNamespaceIsClosed(t *testing.T) {
	url := serve(t, Options{ConnectTimeout: 50 * time.Millisecond}, func(*Server) {})
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		c := dial(t, url, siotest.Options{Transport: transport, NoConnect: true})
		select {
		case <-c.Done():
		case <-time.After(patience):
			t.Errorf("%s: the connection lives on", transport)
		}
	}
}

func TestPanickingHandlerEndsOnlyItsConnection(t *testing.T) {
	s, err := New(Options{Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	defer h.Close()
	defer shutdown(t, s)
	s.Namespace("/").OnConnect(func(k *Socket) {
		k.OnDisconnect(func(string) { panic("in the disconnect handler") })
		k.OnEvent(func(e *Event) {
			if e.Name == "boom" {
				panic("in the event handler")
			}
			_ = e.Ack()
		})
	})
	other := dial(t, h.URL, siotest.Options{})
	for _, transport := range allTransports {
		c := dial(t, h.URL, siotest.Options{Transport: transport})
		_ = c.Emit("boom") // over long-polling the answer may be 400
		select {
		case <-c.Done():
		case <-time.After(patience):
			t.Errorf("%s: the connection lives on", transport)
		}
	}
	if _, err := other.EmitAck(patience, "ping"); err != nil {
		t.Error(err)
	}
}

// shutdown stops a server within patience.
func shutdown(t testing.TB, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestSlowHandlerSlowsItsClientDown(t *testing.T) {
	release := make(chan struct{})
	var handled atomic.Int64
	url := serve(t, Options{EventQueue: 4}, func(s *Server) {
		s.Namespace("/").OnConnect(func(k *Socket) {
			k.OnEvent(func(*Event) { <-release; handled.Add(1) })
		})
	})
	c := dial(t, url, siotest.Options{Transport: siotest.Polling})
	const count = 20
	answered := make(chan error, 1)
	go func() {
		texts := make([]string, count)
		for i := range texts {
			texts[i] = `2["n"]`
		}
		answered <- c.SendBatch(texts)
	}()
	select {
	case err := <-answered:
		t.Errorf("the POST was answered (%v) although the queue is full", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if !eventually(patience, func() bool { return handled.Load() == count }) {
		t.Errorf("%d handled, want %d", handled.Load(), count)
	}
}

func TestEventsBeforeTheEndAreHandled(t *testing.T) {
	for _, transport := range allTransports {
		s := ours(t, Options{})
		c := dial(t, s.url, siotest.Options{Transport: transport})
		texts := make([]string, 50)
		for i := range texts {
			texts[i] = `2["n",1]`
		}
		if err := c.SendBatch(texts); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if !eventually(patience, func() bool { return s.noted() == len(texts) && s.sockets() == 0 }) {
			t.Errorf("%s: %d handled, %d connected, want %d and 0", transport, s.noted(), s.sockets(), len(texts))
		}
	}
}

// TestEventsBeforeTheSocketIsHandedOutAreHandled holds the library up between its answer to
// the CONNECT and the handing out of the socket: the client is gone by then.
func TestEventsBeforeTheSocketIsHandedOutAreHandled(t *testing.T) {
	for _, transport := range allTransports {
		t.Run(transport, func(t *testing.T) {
			goOn := make(chan struct{})
			var server *Server
			var handled atomic.Int64
			url := serve(t, Options{}, func(s *Server) {
				server = s
				s.Namespace("/").OnConnect(func(k *Socket) { k.OnEvent(func(*Event) { handled.Add(1) }) })
				_ = s.library.Of("/", nil).EventEmitter().On("connect", func(...any) { <-goOn })
			})
			c := dial(t, url, siotest.Options{Transport: transport})
			if err := c.SendBatch([]string{`2["n",1]`, `2["n",2]`}); err != nil {
				t.Fatal(err)
			}
			c.Close()
			until(t, "the connection is gone", func() bool { return server.Stats().Conns == 0 })
			close(goOn)
			until(t, "both events are handled", func() bool { return handled.Load() == 2 })
			until(t, "the socket is gone", func() bool { return server.Stats().Sockets == 0 })
		})
	}
}

func TestCloseSendsNoDisconnectPacket(t *testing.T) {
	url := serve(t, Options{}, func(s *Server) {
		s.Namespace("/").OnConnect(func(k *Socket) {
			k.OnEvent(func(e *Event) {
				if e.Name == "close" {
					k.Close()
				} else {
					k.Disconnect()
				}
			})
		})
	})
	for _, transport := range allTransports {
		c := dial(t, url, siotest.Options{Transport: transport})
		_ = c.Emit("close") // over long-polling the answer may be 400
		if _, err := c.Next("disconnect", patience); !errors.Is(err, siotest.ErrClosed) {
			t.Errorf("%s: got %v, want only the transport to close", transport, err)
		}
		c = dial(t, url, siotest.Options{Transport: transport})
		_ = c.Emit("disconnect me")
		if _, err := c.Next("disconnect", patience); err != nil {
			t.Errorf("%s: no DISCONNECT: %v", transport, err)
		}
	}
}

func TestShutdownEndsEverything(t *testing.T) {
	// The stock servers of other tests leave theirs behind: an interval of the library
	// that never ends for each upgrade.
	before := []goleak.Option{goleak.IgnoreCurrent(),
		goleak.IgnoreTopFunction("github.com/zishang520/engine.io/v2/utils.SetInterval.func1")}
	defer func() {
		if !eventually(patience, func() bool { return goleak.Find(before...) == nil }) {
			t.Error(goleak.Find(before...))
		}
	}()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var reasons []string
	s.Namespace("/").OnConnect(func(k *Socket) {
		k.OnDisconnect(func(reason string) {
			mu.Lock()
			defer mu.Unlock()
			reasons = append(reasons, reason)
			if k.Context().Err() == nil {
				t.Error("the socket's context lives on")
			}
		})
	})
	h := httptest.NewServer(s)
	var clients []*siotest.Client
	for _, transport := range allTransports {
		clients = append(clients, dialMany(h.URL, 10, siotest.Options{Transport: transport})...)
	}
	eventually(patience, func() bool { return s.Stats().Upgrades == 10 }) // a client is done before the server
	if stats := s.Stats(); stats.Conns != 30 || stats.Polling != 10 || stats.WebSocket != 20 || stats.Upgrades != 10 {
		t.Errorf("stats %+v", stats)
	}
	going := mute(t, h.URL)
	ended := make(chan error, 1)
	go func() {
		_, _, err := going.ReadMessage()
		ended <- err
	}()
	shutdown(t, s)
	mu.Lock()
	if len(reasons) != 31 {
		t.Errorf("%d disconnected, want 31", len(reasons))
	}
	for _, reason := range reasons {
		if reason != reasonTransportClose {
			t.Errorf("reason %q, want %q", reason, reasonTransportClose)
		}
	}
	mu.Unlock()
	var closed *websocket.CloseError
	if err := <-ended; !errors.As(err, &closed) || closed.Code != codeGoingAway {
		t.Errorf("the websocket ended with %v, want code %d", err, codeGoingAway)
	}
	response, err := http.Get(h.URL + "/socket.io/?EIO=4&transport=polling")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a handshake was answered with %d, want 503", response.StatusCode)
	}
	closeAll(clients)
	h.Close()
	_ = going.Close()
	http.DefaultClient.CloseIdleConnections()
}

func TestFullServerRefuses(t *testing.T) {
	url := serve(t, Options{MaxConns: 1}, func(*Server) {})
	c := dial(t, url, siotest.Options{})
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		if second, err := siotest.Dial(url, siotest.Options{Transport: transport}); err == nil {
			second.Close()
			t.Errorf("%s: a second connection was accepted", transport)
		}
	}
	c.Close()
	if !eventually(patience, func() bool {
		again, err := siotest.Dial(url, siotest.Options{})
		if err == nil {
			again.Close()
		}
		return err == nil
	}) {
		t.Error("nobody is let in after the first has gone")
	}
}

func TestFailedProbeLeavesPollingIntact(t *testing.T) {
	s := ours(t, Options{UpgradeTimeout: 3 * time.Second}) // which the second upgrade must keep, too
	for name, packets := range map[string][]string{"another packet": {"4hello"}, "silence": nil,
		"silence after the probe": {"2probe"}, "another packet after the probe": {"2probe", "4x"}} {
		c := dial(t, s.url, siotest.Options{Transport: siotest.Polling})
		ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+
			"/socket.io/?EIO=4&transport=websocket&sid="+c.Session(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		for _, packet := range packets {
			_ = ws.WriteMessage(websocket.TextMessage, []byte(packet))
		}
		_ = ws.SetReadDeadline(time.Now().Add(patience))
		for err == nil {
			_, _, err = ws.ReadMessage()
		}
		_ = ws.Close()
		if _, err := c.EmitAck(patience, "still there"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Upgrade(patience); err != nil {
			t.Errorf("%s: a second upgrade: %v", name, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{"negative queue": {QueueBytes: -1}, "unknown transport": {Transports: []string{"pigeon"}},
		"relative path": {Path: "x"}, "negative time": {PingTimeout: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestEngineAloneEchoes(t *testing.T) {
	closed := make(chan string, 2)
	e, err := NewEngine(Options{}, func(c *EngineConn) {
		c.OnMessage(func(data []byte, binary bool) { c.Send(data, binary) })
		c.OnClose(func(reason string) { closed <- reason })
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(e)
	defer h.Close()
	ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(h.URL, "http")+"/engine.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	defer func() { _ = ws.Close() }()
	_, _, _ = ws.ReadMessage()
	_ = ws.WriteMessage(websocket.TextMessage, []byte("4hello"))
	if _, data, err := ws.ReadMessage(); err != nil || string(data) != "4hello" {
		t.Errorf("got %q, %v", data, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { _, _, _ = ws.ReadMessage() }()
	if err := e.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if reason := <-closed; reason != reasonTransportClose {
		t.Errorf("reason %q", reason)
	}
}
