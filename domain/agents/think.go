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

// silence is the outcome of a turn that says nothing.
func silence() Outcome { return Outcome{Replies: []Reply{}} }

// failure is the outcome of a turn that failed for a reason that may be shown.
func failure(reason string) Outcome { return Outcome{Replies: []Reply{}, Error: reason} }

// think decides what the turn comes to. It returns an error only if the turn cannot
// be decided now; whatever the model does becomes an outcome.
func (t *turn) think(ctx context.Context, attempt int64) (Outcome, error) {
	if !t.agent.Desired {
		return failure("The agent is not running"), nil
	}
	if attempt > t.Attempts {
		t.log.Error().Int64("attempts", attempt-1).Msg("turn is given up")
		return failure("The turn was given up after too many attempts"), nil
	}
	s, recent, err := t.situation(ctx)
	if domain.IsCode(err, domain.NotFound) {
		return silence(), nil // the channel is gone
	}
	if err != nil {
		return Outcome{}, err
	}
	answer, why := t.Respond.shouldRespond(s)
	t.log.Debug().Bool("answers", answer).Str("because", why).Msg("turn decided whether to answer")
	if !answer {
		return silence(), nil
	}
	outcome, err := t.ask(ctx, t.prompt(recent))
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
	return situation{
		agent: t.agent, channel: channel, question: t.question, before: before,
		run: agentRun(recent, t.Agents.wrote), wrote: t.Agents.wrote,
	}, recent, nil
}

// recent reads the channel's last messages, newest first.
func (t *turn) recent(ctx context.Context, limit int) (page []messaging.Message, err error) {
	err = t.retry(ctx, func(ctx context.Context) error {
		page, err = t.Log.Page(ctx, messaging.PageQuery{Channel: t.key.channel, Limit: limit})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the channel's last messages: %w", err)
	}
	return page, nil
}

// prompt tells the model who it is, what was said before the question, and what it
// has said since: it may have answered others meanwhile.
func (t *turn) prompt(recent []messaging.Message) models.Prompt {
	c := t.agent.Character
	p := models.Prompt{
		Character: models.Character{
			Name: c.Name, System: c.System, Bio: c.Bio.Lines, Topics: c.Topics, Adjectives: c.Adjectives,
			Style: append(slices.Clone(c.Style.All), c.Style.Chat...), Examples: c.examples(),
		},
		Earlier:  t.earlier,
		Question: t.said(t.question),
	}
	for _, m := range slices.Backward(recent) {
		if said := t.said(m); m.ID != t.question.ID && (m.Seq < t.question.Seq || said.Own) {
			p.Conversation = append(p.Conversation, said)
		}
	}
	return p
}

// earlierSize is how many of the channel's messages before the question a model may ask for.
const earlierSize = 1000

// earlier reads what people said before the question, oldest first.
func (t *turn) earlier(ctx context.Context) ([]models.Turn, error) {
	var page []messaging.Message
	err := t.retry(ctx, func(ctx context.Context) (err error) {
		page, err = t.Log.Page(ctx, messaging.PageQuery{Channel: t.key.channel, Limit: earlierSize, BeforeSeq: t.question.Seq})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was said earlier: %w", err)
	}
	var said []models.Turn
	for _, m := range slices.Backward(page) {
		if s := t.said(m); !s.Own {
			said = append(said, s)
		}
	}
	return said, nil
}

// said is a message as the model sees it.
func (t *turn) said(m messaging.Message) models.Turn {
	return models.Turn{Own: m.AuthorID == domain.EntityID(t.agent.ID), Speaker: string(m.AuthorID), Name: m.AuthorName, Text: m.Content}
}

// ask calls the model, within its time, and tells the channel that the agent types.
func (t *turn) ask(ctx context.Context, p models.Prompt) (Outcome, error) {
	t.typing(true)
	defer t.typing(false)
	began := t.Now()
	c, err := t.call(ctx, p)
	took := t.Now().Sub(began)
	switch {
	case err == nil:
		t.log.Info().Dur("took", took).Msg("agent answered")
		if reply := t.newReply(0, c.Text, c.Thought); reply.Text != "" {
			return Outcome{Replies: []Reply{reply}}, nil
		}
		return silence(), nil
	case ctx.Err() != nil:
		return Outcome{}, ctx.Err() // the server stops: the next start thinks again
	default:
		t.log.Error().Err(err).Dur("took", took).Msg("agent could not answer")
		return failure(domain.AsError(err).Message), nil
	}
}

// call runs the model on a goroutine of its own, so that one that panics or does not
// return in time ends this turn and nothing else. One that still works after its time
// and the grace is left behind; it can do no harm but hold its memory.
func (t *turn) call(ctx context.Context, p models.Prompt) (models.Completion, error) {
	ctx, cancel := context.WithTimeout(ctx, t.TurnTimeout)
	defer cancel()
	type answer struct {
		completion models.Completion
		err        error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if v := recover(); v != nil {
				t.log.Error().Interface("panic", v).Bytes("stack", debug.Stack()).Msg("model panicked")
				a.err = errPanic
			}
			answers <- a
		}()
		a.completion, a.err = t.Model.Reply(ctx, p, func(string) {})
	}()

	repeat := time.NewTicker(t.TypingEvery)
	defer repeat.Stop()
	for {
		select {
		case a := <-answers:
			return a.completion, a.err
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

// typing tells the channel whether the agent works on an answer.
func (t *turn) typing(on bool) {
	t.Signals.Typing(Typing{ChannelID: t.key.channel, AgentID: t.key.agent, Name: t.agent.Character.Name, On: on})
}

// recheck takes an answer back if the question was deleted while the model thought,
// or if other agents have filled the channel meanwhile.
func (t *turn) recheck(ctx context.Context, o Outcome) (Outcome, error) {
	var now messaging.Message
	err := t.retry(ctx, func(ctx context.Context) (err error) {
		now, err = t.Log.Message(ctx, t.key.channel, t.question.ID)
		return err
	})
	if domain.IsCode(err, domain.NotFound) || err == nil && now.Deleted {
		return silence(), nil
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("read the question again: %w", err)
	}
	if !t.Agents.wrote(t.question) {
		return o, nil
	}
	recent, err := t.recent(ctx, t.Respond.chainLimit())
	if err != nil {
		return Outcome{}, err
	}
	if agentRun(recent, t.Agents.wrote) >= t.Respond.chainLimit() {
		return silence(), nil
	}
	return o, nil
}
