package realtime_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/bus"
	"parley/domain/messaging"
	"parley/realtime"
	"parley/realtime/sio/siotest"
	"parley/storage/redis/redistest"
)

// stuck is a bus that does not get a note on its way while it is held.
type stuck struct {
	bus.Bus
	held chan struct{}
}

// Publish is part of bus.Bus.
func (s stuck) Publish(ctx context.Context, topic string, payload []byte) error {
	<-s.held
	return s.Bus.Publish(ctx, topic, payload)
}

// noLink is a link without anybody at its other end.
type noLink struct{}

func (noLink) Publish(string, []byte, func(error))                       {}
func (noLink) Listen(func(string, []byte), func(string), func())         {}
func (noLink) Subscribe(...string)                                       {}
func (noLink) Unsubscribe(...string)                                     {}
func (noLink) Subscribers(context.Context, string) (int, error)          { return 1, nil }
func (noLink) Channels(context.Context, string) (list []string, _ error) { return list, nil }

func TestWhatHappensHereIsToldHereWhileOthersCannotBeTold(t *testing.T) {
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	d := openDoorAt(t, func(o *realtime.Options) { o.Bus = stuck{Bus: &bus.Local{}, held: held} }, openStore(t), func(g *realtime.Gateway) {
		if err := g.Link(noLink{}, "one", nil); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(release) // before the door is closed
	c := d.enter("", channelID)
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.gateway.ChannelUpdated(messaging.ChannelRow{ID: channelID, MessageServerID: domain.DefaultServer, Type: messaging.TypeGroup}, nil)
		d.gateway.ChannelDeleted(channelID)
	}()
	if e := next(t, c, "channelUpdated"); e["channelId"] != channelID {
		t.Error(e)
	}
	if e := next(t, c, "channelDeleted"); e["channelId"] != channelID {
		t.Error(e)
	}
	<-done
}

func TestWithoutRedisAClientThatComesBackIsLetIn(t *testing.T) {
	server := redistest.Start(t)
	d := openReplicas(t, server, "one")[0]
	c := d.enter("", channelID)
	server.Kill()
	c.Close()
	var again *siotest.Client
	d.eventually("it is let in", func() (in bool) {
		client, err := d.sockets.Dial(d.url, siotest.Options{Auth: c.Back(fields{"entityId": ann})})
		if err == nil {
			again = client
			t.Cleanup(client.Close)
		}
		return err == nil
	})
	d.say(channelID, "missed")
	joined := within(ask(t, again, "channels:join", fields{"channelId": channelID, "after": 0}), "data")
	if list, _ := joined["messages"].([]any); len(list) != 1 {
		t.Errorf("it caught up with %v", joined)
	}
}

func TestSessionsAreSavedAnewAfterRedisHasLostThem(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two")
	c := doors[0].enter("", channelID)
	server.Restart() // it keeps nothing
	c.Freeze()
	began := time.Now()
	doors[1].eventually("it comes back to the other replica", func() bool {
		client, err := doors[1].sockets.Dial(doors[1].url, siotest.Options{Auth: c.Back(fields{"entityId": ann})})
		if err != nil {
			return false
		}
		defer client.Close()
		return client.ID() == c.ID()
	})
	t.Log("after", time.Since(began))
}

func TestHalfAnAnswerIsNotToldAsTheAnswerSoFar(t *testing.T) {
	doors := openReplicas(t, redistest.Start(t), "one", "two")
	chunk := agents.Chunk{ChannelID: channelID, AgentID: eliza, Name: "Eliza", MessageID: "77777777-7777-4777-8777-777777777777",
		Question: asking, Attempt: 1, Text: "Hel"}
	doors[0].gateway.Streamed(chunk) // nobody is at the other replica
	witness := doors[1].enter("", channelID)
	doors[1].say(channelID, "by")
	next(t, witness, "messageBroadcast")
	doors[0].enter("", channelID)
	tell := func(index int, text string) {
		t.Helper()
		chunk.Index, chunk.Text = index, text
		doors[0].gateway.Streamed(chunk)
	}
	open := func() []any {
		late := doors[1].dialBy("", fields{})
		joined := within(ask(t, late, "channels:join", fields{"channelId": channelID}), "data")
		list, _ := joined["streams"].([]any)
		return list
	}
	index := 0
	doors[1].eventually("chunks arrive", func() bool {
		index++
		tell(index, "lo")
		_, err := witness.Next("messageStreamChunk", 100*time.Millisecond)
		return err == nil
	})
	if list := open(); len(list) != 0 {
		t.Errorf("who joined was told of %v", list)
	}
	chunk.Attempt = 2
	tell(0, "Hel")
	tell(1, "lo")
	for {
		if e := next(t, witness, "messageStreamChunk"); e["attempt"] == 2.0 && e["index"] == 1.0 {
			break
		}
	}
	list := open()
	if len(list) != 1 || within(map[string]any{"it": list[0]}, "it")["text"] != "Hello" {
		t.Errorf("who joined was told of %v", list)
	}
}
