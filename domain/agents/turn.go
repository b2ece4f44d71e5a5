package agents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/trace"
)

// SourceReply is the source type of an agent's messages.
const SourceReply = messaging.SourceAgent

// actionReply is the action of a plain answer.
const actionReply = "REPLY"

// errQuestionGone ends a turn whose question was deleted as it began: nothing is left to do.
var errQuestionGone = errors.New("the question is gone")

// errTakenOver ends a turn that another runner works on now; the rest is its business.
var errTakenOver = errors.New("another runner has taken the turn")

// errFailed stands, in a trace, for the failure that is a turn's outcome.
var errFailed = errors.New("the turn failed")

// turn is a Runner's work on one duty.
type turn struct {
	*Runner
	key      Lane
	question messaging.Message
	// agent is zero if the agent is not known any more.
	agent Agent
	log   zerolog.Logger
	// stream tells the channel the answer as it arises, nil before the model is asked.
	stream *stream
	// remembering are the writes of memories beside the turn.
	remembering sync.WaitGroup
	// speaking says that the answer has begun to arise.
	speaking atomic.Bool
	// span is the turn in the trace of its message.
	span trace.Span
	// failed says why the turn came to no answer, "" if it did not fail.
	failed string
	// used is what the model was asked and said, nil if it was not asked.
	used *modelUse
}

// newTurn prepares the work on a duty.
func (r *Runner) newTurn(ctx context.Context, key Lane, m messaging.Message) *turn {
	a, _ := r.Agents.agent(key.Agent)
	fields := r.Logger.With().
		Str("agentName", a.Character.Name).Str("agentId", string(key.Agent)).
		Str("roomId", string(key.Channel)).Str("messageId", string(m.ID))
	if id := trace.ID(ctx); id != "" {
		fields = fields.Str("trace_id", id)
	}
	return &turn{Runner: r, key: key, question: m, agent: a, log: fields.Logger()}
}

// run does what is left of the turn, step by step, each of which can be repeated. An
// error leaves the duty open.
func (t *turn) run(ctx context.Context) (err error) {
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer t.Agents.running.begin(t.key, underWay{question: t.question.ID, seq: t.question.Seq, cancel: cancel})()
	t.agent, _ = t.Agents.agent(t.key.Agent) // a change from now on finds the turn under way
	defer t.endStream()
	defer t.remembering.Wait()
	doc, err := t.take(ctx)
	if errors.Is(err, errQuestionGone) {
		return nil
	}
	if err != nil {
		return err
	}
	t.span.Set(trace.Number("parley.attempt", doc.Fence))
	t.tell(doc, StateTaken)
	defer func() {
		if err != nil {
			t.tell(doc, StateLeft)
		}
	}()
	t.rememberQuestion(ctx)
	undecided := doc.Outcome == nil
	if undecided {
		if doc, err = t.decide(ctx, work, doc); err != nil {
			return err
		}
	}
	t.Agents.running.decide(t.key)
	t.failed = doc.Outcome.Error
	t.span.Set(trace.Text("parley.result", doc.Outcome.result()))
	if undecided {
		t.tell(doc, StateDecided)
		t.tellOutcome(doc)
	}
	if doc.State != StateDone {
		if err := t.appendAll(ctx, *doc.Outcome); err != nil {
			return err
		}
	}
	t.rememberOutcome(ctx, *doc.Outcome)
	if doc.State != StateDone {
		if err := t.finish(ctx, doc); err != nil {
			return err
		}
	}
	t.remembering.Wait() // while the duty stands, a crash brings the turn back
	if err := t.endDuty(ctx, *doc.Outcome); err != nil {
		return err
	}
	t.record(*doc.Outcome)
	t.tell(doc, StateDone)
	return nil
}

// endSpan ends the turn's span with what kept it from an answer: an error of the work, or
// the failure that is its outcome. A turn that is over is no failure of who works on it late.
func (t *turn) endSpan(err error) {
	switch {
	case errors.Is(err, errTakenOver):
		t.span.End(nil)
	case err == nil && t.failed != "":
		t.span.End(errFailed)
	default:
		t.span.End(err)
	}
}

// report writes how the turn ended, if it ended badly.
func (t *turn) report(ctx context.Context, err error) {
	switch {
	case err == nil:
	case errors.Is(err, errTakenOver), errors.Is(context.Cause(ctx), errLeaseLost):
		t.log.Info().Msg("turn is worked on elsewhere")
	case errors.Is(err, context.Canceled):
		t.log.Info().Msg("turn is left to the next start")
	default:
		t.log.Warn().Err(err).Msg("turn is left to the next sweep")
	}
}

// take raises the turn's fence; errQuestionGone if there is nothing to answer any more.
func (t *turn) take(ctx context.Context) (doc Turn, err error) {
	if err := t.OnStep("take"); err != nil {
		return Turn{}, err
	}
	now := t.Now().UTC()
	fresh := Turn{
		ID: NewTurnID(t.key.Agent, t.question.ID), AgentID: t.key.Agent, ChannelID: t.key.Channel,
		MessageID: t.question.ID, State: StateTaken, CreatedAt: now, UpdatedAt: now,
	}
	err = t.retry(ctx, func(ctx context.Context) error {
		doc, err = t.Store.TakeTurn(ctx, fresh)
		return err
	})
	if err != nil {
		return Turn{}, fmt.Errorf("take the turn: %w", err)
	}
	return doc, t.standing(ctx, doc)
}

// standing looks whether the question of a turn just taken is still there. A deletion
// before that has not found the turn; one after it removes the turn and ends the work.
func (t *turn) standing(ctx context.Context, doc Turn) error {
	gone := false
	err := t.retry(ctx, func(ctx context.Context) error {
		m, err := t.Log.Message(ctx, t.key.Channel, t.question.ID)
		gone = domain.IsCode(err, domain.NotFound) || err == nil && m.Deleted
		if !gone {
			return err
		}
		return t.Store.EraseTurn(ctx, doc.ID)
	})
	if err != nil {
		return fmt.Errorf("look for the question: %w", err)
	}
	if gone {
		return errQuestionGone
	}
	return nil
}

// decide thinks, while work lasts, and writes the outcome down. The turn it returns is
// the stored one, with its outcome.
func (t *turn) decide(ctx, work context.Context, doc Turn) (Turn, error) {
	if err := t.OnStep("think"); err != nil {
		return doc, err
	}
	outcome, err := t.think(ctx, work, doc.Fence)
	if err != nil {
		return doc, err
	}
	if err := t.OnStep("commit"); err != nil {
		return doc, err
	}
	err = t.retry(ctx, func(ctx context.Context) error {
		return t.Store.CommitOutcome(ctx, doc.ID, doc.Fence, outcome)
	})
	if domain.IsCode(err, domain.Conflict) {
		return t.decided(ctx, doc)
	}
	if err != nil {
		return doc, fmt.Errorf("commit the outcome: %w", err)
	}
	doc.Outcome = &outcome
	return doc, nil
}

// decided looks what a refused commit means. The outcome may stand by an earlier try of
// ours that got through without our hearing of it, or because the turn was stopped just
// as it began, which leaves the rest to us. Else another runner has the turn.
func (t *turn) decided(ctx context.Context, doc Turn) (Turn, error) {
	var stored Turn
	err := t.retry(ctx, func(ctx context.Context) (err error) {
		stored, err = t.Store.Turn(ctx, doc.ID)
		return err
	})
	if domain.IsCode(err, domain.NotFound) { // it went with its question; the channel must hear that it has ended
		gone := withdrawn()
		doc.State, doc.Outcome = StateDone, &gone
		return doc, nil
	}
	if err != nil {
		return doc, fmt.Errorf("read the turn: %w", err)
	}
	stopped := stored.Outcome != nil && stored.Outcome.Stopped && len(stored.Outcome.Replies) == 0
	if stored.Outcome == nil || stored.Fence != doc.Fence && !stopped {
		return doc, errTakenOver
	}
	return stored, nil
}

// appendAll posts the replies of an outcome, in order. A reply that can never be
// posted (its channel is gone) is left out: it must not block the lane for ever.
func (t *turn) appendAll(ctx context.Context, o Outcome) error {
	if len(o.Replies) == 0 {
		return nil
	}
	channel, err := t.channel(ctx)
	if domain.IsCode(err, domain.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, reply := range o.Replies {
		if err := t.OnStep(fmt.Sprintf("append %d", i)); err != nil {
			return err
		}
		m := t.message(channel, reply, o)
		posting, span := trace.Start(ctx, "reply", trace.Internal, trace.Text("parley.message", m.ID))
		err := t.retry(posting, func(ctx context.Context) error { return t.Channels.PostReply(ctx, m) })
		span.End(err)
		switch {
		case err == nil:
		case passing(err) || ctx.Err() != nil:
			return fmt.Errorf("append a reply: %w", err)
		default:
			t.log.Error().Err(err).Str("replyId", string(reply.ID)).Msg("reply cannot be posted")
		}
	}
	return nil
}

// channel reads the channel of the duty.
func (t *turn) channel(ctx context.Context) (c messaging.Channel, err error) {
	err = t.retry(ctx, func(ctx context.Context) error {
		c, err = t.Channels.Channel(ctx, t.key.Channel)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("read the channel: %w", err)
	}
	return c, nil
}

// rawReply is the raw message of a reply.
type rawReply struct {
	Text    string   `json:"text"`
	Thought string   `json:"thought,omitempty"`
	Actions []string `json:"actions"`
}

// message builds the document of a reply, always the same for the same reply.
func (t *turn) message(channel messaging.Channel, reply Reply, o Outcome) messaging.Message {
	raw, err := json.Marshal(rawReply{Text: reply.Text, Thought: reply.Thought, Actions: reply.Actions})
	if err != nil { // texts always marshal
		t.log.Error().Err(err).Msg("reply has no JSON form")
	}
	name := t.agent.Character.Name
	metadata := domain.Metadata{}
	metadata.Set("agent_id", t.key.Agent)
	metadata.Set("agentName", name)
	metadata.Set("channelType", channel.Type)
	metadata.Set("isDm", channel.Type == messaging.TypeDM || channel.Metadata.True("isDm"))
	if o.Stopped {
		metadata.Set("stopped", true)
	}
	return messaging.Message{
		ID: reply.ID, ChannelID: channel.ID, ServerID: channel.ServerID,
		AuthorID: domain.EntityID(t.key.Agent), AuthorName: name, Content: reply.Text, Raw: raw,
		InReplyTo: t.question.ID, SourceType: SourceReply, Metadata: metadata, Dedupe: messaging.DedupeID(reply.ID),
	}
}

// finish notes that all replies are appended.
func (t *turn) finish(ctx context.Context, doc Turn) error {
	if err := t.OnStep("finish turn"); err != nil {
		return err
	}
	err := t.retry(ctx, func(ctx context.Context) error { return t.Store.FinishTurn(ctx, doc.ID, doc.Fence) })
	if domain.IsCode(err, domain.Conflict) {
		if _, err := t.Store.Turn(ctx, doc.ID); domain.IsCode(err, domain.NotFound) {
			return nil // it went with its question
		}
		return errTakenOver
	}
	if err != nil {
		return fmt.Errorf("finish the turn: %w", err)
	}
	return nil
}

// endDuty removes the duty and tells the channel: of a failure, and, if it was the
// message's last duty, that there is nothing more to wait for.
func (t *turn) endDuty(ctx context.Context, o Outcome) error {
	if err := t.OnStep("finish duty"); err != nil {
		return err
	}
	left := 0
	err := t.retry(ctx, func(ctx context.Context) (err error) {
		left, err = t.Log.FinishDuty(ctx, t.key.Channel, t.question.ID, t.key.Agent)
		return err
	})
	if err != nil && !domain.IsCode(err, domain.NotFound) { // a message that is gone has no duties
		return fmt.Errorf("remove the duty: %w", err)
	}
	if err := t.OnStep("complete"); err != nil {
		return err
	}
	if o.Error != "" {
		t.Signals.Failed(Failure{ChannelID: t.key.Channel, AgentID: t.key.Agent, Question: t.question.ID,
			MessageID: t.replyID(), Error: o.Error})
	}
	if left == 0 {
		t.Signals.Completed(messaging.Completion{
			ChannelID: t.key.Channel, ServerID: t.question.ServerID, MessageID: t.question.ID, AgentID: t.key.Agent,
			Result: o.result(), Error: o.Error,
		})
	}
	return nil
}

// replyID is the id of the turn's first reply, which is the one that is streamed.
func (t *turn) replyID() domain.MessageID { return NewReplyID(t.key.Agent, t.question.ID, 0) }

// result is what the channel is told of an outcome.
func (o Outcome) result() messaging.Result {
	switch {
	case o.Stopped:
		return messaging.ResultStopped
	case o.Error != "":
		return messaging.ResultFailed
	case len(o.Replies) > 0:
		return messaging.ResultAnswered
	default:
		return messaging.ResultSilent
	}
}

// newReply makes the n-th reply of the turn of what a model wrote, which may be anything.
func (t *turn) newReply(n int, text, thought string) Reply {
	return Reply{
		ID:   NewReplyID(t.key.Agent, t.question.ID, n),
		Text: storable(text), Thought: storable(thought), Actions: []string{actionReply},
	}
}
