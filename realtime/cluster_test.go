package realtime_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/bus"
	"parley/domain/messaging"
	"parley/realtime"
	"parley/realtime/sio/siotest"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// openReplicas serves replicas of one store in one Redis.
func openReplicas(t *testing.T, server *redistest.Server, names ...string) []*door {
	t.Helper()
	return openReplicasOn(t, server, func(_ string, s realtime.Sessions) realtime.Sessions { return s }, names...)
}

// openReplicasOn is openReplicas with what wrap makes of the sessions of each.
func openReplicasOn(t *testing.T, server *redistest.Server, wrap func(string, realtime.Sessions) realtime.Sessions, names ...string) []*door {
	t.Helper()
	store := openStore(t)
	var doors []*door
	for _, name := range names {
		client, err := redis.New(redis.Options{URL: domain.Secret(server.URL()), Replica: name, Now: time.Now, Logger: testLog(t)})
		if err != nil {
			t.Fatal(err)
		}
		notes, link := client.Bus(), client.Link()
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		t.Cleanup(func() { // after the door is closed
			stop()
			running.Wait()
			_ = client.Close()
		})
		d := openDoorAt(t, func(o *realtime.Options) {
			o.Bus, o.Replica = notes, name
			o.Sessions = wrap(name, realtime.NewVaultSessions(redis.NewSessions(client), name, time.Now))
		}, store, func(g *realtime.Gateway) {
			if err := g.Link(link, name, func() []string { return names }); err != nil {
				t.Fatal(err)
			}
			running.Go(func() { _ = notes.Run(ctx) })
			running.Go(func() { _ = link.Run(ctx) })
		})
		inForce(t, notes)
		doors = append(doors, d)
	}
	return doors
}

// inForce waits until a bus hears of others.
func inForce(t *testing.T, b bus.Bus) {
	t.Helper()
	lapsed := make(chan struct{}, 1)
	cancel := b.Subscribe("test", bus.Subscriber{Receive: func([]byte) {}, Lapsed: func() {
		select {
		case lapsed <- struct{}{}:
		default:
		}
	}})
	defer cancel()
	select {
	case <-lapsed:
	case <-time.After(patience):
		t.Fatal("the bus does not work")
	}
}

// texts waits for the next messages that a client hears.
func texts(t *testing.T, c *siotest.Client, n int) []string {
	t.Helper()
	var list []string
	for range n {
		text, _ := next(t, c, "messageBroadcast")["text"].(string)
		list = append(list, text)
	}
	return list
}

func TestMembersAtAllReplicasHearTheSameInOneOrder(t *testing.T) {
	doors := openReplicas(t, redistest.Start(t), "one", "two", "three")
	var clients []*siotest.Client
	for i, d := range doors {
		clients = append(clients, d.enter(ways[i], channelID))
	}
	const each = 100
	var senders sync.WaitGroup
	for i, d := range doors {
		senders.Go(func() {
			for n := range each {
				d.say(channelID, fmt.Sprintf("%d of %d", n, i))
			}
		})
	}
	senders.Wait()
	want := texts(t, clients[0], len(doors)*each)
	for i, c := range clients[1:] {
		if got := texts(t, c, len(doors)*each); !slices.Equal(got, want) {
			t.Errorf("the client of replica %d heard others, or in another order", i+1)
		}
	}
}

func TestWhatIsNotInTheLogReachesAllReplicas(t *testing.T) {
	doors := openReplicas(t, redistest.Start(t), "one", "two")
	here, there := doors[0].enter("", channelID), doors[1].enter("", channelID)
	emit(t, here, "typing", fields{"channelId": channelID, "senderName": "Ann", "isTyping": true})
	if e := next(t, there, "typing"); e["senderName"] != "Ann" {
		t.Fatal(e)
	}
	const answer = domain.MessageID("77777777-7777-4777-8777-777777777777")
	chunk := agents.Chunk{ChannelID: channelID, AgentID: eliza, Name: "Eliza", MessageID: answer, Question: asking, Attempt: 1, Text: "Hel"}
	doors[0].gateway.Streamed(chunk)
	if e := next(t, there, "messageStreamChunk"); e["chunk"] != "Hel" {
		t.Fatal(e)
	}
	late := doors[1].dialBy("", fields{})
	next(t, late, "connection_established")
	open := func() []any {
		joined := within(ask(t, late, "channels:join", fields{"channelId": channelID}), "data")
		list, _ := joined["streams"].([]any)
		return list
	}
	if list := open(); len(list) != 1 {
		t.Fatalf("who joined at another replica was told of %v", list)
	}
	doors[0].gateway.StreamEnded(channelID, answer)
	doors[1].eventually("the answer has ended", func() bool { return len(open()) == 0 })
	doors[0].gateway.Completed(messaging.Completion{ChannelID: channelID, MessageID: asking})
	if e := next(t, there, "messageComplete"); e["messageId"] != asking {
		t.Fatal(e)
	}
	doors[0].say(channelID, "made")
	doors[0].call("channels:delete", fields{"channelId": channelID})
	if e := next(t, there, "channelDeleted"); e["channelId"] != channelID || doors[1].in(channelID) != 0 {
		t.Fatal(e)
	}
}

func TestAClientComesBackToAnotherReplica(t *testing.T) {
	for _, open := range []bool{false, true} {
		t.Run(fmt.Sprintf("the old connection is open: %v", open), func(t *testing.T) {
			server := redistest.Start(t)
			doors := openReplicas(t, server, "one", "two")
			c := doors[0].enter("", channelID)
			doors[0].eventually("the session is saved", func() bool { return server.Keys("parley:session:*") == 1 })
			witness := doors[1].enter("", channelID)
			doors[1].say(channelID, "heard")
			next(t, c, "messageBroadcast")
			if open {
				c.Freeze()
			} else {
				c.Close()
				doors[0].eventually("the socket is gone", func() bool { return doors[0].gateway.Stats().Sockets == 0 })
			}
			doors[0].say(channelID, "missed")
			next(t, witness, "messageBroadcast")
			again := doors[1].back("", c)
			if e := next(t, again, "messageBroadcast"); e["text"] != "missed" {
				t.Fatalf("heard %v", e)
			}
			if again.ID() != c.ID() {
				t.Errorf("it is socket %s, and was %s", again.ID(), c.ID())
			}
			doors[0].eventually("the old connection is over", func() bool { return doors[0].gateway.Stats().Sockets == 0 })
			doors[0].say(channelID, "live")
			if e := next(t, again, "messageBroadcast"); e["text"] != "live" {
				t.Fatalf("heard %v", e)
			}
		})
	}
}

func TestAClientComesBackToAnotherReplicaBeforeItsSessionIsSaved(t *testing.T) {
	doors := openReplicas(t, redistest.Start(t), "one", "two", "three")
	c := doors[0].enter("", channelID)
	for i := range 30 {
		doors[0].say(channelID, fmt.Sprint(i))
		same(t, texts(t, c, 1), fmt.Sprint(i))
		c.Freeze()
		again := doors[(i+1)%3].back("", c)
		if again.ID() != c.ID() {
			t.Fatalf("after %d returns it is socket %s, and was %s", i, again.ID(), c.ID())
		}
		c = again
	}
}

func TestWithoutRedisAReplicaGoesOnAndMissesNothingAfterwards(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two")
	here, there := doors[0].enter("", channelID), doors[1].enter("", channelID)
	doors[0].say(channelID, "0")
	same(t, texts(t, there, 1), "0")
	server.Kill()
	for i := range 5 {
		doors[0].say(channelID, fmt.Sprint(i+1))
	}
	same(t, texts(t, here, 6), "0", "1", "2", "3", "4", "5") // its own replica goes on
	server.Restart()
	same(t, texts(t, there, 5), "1", "2", "3", "4", "5")
	doors[1].say(channelID, "6")
	same(t, texts(t, here, 1), "6")
	same(t, texts(t, there, 1), "6")
}

func TestAStormOfClientsCostsOneQuery(t *testing.T) {
	d := openDoor(t, nil)
	for i := range 80 {
		d.say(channelID, fmt.Sprint(i))
	}
	before := d.gateway.Counts().HistoryQueries
	const clients = 200
	var all sync.WaitGroup
	for range clients {
		c := d.dialBy("", fields{})
		all.Go(func() {
			joined := within(ask(t, c, "channels:join", fields{"channelId": channelID, "after": 70}), "data")
			if list, _ := joined["messages"].([]any); len(list) != 10 {
				t.Errorf("%d messages were caught up", len(list))
			}
		})
	}
	all.Wait()
	if n := d.gateway.Counts().HistoryQueries - before; n != 1 {
		t.Errorf("%d clients cost %d queries", clients, n)
	}
}

func TestWhoComesFirstAtAReplicaHearsAnAnswerFromItsBeginning(t *testing.T) {
	doors := openReplicas(t, redistest.Start(t), "one", "two", "three")
	const answer = domain.MessageID("77777777-7777-4777-8777-777777777777")
	say := func(index int, text string) {
		doors[0].gateway.Streamed(agents.Chunk{ChannelID: channelID, AgentID: eliza, Name: "Eliza", MessageID: answer, Question: asking,
			Attempt: 1, Index: index, Text: text})
	}
	for i, text := range []string{"How ", "are ", "you "} {
		say(i, text)
	}
	for _, d := range doors[1:] {
		c := d.dialBy("", fields{})
		next(t, c, "connection_established")
		joined := within(ask(t, c, "channels:join", fields{"channelId": channelID}), "data")
		list, _ := joined["streams"].([]any)
		if len(list) != 1 {
			t.Fatalf("the join tells of %v", joined["streams"])
		}
		if so, _ := list[0].(map[string]any); so["text"] != "How are you " || so["index"] != 3.0 {
			t.Fatalf("the join tells of %v", so)
		}
		defer func() {
			if e := next(t, c, "messageStreamChunk"); e["index"] != 3.0 || e["chunk"] != "today?" {
				t.Errorf("heard %v", e)
			}
		}()
	}
	say(3, "today?")
}
