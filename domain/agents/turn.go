package agents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
)

// SourceReply is the source type of an agent's messages.
const SourceReply = "agent_response"

// actionReply is the action of a plain answer.
const actionReply = "REPLY"

// errTakenOver ends a turn that another runner works on now; the rest is its business.
var errTakenOver = errors.New("another runner has taken the turn")

// turn is a Runner's work on one duty.
type turn struct {
	*Runner
	key      laneKey
	question messaging.Message
	// agent is zero if the agent is not known any more.
	agent Agent
	log   zerolog.Logger
}

// newTurn prepares the work on a duty.
func (r *Runner) newTurn(key laneKey, m messaging.Message) *turn {
	a, _ := r.Agents.agent(key.agent)
	return &turn{Runner: r, key: key, question: m, agent: a, log: r.Logger.With().
		Str("agentName", a.Character.Name).Str("agentId", string(key.agent)).
		Str("roomId", string(key.channel)).Str("messageId", string(m.ID)).Logger()}
}

// run does what is left of the turn, step by step, each of which can be repeated. An
// error leaves the duty open.
func (t *turn) run(ctx context.Context) error {
	doc, err := t.take(ctx)
	if err != nil {
		return err
	}
	if doc.State != StateDone {
		if doc.Outcome == nil {
			if doc.Outcome, err = t.decide(ctx, doc); err != nil {
				return err
			}
		}
		if err := t.appendAll(ctx, *doc.Outcome); err != nil {
			return err
		}
		if err := t.finish(ctx, doc); err != nil {
			return err
		}
	}
	return t.endDuty(ctx)
}

// report writes how the turn ended, if it ended badly.
func (t *turn) report(err error) {
	switch {
	case err == nil:
	case errors.Is(err, errTakenOver):
		t.log.Info().Msg("turn is worked on elsewhere")
	case errors.Is(err, context.Canceled):
		t.log.Info().Msg("turn is left to the next start")
	default:
		t.log.Warn().Err(err).Msg("turn is left to the next sweep")
	}
}

// take raises the turn's fence.
func (t *turn) take(ctx context.Context) (doc Turn, err error) {
	if err := t.onStep("take"); err != nil {
		return Turn{}, err
	}
	now := t.Now().UTC()
	fresh := Turn{
		ID: NewTurnID(t.key.agent, t.question.ID), AgentID: t.key.agent, ChannelID: t.key.channel,
		MessageID: t.question.ID, State: StateTaken, CreatedAt: now, UpdatedAt: now,
	}
	err = t.retry(ctx, func(ctx context.Context) error {
		doc, err = t.Store.TakeTurn(ctx, fresh)
		return err
	})
	if err != nil {
		return Turn{}, fmt.Errorf("take the turn: %w", err)
	}
	return doc, nil
}

// decide thinks and writes the outcome down. The outcome it returns is the stored one.
func (t *turn) decide(ctx context.Context, doc Turn) (*Outcome, error) {
	if err := t.onStep("think"); err != nil {
		return nil, err
	}
	outcome, err := t.think(ctx, doc.Fence)
	if err != nil {
		return nil, err
	}
	if err := t.onStep("commit"); err != nil {
		return nil, err
	}
	err = t.retry(ctx, func(ctx context.Context) error {
		return t.Store.CommitOutcome(ctx, doc.ID, doc.Fence, outcome)
	})
	if domain.IsCode(err, domain.Conflict) {
		return t.ownOutcome(ctx, doc)
	}
	if err != nil {
		return nil, fmt.Errorf("commit the outcome: %w", err)
	}
	return &outcome, nil
}

// ownOutcome looks what a refused commit means: the outcome stands under our fence if
// an earlier try got through without our hearing of it.
func (t *turn) ownOutcome(ctx context.Context, doc Turn) (*Outcome, error) {
	var stored Turn
	err := t.retry(ctx, func(ctx context.Context) (err error) {
		stored, err = t.Store.Turn(ctx, doc.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the turn: %w", err)
	}
	if stored.Fence != doc.Fence || stored.Outcome == nil {
		return nil, errTakenOver
	}
	return stored.Outcome, nil
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
		if err := t.onStep(fmt.Sprintf("append %d", i)); err != nil {
			return err
		}
		m := t.message(channel, reply)
		err := t.retry(ctx, func(ctx context.Context) error { return t.Channels.PostReply(ctx, m) })
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
		c, err = t.Channels.Channel(ctx, t.key.channel)
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
func (t *turn) message(channel messaging.Channel, reply Reply) messaging.Message {
	raw, err := json.Marshal(rawReply{Text: reply.Text, Thought: reply.Thought, Actions: reply.Actions})
	if err != nil { // texts always marshal
		t.log.Error().Err(err).Msg("reply has no JSON form")
	}
	name := t.agent.Character.Name
	metadata := domain.Metadata{}
	metadata.Set("agent_id", t.key.agent)
	metadata.Set("agentName", name)
	metadata.Set("channelType", channel.Type)
	metadata.Set("isDm", channel.Type == messaging.TypeDM || channel.Metadata.True("isDm"))
	return messaging.Message{
		ID: reply.ID, ChannelID: channel.ID, ServerID: channel.ServerID,
		AuthorID: domain.EntityID(t.key.agent), AuthorName: name, Content: reply.Text, Raw: raw,
		InReplyTo: t.question.ID, SourceType: SourceReply, Metadata: metadata, Dedupe: messaging.DedupeID(reply.ID),
	}
}

// finish notes that all replies are appended.
func (t *turn) finish(ctx context.Context, doc Turn) error {
	if err := t.onStep("finish turn"); err != nil {
		return err
	}
	err := t.retry(ctx, func(ctx context.Context) error { return t.Store.FinishTurn(ctx, doc.ID, doc.Fence) })
	if domain.IsCode(err, domain.Conflict) {
		return errTakenOver
	}
	if err != nil {
		return fmt.Errorf("finish the turn: %w", err)
	}
	return nil
}

// endDuty removes the duty and, if it was the message's last one, tells the channel.
func (t *turn) endDuty(ctx context.Context) error {
	if err := t.onStep("finish duty"); err != nil {
		return err
	}
	left := 0
	err := t.retry(ctx, func(ctx context.Context) (err error) {
		left, err = t.Log.FinishDuty(ctx, t.key.channel, t.question.ID, t.key.agent)
		return err
	})
	if err != nil && !domain.IsCode(err, domain.NotFound) { // a message that is gone has no duties
		return fmt.Errorf("remove the duty: %w", err)
	}
	if err := t.onStep("complete"); err != nil {
		return err
	}
	if left == 0 {
		t.Signals.Completed(messaging.Completion{
			ChannelID: t.key.channel, ServerID: t.question.ServerID, MessageID: t.question.ID, AgentID: t.key.agent,
		})
	}
	return nil
}

// newReply makes the n-th reply of the turn of what a model wrote, which may be anything.
func (t *turn) newReply(n int, text, thought string) Reply {
	return Reply{
		ID:   NewReplyID(t.key.agent, t.question.ID, n),
		Text: storable(text), Thought: storable(thought), Actions: []string{actionReply},
	}
}

// storable is text as a message may hold it: trimmed, valid UTF-8 without NUL, not too long.
func storable(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", ""))
	if runes := []rune(text); len(runes) > messaging.MaxContent {
		return string(runes[:messaging.MaxContent])
	}
	return text
}
