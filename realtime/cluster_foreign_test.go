package realtime_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/realtime/fanout/wire"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

func TestAnEventOfANodeServerThatEndsLikeAnOffsetIsDelivered(t *testing.T) {
	server := redistest.Start(t)
	d := openReplicas(t, server, "one")[0]
	c := d.enter("", channelID)
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
	payload, err := wire.AppendBroadcast(nil, "node", "/", wire.Event{JSON: []byte(`["typing",{"channelId":"` + channelID + `","roomId":"` + channelID +
		`","senderName":"Ann","isTyping":true},"` + otherChannel + `:7"]`)}, []string{channelID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	link.Publish("socket.io#/#"+channelID+"#", payload, nil)
	if e := next(t, c, "typing"); e["senderName"] != "Ann" {
		t.Error(e)
	}
}
