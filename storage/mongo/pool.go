package mongo

import (
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"

	"parley/storage"
)

// pool counts what the driver tells of its connections.
type pool struct {
	open, used, waiting atomic.Int64
	waits, waited       atomic.Uint64
	limit               uint64
}

// monitor hears the driver.
func (p *pool) monitor() *event.PoolMonitor { return &event.PoolMonitor{Event: p.hear} }

// hear counts one event.
func (p *pool) hear(e *event.PoolEvent) {
	switch e.Type {
	case event.ConnectionCreated:
		p.open.Add(1)
	case event.ConnectionClosed:
		p.open.Add(-1)
	case event.ConnectionCheckOutStarted:
		p.waiting.Add(1)
	case event.ConnectionCheckOutFailed:
		p.got(e.Duration)
	case event.ConnectionCheckedOut:
		p.got(e.Duration)
		p.used.Add(1)
	case event.ConnectionCheckedIn:
		p.used.Add(-1)
	}
}

// got counts the end of a wait for a connection.
func (p *pool) got(after time.Duration) {
	p.waiting.Add(-1)
	p.waits.Add(1)
	p.waited.Add(uint64(max(after, 0)))
}

// fill adds the numbers to those of the store.
func (p *pool) fill(s *storage.Stats) {
	s.OpenConnections, s.UsedConnections = int(p.open.Load()), int(p.used.Load())
	s.ConnectionLimit = int(p.limit) //nolint:gosec // a number of connections
	s.ConnectionQueue = int(p.waiting.Load())
	s.ConnectionWaits = p.waits.Load()
	s.ConnectionWaitSeconds = time.Duration(p.waited.Load()).Seconds() //nolint:gosec // 292 years
}
