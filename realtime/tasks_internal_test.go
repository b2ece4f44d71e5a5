package realtime

import (
	"context"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
)

func TestTasksEndWithTheirOwner(t *testing.T) {
	list, over := newTasks(), make(chan struct{})
	if !list.start(func(ctx context.Context) {
		<-ctx.Done()
		close(over)
	}) {
		t.Fatal("it did not begin")
	}
	list.end()
	select {
	case <-over:
	default:
		t.Error("a task goes on")
	}
	if list.start(func(context.Context) {}) {
		t.Error("a task begins after the end")
	}
}

func TestAnAnswerStaysItsReplicasWhateverAZombieSays(t *testing.T) {
	now := time.Now()
	g := &Gateway{opts: Options{Now: func() time.Time { return now }}, streams: newStreams(), hearings: map[domain.ChannelID]*hearing{}}
	const channel domain.ChannelID = "11111111-1111-4111-8111-111111111111"
	const answer domain.MessageID = "77777777-7777-4777-8777-777777777777"
	shard := g.streams.shard(channel)
	own := shard.add(agents.Chunk{ChannelID: channel, MessageID: answer, Attempt: 2, Text: "Hello"})
	own.own = true
	for _, attempt := range []int64{1, 2} {
		g.toldStreams(note{Channel: channel, Streams: []streamSoFar{{MessageID: answer, Attempt: attempt, Index: 1, Text: "Hel"}}})
	}
	now = now.Add(2 * remoteAnswerFor)
	shard.expire(channel, now)
	if list := shard.snapshot(channel, true); len(list) != 1 || list[0].Text != "Hello" {
		t.Errorf("it tells others of %v", list)
	}
	g.toldStreams(note{Channel: channel, Streams: []streamSoFar{{MessageID: answer, Attempt: 3, Index: 1, Text: "Hi"}}})
	if list := shard.snapshot(channel, true); len(list) != 0 {
		t.Errorf("the answer of another replica counts as its own: %v", list)
	}
}
