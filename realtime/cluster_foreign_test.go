package realtime_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/realtime/fanout/wire"
	"parley/realtime/sio/siotest"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

func TestAnEventOfANodeServerThatEndsLikeAnOffsetIsDelivered(t *testing.T) {
	server := redistest.Start(t)
	d := openReplicas(t, server, "one")[0]
	c, err := siotest.Dial(d.url, siotest.Options{}) // of events of others no document tells
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ask(t, c, "channels:join", fields{"channelId": channelID})
	peer, err := redis.New(redis.Options{URL: domain.Secret(server.URL()), Replica: "node", Now: time.Now, Logger: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	link := peer.Link()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = link.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		_ = peer.Close()
	})
	for _, event := range []string{`["news",{"a":1},"11111111-1111-4111-8111-111111111111:7"]`, `["messageDeleted",{"a":1},"room:7"]`} {
		payload, err := wire.AppendBroadcast(nil, "node", "/", wire.Event{JSON: []byte(event)}, []string{channelID}, nil)
		if err != nil {
			t.Fatal(err)
		}
		link.Publish("socket.io#/#"+channelID+"#", payload, nil)
	}
	for _, name := range []string{"news", "messageDeleted"} {
		if e := next(t, c, name); e["a"] != 1.0 {
			t.Error(e)
		}
	}
}
