package agents_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain/agents"
	"parley/domain/messaging"
)

// steps are the steps of a turn with one reply.
var steps = []string{"take", "think", "commit", "append 0", "finish turn", "finish duty", "complete"}

func TestAKillBeforeAnyStepLosesAndDoublesNothing(t *testing.T) {
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			h := newHouse(t)
			channel := h.channel(messaging.TypeDM, eliza)
			h.say(channel, "first")
			h.say(channel, "second")

			var dead atomic.Bool
			before := echo()
			_, stop := h.runWith(before, func(at string) error {
				if at == step {
					dead.Store(true)
				}
				if dead.Load() {
					return errKilled
				}
				return nil
			})
			eventually(t, "the process dies", dead.Load)
			stop()

			after := h.again()
			model := echo()
			after.run(model)
			completions := 2
			if step == "complete" { // the first duty was done already
				completions = 1
			}
			after.settle(completions)
			replies := after.replies(channel)
			if len(replies) != 2 || replies[0].Content != "You said: first" || replies[1].Content != "You said: second" {
				t.Fatalf("replies are %+v", replies)
			}
			thoughtBefore := slices.Index(steps, step) > slices.Index(steps, "commit")
			if thoughtBefore && model.called() != 1 {
				t.Errorf("thought again about what was decided: %d calls", model.called())
			}
		})
	}
}

func TestAKillBetweenTwoRepliesAppendsOnlyTheRest(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "hello")
	turn, err := h.store.Agents.TakeTurn(t.Context(), agents.Turn{
		ID: agents.NewTurnID(eliza, question), AgentID: eliza, ChannelID: channel, MessageID: question, State: agents.StateTaken,
	})
	if err != nil {
		t.Fatal(err)
	}
	outcome := agents.Outcome{}
	for i := range 3 {
		outcome.Replies = append(outcome.Replies, agents.Reply{
			ID: agents.NewReplyID(eliza, question, i), Text: fmt.Sprint("part ", i), Actions: []string{"REPLY"}})
	}
	if err := h.store.Agents.CommitOutcome(t.Context(), turn.ID, turn.Fence, outcome); err != nil {
		t.Fatal(err)
	}
	var dead atomic.Bool
	_, stop := h.runWith(echo(), func(at string) error {
		if at == "append 1" {
			dead.Store(true)
		}
		if dead.Load() {
			return errKilled
		}
		return nil
	})
	eventually(t, "the process dies", dead.Load)
	stop()
	model := echo()
	after := h.again()
	after.run(model)
	after.settle(1)
	var texts []string
	for _, m := range h.replies(channel) {
		texts = append(texts, m.Content)
	}
	if !slices.Equal(texts, []string{"part 0", "part 1", "part 2"}) || model.called() != 0 {
		t.Errorf("replies %q, %d calls", texts, model.called())
	}
}

func TestAZombieIsFencedOff(t *testing.T) {
	zombie := newHouse(t)
	channel := zombie.channel(messaging.TypeDM, eliza)
	m, let := stuck()
	_, stop := zombie.run(m)
	zombie.say(channel, "hello")
	eventually(t, "the zombie thinks", func() bool { return m.called() == 1 })

	successor := zombie.again()
	successor.run(echo())
	successor.settle(1)
	close(let)
	stop()
	replies := zombie.replies(channel)
	if len(replies) != 1 || replies[0].Content != "You said: hello" {
		t.Errorf("replies are %+v", replies)
	}
	if n := len(zombie.signals.completed()); n != 0 {
		t.Errorf("the zombie completed %d times what was not its own any more", n)
	}
}

func TestAMessageThatKillsEveryTimeIsGivenUp(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "poison")
	model := echo()
	for range 3 {
		var dead atomic.Bool
		life := h.again()
		_, stop := life.runWith(model, func(at string) error {
			if at == "commit" {
				dead.Store(true)
				return errKilled
			}
			return nil
		})
		eventually(t, "the process dies", dead.Load)
		stop()
	}
	last := h.again()
	last.run(model, func(o *agents.RunnerOptions) { o.Attempts = 3 })
	last.settle(1)
	turn, err := h.store.Agents.Turn(t.Context(), agents.NewTurnID(eliza, question))
	if err != nil || turn.Outcome == nil || turn.Outcome.Error == "" || model.called() != 3 || len(h.replies(channel)) != 0 {
		t.Errorf("outcome %+v after %d calls, %v", turn.Outcome, model.called(), err)
	}
}

func TestStoppingLetsATurnFinish(t *testing.T) {
	h := newHouse(t)
	m, let := stuck()
	_, stop := h.run(m, func(o *agents.RunnerOptions) { o.Drain = time.Minute })
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	eventually(t, "it thinks", func() bool { return m.called() == 1 })
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	close(let)
	<-stopped
	h.settle(1)
	if len(h.replies(channel)) != 1 {
		t.Error("the answer is lost")
	}
}

func TestStoppingReleasesATurnThatTakesTooLong(t *testing.T) {
	h := newHouse(t)
	m, _ := stuck()
	_, stop := h.run(m, func(o *agents.RunnerOptions) { o.Drain = time.Millisecond })
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "hello")
	h.say(channel, "and then")
	eventually(t, "it thinks", func() bool { return m.called() == 1 })
	stop()
	turn, err := h.store.Agents.Turn(t.Context(), agents.NewTurnID(eliza, question))
	if err != nil || turn.Outcome != nil || h.duties() != 2 || len(h.signals.completed()) != 0 {
		t.Fatalf("turn %+v, %v; %d duties", turn, err, h.duties())
	}
	after := h.again()
	after.run(echo())
	after.settle(2)
	if replies := h.replies(channel); len(replies) != 2 || replies[0].Content != "You said: hello" {
		t.Errorf("replies %+v", replies)
	}
}
