package fanout

import (
	"context"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// readTimeout is how long the store may take for one fetch.
const readTimeout = 5 * time.Second

// maxFetches is how many fetches ask the store at the same time: after a break all lines
// have something to ask.
const maxFetches = 8

// fetchSize is how many events one fetch from the store brings.
const fetchSize = 500

// longestPause is how long a fetch that fails waits at most before it asks again.
const longestPause = 2 * time.Second

// fetchLater starts the one fetcher of a line, which gives the missing events a
// moment to arrive by themselves. l.mu is held.
func (s *Sequencer) fetchLater(l *line) {
	if l.fetching || s.ctx.Err() != nil {
		return
	}
	l.fetching = true
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		wait := s.opts.Patience
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-time.After(wait):
			}
			switch s.fetch(l) {
			case fetchDone:
				return
			case fetchedAll:
				wait = s.opts.Patience
			case fetchedPart:
				wait = 0
			case fetchFailed:
				wait = min(max(wait, s.opts.Patience)*2, longestPause)
			}
		}
	}()
}

// fetched is how a fetch ended.
type fetched int

// The ends of a fetch.
const (
	// fetchDone: nothing is missing.
	fetchDone fetched = iota
	// fetchedAll: what the store had has come; something may have happened since.
	fetchedAll
	// fetchedPart: the store has more.
	fetchedPart
	// fetchFailed: the store did not answer.
	fetchFailed
)

// fetch closes the line's gap from the store, as far as one read brings.
func (s *Sequencer) fetch(l *line) fetched {
	l.mu.Lock()
	if l.closed || !l.loaded || l.delivered >= l.target && !l.unsure { // begin sees to a line that is not loaded
		l.fetching = false
		l.mu.Unlock()
		return fetchDone
	}
	after, target, epoch := l.delivered, l.target, l.epoch
	l.unsure = false // what is asked for now is answered by the head that is read next
	l.mu.Unlock()
	head, found, err := s.read(l.channel, after)
	l.mu.Lock()
	if err != nil {
		l.unsure = true
		l.mu.Unlock()
		s.opts.Logger.Warn().Err(err).Str("channel", string(l.channel)).Int64("after", after).Msg("could not fetch missing events")
		return fetchFailed
	}
	anew := l.epoch == epoch && head < after
	if l.epoch == epoch {
		if head < target { // only of what was announced before the head was read does it say anything
			s.disown(l, head, target)
		}
		l.target = max(l.target, head)
		s.fill(l, found, head)
	}
	l.mu.Unlock()
	if anew {
		s.opts.Sink.BegunAnew(l.channel)
	}
	if len(found) == fetchSize {
		return fetchedPart
	}
	return fetchedAll
}

// read reads a channel's head and the events up to it after a number, or the first of them.
func (s *Sequencer) read(channel domain.ChannelID, after int64) (head int64, found []messaging.Message, err error) {
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-s.ctx.Done():
		return 0, nil, s.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(s.ctx, readTimeout) // the wait for a place counts for nothing
	defer cancel()
	head, err = s.opts.Source.Head(ctx, channel)
	if err == nil && head > after {
		found, err = s.opts.Source.Since(ctx, channel, after, head, fetchSize)
	}
	return head, found, err
}

// disown lets go of events above the store's head, up to a number that was announced before
// that was read. They were announced after their channel was deleted and made anew, which has
// not come to their numbers. l.mu is held.
func (s *Sequencer) disown(l *line, head, upto int64) {
	for _, rev := range sortedKeys(l.early) {
		if head < rev && rev <= upto {
			s.toOrigin(l.early[rev])
			delete(l.early, rev)
		}
	}
	if l.target == upto {
		l.target = max(head, l.delivered)
	}
}

// fill delivers what a fetch brought. Numbers that it did not bring were superseded.
// l.mu is held.
func (s *Sequencer) fill(l *line, found []messaging.Message, upto int64) {
	for _, m := range found {
		s.passOver(l, m.Rev)
		if m.Rev <= l.delivered {
			continue
		}
		e, ok := l.early[m.Rev]
		delete(l.early, m.Rev)
		if !ok {
			e.Message = m
		}
		e.Repeat = false
		s.toRoom(l, e)
	}
	if len(found) < fetchSize {
		s.passOver(l, upto+1)
	}
	s.drain(l)
}

// passOver steps over the numbers below rev, all of which the store no longer has;
// waiting events among them were superseded, and only their senders hear of them.
func (s *Sequencer) passOver(l *line, rev int64) {
	for l.delivered+1 < rev {
		l.delivered++
		if e, ok := l.early[l.delivered]; ok {
			delete(l.early, l.delivered)
			s.toOrigin(e)
		}
	}
}
