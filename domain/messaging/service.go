package messaging

import (
	"context"
	"time"

	"parley/domain"
)

// Options of a Service; every field is needed.
type Options struct {
	Store     Store
	Announcer Announcer
	Signals   Signals
	Duties    Duties
	Now       domain.Clock
}

// Service holds the rules of servers, channels and messages. It is safe for
// concurrent use.
type Service struct {
	store     Store
	announcer Announcer
	signals   Signals
	duties    Duties
	now       domain.Clock
	channels  *directory
	// unswept wakes Run.
	unswept chan struct{}
}

// New returns a service over the store of its options.
func New(o Options) *Service {
	return &Service{
		store: o.Store, announcer: o.Announcer, signals: o.Signals, duties: o.Duties, now: o.Now,
		channels: newDirectory(o.Store), unswept: make(chan struct{}, 1),
	}
}

// EnsureDefaults makes the default server, and tells whether this is its first start.
func (s *Service) EnsureDefaults(ctx context.Context) (first bool, err error) {
	now := s.stamp()
	_, first, err = s.store.EnsureServer(ctx, Server{
		ID: domain.DefaultServer, Name: "Default Server", SourceType: "eliza_default",
		CreatedAt: now, UpdatedAt: now,
	})
	return first, err
}

// stamp is the present in the precision of the store.
func (s *Service) stamp() time.Time { return s.now().UTC().Truncate(time.Millisecond) }
