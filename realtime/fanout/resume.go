package fanout

import (
	"context"
	"errors"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// resumeRounds is how often Resume reads what came while it read, before it holds the
// channel's deliveries for the last read.
const resumeRounds = 3

// resumePause is the pause before a line that could not deliver what the store has tries again.
const resumePause = 10 * time.Millisecond

// ErrBegunAnew says that a channel has never come to a member's number: it was deleted,
// and perhaps made anew.
var ErrBegunAnew = errors.New("the channel has begun anew")

// Resume lets a member into the channel that has everything up to after: replay gets what
// follows, in order and without gap, then enter runs under the line's lock, so that live
// events come after what was replayed. An error of enter or of the store, or ErrBegunAnew,
// leaves the member outside. A member that entered must Leave once.
func (s *Sequencer) Resume(ctx context.Context, channel domain.ChannelID, after int64,
	replay func([]messaging.Message), enter func() error) error {
	l := s.hold(channel)
	err := s.load(ctx, l)
	if err == nil {
		err = s.advance(ctx, l, after)
	}
	if err == nil {
		err = s.resume(ctx, l, after, replay, enter)
	}
	if err != nil {
		s.Leave(channel)
	}
	return err
}

// resume replays until nothing came meanwhile.
func (s *Sequencer) resume(ctx context.Context, l *line, after int64, replay func([]messaging.Message), enter func() error) error {
	for range resumeRounds {
		entered, head, err := l.enterAt(after, enter)
		if entered || err != nil {
			return err
		}
		if err := s.replay(ctx, l.channel, after, head, replay); err != nil {
			return err
		}
		after = head
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.loaded || l.delivered < after {
		return ErrBegunAnew
	}
	if err := s.replay(ctx, l.channel, after, l.delivered, replay); err != nil {
		return err
	}
	return enter()
}

// advance makes a line deliver up to a number that the store has and the line was not told
// of yet; else the member would hear again what it has.
func (s *Sequencer) advance(ctx context.Context, l *line, upto int64) error {
	for pause := time.Duration(0); ; pause = resumePause {
		l.mu.Lock()
		done := l.loaded && l.delivered >= upto
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		head, err := s.opts.Source.Head(ctx, l.channel)
		switch {
		case err != nil:
			return err
		case head < upto:
			return ErrBegunAnew
		}
		if err := s.load(ctx, l); err != nil {
			return err
		}
		l.mu.Lock()
		l.target = max(l.target, upto)
		l.mu.Unlock()
		s.fetch(l)
	}
}

// enterAt enters if after is the last delivered number, which it returns.
func (l *line) enterAt(after int64, enter func() error) (entered bool, head int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.loaded || l.delivered < after:
		return false, 0, ErrBegunAnew
	case l.delivered > after:
		return false, l.delivered, nil
	default:
		return true, after, enter()
	}
}

// replay hands on the events in (after, upto].
func (s *Sequencer) replay(ctx context.Context, channel domain.ChannelID, after, upto int64, replay func([]messaging.Message)) error {
	for after < upto {
		page, err := s.opts.Source.Since(ctx, channel, after, upto, fetchSize)
		if err != nil {
			return err
		}
		replay(page)
		if len(page) < fetchSize {
			return nil
		}
		after = page[len(page)-1].Rev
	}
	return nil
}
