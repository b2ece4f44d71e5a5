package sio

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"github.com/rs/zerolog"

	"parley/realtime/fanout/wire"
)

// Link is how servers hear of one another: messages on named channels, delivered to all
// that are subscribed at the time. Its types are the standard library's alone, so that a
// store can implement it. One Link serves one namespace. Safe for concurrent use.
type Link interface {
	// Publish sends payload, which it takes over, to whoever is subscribed to a channel;
	// that may be this process too. It does not wait: done, unless nil, is called later,
	// or before the return, with an error if others may not have got it. What one
	// goroutine publishes keeps its order. done must not block.
	Publish(channel string, payload []byte, done func(error))
	// Listen says who hears, one call at a time, before the first subscription. receive
	// gets what comes, and may keep it; subscribed hears of each subscription once it is
	// in force; lapsed says that messages may have been lost, and is called when the
	// subscriptions are in force anew.
	Listen(receive func(channel string, payload []byte), subscribed func(channel string), lapsed func())
	// Subscribe and Unsubscribe return at once and come into force soon, in order.
	Subscribe(channels ...string)
	Unsubscribe(channels ...string)
	// Subscribers counts the connections that are subscribed to a channel, this one's
	// included.
	Subscribers(ctx context.Context, channel string) (int, error)
	// Channels lists the channels with subscribers whose names match a pattern, in which
	// * stands for anything.
	Channels(ctx context.Context, pattern string) ([]string, error)
}

// LinkOptions say how a namespace takes part in a cluster. The zero value of every field
// means its default.
type LinkOptions struct {
	// Key begins the names of all channels; "" means "socket.io". All servers need the same.
	Key string
	// UID names this server among the others; "" means a random one.
	UID string
	// PrivateRooms subscribes to the room of each socket's own id, without which other
	// servers cannot reach a single socket. It costs a subscription for each.
	PrivateRooms bool
	// Members lists the UIDs of servers that ought to answer, as far as they are known by
	// other ways. Nil knows of none.
	Members func() []string
	// Describe is what other servers learn of a socket beside its id and rooms, to be
	// encoded as JSON. It must not call into the namespace. Nil says nothing.
	Describe func(s *Socket) any
	// Subscribed hears that broadcasts of other servers to a room arrive from now on.
	Subscribed func(room string)
	// Logged reports whether an event whose last argument reads like an offset is one of that
	// channel's log; nil says that of all. It must be fast.
	Logged func(event, channel string, number int64) bool
	// Lapsed hears that broadcasts of other servers may have been missed.
	Lapsed func()
	// Failed hears of each marked packet that others may not have got.
	Failed func(channel string, number int64)
}

// cluster is a namespace's part in a cluster of servers.
type cluster struct {
	namespace *Namespace
	link      Link
	opts      LinkOptions
	channels  wire.Channels
	subs      *subscriptions
	lane      lane // requests of others that may take time
	inquiries inquiries
	ctx       context.Context // ends once the namespace is alone again
	detach    context.CancelFunc
}

// errAttached says that a namespace has a link.
var errAttached = errors.New("the namespace is attached to a link already")

// Attach makes the namespace one with those of the same name at other servers on the link.
// detach makes it be alone again; what others had asked of it is then no longer worked on.
func (n *Namespace) Attach(link Link, o LinkOptions) (detach func(), err error) {
	if o.Key == "" {
		o.Key = wire.DefaultKey
	}
	if o.UID == "" {
		o.UID = randomUID()
	}
	c := &cluster{namespace: n, link: link, opts: o, channels: wire.NewChannels(o.Key, n.name, o.UID)}
	c.subs = &subscriptions{link: link, channels: c.channels, private: o.PrivateRooms}
	c.ctx, c.detach = context.WithCancel(context.Background())
	if !n.cluster.CompareAndSwap(nil, c) {
		c.detach()
		return nil, errAttached
	}
	link.Listen(c.receive, c.subscribed, c.lapsed)
	link.Subscribe(c.channels.Namespace, c.channels.Request, c.channels.Response, c.channels.Own)
	n.index.attach(c.subs)
	return c.leave, nil
}

// leave makes the namespace be alone.
func (c *cluster) leave() {
	if !c.namespace.cluster.CompareAndSwap(c, nil) {
		return
	}
	c.detach()
	c.namespace.index.detach(c.subs)
	c.link.Unsubscribe(c.channels.Namespace, c.channels.Request, c.channels.Response, c.channels.Own)
	c.lane.close()
}

// receive takes a message of the link.
func (c *cluster) receive(channel string, payload []byte) {
	if c.ctx.Err() != nil {
		return
	}
	switch channel {
	case c.channels.Request:
		c.request(payload)
	case c.channels.Response, c.channels.Own:
		c.response(payload)
	default:
		c.broadcast(payload)
	}
}

// log is where to write what goes wrong.
func (c *cluster) log() *zerolog.Logger { return &c.namespace.server.engine.log }

// subscribed takes the word of a subscription that is in force.
func (c *cluster) subscribed(channel string) {
	if room, ok := c.channels.RoomOf(channel); ok && room != "" && c.opts.Subscribed != nil {
		c.opts.Subscribed(room)
	}
}

// lapsed takes the word that messages may have been lost.
func (c *cluster) lapsed() {
	if c.opts.Lapsed != nil {
		c.opts.Lapsed()
	}
}

// randomUID is a name that no other server has.
func randomUID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: it would end the process instead
	return hex.EncodeToString(b[:])
}
