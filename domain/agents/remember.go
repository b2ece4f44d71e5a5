package agents

import (
	"context"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// rememberFor bounds the time that a turn takes to write its memories down.
const rememberFor = 10 * time.Second

// remember does something with the agent's memory beside the turn. What fails is logged
// and is no fault of the turn: it is done again only if the turn is repeated.
func (t *turn) remember(ctx context.Context, write func(context.Context, messaging.Channel) error) {
	if t.Memories == nil {
		return
	}
	t.remembering.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, rememberFor)
		defer cancel()
		channel, err := t.Channels.Channel(ctx, t.key.Channel)
		if domain.IsCode(err, domain.NotFound) {
			return // nothing is left to be remembered
		}
		if err == nil {
			err = write(ctx, channel)
		}
		if err != nil {
			t.log.Warn().Err(err).Msg("turn is not remembered in full")
		}
	})
}

// rememberQuestion writes down that the agent has seen the question.
func (t *turn) rememberQuestion(ctx context.Context) {
	t.remember(ctx, func(ctx context.Context, c messaging.Channel) error {
		return t.Memories.Received(ctx, t.key.Agent, c, t.question)
	})
}

// rememberOutcome writes down what the agent has said, or that it let the question pass.
func (t *turn) rememberOutcome(ctx context.Context, o Outcome) {
	t.remember(ctx, func(ctx context.Context, c messaging.Channel) error {
		if o.result() == messaging.ResultSilent {
			return t.Memories.Ignored(ctx, t.key.Agent, c, t.question, o.Why)
		}
		ids := make([]domain.MessageID, len(o.Replies))
		for i, r := range o.Replies {
			ids[i] = r.ID
		}
		return t.Memories.Replied(ctx, t.key.Agent, c, t.question, ids)
	})
}
