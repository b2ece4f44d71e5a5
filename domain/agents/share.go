package agents

import (
	"context"
	"time"

	"parley/domain"
)

// Lane names a lane: the line of duties of one agent in one channel.
type Lane struct {
	Agent   domain.AgentID
	Channel domain.ChannelID
}

// Leases let one process at a time work on a lane. They spare work and keep the models
// from being asked twice; that nothing is answered twice is seen to by the turns' fences
// in the store, whatever becomes of a lease. Safe for concurrent use.
type Leases interface {
	// Acquire takes the lease of a lane, which nobody else gets until it is released or has
	// not been renewed for TTL, by the clock of whoever keeps the leases: those of the
	// processes do not count. Conflict if somebody else has it, this process included;
	// Unavailable if that cannot be known now.
	Acquire(ctx context.Context, lane Lane) (Lease, error)
	// TTL is how long a lease lasts that is not renewed; 0 says that there is no other
	// process, so that every lease is granted and none runs out.
	TTL() time.Duration
}

// Lease is the right to work on a lane.
type Lease interface {
	// Renew lets it last for another TTL. One that has run out, or was lost with what kept
	// it, is taken again unless somebody else has it now: Conflict then, and it is lost for
	// good. Unavailable if that cannot be known now.
	Renew(ctx context.Context) error
	// Release gives it back. One that is lost is no error, and nobody else's is touched.
	Release(ctx context.Context) error
}

// Hints is a queue of lanes that may have work, which the processes of a cluster share.
// It may lose hints and hand them out twice; the sweep finds what is lost. Safe for
// concurrent use.
type Hints interface {
	// Put adds lanes. Of too many the oldest are lost. Codes: unavailable.
	Put(ctx context.Context, lanes ...Lane) error
	// Take waits a while for hints, at most a second or until ctx ends, and returns some,
	// at most most, or none. Each goes to one process; if it is not finished it goes, after
	// a while, to one that asks then, and that may be the same. Codes: unavailable.
	Take(ctx context.Context, most int) ([]Hint, error)
	// Done finishes hints; one that is finished already is no error. Codes: unavailable.
	Done(ctx context.Context, hints ...Hint) error
}

// Hint is a hint as the queue hands it out.
type Hint struct {
	Lane
	// ID is the queue's name for it.
	ID string
}

// alone are the Leases of a process that shares its store with no other.
type alone struct{}

// Acquire grants everything.
func (alone) Acquire(context.Context, Lane) (Lease, error) { return alone{}, nil }

// TTL says that there is nobody else.
func (alone) TTL() time.Duration { return 0 }

// Renew is part of Lease.
func (alone) Renew(context.Context) error { return nil }

// Release is part of Lease.
func (alone) Release(context.Context) error { return nil }
