package redis

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"parley/domain"
	"parley/domain/agents"
)

// leaseTTL is how long a lease lasts that is not renewed: the time after which others go
// on with the work of a replica that has died.
const leaseTTL = 10 * time.Second

// renewLease lengthens a lease, or takes it again if nobody has it. KEYS: the lease. ARGV:
// its holder, the milliseconds it lasts. It answers 0 if somebody else has it.
var renewLease = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

// releaseLease gives a lease back. KEYS: the lease. ARGV: its holder.
var releaseLease = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)

var _ agents.Leases = (*Leases)(nil)

// Leases let one replica at a time work on a lane. Their time is Redis's.
type Leases struct {
	client *Client
	ttl    time.Duration
}

// NewLeases returns the leases of a cluster; ttl 0 means 10 s.
func NewLeases(c *Client, ttl time.Duration) *Leases {
	if ttl == 0 {
		ttl = leaseTTL
	}
	return &Leases{client: c, ttl: ttl}
}

// TTL is part of agents.Leases.
func (l *Leases) TTL() time.Duration { return l.ttl }

// lease is a lease that was granted. Its holder is a name of its own, so that a replica
// cannot renew or release what it got at another time.
type lease struct {
	of     *Leases
	key    string
	holder string
}

// leaseKey is where a lane's lease is.
func leaseKey(lane agents.Lane) string {
	return "parley:lease:{" + string(lane.Agent) + ":" + string(lane.Channel) + "}"
}

// Acquire is part of agents.Leases.
func (l *Leases) Acquire(ctx context.Context, lane agents.Lane) (agents.Lease, error) {
	granted := &lease{of: l, key: leaseKey(lane), holder: l.client.opts.Replica + "." + uuid.NewString()}
	err := l.client.redis.SetArgs(ctx, granted.key, granted.holder, redis.SetArgs{Mode: "NX", TTL: l.ttl}).Err()
	if errors.Is(err, redis.Nil) {
		return nil, errHeld
	}
	if err != nil {
		return nil, fault(err)
	}
	return granted, nil
}

// errHeld is the answer where somebody else has a lease.
var errHeld = domain.Errorf(domain.Conflict, "Another replica works on it")

// Renew is part of agents.Lease.
func (l *lease) Renew(ctx context.Context) error {
	mine, err := renewLease.Run(ctx, l.of.client.redis, []string{l.key}, l.holder, l.of.ttl.Milliseconds()).Int()
	if err == nil && mine == 0 {
		return errHeld
	}
	return fault(err)
}

// Release is part of agents.Lease.
func (l *lease) Release(ctx context.Context) error {
	return fault(releaseLease.Run(ctx, l.of.client.redis, []string{l.key}, l.holder).Err())
}
