package messaging

import (
	"context"
	"sync"

	"parley/domain"
	"parley/domain/bus"
)

// channelKind and serverKind name what each process remembers of channels and servers.
const (
	channelKind = "channels"
	serverKind  = "servers"
)

// maxDirectory bounds the channels kept in memory; one takes about 1 KB.
const maxDirectory = 10_000

// directory remembers channels, because every message needs its channel's type and
// participants. Whoever changes a channel drops it here and, by changed, in the other
// processes. Safe for concurrent use.
type directory struct {
	store  Store
	caches *bus.Caches
	mu     sync.RWMutex
	known  map[domain.ChannelID]Channel
	// version rises with each change, so that a read that began before a change
	// cannot put the old state back.
	version uint64
}

// newDirectory returns an empty directory over store.
func newDirectory(store Store, caches *bus.Caches) *directory {
	d := &directory{store: store, caches: caches, known: map[domain.ChannelID]Channel{}}
	caches.Register(channelKind, bus.Cache{
		Drop: func(_ context.Context, key string) error {
			d.drop(domain.ChannelID(key))
			return nil
		},
		DropAll: d.dropAll,
	})
	return d
}

// changed forgets a channel after a change or a deletion, here and in the other processes.
func (d *directory) changed(ctx context.Context, id domain.ChannelID) {
	d.drop(id)
	d.caches.Stale(ctx, channelKind, string(id))
}

// dropAll forgets all channels.
func (d *directory) dropAll(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	clear(d.known)
	return nil
}

// get returns a channel, from memory if possible. The caller must not change its
// slices and maps. NotFound is not remembered.
func (d *directory) get(ctx context.Context, id domain.ChannelID) (Channel, error) {
	d.mu.RLock()
	c, ok := d.known[id]
	d.mu.RUnlock()
	if ok {
		return c, nil
	}
	return d.load(func() (Channel, error) { return d.store.Channel(ctx, id) })
}

// load remembers the channel that read returns, unless one was changed meanwhile.
func (d *directory) load(read func() (Channel, error)) (Channel, error) {
	d.mu.RLock()
	version := d.version
	d.mu.RUnlock()
	c, err := read()
	if err != nil {
		return Channel{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.version == version {
		d.remember(c)
	}
	return c, nil
}

// drop forgets a channel in this process.
func (d *directory) drop(id domain.ChannelID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	delete(d.known, id)
}

// remember stores c and drops an arbitrary other one when there are too many.
func (d *directory) remember(c Channel) {
	if len(d.known) >= maxDirectory {
		for id := range d.known {
			delete(d.known, id)
			break
		}
	}
	d.known[c.ID] = c
}
