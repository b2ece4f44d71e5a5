package agents

import (
	"context"
	"strconv"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// Store keeps agents and turns. Every method is safe for concurrent use. Errors are
// domain errors: NotFound, Conflict, Unavailable.
type Store interface {
	// EnsureAgent stores a unless its id exists; it returns the stored one and
	// whether it was created. Conflict if another id owns the character's name.
	EnsureAgent(ctx context.Context, a Agent) (Agent, bool, error)
	// Agent returns one agent, or NotFound.
	Agent(ctx context.Context, id domain.AgentID) (Agent, error)
	// Agents returns all agents, ordered by name.
	Agents(ctx context.Context) ([]Agent, error)
	// SetDesired stores whether the agent should run. NotFound if it is absent.
	SetDesired(ctx context.Context, id domain.AgentID, desired bool) error
	// UpdateAgent stores what change makes of the agent's Character, Enabled, Desired,
	// Leaving and UpdatedAt, and returns it. Of two at once none is lost: the second one
	// is given what the first one stored, so change may run again; it must be quick and
	// must not change the maps and slices that it is given. One document is written, which
	// a backend without transactions does under the condition that it has not changed.
	// NotFound if the agent is absent, Conflict if another id owns the character's name;
	// an error of change comes back as it is.
	UpdateAgent(ctx context.Context, id domain.AgentID, change func(Agent) (Agent, error)) (Agent, error)
	// DeleteAgent removes the agent alone; one that is absent is no error.
	DeleteAgent(ctx context.Context, id domain.AgentID) error
	// AgentDuties returns messages that await the agent, at most limit, in no order. An
	// index over Awaiting serves it.
	AgentDuties(ctx context.Context, id domain.AgentID, limit int) ([]messaging.Message, error)
	// EraseTurns removes turns of the agent, at most limit, and returns how many they were.
	EraseTurns(ctx context.Context, id domain.AgentID, limit int) (int, error)

	// NextDuty returns the message of the channel with the lowest Seq among those that
	// await agent, or NotFound if it owes the channel nothing. Its cost must not depend
	// on the channel's length nor on the number of open duties.
	NextDuty(ctx context.Context, agent domain.AgentID, channel domain.ChannelID) (messaging.Message, error)

	// TakeTurn raises the turn's fence by one and returns it; an unknown turn is
	// created with fence 1. A turn that is already done is returned as it is, its
	// fence unchanged.
	TakeTurn(ctx context.Context, t Turn) (Turn, error)
	// CommitOutcome writes the outcome, and state StateDecided, if the turn's fence is
	// still fence and no outcome stands yet. Conflict otherwise: somebody else took over.
	CommitOutcome(ctx context.Context, id TurnID, fence int64, outcome Outcome) error
	// FinishTurn sets state StateDone if the fence is still fence, and forgets what the
	// replies of its outcome say, which stands in the channel now. Conflict otherwise.
	FinishTurn(ctx context.Context, id TurnID, fence int64) error
	// EraseTurn removes one turn; one that is absent is no error.
	EraseTurn(ctx context.Context, id TurnID) error
	// Turn returns one turn, or NotFound.
	Turn(ctx context.Context, id TurnID) (Turn, error)
}

// TurnID names a turn; it is derived from agent and message, see NewTurnID.
type TurnID string

// NewTurnID is the id of the agent's one turn for the message.
func NewTurnID(agent domain.AgentID, message domain.MessageID) TurnID {
	return domain.DerivedID[TurnID](agent, string(message))
}

// NewReplyID is the id of the agent's n-th reply (from 0) to the message.
func NewReplyID(agent domain.AgentID, message domain.MessageID, n int) domain.MessageID {
	return domain.DerivedID[domain.MessageID](agent, string(message), strconv.Itoa(n))
}

// TurnState is how far a turn has come.
type TurnState string

// The states of a turn.
const (
	// StateTaken: somebody is thinking, no outcome is written yet.
	StateTaken TurnState = "taken"
	// StateDecided: the outcome is written; replies may not have been appended yet.
	StateDecided TurnState = "decided"
	// StateDone: replies are appended.
	StateDone TurnState = "done"
)

// Turn is an agent's work on one message, stored as one document.
type Turn struct {
	ID        TurnID
	AgentID   domain.AgentID
	ChannelID domain.ChannelID
	MessageID domain.MessageID
	// Fence rises with each taker; a write with an older one is refused.
	Fence int64
	State TurnState
	// Outcome is nil until it is decided.
	Outcome   *Outcome
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Outcome is everything a turn decided, written in one update.
type Outcome struct {
	// Replies are to be appended in this order; none means the agent stays silent.
	Replies []Reply `json:"replies"`
	// Error says why the turn failed, "" if it did not; safe to show.
	Error string `json:"error,omitempty"`
	// Stopped says that a person ended the turn: a reply is what had been said by then.
	Stopped bool `json:"stopped,omitempty"`
	// Why says why the agent stays silent, "" if it does not.
	Why string `json:"why,omitempty"`
}

// Bare is the outcome without what the replies say.
func (o Outcome) Bare() Outcome {
	replies := make([]Reply, len(o.Replies))
	for i, r := range o.Replies {
		replies[i] = Reply{ID: r.ID}
	}
	o.Replies = replies
	return o
}

// Reply is one message that a turn produces.
type Reply struct {
	ID      domain.MessageID `json:"id"`
	Text    string           `json:"text"`
	Thought string           `json:"thought,omitempty"`
	Actions []string         `json:"actions,omitempty"`
}
