package bus

import (
	"context"
	"sync"
)

// MaxWaiting is how many notes may wait for one subscriber; on more it has lapsed.
const MaxWaiting = 4096

// Bus hands notes to the subscribers of their topic. It is safe for concurrent use.
type Bus interface {
	// Publish hands a note to the subscribers of a topic in all processes, this one
	// included, and returns when it is on its way. Notes of one process to one topic keep
	// their order. An error means that other processes do not hear of it; this one does
	// always. The payload must not be changed afterwards.
	Publish(ctx context.Context, topic string, payload []byte) error
	// Subscribe lets s hear of a topic until cancel; no call begins after cancel has
	// returned, one that runs may go on. What is published before the subscription is in
	// force everywhere may be missed; Lapsed is called once it is.
	Subscribe(topic string, s Subscriber) (cancel func())
}

// Subscriber hears of a topic, one call at a time.
type Subscriber struct {
	// Receive gets each note, in order; it must not change it. While it runs others wait.
	Receive func(payload []byte)
	// Lapsed says that notes may be missing before the next one: the subscriber must now
	// read from its source what it needs. nil ignores that.
	Lapsed func()
}

// Topics are the subscriptions of one process, the part that every Bus has. The zero
// value is ready. Safe for concurrent use.
type Topics struct {
	mu     sync.RWMutex
	topics map[string][]*subscription
}

// Subscribe adds a subscription; first says that it is the only one of its topic, and
// cancel returns whether it was.
func (t *Topics) Subscribe(topic string, s Subscriber) (first bool, cancel func() (last bool)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.topics == nil {
		t.topics = map[string][]*subscription{}
	}
	sub := &subscription{to: s}
	first = len(t.topics[topic]) == 0
	t.topics[topic] = append(t.topics[topic], sub)
	return first, func() bool { return t.cancel(topic, sub) }
}

// cancel removes a subscription and reports whether it was the topic's last.
func (t *Topics) cancel(topic string, gone *subscription) (last bool) {
	gone.end()
	t.mu.Lock()
	defer t.mu.Unlock()
	var left []*subscription
	for _, s := range t.topics[topic] {
		if s != gone {
			left = append(left, s)
		}
	}
	found := len(left) < len(t.topics[topic])
	if len(left) == 0 {
		delete(t.topics, topic)
		return found
	}
	t.topics[topic] = left
	return false
}

// Deliver hands a note to the subscribers of a topic. It does not wait for them.
func (t *Topics) Deliver(topic string, payload []byte) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, s := range t.topics[topic] {
		s.put(payload)
	}
}

// Lapse tells the subscribers of the topics, none standing for all, that they may have missed notes.
func (t *Topics) Lapse(topics ...string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(topics) == 0 {
		for _, subs := range t.topics {
			lapse(subs)
		}
		return
	}
	for _, topic := range topics {
		lapse(t.topics[topic])
	}
}

// lapse tells subscriptions that they may have missed notes.
func lapse(subs []*subscription) {
	for _, s := range subs {
		s.lapse()
	}
}

// Names lists the topics that somebody hears of, in no order.
func (t *Topics) Names() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	names := make([]string, 0, len(t.topics))
	for name := range t.topics {
		names = append(names, name)
	}
	return names
}

// subscription is the line of notes before one subscriber. A goroutine runs while there
// is something in it.
type subscription struct {
	to Subscriber

	mu      sync.Mutex
	waiting [][]byte
	// lapsed says that Lapsed is to be called before the notes that wait.
	lapsed, running, ended bool
}

// put adds a note. Without room for it all that waits is dropped, for the subscriber must
// ask its source anyway.
func (s *subscription) put(payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) >= MaxWaiting {
		s.waiting, s.lapsed = nil, true
	} else {
		s.waiting = append(s.waiting, payload)
	}
	s.run()
}

// lapse notes that notes may be missing; those that wait are covered by what the
// subscriber reads then.
func (s *subscription) lapse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lapsed = true
	s.run()
}

// end lets no more call begin.
func (s *subscription) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.waiting = true, nil
}

// run sees to it that somebody works the line off. The caller holds the lock.
func (s *subscription) run() {
	if s.running || s.ended {
		return
	}
	s.running = true
	go s.work()
}

// work calls the subscriber until nothing is left.
func (s *subscription) work() {
	for {
		s.mu.Lock()
		notes, lapsed := s.waiting, s.lapsed
		s.waiting, s.lapsed = nil, false
		if s.ended || len(notes) == 0 && !lapsed {
			s.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if lapsed && s.to.Lapsed != nil {
			s.to.Lapsed()
		}
		for _, note := range notes {
			if s.over() {
				break
			}
			s.to.Receive(note)
		}
	}
}

// over reports whether the subscription was cancelled.
func (s *subscription) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}
