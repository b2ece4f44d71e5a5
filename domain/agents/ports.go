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

// Servers says which agents listen to which message servers; messaging.Roster does.
type Servers interface {
	// Belongs reports whether an agent listens to a server, as it does to the default one
	// in any case. It must not ask a store.
	Belongs(server domain.ServerID, agent domain.AgentID) bool
	// Add lets an agent listen to a server; one that does already is no error and costs
	// nothing.
	Add(ctx context.Context, server domain.ServerID, agent domain.AgentID) error
}

// everywhere lets every agent listen to every server.
type everywhere struct{}

// Belongs says yes.
func (everywhere) Belongs(domain.ServerID, domain.AgentID) bool { return true }

// Add has nothing to do.
func (everywhere) Add(context.Context, domain.ServerID, domain.AgentID) error { return nil }

// Memories keep what agents see and say. Every method may be called again with the same,
// and then changes nothing; what belongs to an agent or a message that is gone is not kept.
type Memories interface {
	// Received notes that an agent has seen a message.
	Received(ctx context.Context, agent domain.AgentID, c messaging.Channel, m messaging.Message) error
	// Replied notes what an agent has said in answer to question: messages of the channel.
	Replied(ctx context.Context, agent domain.AgentID, c messaging.Channel, question messaging.Message, replies []domain.MessageID) error
	// Ignored notes that an agent has let question pass, and why.
	Ignored(ctx context.Context, agent domain.AgentID, c messaging.Channel, question messaging.Message, why string) error
}

// Signals tells a channel how the work goes. Nothing of it is stored. The methods
// must not block for long.
type Signals interface {
	// Completed says that the last agent has ended its turn for a message.
	Completed(c messaging.Completion)
	// Typing says that an agent begins, goes on or stops to work on an answer.
	Typing(t Typing)
	// Streamed brings one more chunk of an answer that arises.
	Streamed(c Chunk)
	// StreamEnded says that no more chunks come: the answer is posted, or there is
	// none, or it will be begun again.
	StreamEnded(channel domain.ChannelID, answer domain.MessageID)
	// Failed says that an agent's turn ended without an answer, and why; what was
	// streamed of it counts no more.
	Failed(f Failure)
}

// Chunk is a piece of an answer that arises.
type Chunk struct {
	ChannelID domain.ChannelID
	AgentID   domain.AgentID
	Name      string
	// MessageID is the id that the answer will have, Question the message it answers.
	MessageID, Question domain.MessageID
	// Attempt rises when the answer is begun again, Index from 0 within it.
	Attempt int64
	Index   int
	Text    string
}

// Failure is a turn without an answer that was to have one.
type Failure struct {
	ChannelID domain.ChannelID
	AgentID   domain.AgentID
	// MessageID is the id that the answer would have had, Question the message.
	MessageID, Question domain.MessageID
	// Error is safe to show.
	Error string
}

// Watcher hears of changes to agents. It must not block for long.
type Watcher interface {
	// AgentChanged says that an agent was created, started, stopped or changed.
	AgentChanged(a ListItem)
	// AgentRemoved says that an agent was deleted.
	AgentRemoved(a ListItem)
}

// Owner is a feature that keeps something of agents.
type Owner interface {
	// AgentDeleted removes all that the feature keeps of an agent, which does nothing any
	// more. It may be called again, also after a restart, until it has returned nil, and
	// may take long. Conflict says that the agent is still needed; any error is tried again.
	AgentDeleted(ctx context.Context, id domain.AgentID) error
}

// PanelSource tells of the panels that plugins offer for an agent.
type PanelSource interface {
	// Panels returns them in a fixed order.
	Panels(ctx context.Context, id domain.AgentID) ([]Panel, error)
}

// Panel is a page of a plugin.
type Panel struct {
	Name string `json:"name"`
	// Path is where the page is, with the agent's id in the query.
	Path string `json:"path"`
}

// Typing is the state of an agent in a channel.
type Typing struct {
	ChannelID domain.ChannelID
	AgentID   domain.AgentID
	Name      string
	On        bool
	// Speaking says that the answer has begun to arise; before that the agent thinks.
	Speaking bool
}
