package messaging

import (
	"context"
	"time"

	"parley/domain"
)

// Event is one change of a channel's log, as it goes to the rooms.
type Event struct {
	// Message is the post, the edited post, the tombstone of a deletion, or a clear.
	Message Message
	// Origin is the socket that caused it; the zero value when none did.
	Origin Origin
	// Repeat says that a client sent again what is stored already: the numbers are
	// old, and only the origin needs to hear of it.
	Repeat bool
	// Delivered is called once the rooms of this process have the event, nil for nobody.
	Delivered func()
}

// Origin is the socket that sent a message, and the id it gave it.
type Origin struct {
	Socket          string
	ClientMessageID string
}

// Announcer brings committed events to the rooms, in the order of the channel's
// numbers. It is called in that order as far as this process knows it, and must not
// block for long.
type Announcer interface {
	Announce(e Event)
}

// Completion ends the wait for answers to a message.
type Completion struct {
	ChannelID domain.ChannelID
	ServerID  domain.ServerID
	// MessageID is the message that was to be answered, "" if unknown.
	MessageID domain.MessageID
	// AgentID is the agent that ended its turn, "" if no agent had one.
	AgentID domain.AgentID
	// Result is what came of the agent's turn.
	Result Result
	// Error says why it failed, "" if it did not; safe to show.
	Error string
}

// Result is what came of an agent's turn.
type Result string

// The results.
const (
	// ResultNone: no agent had to answer.
	ResultNone Result = "none"
	// ResultAnswered: it posted an answer.
	ResultAnswered Result = "answered"
	// ResultSilent: it had nothing to say.
	ResultSilent Result = "silent"
	// ResultStopped: a person stopped it.
	ResultStopped Result = "stopped"
	// ResultFailed: it could not answer.
	ResultFailed Result = "failed"
)

// Enum lists the results.
func (Result) Enum() []string {
	var list []string
	for _, r := range []Result{ResultNone, ResultAnswered, ResultSilent, ResultStopped, ResultFailed} {
		list = append(list, string(r))
	}
	return list
}

// Signals tells rooms what is not part of the log. Nothing of it is stored.
type Signals interface {
	// Completed tells the channel that a message waits for no more answers.
	Completed(c Completion)
	// ReadMoved tells the channel that an entity has read on.
	ReadMoved(r ReadSet)
	// ChannelUpdated tells the channel of its new row, and those who take part wherever
	// they are: for one who was just asked in, and for all in a new channel, it is news.
	ChannelUpdated(c ChannelRow, participants []domain.EntityID)
	// MessageGone tells the channel that there is no such message, to who wanted to delete
	// it: a client shows what it could not send until it hears so.
	MessageGone(channel domain.ChannelID, id domain.MessageID)
	// ChannelDeleted tells the channel that it is gone, and empties its room.
	ChannelDeleted(id domain.ChannelID)
}

// Duties connects messages with the agents that answer them.
type Duties interface {
	// Awaiting names the agents that owe m an answer. It is on the way of every
	// message and must not ask a store.
	Awaiting(ctx context.Context, c Channel, m Message) []domain.AgentID
	// Hint says that m is stored and awaits agents. It must not block.
	Hint(m Message)
	// Withdraw ends the work on messages of the channel that are gone: those numbered
	// first to last. It must not block.
	Withdraw(channel domain.ChannelID, first, last int64)
}

// Dependents keep what hangs on messages and channels elsewhere: the memories that agents
// have of them, their logs, files. They are told after the change is stored and before
// whoever makes it hears of success; a call that failed, or that a crash prevented, is made
// again by the repeated deletion, or by the sweep. Every method is idempotent, and what does not exist is no error.
type Dependents interface {
	// MessageEdited lets what hangs on one message follow the message as the log has it now.
	MessageEdited(ctx context.Context, channel domain.ChannelID, id domain.MessageID) error
	// MessageDeleted drops what hangs on one message.
	MessageDeleted(ctx context.Context, channel domain.ChannelID, id domain.MessageID) error
	// ChannelCleared drops what hangs on the channel's messages that are not younger than upto.
	ChannelCleared(ctx context.Context, channel domain.ChannelID, upto time.Time) error
	// ChannelDeleted drops what hangs on the channel and on all of its messages.
	ChannelDeleted(ctx context.Context, channel domain.ChannelID) error
	// ServerDeleted drops what hangs on a message server, after all of its channels have gone.
	ServerDeleted(ctx context.Context, id domain.ServerID) error
}
