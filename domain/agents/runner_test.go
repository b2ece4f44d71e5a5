package agents_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/models"
	"parley/domain/models/builtin"
)

func TestAQuestionIsAnswered(t *testing.T) {
	h := newHouse(t)
	h.run(echo())
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "hello")
	h.settle(1)

	replies := h.replies(channel)
	if len(replies) != 1 {
		t.Fatalf("%d replies", len(replies))
	}
	got := replies[0]
	want := messaging.Message{
		ID: agents.NewReplyID(eliza, question, 0), ChannelID: channel, ServerID: domain.DefaultServer,
		AuthorID: domain.EntityID(eliza), AuthorName: "Eliza", Content: "You said: hello", InReplyTo: question,
		SourceType: "agent_response", Dedupe: messaging.DedupeID(got.ID),
	}
	if got.ID != want.ID || got.ServerID != want.ServerID || got.AuthorID != want.AuthorID || got.AuthorName != want.AuthorName ||
		got.Content != want.Content || got.InReplyTo != want.InReplyTo || got.SourceType != want.SourceType || got.Dedupe != want.Dedupe {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if raw := string(got.Raw); raw != `{"text":"You said: hello","thought":"an echo","actions":["REPLY"]}` {
		t.Errorf("raw message %s", raw)
	}
	metadata, err := json.Marshal(got.Metadata)
	if err != nil || string(metadata) != `{"agentName":"Eliza","agent_id":"`+string(eliza)+`","channelType":"DM","isDm":true}` {
		t.Errorf("metadata %s, %v", metadata, err)
	}
	done := h.signals.completed()[0]
	if done != (messaging.Completion{ChannelID: channel, ServerID: domain.DefaultServer, MessageID: question,
		AgentID: eliza, Result: messaging.ResultAnswered}) {
		t.Errorf("completion %+v", done)
	}
	typed := h.signals.typed()
	if len(typed) != 3 || !typed[0].On || typed[0].Speaking || !typed[1].On || !typed[1].Speaking || typed[2].On || typed[0].Name != "Eliza" || typed[0].ChannelID != channel {
		t.Errorf("typing %+v", typed)
	}
}

func TestTheBuiltInModelHoldsAConversation(t *testing.T) {
	h := newHouse(t)
	model := builtin.New(builtin.Options{})
	h.run(model)
	channel := h.channel(messaging.TypeDM, eliza)
	said := map[string]bool{}
	for turn := range 12 {
		h.say(channel, fmt.Sprintf("I feel lost, it is day %d", turn))
		h.settle(turn + 1)
	}
	for _, m := range h.replies(channel) {
		if said[m.Content] {
			t.Errorf("says %q twice", m.Content)
		}
		said[m.Content] = true
	}
	if len(said) != 12 {
		t.Errorf("%d replies", len(said))
	}
}

func TestSilenceEndsWithACompletionToo(t *testing.T) {
	h := newHouse(t)
	model := echo()
	h.run(model)
	channel := h.channel(messaging.TypeGroup, eliza)
	for i, author := range []domain.EntityID{"33333333-3333-4333-8333-333333333333", ann} {
		if err := h.messaging.PostReply(t.Context(), messaging.Message{
			ID: domain.NewID[domain.MessageID](), ChannelID: channel, AuthorID: author, Content: fmt.Sprint("talk ", i), SourceType: "client_group_chat",
		}); err != nil {
			t.Fatal(err)
		}
		h.settle(i + 1)
	}
	if replies := h.replies(channel); len(replies) != 1 || model.called() != 1 {
		t.Errorf("%d replies, %d calls; only the first message was spoken when alone", len(replies), model.called())
	}
}

func TestOnlyTheLastAgentCompletes(t *testing.T) {
	h := newHouse(t)
	smith := h.seed("Smith", true)
	m, let := stuck()
	h.run(m, func(o *agents.RunnerOptions) { o.Respond.ChainLimit = 1 })
	channel := h.channel(messaging.TypeAPI, eliza, smith)
	question := h.say(channel, "hello both")
	eventually(t, "both think", func() bool { return m.called() == 2 })
	if got := h.signals.completed(); len(got) != 0 {
		t.Fatalf("completed early: %+v", got)
	}
	close(let)
	h.settle(3) // the question, and the two answers that nobody answers
	n := 0
	for _, c := range h.signals.completed() {
		if c.MessageID == question {
			n++
		}
	}
	if n != 1 || len(h.replies(channel)) != 2 {
		t.Errorf("%d completions of the question, %d replies", n, len(h.replies(channel)))
	}
}

func TestAnswersHaveTheOrderOfTheQuestions(t *testing.T) {
	h := newHouse(t)
	slowFirst := &model{reply: func(_ context.Context, p models.Prompt) (models.Completion, error) {
		if strings.HasSuffix(p.Question.Text, "0") {
			<-time.After(20 * time.Millisecond) // a model that takes its time
		}
		return models.Completion{Text: p.Question.Text}, nil
	}}
	h.run(slowFirst)
	channels := []domain.ChannelID{h.channel(messaging.TypeDM, eliza), h.channel(messaging.TypeDM, eliza)}
	const n = 20
	for i := range n {
		for _, c := range channels {
			h.say(c, fmt.Sprint("question ", i))
		}
	}
	h.settle(n * len(channels))
	for _, c := range channels {
		for i, m := range h.replies(c) {
			if want := fmt.Sprint("question ", i); m.Content != want {
				t.Fatalf("answer %d is to %q", i, m.Content)
			}
		}
	}
}

func TestAFloodedChannelDoesNotStarveAnother(t *testing.T) {
	h := newHouse(t)
	var mu sync.Mutex
	var order []string
	m := &model{reply: func(_ context.Context, p models.Prompt) (models.Completion, error) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, p.Question.Text)
		return models.Completion{Text: "ok"}, nil
	}}
	flooded, quiet := h.channel(messaging.TypeDM, eliza), h.channel(messaging.TypeDM, eliza)
	for i := range 30 {
		h.say(flooded, fmt.Sprint("flood ", i))
	}
	h.say(quiet, "me too")
	h.run(m, func(o *agents.RunnerOptions) { o.Workers = 1 })
	h.settle(31)
	if at := slices.Index(order, "me too"); at > 1 {
		t.Errorf("the quiet channel had to wait for %d turns", at)
	}
}

func TestManyHintsMakeOneAnswer(t *testing.T) {
	h := newHouse(t)
	m := echo()
	h.run(m)
	channel := h.channel(messaging.TypeDM, eliza)
	id := h.say(channel, "hello")
	for range 10_000 {
		h.agents.Hint(messaging.Message{ID: id, ChannelID: channel, Awaiting: []domain.AgentID{eliza}})
	}
	if n := h.agents.Lanes(); n > 1 {
		t.Errorf("%d lanes for one channel", n)
	}
	h.settle(1)
	eventually(t, "the lane is forgotten", func() bool { return h.agents.Lanes() == 0 })
	if n := len(h.replies(channel)); n != 1 || m.called() != 1 {
		t.Errorf("%d replies, %d calls", n, m.called())
	}
}

func TestHintsAboutManyChannelsStayBounded(t *testing.T) {
	first := newHouse(t)
	h := enter(t, first.store, agents.ServiceOptions{MaxLanes: 200})
	for range 10_000 {
		h.agents.Hint(messaging.Message{ChannelID: domain.NewID[domain.ChannelID](), Awaiting: []domain.AgentID{eliza}})
	}
	if n := h.agents.Lanes(); n != 200 {
		t.Errorf("%d lanes", n)
	}
	h.run(echo())
	eventually(t, "the empty lanes are forgotten", func() bool { return h.agents.Lanes() == 0 })
}

func TestRefusedHintsAreSweptWhenThereIsRoom(t *testing.T) {
	first := newHouse(t)
	h := enter(t, first.store, agents.ServiceOptions{MaxLanes: 2})
	var channels []domain.ChannelID
	for i := range 15 {
		channels = append(channels, h.channel(messaging.TypeDM, eliza))
		h.say(channels[i], "hello")
	}
	h.run(echo(), func(o *agents.RunnerOptions) { o.Workers = 2 })
	h.settle(15)
	for _, c := range channels {
		if n := len(h.replies(c)); n != 1 {
			t.Errorf("%d replies in a channel", n)
		}
	}
}

func TestWhateverTheModelDoesTheTurnEnds(t *testing.T) {
	secret := errors.New("connection to 10.0.0.7 refused")
	tests := []struct {
		name  string
		reply func(ctx context.Context, p models.Prompt) (models.Completion, error)
		// reason is the outcome's error.
		reason string
	}{
		{"error that may be shown", func(context.Context, models.Prompt) (models.Completion, error) {
			return models.Completion{}, domain.Wrap(domain.Unavailable, secret, "The model is away")
		}, "The model is away"},
		{"error that may not be shown", func(context.Context, models.Prompt) (models.Completion, error) {
			return models.Completion{}, secret
		}, "Internal error"},
		{"panic", func(context.Context, models.Prompt) (models.Completion, error) { panic("oh no") }, "Internal error"},
		{"too long", func(ctx context.Context, _ models.Prompt) (models.Completion, error) {
			<-ctx.Done()
			return models.Completion{}, ctx.Err()
		}, "The operation took too long"},
		{"nothing to say", func(context.Context, models.Prompt) (models.Completion, error) {
			return models.Completion{Text: " \x00\n"}, nil
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			m := &model{reply: func(ctx context.Context, p models.Prompt) (models.Completion, error) {
				if p.Question.Text == "next" {
					return models.Completion{Text: "fine"}, nil
				}
				return tt.reply(ctx, p)
			}}
			h.run(m, func(o *agents.RunnerOptions) { o.TurnTimeout, o.Workers = 100*time.Millisecond, 1 })
			channel := h.channel(messaging.TypeDM, eliza)
			question := h.say(channel, "hello")
			h.say(channel, "next")
			h.settle(2)
			turn, err := h.store.Agents.Turn(t.Context(), agents.NewTurnID(eliza, question))
			if err != nil || turn.State != agents.StateDone || turn.Outcome == nil || turn.Outcome.Error != tt.reason {
				t.Errorf("turn %+v with outcome %+v, %v", turn, turn.Outcome, err)
			}
			if replies := h.replies(channel); len(replies) != 1 || replies[0].Content != "fine" || m.called() != 2 {
				t.Errorf("replies %+v, %d calls", replies, m.called())
			}
			if typed := h.signals.typed(); typed[len(typed)-1].On {
				t.Error("it types for ever")
			}
		})
	}
}

func TestAModelThatIgnoresItsTimeIsLeftBehind(t *testing.T) {
	h := newHouse(t)
	let := make(chan struct{})
	returned := make(chan struct{})
	h.run(&model{reply: func(context.Context, models.Prompt) (models.Completion, error) {
		defer close(returned)
		<-let
		return models.Completion{Text: "too late"}, nil
	}}, func(o *agents.RunnerOptions) { o.TurnTimeout = time.Millisecond })
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	h.settle(1)
	close(let)
	<-returned
	if replies := h.replies(channel); len(replies) != 0 {
		t.Errorf("replies %+v", replies)
	}
}

func TestTypingIsRepeatedWhileTheModelThinks(t *testing.T) {
	h := newHouse(t)
	m, let := stuck()
	h.run(m, func(o *agents.RunnerOptions) { o.TypingEvery = time.Millisecond })
	h.say(h.channel(messaging.TypeDM, eliza), "hello")
	eventually(t, "typing was repeated", func() bool { return len(h.signals.typed()) > 3 })
	close(let)
	h.settle(1)
}

func TestAQuestionDeletedMeanwhileIsNotAnswered(t *testing.T) {
	h := newHouse(t)
	m, let := stuck()
	h.run(m)
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "hello")
	eventually(t, "it thinks", func() bool { return m.called() == 1 })
	h.delete(channel, question) // ends the wait, and the turn, which says so too
	h.settle(2)
	if len(h.signals.failed()) != 1 {
		t.Errorf("failures %+v", h.signals.failed())
	}
	close(let)
	if replies := h.replies(channel); len(replies) != 0 {
		t.Errorf("replies %+v", replies)
	}
}

func TestAnAgentThatIsNotRunningAnyMoreEndsItsTurns(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	if err := h.store.Agents.SetDesired(t.Context(), eliza, false); err != nil {
		t.Fatal(err)
	}
	after := h.again()
	m := echo()
	after.run(m)
	after.settle(1)
	if m.called() != 0 || len(h.replies(channel)) != 0 {
		t.Error("it answers all the same")
	}
}

func TestAgentsStopAnsweringOneAnother(t *testing.T) {
	h := newHouse(t)
	smith := h.seed("Smith", true)
	h.run(echo(), func(o *agents.RunnerOptions) { o.Workers = 1 })
	channel := h.channel(messaging.TypeAPI, eliza, smith)
	for round := range 2 {
		h.say(channel, fmt.Sprint("talk to each other ", round))
		eventually(t, "they fall silent", func() bool { return h.duties() == 0 })
		if n := len(h.replies(channel)); n != 6*(round+1) {
			t.Errorf("%d agent messages after %d human ones", n, round+1)
		}
	}
}

func TestTheModelSeesTheConversation(t *testing.T) {
	h := newHouse(t)
	var mu sync.Mutex
	var last models.Prompt
	m := &model{reply: func(_ context.Context, p models.Prompt) (models.Completion, error) {
		mu.Lock()
		defer mu.Unlock()
		last = p
		return models.Completion{Text: "re " + p.Question.Text}, nil
	}}
	h.run(m)
	channel := h.channel(messaging.TypeDM, eliza)
	for i := range 30 {
		h.say(channel, fmt.Sprint("m", i))
		h.settle(i + 1)
	}
	mu.Lock()
	defer mu.Unlock()
	if last.Character.Name != "Eliza" || last.Character.Bio[0] != "I am Eliza." || last.Question != (models.Turn{Speaker: string(ann), Name: "Ann", Text: "m29"}) {
		t.Errorf("prompt %+v", last)
	}
	n := len(last.Conversation)
	if n != 49 || last.Conversation[n-1] != (models.Turn{Own: true, Speaker: string(eliza), Name: "Eliza", Text: "re m28"}) ||
		last.Conversation[n-2] != (models.Turn{Speaker: string(ann), Name: "Ann", Text: "m28"}) {
		t.Errorf("%d turns, the last one %+v", n, last.Conversation[n-1])
	}
}

func TestOddRepliesAreMadeStorable(t *testing.T) {
	h := newHouse(t)
	h.run(&model{reply: func(context.Context, models.Prompt) (models.Completion, error) {
		return models.Completion{Text: "\x00a\xff" + strings.Repeat("\u00e9", messaging.MaxContent)}, nil
	}})
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	h.settle(1)
	replies := h.replies(channel)
	if len(replies) != 1 || !strings.HasPrefix(replies[0].Content, "a\uFFFD\u00e9") || len([]rune(replies[0].Content)) != messaging.MaxContent {
		t.Errorf("%d replies", len(replies))
	}
}
