package realtime_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/realtime/sio/siotest"
)

// speaker is the agent of the tests.
const speaker domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"

// question is what the answers of the tests answer.
const question domain.MessageID = "33333333-3333-4333-8333-333333333333"

// chunk is the n-th piece of an answer.
func chunk(id domain.MessageID, attempt int64, n int, text string) agents.Chunk {
	return agents.Chunk{ChannelID: channelID, AgentID: speaker, Name: "Eliza", MessageID: id, Question: question,
		Attempt: attempt, Index: n, Text: text}
}

// post stores an answer as a turn does.
func (d *door) post(id domain.MessageID, text string) {
	d.t.Helper()
	err := d.service.PostReply(d.t.Context(), messaging.Message{ID: id, ChannelID: channelID, AuthorID: domain.EntityID(speaker),
		AuthorName: "Eliza", Content: text, SourceType: agents.SourceReply, InReplyTo: question})
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestWhoJoinsInTheMiddleOfAnAnswerGetsWhatWasSaid(t *testing.T) {
	d := openDoor(t, nil)
	d.call("messages:send", send(nil))
	id := domain.NewID[domain.MessageID]()
	d.gateway.Streamed(chunk(id, 1, 0, "Half an "))
	d.gateway.Streamed(chunk(id, 2, 0, "All "))
	d.gateway.Streamed(chunk(id, 2, 1, "of "))

	c := d.dial()
	joined := within(ask(t, c, "channels:join", fields{"channelId": channelID, "after": 0}), "data")
	streams, _ := joined["streams"].([]any)
	if len(streams) != 1 {
		t.Fatalf("streams %v", joined["streams"])
	}
	if s, _ := streams[0].(fields); s["text"] != "All of " || s["index"] != 2.0 || s["attempt"] != 2.0 || s["messageId"] != string(id) ||
		s["agentId"] != string(speaker) || s["agentName"] != "Eliza" || s["inReplyTo"] != string(question) {
		t.Fatalf("stream %v", s)
	}
	d.gateway.Streamed(chunk(id, 2, 2, "it"))
	if got := next(t, c, "messageStreamChunk"); got["chunk"] != "it" || got["index"] != 2.0 || got["attempt"] != 2.0 || got["roomId"] != channelID {
		t.Fatalf("chunk %v", got)
	}
	d.post(id, "All of it")
	if got := next(t, c, "messageBroadcast"); got["id"] != string(id) || got["text"] != "All of it" {
		t.Fatalf("message %v", got)
	}
	if joined := within(ask(t, c, "channels:join", fields{"channelId": channelID}), "data"); joined["streams"] != nil {
		t.Errorf("after the end: %v", joined["streams"])
	}
}

func TestAnAnswerThatFailsIsTakenBack(t *testing.T) {
	d := openDoor(t, nil)
	d.call("messages:send", send(nil))
	c := d.dial()
	ask(t, c, "channels:join", fields{"channelId": channelID})
	id := domain.NewID[domain.MessageID]()
	d.gateway.Streamed(chunk(id, 1, 0, "Well"))
	d.gateway.Failed(agents.Failure{ChannelID: channelID, AgentID: speaker, MessageID: id, Question: question, Error: "It broke"})
	next(t, c, "messageStreamChunk")
	if got := next(t, c, "messageStreamError"); got["messageId"] != string(id) || got["error"] != "It broke" || got["partialText"] != "Well" {
		t.Fatalf("error %v", got)
	}
	d.gateway.Completed(messaging.Completion{ChannelID: channelID, MessageID: question, AgentID: speaker,
		Result: messaging.ResultFailed, Error: "It broke"})
	if got := next(t, c, "messageComplete"); got["outcome"] != "failed" || got["error"] != "It broke" {
		t.Fatalf("completion %v", got)
	}
	if joined := within(ask(t, c, "channels:join", fields{"channelId": channelID}), "data"); joined["streams"] != nil {
		t.Errorf("after the end: %v", joined["streams"])
	}
}

func TestAllHearOfAnAgentThatStartsAndGoes(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	next(t, c, "connection_established")
	d.gateway.AgentChanged(agents.ListItem{ID: speaker, Name: "Eliza", Status: agents.Inactive})
	if got := next(t, c, "agentUpdated"); got["agentId"] != string(speaker) || got["status"] != "inactive" || got["name"] != "Eliza" {
		t.Errorf("update %v", got)
	}
	d.gateway.AgentRemoved(agents.ListItem{ID: speaker, Name: "Eliza", Status: agents.Inactive})
	if got := next(t, c, "agentRemoved"); got["agentId"] != string(speaker) || got["name"] != "Eliza" {
		t.Errorf("removal %v", got)
	}
}

// listener follows a channel as a client must: it takes what a join tells it, applies
// the chunks that follow, and keeps count.
type listener struct {
	after    int64
	texts    map[string]*strings.Builder
	expected map[string]int
	final    map[string]string
	applied  map[string]int
	// spoken is how many chunks were sent in all, seen how many of them it knows of.
	spoken *atomic.Int64
	seen   atomic.Int64
}

// maxAhead is how many chunks are sent that a listener does not know of. So the cuts fall into
// the middle of answers however long a machine takes to connect again.
const maxAhead = 5

// pieces is how many chunks an answer has.
const pieces = 30

// cut follows the channel for a while on a new connection and cuts it off after a
// number of events. It reports a chunk that leaves a gap or comes twice.
func (l *listener) cut(d *door, events int) error {
	c, err := d.sockets.Dial(d.url, siotest.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	ack, err := c.EmitAck(patience, "channels:join", fields{"channelId": channelID, "after": l.after})
	if err != nil {
		return err
	}
	joined := within(first(d.t, ack), "data")
	l.seen.Store(l.spoken.Load())
	open, _ := joined["streams"].([]any)
	l.texts, l.expected = map[string]*strings.Builder{}, map[string]int{}
	for _, o := range open {
		s, _ := o.(fields)
		l.begin(fmt.Sprint(s["messageId"]), fmt.Sprint(s["text"]), int(s["index"].(float64)))
	}
	missed, _ := joined["messages"].([]any)
	for _, m := range missed {
		l.message(m.(fields))
	}
	for range events {
		e, err := c.Next("", patience)
		if err != nil {
			return err
		}
		switch e.Name {
		case "messageBroadcast":
			l.message(first(d.t, e))
		case "messageStreamChunk":
			if err := l.chunk(first(d.t, e)); err != nil {
				return err
			}
		}
		if len(l.final) == answers {
			return nil
		}
	}
	return nil
}

// begin notes what was said of an answer.
func (l *listener) begin(id, text string, next int) {
	b := &strings.Builder{}
	b.WriteString(text)
	l.texts[id], l.expected[id] = b, next
}

// message notes an answer that is complete.
func (l *listener) message(m fields) {
	l.after = max(l.after, int64(m["rev"].(float64)))
	id := fmt.Sprint(m["id"])
	l.final[id] = fmt.Sprint(m["text"])
}

// chunk applies a chunk.
func (l *listener) chunk(c fields) error {
	id, n := fmt.Sprint(c["messageId"]), int(c["index"].(float64))
	var answer, piece int64
	if _, err := fmt.Sscanf(fmt.Sprint(c["chunk"]), "%d.%d", &answer, &piece); err != nil {
		return err
	}
	l.seen.Store(max(l.seen.Load(), answer*pieces+piece+1))
	if _, known := l.texts[id]; !known {
		l.begin(id, "", 0)
	}
	switch want := l.expected[id]; {
	case n < want: // heard before the join's answer, which includes it
		return nil
	case n > want:
		return fmt.Errorf("answer %s: chunk %d comes where %d should", id, n, want)
	}
	fmt.Fprint(l.texts[id], c["chunk"])
	l.expected[id]++
	l.applied[id]++
	return nil
}

// answers is how many answers arise in the test below.
const answers = 40

func TestNoChunkIsLostOrDoubledOverTwoHundredCuts(t *testing.T) {
	d := openDoor(t, nil)
	d.call("messages:send", send(nil))
	var listeners sync.WaitGroup
	var spoken atomic.Int64
	all := make([]*listener, 5)
	for i := range all {
		l := &listener{after: 1, final: map[string]string{}, applied: map[string]int{}, spoken: &spoken}
		all[i] = l
		listeners.Go(func() {
			defer l.seen.Store(math.MaxInt64) // it holds nobody up any more
			random := rand.New(rand.NewPCG(uint64(i), 7))
			cuts := 0
			for len(l.final) < answers {
				if err := l.cut(d, 1+random.IntN(25)); err != nil {
					t.Errorf("listener %d, cut %d: %v", i, cuts, err)
					return
				}
				cuts++
				for id, text := range l.texts {
					if final, done := l.final[id]; done && text.String() != final {
						t.Errorf("listener %d: %q was streamed of %q", i, text, final)
						return
					}
				}
			}
			t.Logf("listener %d: %d cuts", i, cuts)
			if cuts < 40 {
				t.Errorf("listener %d was cut only %d times", i, cuts)
			}
		})
	}
	pace := time.NewTicker(time.Millisecond) // as a model speaks
	defer pace.Stop()
	for n := range answers {
		id := domain.NewID[domain.MessageID]()
		text := ""
		for i := range pieces {
			piece := fmt.Sprintf("%d.%d ", n, i)
			d.gateway.Streamed(chunk(id, 1, i, piece))
			spoken.Add(1)
			text += piece
			<-pace.C
			for slices.ContainsFunc(all, func(l *listener) bool { return l.seen.Load() < spoken.Load()-maxAhead }) {
				<-pace.C
			}
		}
		d.post(id, text)
		d.gateway.StreamEnded(channelID, id)
	}
	listeners.Wait()
}
