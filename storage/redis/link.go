package redis

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// The bounds of what waits to be published, and of what one round trip takes along.
const (
	maxOutbox      = 16384
	maxOutboxBytes = 32 << 20
	maxRoundTrip   = 256
)

// errOutbox says that a message was not sent because too many wait.
var errOutbox = errors.New("too many messages wait for Redis")

// Link is the link of one namespace's Socket.IO servers: messages on channels whose names
// are its user's. It works while Run runs; what is published before waits for that. Safe
// for concurrent use.
type Link struct {
	client *Client
	subs   *pubsub
	to     listener

	mu      sync.Mutex
	waiting []outgoing
	bytes   int
	closed  error // why nothing is taken any more
	wake    chan struct{}
}

// outgoing is a message that waits to be published.
type outgoing struct {
	channel string
	payload []byte
	done    func(error)
}

// end tells the publisher how it went.
func (o outgoing) end(err error) {
	if o.done != nil {
		o.done(err)
	}
}

// Link returns a link with connections of its own for what comes in.
func (c *Client) Link() *Link {
	return &Link{client: c, subs: c.newPubsub("link"), wake: make(chan struct{}, 1),
		to: listener{receive: func(string, []byte) {}, subscribed: func(string) {}, lapsed: func() {}}}
}

// Listen says who hears, one call at a time, of messages, of each subscription once it is
// in force, and that messages may be missing. It is called at most once, before Run.
func (l *Link) Listen(receive func(channel string, payload []byte), subscribed func(channel string), lapsed func()) {
	l.to = listener{receive: receive, subscribed: subscribed, lapsed: lapsed}
}

// Subscribe adds channels to those that are heard. It does not wait.
func (l *Link) Subscribe(channels ...string) { l.subs.subscribe(channels...) }

// Unsubscribe ends what Subscribe began. It does not wait.
func (l *Link) Unsubscribe(channels ...string) { l.subs.unsubscribe(channels...) }

// Publish sends a payload, which it takes over, to all that hear of a channel, in the order
// of the calls for each channel. It does not wait: done, unless nil, is called once, with an
// error if others may not have got it. That is also so if too many messages wait.
func (l *Link) Publish(channel string, payload []byte, done func(error)) {
	o := outgoing{channel: channel, payload: payload, done: done}
	if err := l.put(o); err != nil {
		o.end(err)
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// put adds a message to those that wait.
func (l *Link) put(o outgoing) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed != nil:
		return l.closed
	case len(l.waiting) >= maxOutbox || l.bytes+len(o.payload) > maxOutboxBytes:
		return errOutbox
	}
	l.waiting = append(l.waiting, o)
	l.bytes += len(o.payload)
	return nil
}

// take returns the messages that go with the next round trip.
func (l *Link) take() []outgoing {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), maxRoundTrip)
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	for _, o := range batch {
		l.bytes -= len(o.payload)
	}
	if len(l.waiting) == 0 {
		l.waiting = nil
	}
	return batch
}

// Run works until ctx ends.
func (l *Link) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { l.subs.run(ctx, l.to) })
	for ctx.Err() == nil {
		if batch := l.take(); len(batch) > 0 {
			l.send(ctx, batch)
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		}
	}
	l.mu.Lock()
	left := l.waiting
	l.waiting, l.bytes, l.closed = nil, 0, context.Cause(ctx)
	l.mu.Unlock()
	for _, o := range left {
		o.end(context.Cause(ctx))
	}
	all.Wait()
	return nil
}

// send publishes messages in one round trip.
func (l *Link) send(ctx context.Context, batch []outgoing) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	pipe := l.client.redis.Pipeline()
	for _, o := range batch {
		pipe.Publish(ctx, o.channel, o.payload)
	}
	results, err := pipe.Exec(ctx)
	for i, o := range batch {
		if i < len(results) {
			err = results[i].Err()
		}
		o.end(fault(err))
	}
}

// Subscribers counts the connections of all servers that hear of a channel.
func (l *Link) Subscribers(ctx context.Context, channel string) (int, error) {
	var mu sync.Mutex
	n := 0
	err := l.client.eachNode(ctx, func(ctx context.Context, node redis.Cmdable) error {
		counts, err := node.PubSubNumSub(ctx, channel).Result()
		mu.Lock()
		defer mu.Unlock()
		n += int(counts[channel])
		return err
	})
	return n, fault(err)
}

// Channels lists the channels with a name like the pattern that somebody hears of.
func (l *Link) Channels(ctx context.Context, pattern string) ([]string, error) {
	var mu sync.Mutex
	var names []string
	err := l.client.eachNode(ctx, func(ctx context.Context, node redis.Cmdable) error {
		found, err := node.PubSubChannels(ctx, pattern).Result()
		mu.Lock()
		defer mu.Unlock()
		names = append(names, found...)
		return err
	})
	slices.Sort(names)
	return slices.Compact(names), fault(err)
}

// eachNode calls f for every server of a cluster, or for the one there is.
func (c *Client) eachNode(ctx context.Context, f func(context.Context, redis.Cmdable) error) error {
	if cluster, ok := c.redis.(*redis.ClusterClient); ok {
		return cluster.ForEachShard(ctx, func(ctx context.Context, node *redis.Client) error { return f(ctx, node) })
	}
	return f(ctx, c.redis)
}
