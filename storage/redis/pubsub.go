package redis

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

// The manners of a connection for subscriptions.
const (
	// maxBatch is how many channels one command names.
	maxBatch = 500
	// quiet is how long nothing may come before the server is asked whether it is there,
	// and then how long it may take to say so.
	quiet = 5 * time.Second
	// minPause and maxPause are between two tries to connect.
	minPause, maxPause = 50 * time.Millisecond, time.Second
)

// ready is what the server is asked to say once all subscriptions are in force.
const ready = "ready"

// errSilent says that a server is not there any more.
var errSilent = errors.New("the server is silent")

// pubsub keeps one connection for subscriptions. After a break it subscribes anew and then
// tells its listener that messages may be missing. Safe for concurrent use.
type pubsub struct {
	redis redis.UniversalClient
	log   zerolog.Logger
	inbox *inbox

	mu sync.Mutex
	// wanted are the channels to be subscribed to; changed are those of which the server
	// has not been told yet.
	wanted, changed map[string]struct{}
	wake            chan struct{}
}

// newPubsub returns a connection that is made by run.
func (c *Client) newPubsub(purpose string) *pubsub {
	return &pubsub{redis: c.redis, log: c.log.With().Str("purpose", purpose).Logger(), inbox: newInbox(),
		wanted: map[string]struct{}{}, changed: map[string]struct{}{}, wake: make(chan struct{}, 1)}
}

// subscribe adds channels; it does not wait.
func (p *pubsub) subscribe(channels ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, channel := range channels {
		p.wanted[channel] = struct{}{}
		p.changed[channel] = struct{}{}
	}
	p.signal()
}

// unsubscribe removes channels; it does not wait.
func (p *pubsub) unsubscribe(channels ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, channel := range channels {
		delete(p.wanted, channel)
		p.changed[channel] = struct{}{}
	}
	p.signal()
}

// signal wakes the one who tells the server.
func (p *pubsub) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// wants reports whether a channel is to be subscribed to.
func (p *pubsub) wants(channel string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.wanted[channel]
	return ok
}

// run keeps the connection and hands what comes to a listener, until ctx ends.
func (p *pubsub) run(ctx context.Context, to listener) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { p.inbox.deliver(ctx, to) })
	for pause := minPause; ctx.Err() == nil; pause = min(2*pause, maxPause) {
		worked, err := p.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if worked {
			pause = minPause
			p.log.Warn().Err(err).Msg("subscriptions are broken; they are made anew")
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // spreads the load
		}
	}
}

// connect makes a connection and reads it until it breaks. worked says that its
// subscriptions were in force.
func (p *pubsub) connect(ctx context.Context) (worked bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	conn := p.redis.Subscribe(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() { // a read does not look at its context
		<-ctx.Done()
		_ = conn.Close() // it is given up
	})
	// Asked without a channel, a cluster gives the connection to any of its nodes and not to
	// that of the channel's slot, which may be the one that is down.
	if err := conn.Ping(ctx); err != nil {
		return false, err
	}
	if err := p.tell(ctx, conn, true); err != nil {
		return false, err
	}
	if err := conn.Ping(ctx, ready); err != nil {
		return false, err
	}
	all.Go(func() {
		defer cancel()
		for p.tell(ctx, conn, false) == nil {
			select {
			case <-ctx.Done():
				return
			case <-p.wake:
			}
		}
	})
	return p.read(ctx, conn)
}

// tell tells the server what has changed, or everything.
func (p *pubsub) tell(ctx context.Context, conn *redis.PubSub, everything bool) error {
	p.mu.Lock()
	var come, gone []string
	if everything {
		for channel := range p.wanted {
			come = append(come, channel)
		}
	} else {
		for channel := range p.changed {
			if _, ok := p.wanted[channel]; ok {
				come = append(come, channel)
			} else {
				gone = append(gone, channel)
			}
		}
	}
	clear(p.changed)
	p.mu.Unlock()
	if err := inBatches(ctx, gone, conn.Unsubscribe); err != nil {
		return err
	}
	return inBatches(ctx, come, conn.Subscribe)
}

// inBatches calls f for some channels at a time.
func inBatches(ctx context.Context, channels []string, f func(context.Context, ...string) error) error {
	for len(channels) > 0 {
		n := min(len(channels), maxBatch)
		if err := f(ctx, channels[:n]...); err != nil {
			return err
		}
		channels = channels[n:]
	}
	return nil
}

// read puts what comes into the inbox until the connection breaks.
func (p *pubsub) read(ctx context.Context, conn *redis.PubSub) (worked bool, err error) {
	for asked := false; ; {
		got, err := conn.ReceiveTimeout(ctx, quiet)
		var network net.Error
		switch {
		case err == nil:
			asked = false
		case !errors.As(err, &network) || !network.Timeout():
			return worked, err
		case asked:
			return worked, errSilent
		default:
			asked = true
			if err := conn.Ping(ctx); err != nil {
				return worked, err
			}
			continue
		}
		switch got := got.(type) {
		case *redis.Message:
			p.put(notice{channel: got.Channel, payload: []byte(got.Payload)})
		case *redis.Subscription:
			// Those before everything is in force are covered by the lapse.
			if worked && got.Kind == "subscribe" && p.wants(got.Channel) {
				p.put(notice{channel: got.Channel})
			}
		case *redis.Pong:
			if got.Payload == ready {
				worked = true
				p.inbox.lapse()
			}
		}
	}
}

// put puts a notice into the inbox.
func (p *pubsub) put(n notice) {
	if dropped := p.inbox.put(n); dropped > 0 {
		p.log.Warn().Int("dropped", dropped).Msg("messages come faster than they can be handled; what was missed is read from the store")
	}
}
