package redis

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"

	"parley/domain/bus"
)

var _ bus.Bus = (*Bus)(nil)

// busPrefix begins the names of the bus's channels; the topic follows.
const busPrefix = "parley:bus:"

// busSource is the size of what says, before each note, which process it comes from.
const busSource = 8

// Bus is the bus of a cluster. It hears of others while Run runs. Safe for concurrent use.
type Bus struct {
	client *Client
	topics bus.Topics
	subs   *pubsub
	source []byte

	// mu keeps the server's view of a topic from being overtaken by an older one.
	mu sync.Mutex
}

// Bus returns a bus with a connection of its own for what comes in.
func (c *Client) Bus() *Bus {
	source := make([]byte, busSource)
	_, _ = rand.Read(source) // never fails: it would end the process instead
	return &Bus{client: c, subs: c.newPubsub("bus"), source: source}
}

// Run hears of others until ctx ends.
func (b *Bus) Run(ctx context.Context) error {
	b.subs.run(ctx, listener{
		receive:    b.receive,
		subscribed: func(channel string) { b.topics.Lapse(strings.TrimPrefix(channel, busPrefix)) },
		lapsed:     func() { b.topics.Lapse() },
	})
	return nil
}

// Publish is part of bus.Bus: subscribers of this process hear of the note at once, and
// whether or not others do.
func (b *Bus) Publish(ctx context.Context, topic string, payload []byte) error {
	b.topics.Deliver(topic, payload)
	note := slices.Concat(b.source, payload)
	return fault(b.client.redis.Publish(ctx, busPrefix+topic, note).Err())
}

// Subscribe is part of bus.Bus.
func (b *Bus) Subscribe(topic string, s bus.Subscriber) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first, end := b.topics.Subscribe(topic, s)
	if first {
		b.subs.subscribe(busPrefix + topic)
	} else {
		// Maybe it is in force since long. To hear that once more harms no other subscriber.
		b.topics.Lapse(topic)
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if end() {
			b.subs.unsubscribe(busPrefix + topic)
		}
	}
}

// receive takes a note of the server; those of this process have been delivered.
func (b *Bus) receive(channel string, payload []byte) {
	if len(payload) < busSource || bytes.Equal(payload[:busSource], b.source) {
		return
	}
	b.topics.Deliver(strings.TrimPrefix(channel, busPrefix), payload[busSource:])
}
