package messaging

import (
	"sync"

	"parley/domain"
)

// Answers lets callers in this process hear what becomes of a message: the pieces of an
// answer that arises, the answers, and the end of all turns. It stores nothing, and tells
// nothing of what happened before somebody followed. It is safe for concurrent use.
type Answers struct {
	mu        sync.Mutex
	following map[domain.MessageID][]*follower
}

// follower is somebody who follows a message.
type follower struct{ hear func(Heard) }

// Heard is one thing that becomes of a message; exactly one of the fields is set.
type Heard struct {
	Piece *AnswerPiece
	// Reply is a message that answers it.
	Reply *Message
	// Failed is an agent's turn that ended without an answer that it was to have.
	Failed *AnswerFailure
	// Completed says that no more comes.
	Completed *Completion
}

// AnswerPiece is a piece of an answer that arises.
type AnswerPiece struct {
	// Question is the message that is answered, Answer the id that the answer will have.
	Question, Answer domain.MessageID
	AgentID          domain.AgentID
	// Attempt rises when the answer is begun again.
	Attempt int64
	Text    string
}

// AnswerFailure is a turn that failed.
type AnswerFailure struct {
	Question domain.MessageID
	AgentID  domain.AgentID
	// Error is safe to show.
	Error string
}

// newAnswers returns Answers that nobody follows.
func newAnswers() *Answers { return &Answers{following: map[domain.MessageID][]*follower{}} }

// Follow calls hear for what becomes of a message, in order, until stop is called. hear
// must not block, nor call Answers; it is not called any more when stop has returned.
func (a *Answers) Follow(question domain.MessageID, hear func(Heard)) (stop func()) {
	f := &follower{hear: hear}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.following[question] = append(a.following[question], f)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		var rest []*follower
		for _, other := range a.following[question] {
			if other != f {
				rest = append(rest, other)
			}
		}
		if len(rest) == 0 {
			delete(a.following, question)
			return
		}
		a.following[question] = rest
	}
}

// Streamed tells of a piece of an answer.
func (a *Answers) Streamed(p AnswerPiece) { a.tell(p.Question, Heard{Piece: &p}) }

// Failed tells of a turn that failed.
func (a *Answers) Failed(f AnswerFailure) { a.tell(f.Question, Heard{Failed: &f}) }

// Completed tells that a message waits for no more answers.
func (a *Answers) Completed(c Completion) { a.tell(c.MessageID, Heard{Completed: &c}) }

// replied tells of an answer.
func (a *Answers) replied(m Message) { a.tell(m.InReplyTo, Heard{Reply: &m}) }

// tell tells all who follow a message.
func (a *Answers) tell(question domain.MessageID, h Heard) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.following[question] {
		f.hear(h)
	}
}

// open is how many messages are followed.
func (a *Answers) open() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.following)
}
