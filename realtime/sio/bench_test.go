package sio

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// benchMembers is the size of the room that is broadcast to.
const benchMembers = 50

// benchPayload is about as large as a chat message.
var benchPayload = strings.Repeat("x", 160)

// reader connects a client that counts the bytes it gets and does nothing else, so that
// the numbers are the server's.
func reader(b *testing.B, url string, greet bool, got *atomic.Int64) {
	b.Helper()
	ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	b.Cleanup(func() { _ = ws.Close() })
	if greet {
		_, _, _ = ws.ReadMessage()
		_ = ws.WriteMessage(websocket.TextMessage, []byte("40"))
		_, _, _ = ws.ReadMessage()
	}
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := ws.NetConn().Read(buf)
			got.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
}

func BenchmarkBroadcast(b *testing.B) { benchmarkBroadcast(b, nil) }

// benchmarkBroadcast measures broadcasts to a room of a server that is attached to a link,
// unless that is nil.
func benchmarkBroadcast(b *testing.B, l Link) {
	b.Helper()
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	n := s.Namespace("/")
	if l != nil {
		detach, err := n.Attach(l, LinkOptions{})
		if err != nil {
			b.Fatal(err)
		}
		defer detach()
	}
	n.OnConnect(func(k *Socket) { _ = k.Join("room") })
	h := httptest.NewServer(s)
	defer h.Close()
	var got atomic.Int64
	for range benchMembers {
		reader(b, h.URL, true, &got)
	}
	eventually(patience, func() bool { return n.Members("room") == benchMembers })
	room := []string{"room"}
	sample, err := EncodeEvent("/", "messageBroadcast", benchPayload)
	if err != nil {
		b.Fatal(err)
	}
	size := int64(len(sample.frames[0].wire))
	b.ReportAllocs()
	b.ResetTimer()
	sent := int64(0)
	for b.Loop() {
		p, err := EncodeEvent("/", "messageBroadcast", benchPayload)
		if err != nil {
			b.Fatal(err)
		}
		n.Broadcast(p.Marked("room", sent+1), room)
		sent++
		waitForBytes(&got, (sent-32)*benchMembers*size)
	}
	waitForBytes(&got, sent*benchMembers*size)
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(sent*benchMembers), "ns/delivery")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		b.Error(err)
	}
}

// waitForBytes keeps the broadcaster from running ahead of the readers.
func waitForBytes(got *atomic.Int64, want int64) {
	for got.Load() < want {
		time.Sleep(20 * time.Microsecond)
	}
}

// BenchmarkBareGorilla is the yardstick: the same deliveries by bare gorilla/websocket,
// one prepared message and one goroutine for each connection.
func BenchmarkBareGorilla(b *testing.B) {
	var mu sync.Mutex
	var conns []chan *websocket.PreparedMessage
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		queue := make(chan *websocket.PreparedMessage, 256)
		mu.Lock()
		conns = append(conns, queue)
		mu.Unlock()
		for m := range queue {
			_ = ws.WritePreparedMessage(m)
		}
		_ = ws.Close()
	}))
	defer h.Close()
	var got atomic.Int64
	for range benchMembers {
		reader(b, h.URL, false, &got)
	}
	eventually(patience, func() bool { mu.Lock(); defer mu.Unlock(); return len(conns) == benchMembers })
	p, err := EncodeEvent("/", "messageBroadcast", benchPayload)
	if err != nil {
		b.Fatal(err)
	}
	payload, _ := io.ReadAll(strings.NewReader(string(p.frames[0].payload())))
	size := int64(len(p.frames[0].wire))
	b.ReportAllocs()
	b.ResetTimer()
	sent := int64(0)
	for b.Loop() {
		m, err := websocket.NewPreparedMessage(websocket.TextMessage, payload)
		if err != nil {
			b.Fatal(err)
		}
		for _, queue := range conns {
			queue <- m
		}
		sent++
		waitForBytes(&got, (sent-32)*benchMembers*size)
	}
	waitForBytes(&got, sent*benchMembers*size)
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(sent*benchMembers), "ns/delivery")
	for _, queue := range conns {
		close(queue)
	}
}

// BenchmarkMarks is what a connection's trail adds to each delivery of a marked event: in
// one channel, and in three that take turns.
func BenchmarkMarks(b *testing.B) {
	for _, channels := range []int{1, 3} {
		b.Run(strconv.Itoa(channels), func(b *testing.B) {
			names := make([]string, channels)
			for i := range names {
				names[i] = "11111111-1111-4111-8111-11111111111" + strconv.Itoa(i)
			}
			var t *Trail
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%10_000 == 0 {
					t.ping()
					t.pong()
				}
				t = t.note(mark{channel: names[i%channels], number: int64(i)})
			}
		})
	}
}
