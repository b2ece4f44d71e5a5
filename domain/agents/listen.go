package agents

import (
	"time"

	"parley/domain"
)

// Listener hears how agents work, step by step, for those who look over their shoulders.
// It is called on the way of each turn, must not block, and what it is told is not stored.
type Listener interface {
	// Listens reports whether anybody wants to hear of the agent; what nobody hears is not
	// made. It must be quick.
	Listens(agent domain.AgentID) bool
	// TurnChanged says how far a turn has come.
	TurnChanged(s TurnStep)
	// Thought says what an agent thought before a reply.
	Thought(t Thought)
	// Acted says what an agent did.
	Acted(a Action)
}

// At says in which turn something happened, and when.
type At struct {
	AgentID   domain.AgentID
	ChannelID domain.ChannelID
	// MessageID is the message that the turn answers.
	MessageID domain.MessageID
	RunID     TurnID
	// Attempt rises when the turn is begun again.
	Attempt int64
	Time    time.Time
}

// TurnStep is one step of a turn.
type TurnStep struct {
	At
	// State is taken, decided or done; left if the turn was given up for now.
	State TurnState
	// Outcome is what it came to, nil before it is decided.
	Outcome *Outcome
}

// StateLeft is told, and never stored: the turn is left to the next sweep, or to the next
// start, with what is written of it.
const StateLeft TurnState = "left"

// Thought is what an agent thought before a reply.
type Thought struct {
	At
	ReplyID domain.MessageID
	Text    string
}

// Action is what an agent did for a reply.
type Action struct {
	At
	ReplyID domain.MessageID
	Name    string
	// Text is what it said.
	Text string
}

// nobody listens.
type nobody struct{}

// Listens is part of Listener.
func (nobody) Listens(domain.AgentID) bool { return false }

// TurnChanged is part of Listener.
func (nobody) TurnChanged(TurnStep) {}

// Thought is part of Listener.
func (nobody) Thought(Thought) {}

// Acted is part of Listener.
func (nobody) Acted(Action) {}

// tell says how far the turn has come, if somebody listens.
func (t *turn) tell(doc Turn, state TurnState) {
	if !t.Listener.Listens(t.key.Agent) {
		return
	}
	t.Listener.TurnChanged(TurnStep{At: t.at(doc), State: state, Outcome: doc.Outcome})
}

// tellOutcome says what the agent thought and did, if somebody listens.
func (t *turn) tellOutcome(doc Turn) {
	if !t.Listener.Listens(t.key.Agent) {
		return
	}
	at := t.at(doc)
	for _, reply := range doc.Outcome.Replies {
		if reply.Thought != "" {
			t.Listener.Thought(Thought{At: at, ReplyID: reply.ID, Text: reply.Thought})
		}
		for _, name := range reply.Actions {
			t.Listener.Acted(Action{At: at, ReplyID: reply.ID, Name: name, Text: reply.Text})
		}
	}
}

// at is where the turn is now.
func (t *turn) at(doc Turn) At {
	return At{AgentID: t.key.Agent, ChannelID: t.key.Channel, MessageID: t.question.ID,
		RunID: NewTurnID(t.key.Agent, t.question.ID), Attempt: doc.Fence, Time: t.Now()}
}
