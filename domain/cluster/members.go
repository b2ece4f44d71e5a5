package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
)

// The times of announcements: a replica that died is known to be dead after at most Lifetime
// and one Interval.
const (
	// Interval is the time between two announcements.
	Interval = 2 * time.Second
	// Lifetime is how long an entry lives.
	Lifetime = 10 * time.Second
	// silences is after how many intervals without a beat the holder of a name counts as dead.
	silences = 2.5
)

// Options of Members. Self and, unless the replica is alone, Store are needed.
type Options struct {
	// Self is this replica; its Instance is made up if it is "".
	Self Member
	// Store is nil for a replica that is alone.
	Store Store
	// Load tells how busy this replica is, at each announcement; nil tells nothing.
	Load func() Load
	// Secret is the one that was configured; "" shares one through the store.
	Secret domain.Secret
	// Interval and Lifetime are 0 for the usual ones.
	Interval, Lifetime time.Duration
	Now                domain.Clock
	Logger             zerolog.Logger
}

// Members is the list of replicas as this one knows it. It is safe for concurrent use.
type Members struct {
	opts Options
	log  zerolog.Logger

	// rounds lets one announcement happen at a time.
	rounds sync.Mutex

	mu     sync.Mutex
	self   Member
	list   map[string]Member
	gone   []func(Member)
	secret domain.Secret
	// proposal is the secret that is shared if there is none yet.
	proposal domain.Secret
	// announced says that the store has had an entry of this instance.
	announced, left bool
	// broken says that the last round failed; within spared nobody is declared dead.
	broken bool
	spared time.Time

	// seeks lets one search in the store happen at a time; sought is when the last one began.
	seeks  sync.Mutex
	sought time.Time
}

// New returns a list of this replica alone; see Claim and Run.
func New(o Options) *Members {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Load == nil {
		o.Load = func() Load { return Load{} }
	}
	o.Interval, o.Lifetime = cmp.Or(o.Interval, Interval), cmp.Or(o.Lifetime, Lifetime)
	if o.Self.Instance == "" {
		o.Self.Instance = rand.Text()
	}
	m := &Members{opts: o, log: o.Logger.With().Str("component", "cluster").Logger(), self: o.Self, secret: o.Secret,
		list: map[string]Member{o.Self.Name: o.Self}}
	if o.Secret == "" {
		m.proposal = domain.Secret(rand.Text() + rand.Text())
	}
	return m
}

// Self is this replica, as it was announced last.
func (m *Members) Self() Member {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.self
}

// Secret is what the replicas know one another by, "" while it is not known.
func (m *Members) Secret() domain.Secret {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.secret
}

// List returns the members by their names, this one included. A stale list is the last one
// that is known, because the store does not answer.
func (m *Members) List() (members []Member, stale bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, member := range m.list {
		members = append(members, member)
	}
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	return members, m.broken
}

// Find returns a member by its name.
func (m *Members) Find(name string) (Member, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	member, ok := m.list[name]
	return member, ok
}

// seekPause is the least time between two searches in the store: whoever makes names up must
// not cost it more than that.
const seekPause = 200 * time.Millisecond

// Seek returns a member by its name as Find does, but looks into the store for one that is
// not known: a new replica may have clients before the others' next announcement. It may wait
// for an answer of the store.
func (m *Members) Seek(ctx context.Context, name string) (Member, bool) {
	if member, ok := m.Find(name); ok || m.opts.Store == nil {
		return member, ok
	}
	m.seeks.Lock()
	defer m.seeks.Unlock()
	member, ok := m.Find(name)
	if _, stale := m.List(); ok || stale || time.Since(m.sought) < seekPause {
		return member, ok
	}
	m.sought = time.Now()
	if _, err := m.announce(ctx, Member{}); err != nil {
		return Member{}, false
	}
	return m.Find(name)
}

// OnGone has f called for each other member that left, died, or was replaced by a new process
// of its name. Calls come one after the other and hold announcements up, so f must be quick.
// It must be called before Run.
func (m *Members) OnGone(f func(gone Member)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = append(m.gone, f)
}

// Run announces this replica until ctx ends. It returns an error only if another process has
// its name; then this one must not go on.
func (m *Members) Run(ctx context.Context) error {
	if m.opts.Store == nil {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(m.opts.Interval)
	defer ticker.Stop()
	for {
		if err := m.Claim(ctx); err != nil && domain.AsError(err).Code == domain.Conflict {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Drain tells the others that this replica is about to leave.
func (m *Members) Drain(ctx context.Context) error {
	m.mu.Lock()
	m.self.Draining = true
	m.list[m.self.Name] = m.self
	m.mu.Unlock()
	if m.opts.Store == nil {
		return nil
	}
	_, err := m.announce(ctx, Member{})
	return err
}

// Leave takes this replica off the list, for good.
func (m *Members) Leave(ctx context.Context) error {
	m.mu.Lock()
	m.left = true
	m.mu.Unlock()
	m.rounds.Lock() // an announcement under way would put it on the list again
	defer m.rounds.Unlock()
	if m.opts.Store == nil {
		return nil
	}
	return m.opts.Store.Withdraw(ctx, m.Self())
}
