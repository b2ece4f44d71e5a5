package agents

import (
	"context"
	"errors"
	"sync"

	"parley/domain"
)

// Why a turn is ended from outside; see turn.cut for what comes of each.
var (
	// errStopped: a person stopped the answer. What was said so far stays.
	errStopped = errors.New("the answer was stopped")
	// errWithdrawn: the message that it answers is gone.
	errWithdrawn = errors.New("the message was deleted")
	// errHalted: the agent was stopped.
	errHalted = errors.New("the agent was stopped")
	// errDeparted: the agent was deleted.
	errDeparted = errors.New("the agent was deleted")
)

// running are the turns under way, at most one per lane. Safe for concurrent use.
type running struct {
	mu    sync.Mutex
	turns map[Lane]underWay
}

// underWay is one of them.
type underWay struct {
	question domain.MessageID
	seq      int64
	cancel   context.CancelCauseFunc
	// decided says that its outcome stands: nothing is left to be canceled.
	decided bool
}

// begin notes that a turn is worked on; the returned function notes its end.
func (r *running) begin(key Lane, u underWay) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turns[key] = u
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.turns, key)
	}
}

// decide notes that the outcome of the lane's turn stands.
func (r *running) decide(key Lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.turns[key]
	u.decided = true
	r.turns[key] = u
}

// has tells whether the lane's turn under way answers the question.
func (r *running) has(key Lane, question domain.MessageID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.turns[key].question == question
}

// at tells whether the lane has a turn under way.
func (r *running) at(key Lane) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, busy := r.turns[key]
	return busy
}

// busy tells whether any turn of an agent is under way.
func (r *running) busy(agent domain.AgentID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.turns {
		if key.Agent == agent {
			return true
		}
	}
	return false
}

// cancel ends the turns that match and are not decided.
func (r *running) cancel(cause error, matches func(Lane, underWay) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, u := range r.turns {
		if !u.decided && matches(key, u) {
			u.cancel(cause)
		}
	}
}

// stop ends the turns of a request that are not decided. It returns all that the request is
// about, and those that it has ended.
func (r *running) stop(req StopRequest) (seen, stopped []TurnID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, u := range r.turns {
		if key.Channel != req.ChannelID || req.MessageID != "" && req.MessageID != u.question &&
			req.MessageID != NewReplyID(key.Agent, u.question, 0) {
			continue
		}
		id := NewTurnID(key.Agent, u.question)
		seen = append(seen, id)
		if !u.decided {
			u.cancel(errStopped)
			stopped = append(stopped, id)
		}
	}
	return seen, stopped
}
