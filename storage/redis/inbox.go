package redis

import (
	"context"
	"sync"
)

// The bounds of what waits for a listener. On more all that waits is dropped, and the
// listener is told.
const (
	maxInbox      = 16384
	maxInboxBytes = 32 << 20
)

// listener hears of subscriptions, one call at a time.
type listener struct {
	receive func(channel string, payload []byte)
	// subscribed hears of each subscription that has come into force.
	subscribed func(channel string)
	// lapsed hears that messages may be missing.
	lapsed func()
}

// notice is a message, or without a payload the word that a subscription is in force.
type notice struct {
	channel string
	payload []byte
}

// inbox is the line of notices before a listener. So a listener that is slow for a moment
// keeps nobody from reading, for which Redis would end the connection.
type inbox struct {
	mu      sync.Mutex
	waiting []notice
	bytes   int
	lapsed  bool
	wake    chan struct{}
}

// newInbox returns an empty inbox.
func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put adds a notice; without room for it, it drops all and returns how many.
func (b *inbox) put(n notice) (dropped int) {
	b.mu.Lock()
	if len(b.waiting) >= maxInbox || b.bytes+len(n.payload) > maxInboxBytes {
		dropped = len(b.waiting) + 1
		b.waiting, b.bytes, b.lapsed = nil, 0, true
	} else {
		b.waiting = append(b.waiting, n)
		b.bytes += len(n.payload)
	}
	b.mu.Unlock()
	b.signal()
	return dropped
}

// lapse notes that messages may be missing. What waits is then delivered after that word.
func (b *inbox) lapse() {
	b.mu.Lock()
	b.lapsed = true
	b.mu.Unlock()
	b.signal()
}

// signal wakes deliver.
func (b *inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// deliver hands notices to a listener until ctx ends.
func (b *inbox) deliver(ctx context.Context, to listener) {
	var spare []notice
	for {
		b.mu.Lock()
		batch, lapsed := b.waiting, b.lapsed
		b.waiting, b.bytes, b.lapsed = spare[:0], 0, false
		b.mu.Unlock()
		if lapsed {
			to.lapsed()
		}
		for _, n := range batch {
			if ctx.Err() != nil {
				return
			}
			if n.payload == nil {
				to.subscribed(n.channel)
			} else {
				to.receive(n.channel, n.payload)
			}
		}
		clear(batch)
		spare = batch
		if len(batch) > 0 || lapsed {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
	}
}
