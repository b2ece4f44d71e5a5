package realtime_test

import (
	"testing"
	"time"

	"parley/domain/messaging"
	"parley/realtime/sio/siotest"
	"parley/storage/redis/redistest"
)

// completions counts how often a client hears of the end of a message before the broadcast
// of a text.
func completions(t *testing.T, c *siotest.Client, message, last string) (n int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		e, err := c.Next("", time.Until(deadline))
		if err != nil {
			t.Fatal(err)
		}
		switch e.Name {
		case "messageComplete":
			if first(t, e)["messageId"] == message {
				n++
			}
		case "messageBroadcast":
			if first(t, e)["text"] == last {
				return n
			}
		}
	}
}

func TestAnEndThatCouldNotBeToldIsToldOnceRedisIsBack(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two", "three")
	here, there, third := doors[0].enter("", channelID), doors[1].enter("", channelID), doors[2].enter("", channelID)
	server.Kill()
	doors[0].gateway.Completed(messaging.Completion{ChannelID: channelID, MessageID: asking, AgentID: eliza, Result: messaging.ResultAnswered})
	next(t, here, "messageComplete")
	server.Restart()
	for _, c := range []*siotest.Client{there, third} {
		if e := next(t, c, "messageComplete"); e["messageId"] != asking || e["outcome"] != string(messaging.ResultAnswered) {
			t.Fatal(e)
		}
	}
	// Who was told may tell others, and nobody hears it twice.
	for _, d := range doors {
		d.gateway.Lapsed()
	}
	doors[1].say(channelID, "end")
	for i, c := range []*siotest.Client{here, there, third} {
		if n := completions(t, c, asking, "end"); n > 0 {
			t.Errorf("the client of replica %d heard of the end %d times more", i, n)
		}
	}
}

func TestAReplicaThatWasCutOffHearsOfEndsFromAnyOther(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two")
	c := doors[0].enter("", channelID)
	c.Close()
	doors[0].eventually("its session is kept", func() bool { return doors[0].gateway.Stats().Sockets == 0 })
	witness := doors[1].enter("", channelID)
	doors[0].gateway.Completed(messaging.Completion{ChannelID: channelID, MessageID: asking, AgentID: eliza, Result: messaging.ResultSilent})
	next(t, witness, "messageComplete")
	again := openReplicas(t, server, "three")[0].back("", c)
	if e := next(t, again, "messageComplete"); e["messageId"] != asking || again.ID() != c.ID() {
		t.Error(e)
	}
}

func TestTheSecondRunnerOfATurnEndsNothingTwice(t *testing.T) {
	doors := openReplicas(t, redistest.Start(t), "one", "two")
	var clients []*siotest.Client
	for _, d := range doors {
		clients = append(clients, d.enter("", channelID))
	}
	ended := messaging.Completion{ChannelID: channelID, MessageID: asking, AgentID: eliza, Result: messaging.ResultAnswered}
	doors[0].gateway.Completed(ended)
	next(t, clients[0], "messageComplete")
	next(t, clients[1], "messageComplete")
	doors[1].gateway.Completed(ended)
	doors[0].gateway.Completed(ended)
	doors[1].say(channelID, "end")
	for i, c := range clients {
		if n := completions(t, c, asking, "end"); n > 0 {
			t.Errorf("the client of replica %d heard of the end %d times more", i, n)
		}
	}
	// Who sends a message once more is not left waiting: nothing else would tell that it is over.
	again := messaging.Completion{ChannelID: channelID, MessageID: asking, Result: messaging.ResultNone}
	for range 2 {
		doors[0].gateway.Completed(again)
		doors[0].say(channelID, "more")
		for _, c := range clients {
			if n := completions(t, c, asking, "more"); n != 1 {
				t.Errorf("the end of a repeat was heard %d times", n)
			}
		}
	}
}
