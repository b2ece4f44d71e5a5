package realtime

import (
	"sync"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// maxEnds is how many of the last completions are remembered.
const maxEnds = 1024

// ends remembers the last completions, so that a client that comes back hears those it
// missed: the reference's web client locks its input until it hears one. They are in no
// log; who comes back after very many of them may miss one.
type ends struct {
	now domain.Clock

	mu   sync.Mutex
	list []ended // a ring once it is full
	next int
}

// ended is a completion and when it was.
type ended struct {
	at   time.Time
	what messaging.Completion
}

// add remembers a completion.
func (e *ends) add(c messaging.Completion) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.list) < maxEnds {
		e.list = append(e.list, ended{e.now(), c})
		return
	}
	e.list[e.next] = ended{e.now(), c}
	e.next = (e.next + 1) % maxEnds
}

// each calls f for the completions since a time, in their order.
func (e *ends) each(since time.Time, f func(messaging.Completion)) {
	e.mu.Lock()
	var found []messaging.Completion
	for i := range e.list {
		if x := e.list[(e.next+i)%len(e.list)]; !x.at.Before(since) {
			found = append(found, x.what)
		}
	}
	e.mu.Unlock()
	for _, c := range found {
		f(c)
	}
}
