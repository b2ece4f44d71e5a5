package messaging

import (
	"sync"

	"parley/domain"
)

// waiter waits for the message to be stored and for the agent's answer, whichever comes
// first, and tells both at once.
type waiter struct {
	agent domain.AgentID
	done  func(Posted, error)
	// look reads the answer to a message from the store.
	look func(domain.MessageID) (*AgentResponse, error)

	mu   sync.Mutex
	stop []func()
	// told is what is told in the end; ready says that the answer is there.
	told          Posted
	stored, ready bool
	// heard says that what the wait comes to was heard, and is being told.
	heard           bool
	finished        bool
	response        *AgentResponse
	responseFailure error
}

// follow hears what becomes of a message.
func (w *waiter) follow(answers *Answers, id domain.MessageID) {
	stop := answers.Follow(id, w.hear)
	w.mu.Lock()
	gone := w.finished
	w.stop = append(w.stop, stop)
	w.mu.Unlock()
	if gone {
		stop()
	}
}

// hear takes what becomes of the message; the first thing that ends the wait counts. What it
// comes to is told on another goroutine, as Answers cannot be called from here.
func (w *waiter) hear(h Heard) {
	var end func()
	switch {
	case h.Reply != nil && h.Reply.AuthorID == domain.EntityID(w.agent):
		end = func() { w.finish(newAgentResponse(*h.Reply), nil) }
	case h.Failed != nil && h.Failed.AgentID == w.agent:
		end = func() { w.finish(nil, failureOf(h.Failed.Error)) }
	case h.Completed != nil:
		end = func() { w.finish(w.look(h.Completed.MessageID)) }
	default:
		return
	}
	w.mu.Lock()
	first := !w.heard
	w.heard = true
	w.mu.Unlock()
	if first {
		go end()
	}
}

// posted notes that the message is stored.
func (w *waiter) posted(p Posted) {
	w.mu.Lock()
	w.told, w.stored = p, true
	w.mu.Unlock()
	w.tell()
}

// finish notes what the wait has come to; the first one counts.
func (w *waiter) finish(response *AgentResponse, err error) {
	w.mu.Lock()
	if !w.ready {
		w.ready, w.response, w.responseFailure = true, response, err
	}
	w.mu.Unlock()
	w.tell()
}

// tell ends the wait if there is everything to tell.
func (w *waiter) tell() {
	w.mu.Lock()
	if w.finished || !w.ready || !w.stored && w.responseFailure == nil {
		w.mu.Unlock()
		return
	}
	w.finished = true
	stop := w.stop
	w.mu.Unlock()
	for _, s := range stop {
		s()
	}
	if w.responseFailure != nil {
		w.done(Posted{}, w.responseFailure)
		return
	}
	w.told.AgentResponse = w.response
	w.done(w.told, nil)
}
