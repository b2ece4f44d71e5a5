package messaging

import (
	"context"

	"parley/domain"
)

// MaxCatchUp is the most events that one catch-up returns.
const MaxCatchUp = 500

// Follower reads what follows a number of a channel; Service is one.
type Follower interface {
	// Since returns the channel's events with after < Rev <= upto, in order, at most limit.
	Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]Message, error)
}

// CatchUp returns a channel's events with after < Rev <= head, in order, and
// whether that is not all: there were more than MaxCatchUp, or the channel has never come
// to after, because it was deleted and made anew. The client then reads history instead.
func CatchUp(ctx context.Context, f Follower, channel domain.ChannelID, after, head int64) ([]Message, bool, error) {
	if after >= head {
		return nil, after > head, nil
	}
	events, err := f.Since(ctx, channel, after, head, MaxCatchUp+1)
	if err != nil {
		return nil, false, err
	}
	if len(events) > MaxCatchUp {
		return events[:MaxCatchUp], true, nil
	}
	return events, false, nil
}

// Head returns the channel's last number, 0 for an unknown channel.
func (s *Service) Head(ctx context.Context, channel domain.ChannelID) (int64, error) {
	return s.store.Head(ctx, channel)
}

// Since returns the channel's events with after < Rev <= upto, in order, at most limit.
func (s *Service) Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]Message, error) {
	return s.store.Since(ctx, channel, after, upto, limit)
}
