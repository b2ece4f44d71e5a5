package bus

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
)

// The topic of caches, and its times.
const (
	cachesTopic = "caches"
	// greetEvery is how often a process says that it is there, silentFor how long it may be
	// silent until nobody waits for it any more.
	greetEvery = 3 * time.Second
	silentFor  = 10 * time.Second
	// settleFor is how long who has changed something waits for the others at most.
	settleFor = 250 * time.Millisecond
	// againAfter is the pause before what failed is done once more.
	againAfter = time.Second
	// noteTimeout bounds the publishing of a note, dropTimeout the dropping of one kind.
	noteTimeout = time.Second
	dropTimeout = 5 * time.Second
)

// MaxPeers is how many other processes are waited for; those beyond hear as well.
const MaxPeers = 256

// Cache is what a process remembers of the store. Both functions may read the store; after
// they have returned without an error nothing older than their call is remembered.
type Cache struct {
	// Drop forgets, or reads anew, what is remembered under a key.
	Drop func(ctx context.Context, key string) error
	// DropAll does so with everything: notes may have been missed.
	DropAll func(ctx context.Context) error
}

// Caches keeps what processes remember of the store right: whoever changes something says
// so, and all others forget it. A change is known everywhere when Stale has returned, as
// far as the others answer in time; so a client whose next call comes to another process
// finds there what it has changed. What could not be said is made up for by forgetting
// everything. nil is ready, and knows nobody else. Safe for concurrent use.
type Caches struct {
	bus  Bus
	log  zerolog.Logger
	self string

	mu    sync.Mutex
	kinds map[string][]Cache
	// peers are the other processes, with the time at which they were heard last.
	peers map[string]time.Time
	// asked are the changes that somebody waits for.
	asked map[uint64]*change
	last  uint64
	// missed says that others have not heard of something; dirty are the kinds that could
	// not be dropped here.
	missed bool
	dirty  map[string]bool
}

// change is a change that others have not confirmed yet.
type change struct {
	missing map[string]bool
	done    chan struct{}
}

// cacheNote is a note of the topic.
type cacheNote struct {
	Do   string `json:"do"`
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	N    uint64 `json:"n,omitempty"`
	Kind string `json:"kind,omitempty"`
	Key  string `json:"key,omitempty"`
}

// What a note says.
const (
	doGreet   = "greet"
	doLeave   = "leave"
	doDrop    = "drop"
	doDropAll = "drop-all"
	doConfirm = "confirm"
)

// NewCaches returns Caches that hear nothing until Run.
func NewCaches(b Bus, logger zerolog.Logger) *Caches {
	return &Caches{bus: b, log: logger.With().Str("component", "bus").Logger(), self: uuid.NewString(), kinds: map[string][]Cache{},
		peers: map[string]time.Time{}, asked: map[uint64]*change{}, dirty: map[string]bool{}}
}

// Register adds a cache of a kind, to be dropped after those that the kind has already. It
// must be called before Run.
func (c *Caches) Register(kind string, cache Cache) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds[kind] = append(c.kinds[kind], cache)
}

// Stale says that what others remember under a key is old. It returns when they have
// forgotten it, or after a quarter of a second. The caller's own cache is its own business. It must not be called
// with a lock held that a Drop takes.
func (c *Caches) Stale(ctx context.Context, kind, key string) {
	if c == nil {
		return
	}
	n, waiting, missed := c.ask()
	defer c.forget(n)
	if missed {
		return // the others forget everything as soon as they can be told
	}
	c.publish(ctx, cacheNote{Do: doDrop, N: n, Kind: kind, Key: key})
	if waiting == nil {
		return
	}
	patience := time.NewTimer(settleFor)
	defer patience.Stop()
	select {
	case <-waiting:
	case <-patience.C:
		c.log.Debug().Str("kind", kind).Msg("not every replica has confirmed a change in time")
	case <-ctx.Done():
	}
}

// ask numbers a change; waiting is closed when all others have confirmed it, nil if there
// are none. missed says that they could not be told of an earlier one.
func (c *Caches) ask() (n uint64, waiting chan struct{}, missed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	missing := map[string]bool{}
	for peer, heard := range c.peers {
		if time.Since(heard) > silentFor {
			delete(c.peers, peer)
			continue
		}
		missing[peer] = true
	}
	if len(missing) == 0 {
		return c.last, nil, c.missed
	}
	waiting = make(chan struct{})
	c.asked[c.last] = &change{missing: missing, done: waiting}
	return c.last, waiting, c.missed
}

// forget notes that nobody waits for a change any more.
func (c *Caches) forget(n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.asked, n)
}

// publish hands a note to the bus; what fails is made up for later.
func (c *Caches) publish(ctx context.Context, n cacheNote) {
	n.From = c.self
	payload, err := json.Marshal(n)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
		defer cancel()
		err = c.bus.Publish(ctx, cachesTopic, payload)
	}
	if err != nil && (n.Do == doDrop || n.Do == doDropAll) {
		c.mu.Lock()
		c.missed = true
		c.mu.Unlock()
	}
}

// Run hears what others say until ctx ends.
func (c *Caches) Run(ctx context.Context) error {
	cancel := c.bus.Subscribe(cachesTopic, Subscriber{
		Receive: func(payload []byte) { c.receive(ctx, payload) },
		Lapsed: func() {
			c.dropAll(ctx)
			c.publish(ctx, cacheNote{Do: doGreet})
		},
	})
	defer cancel()
	defer c.publish(ctx, cacheNote{Do: doLeave})
	greet, again := time.NewTicker(greetEvery), time.NewTicker(againAfter)
	defer greet.Stop()
	defer again.Stop()
	c.publish(ctx, cacheNote{Do: doGreet})
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-greet.C:
			c.publish(ctx, cacheNote{Do: doGreet})
		case <-again.C:
			c.again(ctx)
		}
	}
}

// again does once more what has failed.
func (c *Caches) again(ctx context.Context) {
	c.mu.Lock()
	missed, dirty := c.missed, c.dirty
	c.missed, c.dirty = false, map[string]bool{}
	c.mu.Unlock()
	if missed {
		c.publish(ctx, cacheNote{Do: doDropAll})
	}
	for kind := range dirty {
		_ = c.each(ctx, kind, func(ctx context.Context, cache Cache) error { return cache.DropAll(ctx) }) // it is dirty again then
	}
}

// receive does what a note says.
func (c *Caches) receive(ctx context.Context, payload []byte) {
	var n cacheNote
	if json.Unmarshal(payload, &n) != nil || n.From == c.self || ctx.Err() != nil {
		return
	}
	switch n.Do {
	case doGreet:
		if c.met(n.From) {
			c.publish(ctx, cacheNote{Do: doGreet}) // so that it knows this process as well
		}
	case doLeave:
		c.left(n.From)
	case doDrop:
		err := c.each(ctx, n.Kind, func(ctx context.Context, cache Cache) error { return cache.Drop(ctx, n.Key) })
		if err == nil {
			c.publish(ctx, cacheNote{Do: doConfirm, To: n.From, N: n.N})
		}
	case doDropAll:
		c.dropAll(ctx)
	case doConfirm:
		if n.To == c.self {
			c.confirmed(n.From, n.N)
		}
	}
}

// met notes that another process is there, and tells whether it was not known.
func (c *Caches) met(peer string) (fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.peers[peer]
	if !known && len(c.peers) >= MaxPeers {
		return false
	}
	c.peers[peer] = time.Now()
	return !known
}

// left notes that another process is gone; nobody waits for it any more.
func (c *Caches) left(peer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.peers, peer)
	for _, a := range c.asked {
		a.confirm(peer)
	}
}

// confirmed notes that another process has taken a change in.
func (c *Caches) confirmed(peer string, n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.asked[n]; a != nil {
		a.confirm(peer)
	}
}

// confirm notes that one fewer is missing. The caller holds the lock.
func (a *change) confirm(peer string) {
	if !a.missing[peer] {
		return
	}
	delete(a.missing, peer)
	if len(a.missing) == 0 {
		close(a.done)
	}
}

// each calls drop with the caches of a kind, one after the other. If one fails the kind is
// dropped as a whole a little later.
func (c *Caches) each(ctx context.Context, kind string, drop func(context.Context, Cache) error) error {
	c.mu.Lock()
	caches := c.kinds[kind]
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, dropTimeout)
	defer cancel()
	var errs []error
	for _, cache := range caches {
		errs = append(errs, drop(ctx, cache))
	}
	err := errors.Join(errs...)
	if err != nil {
		c.log.Warn().Err(err).Str("kind", kind).Msg("what is remembered cannot be read anew yet")
		c.mu.Lock()
		c.dirty[kind] = true
		c.mu.Unlock()
	}
	return err
}

// dropAll forgets everything.
func (c *Caches) dropAll(ctx context.Context) {
	c.mu.Lock()
	kinds := make([]string, 0, len(c.kinds))
	for kind := range c.kinds {
		kinds = append(kinds, kind)
	}
	c.mu.Unlock()
	for _, kind := range kinds {
		_ = c.each(ctx, kind, func(ctx context.Context, cache Cache) error { return cache.DropAll(ctx) }) // it is dirty then
	}
}

// Peers is how many other processes there are.
func (c *Caches) Peers() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, heard := range c.peers {
		if time.Since(heard) <= silentFor {
			n++
		}
	}
	return n
}
