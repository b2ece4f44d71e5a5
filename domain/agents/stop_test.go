package agents_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/models"
)

// talker says words until it is let go or cut off.
func talker() (m *model, let chan struct{}) {
	let = make(chan struct{})
	return &model{speak: func(ctx context.Context, _ models.Prompt, emit func(string)) (models.Completion, error) {
		text := ""
		say := func(piece string) { emit(piece); text += piece }
		say("One")
		for {
			select {
			case <-time.After(time.Millisecond):
				say(" more")
			case <-let:
				say(" end.")
				return models.Completion{Text: text}, nil
			case <-ctx.Done():
				return models.Completion{}, ctx.Err()
			}
		}
	}}, let
}

// quick makes chunks small, and the end of the test soon.
func quick(o *agents.RunnerOptions) { o.ChunkEvery, o.Drain = time.Microsecond, time.Millisecond }

// text joins chunks and checks their numbers.
func text(t *testing.T, chunks []agents.Chunk) string {
	t.Helper()
	var b strings.Builder
	for i, c := range chunks {
		if c.Index != i || c.MessageID != chunks[0].MessageID || c.Attempt != chunks[0].Attempt {
			t.Fatalf("chunk %d is %+v", i, c)
		}
		b.WriteString(c.Text)
	}
	return b.String()
}

// admin is who stops things in the tests.
var admin = domain.Actor{Role: domain.Admin}

func TestAnAnswerArisesInChunks(t *testing.T) {
	h := newHouse(t)
	m, let := talker()
	h.run(m, quick)
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "hello")
	eventually(t, "some chunks", func() bool { return len(h.signals.streamed()) > 3 })
	close(let)
	h.settle(1)
	chunks, replies := h.signals.streamed(), h.replies(channel)
	if len(replies) != 1 || replies[0].Content != text(t, chunks) {
		t.Fatalf("chunks make %q, the reply is %+v", text(t, chunks), replies)
	}
	if c := chunks[0]; c.MessageID != replies[0].ID || c.Question != question || c.AgentID != eliza || c.Name != "Eliza" ||
		c.ChannelID != channel || c.Attempt != 1 {
		t.Errorf("chunk %+v", c)
	}
}

func TestAStoppedAnswerKeepsWhatWasSaid(t *testing.T) {
	for _, byAnswer := range []bool{false, true} {
		h := newHouse(t)
		m, _ := talker()
		r, _ := h.run(m, quick)
		channel := h.channel(messaging.TypeDM, eliza)
		id := h.say(channel, "hello")
		eventually(t, "some chunks", func() bool { return len(h.signals.streamed()) > 3 })
		if byAnswer {
			id = h.signals.streamed()[0].MessageID
		}
		if out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel, MessageID: id}); err != nil || out.Stopped != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		h.settle(1)
		replies := h.replies(channel)
		if len(replies) != 1 || replies[0].Content != text(t, h.signals.streamed()) || !replies[0].Metadata.True("stopped") {
			t.Errorf("replies %+v", replies)
		}
		if c := h.signals.completed()[0]; c.Result != messaging.ResultStopped {
			t.Errorf("completion %+v", c)
		}
	}
}

func TestAnAnswerThatIsDecidedIsNotStopped(t *testing.T) {
	h := newHouse(t)
	m, let := talker()
	close(let)
	var r *agents.Runner
	channel := h.channel(messaging.TypeDM, eliza)
	var stopped []agents.StopResult
	r = h.runner(m, quick, func(o *agents.RunnerOptions) {
		o.OnStep = func(step string) error {
			if step != "append 0" && step != "complete" {
				return nil
			}
			out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel})
			stopped = append(stopped, out)
			return err
		}
	})
	h.start(r.Run)
	h.say(channel, "hello")
	h.settle(1)
	if len(stopped) != 2 || stopped[0].Stopped != 0 || stopped[1].Stopped != 0 {
		t.Errorf("stopped %+v", stopped)
	}
	if c := h.signals.completed()[0]; c.Result != messaging.ResultAnswered {
		t.Errorf("completion %+v", c)
	}
}

func TestAnAnswerStoppedBeforeItsFirstWordIsNone(t *testing.T) {
	h := newHouse(t)
	m, _ := stuck()
	r, _ := h.run(m, quick)
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "hello")
	eventually(t, "it thinks", func() bool { return m.called() == 1 })
	if out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel, MessageID: question}); err != nil || out.Stopped != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	h.settle(1)
	if replies := h.replies(channel); len(replies) != 0 || len(h.signals.failed()) != 0 {
		t.Errorf("replies %+v, failures %+v", replies, h.signals.failed())
	}
	if out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel, MessageID: question}); err != nil || out.Stopped != 0 {
		t.Errorf("a second time: %+v, %v", out, err)
	}
}

func TestTurnsThatHaveNotBegunAreStoppedForGood(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	var questions []domain.MessageID
	for _, says := range []string{"one", "two", "three"} {
		questions = append(questions, h.say(channel, says))
	}
	r := h.runner(echo()) // it does not run, so nothing begins
	if out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel, MessageID: questions[1]}); err != nil || out.Stopped != 1 {
		t.Fatalf("one: %+v, %v", out, err)
	}
	if out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel, MessageID: domain.NewID[domain.MessageID]()}); err != nil || out.Stopped != 0 {
		t.Fatalf("an unknown one: %+v, %v", out, err)
	}
	restarted := h.again() // what was decided survives a restart
	restarted.run(echo())
	restarted.settle(3)
	replies := restarted.replies(channel)
	if len(replies) != 2 || replies[0].InReplyTo != questions[0] || replies[1].InReplyTo != questions[2] {
		t.Errorf("replies %+v", replies)
	}
}

func TestAllAnswersInAChannelAreStopped(t *testing.T) {
	h := newHouse(t)
	m, _ := talker()
	r, _ := h.run(m, quick)
	channel, elsewhere := h.channel(messaging.TypeDM, eliza), h.channel(messaging.TypeDM, eliza)
	h.say(elsewhere, "go on")
	for _, says := range []string{"one", "two", "three", "four"} {
		h.say(channel, says)
	}
	eventually(t, "both talk", func() bool { return m.called() == 2 })
	if out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel}); err != nil || out.Stopped != 4 {
		t.Fatalf("%+v, %v", out, err)
	}
	eventually(t, "the channel is still", func() bool { return len(h.signals.completed()) == 4 })
	for _, c := range h.signals.completed() {
		if c.ChannelID != channel || c.Result != messaging.ResultStopped {
			t.Errorf("completion %+v", c)
		}
	}
	if m.called() != 2 || h.duties() != 1 {
		t.Errorf("%d calls, %d duties", m.called(), h.duties())
	}
}

func TestAStopJustAsATurnBeginsIsObeyed(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	var stopped atomic.Bool
	ready := make(chan struct{})
	h.runWith(echo(), func(step string) error {
		if step == "commit" && !stopped.Swap(true) {
			<-ready
			// Another door's stop got between: it knows nothing of the turn under way.
			other := h.again()
			out, err := other.runner(echo()).Stop(context.Background(), admin, agents.StopRequest{ChannelID: channel})
			return errors.Join(err, map[bool]error{true: nil, false: errKilled}[out.Stopped == 1])
		}
		return nil
	})
	h.say(channel, "hello")
	close(ready)
	h.settle(1)
	if replies := h.replies(channel); len(replies) != 0 || h.signals.completed()[0].Result != messaging.ResultStopped {
		t.Errorf("replies %+v, completions %+v", replies, h.signals.completed())
	}
}

func TestADeletedQuestionCutsItsAnswerOff(t *testing.T) {
	h := newHouse(t)
	m, _ := talker()
	h.run(m, quick)
	channel := h.channel(messaging.TypeDM, eliza)
	question := h.say(channel, "hello")
	eventually(t, "some chunks", func() bool { return len(h.signals.streamed()) > 3 })
	h.delete(channel, question)
	h.settle(2) // of the deletion, and of the turn
	if len(h.signals.failed()) != 1 {
		t.Errorf("failures %+v", h.signals.failed())
	}
	if replies := h.replies(channel); len(replies) != 0 {
		t.Errorf("replies %+v", replies)
	}
}

func TestAnAgentStoppedWhileItAnswersFallsSilent(t *testing.T) {
	h := newHouse(t)
	m, let := talker()
	h.run(m, quick)
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	h.say(channel, "are you there?")
	eventually(t, "some chunks", func() bool { return len(h.signals.streamed()) > 3 })
	name := agents.GetRequest{AgentID: eliza}
	if out, err := h.agents.Halt(t.Context(), admin, name); err != nil || out.Status != agents.Inactive {
		t.Fatalf("%+v, %v", out, err)
	}
	h.settle(2)
	for _, c := range h.signals.completed() {
		if c.Result != messaging.ResultFailed || c.Error == "" {
			t.Errorf("completion %+v", c)
		}
	}
	h.say(channel, "nobody hears this")
	h.settle(3)
	if _, err := h.agents.Halt(t.Context(), admin, name); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("stopped twice: %v", err)
	}
	for range 2 {
		if out, err := h.agents.Start(t.Context(), admin, name); err != nil || out.Status != agents.Active {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	close(let)
	h.say(channel, "hello again")
	h.settle(4)
	if replies := h.replies(channel); len(replies) != 1 {
		t.Errorf("replies %+v", replies)
	}
	if _, err := h.agents.Start(t.Context(), admin, agents.GetRequest{AgentID: domain.NewID[domain.AgentID]()}); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("an unknown agent: %v", err)
	}
}

func TestANewAttemptSaysSo(t *testing.T) {
	h := newHouse(t)
	m, _ := talker()
	_, stop := h.run(m, quick)
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	eventually(t, "some chunks", func() bool { return len(h.signals.streamed()) > 3 })
	stop()
	again := h.again()
	m, let := talker()
	again.run(m, quick)
	eventually(t, "some chunks again", func() bool { return len(again.signals.streamed()) > 3 })
	close(let)
	again.settle(1)
	first, second := h.signals.streamed()[0], again.signals.streamed()[0]
	if first.MessageID != second.MessageID || first.Attempt != 1 || second.Attempt != 2 || second.Index != 0 {
		t.Errorf("first %+v, then %+v", first, second)
	}
	if replies := again.replies(channel); len(replies) != 1 || replies[0].Content != text(t, again.signals.streamed()) {
		t.Errorf("replies %+v", replies)
	}
}
