package agents

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/models"
)

// historySize is how many of the channel's last messages a model is shown.
const historySize = 50

// grace is how long a canceled model may take to return before it is left behind.
const grace = time.Second

// errPanic stands for a model that panicked.
var errPanic = errors.New("the model panicked")

// silence is the outcome of a turn that says nothing, and why.
func silence(why string) Outcome { return Outcome{Replies: []Reply{}, Why: why} }

// failure is the outcome of a turn that failed for a reason that may be shown.
func failure(reason string) Outcome { return Outcome{Replies: []Reply{}, Error: reason} }

// withdrawn is the outcome of a turn whose message is gone.
func withdrawn() Outcome { return failure("The message was deleted") }

// think decides what the turn comes to, while work lasts. It returns an error only if
// the turn cannot be decided now; whatever the model does, and whoever ends the work,
// becomes an outcome.
func (t *turn) think(ctx, work context.Context, attempt int64) (Outcome, error) {
	if t.agent.ID == "" || t.agent.Leaving {
		return failure("The agent was deleted"), nil
	}
	if !t.agent.Desired {
		return failure("The agent is not running"), nil
	}
	if attempt > t.Attempts {
		t.log.Error().Int64("attempts", attempt-1).Msg("turn is given up")
		return failure("The turn was given up after too many attempts"), nil
	}
	s, recent, err := t.situation(ctx)
	if domain.IsCode(err, domain.NotFound) {
		return silence("the channel is gone"), nil
	}
	if err != nil {
		return Outcome{}, err
	}
	answer, why := t.Respond.shouldRespond(s)
	t.log.Debug().Bool("answers", answer).Str("because", why).Msg("turn decided whether to answer")
	if !answer {
		return silence(why), nil
	}
	outcome, err := t.ask(ctx, work, t.prompt(recent), attempt)
	if err != nil {
		return Outcome{}, err
	}
	return t.recheck(ctx, outcome)
}

// situation reads the channel and its last messages, newest first.
func (t *turn) situation(ctx context.Context) (situation, []messaging.Message, error) {
	channel, err := t.channel(ctx)
	if err != nil {
		return situation{}, nil, err
	}
	recent, err := t.recent(ctx, historySize)
	if err != nil {
		return situation{}, nil, err
	}
	before := slices.DeleteFunc(slices.Clone(recent), func(m messaging.Message) bool { return m.Seq >= t.question.Seq })
	others, ahead := t.Agents.others(channel, t.key.Agent)
	return situation{
		agent: t.agent, channel: channel, question: t.question, before: before, others: others, ahead: ahead,
		run: agentRun(recent, t.Agents.wrote), wrote: t.Agents.wrote,
		setting: func(name string) string { return t.Agents.SettingText(t.key.Agent, name) },
	}, recent, nil
}

// recent reads the channel's last messages, newest first.
func (t *turn) recent(ctx context.Context, limit int) (page []messaging.Message, err error) {
	err = t.retry(ctx, func(ctx context.Context) error {
		page, err = t.Log.Page(ctx, messaging.PageQuery{Channel: t.key.Channel, Limit: limit})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the channel's last messages: %w", err)
	}
	return page, nil
}

// ask calls the model, within its time, and lets the channel see the answer arise.
func (t *turn) ask(ctx, work context.Context, p models.Prompt, attempt int64) (Outcome, error) {
	t.openStream(attempt)
	t.typing(true)
	defer t.typing(false)
	began := t.Now()
	c, err := t.call(work, p)
	said := t.stream.close()
	took := t.Now().Sub(began)
	t.used = &modelUse{prompt: p, began: began, took: took, response: c.Text, err: err}
	if err != nil {
		t.used.response = said
	}
	if cause := context.Cause(work); cause != nil {
		t.used.err = domain.Wrap(domain.Canceled, err, "The call was cut off: "+cause.Error())
	}
	switch cause := context.Cause(work); {
	case ctx.Err() != nil && err != nil:
		return Outcome{}, ctx.Err() // the server stops: the next start thinks again
	case cause != nil && ctx.Err() == nil:
		t.log.Info().Dur("took", took).AnErr("because", cause).Msg("answer was cut off")
		return t.cut(cause, said), nil
	case err == nil:
		t.log.Info().Dur("took", took).Msg("agent answered")
		return t.answer(c.Text, c.Thought), nil
	default:
		t.log.Error().Err(err).Dur("took", took).Msg("agent could not answer")
		return failure(domain.AsError(err).Message), nil
	}
}

// answer is the outcome of a text, which may be anything.
func (t *turn) answer(text, thought string) Outcome {
	if reply := t.newReply(0, text, thought); reply.Text != "" {
		return Outcome{Replies: []Reply{reply}}
	}
	return silence("it had nothing to say")
}

// cut is the outcome of a turn that was ended from outside when it had said something.
func (t *turn) cut(cause error, said string) Outcome {
	switch {
	case errors.Is(cause, errStopped):
		o := t.answer(said, "")
		o.Stopped = true
		return o
	case errors.Is(cause, errDeparted):
		return failure("The agent was deleted")
	case errors.Is(cause, errHalted):
		return failure("The agent was stopped")
	default:
		return withdrawn()
	}
}

// openStream prepares to tell the channel the answer piece by piece.
func (t *turn) openStream(attempt int64) {
	t.stream = &stream{every: t.ChunkEvery, now: t.Now, tell: func(index int, chunk string) {
		t.Signals.Streamed(Chunk{
			ChannelID: t.key.Channel, AgentID: t.key.Agent, Name: t.agent.Character.Name, MessageID: t.replyID(),
			Question: t.question.ID, Attempt: attempt, Index: index, Text: chunk,
		})
		if index == 0 {
			t.speaking.Store(true)
			t.typing(true)
		}
	}}
}

// endStream says that no more chunks come, if any could have.
func (t *turn) endStream() {
	if t.stream == nil {
		return
	}
	t.stream.close()
	t.Signals.StreamEnded(t.key.Channel, t.replyID())
}

// call runs the model on a goroutine of its own, so that one that panics or does not
// return in time ends this turn and nothing else. One that still works after its time
// and the grace is left behind; it can do no harm but hold its memory.
func (t *turn) call(work context.Context, p models.Prompt) (models.Completion, error) {
	ctx, cancel := context.WithTimeout(work, t.TurnTimeout)
	defer cancel()
	answers := make(chan answered, 1)
	go func() { answers <- t.reply(ctx, p) }()

	repeat := time.NewTicker(t.TypingEvery)
	defer repeat.Stop()
	flush := time.NewTicker(t.ChunkEvery)
	defer flush.Stop()
	for {
		select {
		case a := <-answers:
			return a.completion, a.err
		case <-flush.C:
			t.stream.flush()
		case <-repeat.C:
			t.typing(true)
		case <-ctx.Done():
			select {
			case a := <-answers:
				return a.completion, a.err
			case <-time.After(grace):
				return models.Completion{}, ctx.Err()
			}
		}
	}
}

// answered is what a model came to.
type answered struct {
	completion models.Completion
	err        error
}

// reply asks the model; a panic of it is an error.
func (t *turn) reply(ctx context.Context, p models.Prompt) (a answered) {
	defer func() {
		if v := recover(); v != nil {
			t.log.Error().Interface("panic", v).Bytes("stack", debug.Stack()).Msg("model panicked")
			a.err = errPanic
		}
	}()
	a.completion, a.err = t.Model.Reply(ctx, p, t.stream.add)
	return a
}

// typing tells the channel whether the agent works on an answer.
func (t *turn) typing(on bool) {
	t.Signals.Typing(Typing{ChannelID: t.key.Channel, AgentID: t.key.Agent, Name: t.agent.Character.Name, On: on,
		Speaking: t.speaking.Load()})
}

// recheck takes an answer back if the question was deleted while the model thought,
// or if other agents have filled the channel meanwhile.
func (t *turn) recheck(ctx context.Context, o Outcome) (Outcome, error) {
	var now messaging.Message
	err := t.retry(ctx, func(ctx context.Context) (err error) {
		now, err = t.Log.Message(ctx, t.key.Channel, t.question.ID)
		return err
	})
	if domain.IsCode(err, domain.NotFound) || err == nil && now.Deleted {
		return withdrawn(), nil
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("read the question again: %w", err)
	}
	if !t.Agents.wrote(t.question) {
		return o, nil
	}
	recent, err := t.recent(ctx, t.Respond.ChainLimit)
	if err != nil {
		return Outcome{}, err
	}
	if agentRun(recent, t.Agents.wrote) >= t.Respond.ChainLimit {
		return silence(crowded), nil
	}
	return o, nil
}
