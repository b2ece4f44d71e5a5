package realtime_test

import (
	"bufio"
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"parley/domain"
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

func TestASessionThatRedisCouldNotTakeComesBack(t *testing.T) {
	for _, back := range []string{"here while Redis is away", "here", "at another replica"} {
		t.Run(back, func(t *testing.T) {
			server := redistest.Start(t)
			doors := openReplicas(t, server, "one", "two")
			c := doors[0].enter("", channelID)
			doors[0].eventually("the session is saved", func() bool { return server.Keys("parley:session:*") == 1 })
			doors[0].say(channelID, "heard")
			same(t, texts(t, c, 1), "heard")
			server.Kill()
			c.Close()
			doors[0].eventually("the socket is gone", func() bool { return doors[0].gateway.Stats().Sockets == 0 })
			doors[0].say(channelID, "missed")
			door := doors[0]
			if back != "here while Redis is away" {
				server.Restart() // it keeps nothing
			}
			if back == "at another replica" {
				door = doors[1]
			}
			var again *siotest.Client
			door.eventually("it comes back", func() bool {
				client, err := door.sockets.Dial(door.url, siotest.Options{Auth: c.Back(fields{"entityId": ann})})
				if err != nil {
					return false
				}
				t.Cleanup(client.Close)
				again = client
				return true
			})
			if again.ID() != c.ID() {
				t.Fatalf("it is socket %s, and was %s", again.ID(), c.ID())
			}
			same(t, texts(t, again, 1), "missed")
			door.say(channelID, "live")
			same(t, texts(t, again, 1), "live")
		})
	}
}

func TestAnEndThatOthersCouldNotBeToldIsToldAfterwards(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two")
	there := doors[1].enter("", channelID)
	ended := func(id domain.MessageID) {
		doors[0].gateway.Completed(messaging.Completion{ChannelID: channelID, MessageID: id, Result: messaging.ResultAnswered})
	}
	const before, meanwhile, after = "77777777-7777-4777-8777-777777777771", "77777777-7777-4777-8777-777777777772", "77777777-7777-4777-8777-777777777773"
	ended(before)
	if e := next(t, there, "messageComplete"); e["messageId"] != before {
		t.Fatal(e)
	}
	server.Kill()
	ended(meanwhile)
	server.Restart()
	if e := next(t, there, "messageComplete"); e["messageId"] != meanwhile || e["outcome"] != "answered" {
		t.Fatal(e)
	}
	ended(after)
	if e := next(t, there, "messageComplete"); e["messageId"] != after {
		t.Fatalf("after it came %v", e)
	}
}

func TestSessionsAreSavedAnewAfterRedisHasLostThem(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two")
	c := doors[0].enter("", channelID)
	doors[0].eventually("the session is saved", func() bool { return !empty(t, server) })
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
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it was saved after %v: not because it was lost, but by and by", took)
	}
}

// empty reports whether a server has no keys.
func empty(t *testing.T, server *redistest.Server) bool {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte("DBSIZE\r\n")); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return answer == ":0\r\n"
}
