package agents

import (
	"context"
	"strconv"
	"sync"
	"time"

	"parley/domain"
)

var (
	_ Leases = (*LocalLeases)(nil)
	_ Hints  = (*LocalHints)(nil)
)

// errHeld is the answer where somebody else has a lease.
var errHeld = domain.Errorf(domain.Conflict, "Somebody else works on it")

// LocalLeases are Leases for several runners in one process. Make them with NewLocalLeases.
type LocalLeases struct {
	ttl time.Duration

	mu   sync.Mutex
	held map[Lane]*localLease
}

// localLease is a lease of LocalLeases.
type localLease struct {
	of   *LocalLeases
	lane Lane
	// ends is when it runs out, by the process's steady clock.
	ends time.Time
}

// NewLocalLeases returns leases that last for ttl; 0 means 10 s.
func NewLocalLeases(ttl time.Duration) *LocalLeases {
	setDefault(&ttl, 10*time.Second)
	return &LocalLeases{ttl: ttl, held: map[Lane]*localLease{}}
}

// TTL is part of Leases.
func (l *LocalLeases) TTL() time.Duration { return l.ttl }

// Acquire is part of Leases; it never fails.
func (l *LocalLeases) Acquire(_ context.Context, lane Lane) (Lease, error) {
	lease := &localLease{of: l, lane: lane}
	return lease, lease.take()
}

// take takes the lease unless somebody else has it.
func (l *localLease) take() error {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	now := time.Now()
	if other := l.of.held[l.lane]; other != nil && other != l && now.Before(other.ends) {
		return errHeld
	}
	l.ends = now.Add(l.of.ttl)
	l.of.held[l.lane] = l
	return nil
}

// Renew is part of Lease.
func (l *localLease) Renew(context.Context) error { return l.take() }

// Release is part of Lease.
func (l *localLease) Release(context.Context) error {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.of.held[l.lane] == l {
		delete(l.of.held, l.lane)
	}
	return nil
}

// maxLocalHints is how many hints LocalHints keeps.
const maxLocalHints = 10_000

// LocalHints are Hints for several runners in one process. Make them with NewLocalHints.
type LocalHints struct {
	claimAfter time.Duration

	mu      sync.Mutex
	last    int
	waiting []Hint
	// taken are the unfinished ones, with the time at which they were handed out.
	taken map[Hint]time.Time
	// news is closed, and made anew, when a hint comes.
	news chan struct{}
}

// NewLocalHints returns a queue that hands a hint out again which was not finished for
// claimAfter; 0 means 20 s.
func NewLocalHints(claimAfter time.Duration) *LocalHints {
	setDefault(&claimAfter, 20*time.Second)
	return &LocalHints{claimAfter: claimAfter, taken: map[Hint]time.Time{}, news: make(chan struct{})}
}

// Put is part of Hints; it never fails.
func (q *LocalHints) Put(_ context.Context, lanes ...Lane) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, lane := range lanes {
		q.last++
		q.waiting = append(q.waiting, Hint{Lane: lane, ID: strconv.Itoa(q.last)})
	}
	q.waiting = q.waiting[max(0, len(q.waiting)-maxLocalHints):]
	close(q.news)
	q.news = make(chan struct{})
	return nil
}

// Take is part of Hints; it never fails.
func (q *LocalHints) Take(ctx context.Context, most int) ([]Hint, error) {
	patience := time.NewTimer(min(time.Second, q.claimAfter))
	defer patience.Stop()
	for late := false; ; {
		found, news := q.take(most)
		if len(found) > 0 || late {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-news:
		case <-patience.C:
			late = true
		}
	}
}

// take hands out what there is, and says what tells of more.
func (q *LocalHints) take(most int) ([]Hint, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	var found []Hint
	for h, at := range q.taken {
		if len(found) < most && now.Sub(at) >= q.claimAfter {
			found = append(found, h)
		}
	}
	n := min(most-len(found), len(q.waiting))
	found = append(found, q.waiting[:n]...)
	q.waiting = q.waiting[n:]
	for _, h := range found {
		q.taken[h] = now
	}
	return found, q.news
}

// Done is part of Hints; it never fails.
func (q *LocalHints) Done(_ context.Context, hints ...Hint) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range hints {
		delete(q.taken, h)
	}
	return nil
}
