package presence

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
)

// The times of a Cluster.
const (
	// putSoon is how long a change waits for others before it is noted.
	putSoon = 50 * time.Millisecond
	// refreshEvery is how often the notes of this process are kept from expiring, and those
	// of processes that nobody saw die are looked for.
	refreshEvery = 15 * time.Second
	// registryWait is how long the registry may take for one step.
	registryWait = 2 * time.Second
)

// maxStep is how many states or channels are handed to the registry at once.
const maxStep = 500

// ClusterOptions are what a Cluster needs.
type ClusterOptions struct {
	// Replica is this process's name.
	Replica string
	// Alive lists the names of the processes that count, this one's included.
	Alive    func() []string
	Registry Registry
	// Refresh is 0 for the usual time between two refreshments of the notes.
	Refresh time.Duration
	Now     domain.Clock
	Logger  zerolog.Logger
}

var (
	_ Tracker   = (*Cluster)(nil)
	_ Announcer = (*settler)(nil)
)

// Cluster is the tracker of a process among others. It knows its own sockets as a Local
// does; what several processes must agree on, who is there and who has told so, is in a
// Registry. Without that it goes on with what it knows itself.
type Cluster struct {
	*Local
	opts ClusterOptions
	log  zerolog.Logger

	mu sync.Mutex
	// dirty are the seats that changed since they were noted, at most those there are.
	dirty map[place]struct{}
	news  chan struct{}
	// anew says that all is to be noted anew.
	anew bool
	// dead are the processes to be buried.
	dead map[string]struct{}
	// strangers are the processes with notes that did not count when they were looked for
	// last. They are Run's.
	strangers map[string]struct{}
}

// place is an entity's place in a channel.
type place struct {
	channel domain.ChannelID
	entity  domain.EntityID
}

// NewCluster returns a tracker without anybody. Run keeps it in touch with the others.
func NewCluster(o ClusterOptions) *Cluster {
	c := &Cluster{Local: NewLocal(o.Now), opts: o, log: o.Logger.With().Str("component", "presence").Logger(),
		dirty: map[place]struct{}{}, dead: map[string]struct{}{}, news: make(chan struct{}, 1), anew: true}
	c.moved = func(channel domain.ChannelID, entity domain.EntityID) {
		c.mu.Lock()
		c.dirty[place{channel, entity}] = struct{}{}
		c.mu.Unlock()
		c.wakeUp()
	}
	c.dead[o.Replica] = struct{}{} // what an earlier process of this name has left
	return c
}

// wakeUp tells Run that there is something to do.
func (c *Cluster) wakeUp() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Died says that a process is dead: those who were there by it alone have left.
func (c *Cluster) Died(process string) {
	c.mu.Lock()
	c.dead[process] = struct{}{}
	c.mu.Unlock()
	c.wakeUp()
}

// Renew says that the registry may have lost what was noted.
func (c *Cluster) Renew() {
	c.mu.Lock()
	c.anew = true
	c.mu.Unlock()
	c.wakeUp()
}

// Run tells the changes to a, and notes them for the other processes, until ctx ends. It
// must be called once.
func (c *Cluster) Run(ctx context.Context, a Announcer) error {
	var telling sync.WaitGroup
	defer telling.Wait()
	telling.Go(func() { _ = c.Local.Run(ctx, &settler{cluster: c, ctx: ctx, to: a}) }) // never fails
	c.lookForDead(ctx)
	refresh := time.NewTicker(cmp.Or(c.opts.Refresh, refreshEvery))
	defer refresh.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-refresh.C:
			err = c.refresh(ctx)
			c.lookForDead(ctx)
		case <-c.news:
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(putSoon):
			}
			err = c.step(ctx, a)
		}
		if err != nil && ctx.Err() == nil {
			c.log.Debug().Err(err).Msg("presence could not be noted; it is tried again")
			c.Renew()
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// step does all that has come up.
func (c *Cluster) step(ctx context.Context, a Announcer) error {
	c.mu.Lock()
	dirty, anew, dead := c.dirty, c.anew, slices.Collect(maps.Keys(c.dead))
	c.dirty, c.anew, c.dead = map[place]struct{}{}, false, map[string]struct{}{}
	c.mu.Unlock()
	for i, process := range dead {
		if err := c.bury(ctx, process, a); err != nil {
			c.mu.Lock()
			for _, left := range dead[i:] {
				c.dead[left] = struct{}{}
			}
			c.mu.Unlock()
			return err
		}
	}
	if anew {
		return c.renew(ctx, a)
	}
	states := make([]State, 0, len(dirty))
	for p := range dirty {
		states = append(states, c.state(p.channel, p.entity))
	}
	for part := range slices.Chunk(states, maxStep) {
		if err := within(ctx, func(ctx context.Context) error { return c.opts.Registry.Put(ctx, part) }); err != nil {
			return err
		}
	}
	return nil
}

// within bounds a step of the registry.
func within(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, registryWait)
	defer cancel()
	return step(ctx)
}

// renew notes everything anew.
func (c *Cluster) renew(ctx context.Context, a Announcer) error {
	for _, channel := range c.channels() {
		states := c.states(channel)
		var gone []State
		err := within(ctx, func(ctx context.Context) (err error) {
			gone, err = c.opts.Registry.Replace(ctx, channel, states, c.opts.Alive())
			return err
		})
		if err != nil {
			return err
		}
		tellLeft(ctx, a, gone)
	}
	return nil
}

// refresh keeps the notes from expiring.
func (c *Cluster) refresh(ctx context.Context) error {
	for part := range slices.Chunk(c.channels(), maxStep) {
		if err := within(ctx, func(ctx context.Context) error { return c.opts.Registry.Refresh(ctx, part) }); err != nil {
			return err
		}
	}
	return nil
}

// lookForDead has the processes buried of which no list of the living tells that they died:
// all may have crashed together, and come back under other names. One must have been missing
// the time before too, for a process that starts, or has just reached the others, may not know
// all of them.
func (c *Cluster) lookForDead(ctx context.Context) {
	var noted []string
	err := within(ctx, func(ctx context.Context) (err error) {
		noted, err = c.opts.Registry.Noted(ctx)
		return err
	})
	if err != nil {
		c.log.Debug().Err(err).Msg("notes of dead processes could not be looked for; it is tried again")
		c.strangers = nil // who is missing now may just not reach the registry either
		return
	}
	alive, before := c.opts.Alive(), c.strangers
	c.strangers = map[string]struct{}{}
	for _, process := range noted {
		if slices.Contains(alive, process) {
			continue
		}
		c.strangers[process] = struct{}{}
		if _, again := before[process]; again {
			c.Died(process)
		}
	}
}

// bury removes what a dead process has noted, and tells who has left with it.
func (c *Cluster) bury(ctx context.Context, process string, a Announcer) error {
	for more := true; more; {
		var gone []State
		err := within(ctx, func(ctx context.Context) (err error) {
			alive := c.opts.Alive()
			if process != c.opts.Replica {
				alive = slices.DeleteFunc(slices.Clone(alive), func(name string) bool { return name == process })
			}
			gone, more, err = c.opts.Registry.Bury(ctx, process, alive)
			return err
		})
		if err != nil {
			return err
		}
		tellLeft(ctx, a, gone)
	}
	return nil
}

// tellLeft tells rooms who has left, at the pace of all telling.
func tellLeft(ctx context.Context, a Announcer, gone []State) {
	const atOnce = 50
	for part := range slices.Chunk(gone, atOnce) {
		changes := make([]Change, len(part))
		for i, s := range part {
			changes[i] = Change{ChannelID: s.ChannelID, EntityID: s.EntityID, Name: s.Name}
		}
		a.Presence(changes)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pace):
		}
	}
}

// settler tells of the changes of this process what is news to the cluster.
type settler struct {
	cluster *Cluster
	ctx     context.Context //nolint:containedctx // the life of Run
	to      Announcer
}

// Presence is part of Announcer. Without the registry everything is news.
func (s *settler) Presence(changes []Change) {
	states := make([]State, len(changes))
	for i, c := range changes {
		states[i] = s.cluster.state(c.ChannelID, c.EntityID)
		states[i].Name = cmp.Or(states[i].Name, c.Name)
	}
	var news []bool
	err := within(s.ctx, func(ctx context.Context) (err error) {
		news, err = s.cluster.opts.Registry.Settle(ctx, states, s.cluster.opts.Alive())
		return err
	})
	if err != nil {
		s.cluster.Renew()
		s.to.Presence(changes)
		return
	}
	told := changes[:0]
	for i, c := range changes {
		if news[i] {
			c.Joined = states[i].Sockets > 0 // it may have changed its mind meanwhile
			told = append(told, c)
		}
	}
	if len(told) > 0 {
		s.to.Presence(told)
	}
}

// List returns who is in a channel in all processes, those who came first first. Without the
// registry it is who is here, and the others are missing.
func (c *Cluster) List(ctx context.Context, channel domain.ChannelID) (Listing, error) {
	alive := c.opts.Alive()
	present := map[domain.EntityID]Present{}
	for _, p := range c.present(channel) {
		present[p.EntityID] = p
	}
	var missing []string
	var seats map[string][]State
	err := within(ctx, func(ctx context.Context) (err error) {
		seats, err = c.opts.Registry.Seats(ctx, channel)
		return err
	})
	for _, process := range alive {
		if process == c.opts.Replica {
			continue
		}
		if err != nil {
			missing = append(missing, process)
			continue
		}
		for _, s := range seats[process] {
			p, known := present[s.EntityID]
			if !known || s.Since.Before(p.Since) {
				p.Since = s.Since
			}
			p.EntityID, p.Name, p.Sockets = s.EntityID, cmp.Or(p.Name, s.Name), p.Sockets+s.Sockets
			present[s.EntityID] = p
		}
	}
	list := slices.Collect(maps.Values(present))
	sortPresent(list)
	return Listing{Present: list[:min(len(list), MaxListed)], Total: len(list), Missing: missing}, nil
}
