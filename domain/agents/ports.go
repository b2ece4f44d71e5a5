package agents

import (
	"context"

	"parley/domain"
	"parley/domain/messaging"
)

// Log is what the Runner needs of the channel log; messaging.Store is one. See
// there for the contracts.
type Log interface {
	Message(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (messaging.Message, error)
	Page(ctx context.Context, q messaging.PageQuery) ([]messaging.Message, error)
	Duties(ctx context.Context, after messaging.DutyCursor, limit int) ([]messaging.Message, error)
	FinishDuty(ctx context.Context, channel domain.ChannelID, id domain.MessageID, agent domain.AgentID) (left int, err error)
}

// Channels is what the Runner needs of messaging's rules; messaging.Service is one.
type Channels interface {
	// Channel returns one channel, or NotFound.
	Channel(ctx context.Context, id domain.ChannelID) (messaging.Channel, error)
	// PostReply stores m and tells the room; the same id again stores nothing.
	PostReply(ctx context.Context, m messaging.Message) error
}

// Signals tells a channel how the work goes. Nothing of it is stored. The methods
// must not block for long.
type Signals interface {
	// Completed says that the last agent has ended its turn for a message.
	Completed(c messaging.Completion)
	// Typing says that an agent begins, goes on or stops to work on an answer.
	Typing(t Typing)
}

// Typing is the state of an agent in a channel.
type Typing struct {
	ChannelID domain.ChannelID
	AgentID   domain.AgentID
	Name      string
	On        bool
}
