package messaging

import (
	"maps"
	"slices"
	"sync"

	"parley/domain"
	"parley/domain/bus"
)

// Answers lets callers hear what becomes of a message, in whatever process: the pieces of
// an answer that arises, the answers, and the end of all turns. It stores nothing, and tells
// nothing of what happened before somebody followed. It is safe for concurrent use.
type Answers struct {
	mu        sync.Mutex
	following map[domain.MessageID][]*follower
	// remote connects with the other processes, nil if there are none.
	remote *remoteAnswers
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

// newAnswers returns Answers that nobody follows. b leads to the other processes, nil if
// there are none.
func newAnswers(b bus.Bus) *Answers {
	return &Answers{following: map[domain.MessageID][]*follower{}, remote: newRemoteAnswers(b)}
}

// Follow calls hear for what becomes of a message, in order, until stop is called. hear
// must not block, nor call Answers; it is not called any more when stop has returned.
func (a *Answers) Follow(question domain.MessageID, hear func(Heard)) (stop func()) {
	f := &follower{hear: hear}
	a.mu.Lock()
	a.following[question] = append(a.following[question], f)
	a.mu.Unlock()
	a.remote.follow(question) // before the message is stored, so before anybody answers it
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
			a.remote.unfollow(question)
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

// tell tells all who follow a message, here and in other processes.
func (a *Answers) tell(question domain.MessageID, h Heard) {
	a.tellHere(question, h)
	a.remote.tell(question, h)
}

// tellHere tells all in this process who follow a message.
func (a *Answers) tellHere(question domain.MessageID, h Heard) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.following[question] {
		f.hear(h)
	}
}

// followed lists the messages that somebody here follows.
func (a *Answers) followed() []domain.MessageID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.following))
}

// open is how many messages are followed.
func (a *Answers) open() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.following)
}
