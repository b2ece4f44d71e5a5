package fanout

import (
	"context"
	"time"

	"parley/domain"
)

// readHead reads when a channel was made, and then its head: should it be deleted and made
// anew between, its line counts as that of the old one.
func (s *Sequencer) readHead(ctx context.Context, channel domain.ChannelID) (made time.Time, head int64, err error) {
	if s.opts.Made != nil {
		if made, err = s.opts.Made(ctx, channel); err != nil {
			return made, 0, err
		}
	}
	head, err = s.opts.Source.Head(ctx, channel)
	return made, head, err
}

// BegunAnew asks the store whether a channel that has members here was deleted, or made anew
// since their line began. Without Made, and for a line that began before there was a channel
// and has delivered something, it is taken for deleted.
func (s *Sequencer) BegunAnew(ctx context.Context, channel domain.ChannelID) (bool, error) {
	s.mu.Lock()
	l := s.lines[channel]
	s.mu.Unlock()
	if l == nil || s.opts.Made == nil {
		return l != nil, nil
	}
	made, err := s.opts.Made(ctx, channel)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case made.IsZero():
		return true, nil
	case l.made.IsZero():
		return l.loaded && l.delivered > 0, nil
	default:
		return l.loaded && !made.Equal(l.made), nil
	}
}
