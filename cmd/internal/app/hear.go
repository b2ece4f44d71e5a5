package app

import (
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/realtime"
)

// hearing tells of the agents' turns twice: to the rooms, and to callers in this process
// that wait for an answer.
type hearing struct {
	*realtime.Gateway
	answers *messaging.Answers
}

var _ agents.Signals = hearing{}

// Streamed brings one more chunk of an answer.
func (h hearing) Streamed(c agents.Chunk) {
	h.Gateway.Streamed(c)
	h.answers.Streamed(messaging.AnswerPiece{Question: c.Question, Answer: c.MessageID, AgentID: c.AgentID,
		Attempt: c.Attempt, Text: c.Text})
}

// Failed says that a turn ended without an answer.
func (h hearing) Failed(f agents.Failure) {
	h.Gateway.Failed(f)
	h.answers.Failed(messaging.AnswerFailure{Question: f.Question, AgentID: f.AgentID, Error: f.Error})
}

// Completed says that a message waits for no more answers.
func (h hearing) Completed(c messaging.Completion) {
	h.Gateway.Completed(c)
	h.answers.Completed(c)
}
