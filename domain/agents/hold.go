package agents

import (
	"context"
	"errors"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// The times of leases.
const (
	// leaseWait bounds a call about a lease: work goes on without one.
	leaseWait = 500 * time.Millisecond
	// leasePause is how long leases are not asked for after they could not be had.
	leasePause = time.Second
	// handOverFor bounds what is said to the others when the server stops.
	handOverFor = 2 * time.Second
	// handOverEvery is how often that is done while the last turns end.
	handOverEvery = 100 * time.Millisecond
)

// errLeaseLost ends the work on a lane that another process works on now.
var errLeaseLost = errors.New("the lease of the lane is lost")

// breaker keeps those from being asked who have just not answered. The zero value is
// ready. Safe for concurrent use.
type breaker struct {
	mu    sync.Mutex
	until time.Time
}

// open tells whether they may be asked.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !time.Now().Before(b.until)
}

// trip notes that they have not answered.
func (b *breaker) trip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until = time.Now().Add(leasePause)
}

// holding is a lane that this process may work on.
type holding struct {
	// ctx ends when the lease is lost.
	ctx context.Context //nolint:containedctx // the life of the lease
	// lease is nil if nobody knows who has it.
	lease Lease
	// release gives it back; it must be called.
	release func()
}

// hold takes the lease of a lane and renews it until it is released. Conflict if somebody
// else has it. If nobody can tell, there is none, and the fence in the store alone guards
// the work.
func (r *Runner) hold(ctx context.Context, key Lane) (holding, error) {
	if !r.leasing.open() {
		return holding{ctx: ctx, release: func() {}}, nil
	}
	held, err := hold(ctx, r.Leases, key)
	if err == nil && held.lease == nil && ctx.Err() == nil {
		r.leasing.trip()
		r.Logger.Debug().Msg("leases cannot be had, turns are guarded by the store alone")
	}
	return held, err
}

// hold is Runner.hold for leases that are asked in any case.
func hold(ctx context.Context, leases Leases, key Lane) (holding, error) {
	asked, cancel := context.WithTimeout(ctx, leaseWait)
	defer cancel()
	lease, err := leases.Acquire(asked, key)
	switch {
	case domain.IsCode(err, domain.Conflict):
		return holding{}, err
	case err != nil:
		return holding{ctx: ctx, release: func() {}}, nil // work goes on without a lease
	case leases.TTL() == 0:
		return holding{ctx: ctx, lease: lease, release: func() {}}, nil
	default:
		return keep(ctx, leases.TTL(), lease), nil
	}
}

// keep renews a lease until it is released or lost.
func keep(ctx context.Context, ttl time.Duration, lease Lease) holding {
	work, lose := context.WithCancelCause(ctx)
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(ttl / 3)
		defer ticker.Stop()
		for {
			select {
			case <-renewing.Done():
				return
			case <-ticker.C:
			}
			if err := withinLeaseWait(renewing, lease.Renew); domain.IsCode(err, domain.Conflict) {
				lose(errLeaseLost)
				return
			}
		}
	})
	return holding{ctx: work, lease: lease, release: func() {
		stop()
		group.Wait()
		lose(nil)
		_ = withinLeaseWait(context.WithoutCancel(ctx), lease.Release) // else it runs out
	}}
}

// withinLeaseWait calls f with a bound on its time.
func withinLeaseWait(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, leaseWait)
	defer cancel()
	return f(ctx)
}

// putHints tells the other processes of this one's hints until ctx ends. What it cannot
// tell this process does itself, or a sweep finds it.
func (r *Runner) putHints(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.lanes.told:
		}
		if err := r.Hints.Put(ctx, r.lanes.untold(sweepPage)...); err != nil {
			pause(ctx, leasePause)
		}
	}
}

// takeHints takes hints from the queue as there are workers for them, until ctx ends.
func (r *Runner) takeHints(ctx context.Context) {
	for ctx.Err() == nil {
		free := r.Workers - r.lanes.waiting()
		if free <= 0 { // others may be quicker
			select {
			case <-ctx.Done():
			case <-r.lanes.eased:
			}
			continue
		}
		taken, err := r.Hints.Take(ctx, free)
		if err != nil {
			pause(ctx, jittered(leasePause))
			continue
		}
		var surplus []Hint
		for _, h := range taken {
			if r.lanes.hintTaken(h) {
				surplus = append(surplus, h)
			}
		}
		r.doneWith(ctx, surplus...)
	}
}

// finish gives a lane back, and finishes the hint that has led to it.
func (r *Runner) finish(ctx context.Context, key Lane, more bool) {
	if h, some := r.lanes.done(key, more); some {
		r.doneWith(ctx, h)
	}
}

// doneWith finishes hints; where that fails they come again, and are found to be nothing.
func (r *Runner) doneWith(ctx context.Context, hints ...Hint) {
	if len(hints) == 0 {
		return
	}
	_ = withinLeaseWait(context.WithoutCancel(ctx), func(ctx context.Context) error { return r.Hints.Done(ctx, hints...) })
}

// handOverAlways gives the others, once ctx has ended, what this process does not get to
// any more, until its last turn is over.
func (r *Runner) handOverAlways(ctx, over context.Context) {
	<-ctx.Done()
	for over.Err() == nil {
		r.handOver(context.WithoutCancel(ctx))
		pause(over, handOverEvery)
	}
	r.handOver(context.WithoutCancel(ctx))
}

// handOver gives the others the lanes that no worker here has.
func (r *Runner) handOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, handOverFor)
	defer cancel()
	lanes, hints := r.lanes.leave()
	if len(lanes) == 0 {
		return
	}
	if err := r.Hints.Put(ctx, lanes...); err != nil {
		r.Logger.Info().Err(err).Int("lanes", len(lanes)).Msg("open work is left to the others' sweep")
		return
	}
	r.doneWith(ctx, hints...)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// quiet remembers duties that another process may be working on while nobody can tell who
// has the lease. The zero value is ready. Safe for concurrent use.
type quiet struct {
	mu   sync.Mutex
	seen map[Lane]sight
}

// sight is how a lane's oldest duty was seen.
type sight struct {
	message domain.MessageID
	fence   int64
	since   time.Time
}

// look notes how a lane is seen, at most for limit lanes, and tells since when it looks so
// by this process's steady clock.
func (q *quiet) look(lane Lane, m domain.MessageID, fence int64, limit int) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, known := q.seen[lane]
	if known && s.message == m && s.fence == fence {
		return time.Since(s.since)
	}
	if q.seen == nil || len(q.seen) >= limit {
		q.seen = map[Lane]sight{}
	}
	q.seen[lane] = sight{message: m, fence: fence, since: time.Now()}
	return 0
}

// mayGuess tells whether this process may work on a lane though nobody can tell whether
// another one does: if it has accepted the message itself, or if the duty has not moved for
// longer than a turn takes. So a time without leases does not let every process ask its
// model for every answer.
func (r *Runner) mayGuess(ctx context.Context, key Lane) bool {
	if r.lanes.own(key) {
		return true
	}
	m, err := r.nextDuty(ctx, key)
	if err != nil {
		return domain.IsCode(err, domain.NotFound) // it is given back in the ordinary way
	}
	doc, err := r.turnOf(ctx, key, m)
	return err == nil && r.quiet.look(key, m.ID, doc.Fence, r.lanes.limit) > r.TurnTimeout+leasePause
}

// turnOf reads the turn of a duty; the zero value if nobody has taken it yet.
func (r *Runner) turnOf(ctx context.Context, key Lane, m messaging.Message) (doc Turn, err error) {
	err = r.retry(ctx, func(ctx context.Context) error {
		doc, err = r.Store.Turn(ctx, NewTurnID(key.Agent, m.ID))
		return err
	})
	if domain.IsCode(err, domain.NotFound) {
		return Turn{}, nil
	}
	return doc, err
}
