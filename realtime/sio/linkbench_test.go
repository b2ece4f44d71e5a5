package sio

import (
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// benchLink is a link on which a second server, without sockets in the room, is silent. What
// is published comes back to the publisher, as from Redis.
type benchLink struct{ hubLink }

func (l *benchLink) Publish(channel string, payload []byte, _ func(error)) { l.receive(channel, payload) }

// BenchmarkBroadcastWithLink is BenchmarkBroadcast at a server of a cluster. The round trip to
// Redis is not in it; see the benchmarks of storage/redis.
func BenchmarkBroadcastWithLink(b *testing.B) {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	n := s.Namespace("/")
	h := &hub{}
	l := &benchLink{hubLink{hub: h, channels: map[string]bool{}}}
	detach, err := n.Attach(l, LinkOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer detach()
	n.OnConnect(func(k *Socket) { _ = k.Join("room") })
	web := httptest.NewServer(s)
	defer web.Close()
	var got atomic.Int64
	for range benchMembers {
		reader(b, web.URL, true, &got)
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
		n.Broadcast(p, room)
		sent++
		if sent%64 == 0 {
			eventually(patience, func() bool { return got.Load() >= (sent-64)*size*benchMembers })
		}
	}
}
