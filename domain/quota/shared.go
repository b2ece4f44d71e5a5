package quota

import (
	"context"
	"maps"
	"sync"
	"time"
)

// shared is a Limiter of a Cluster.
type shared struct {
	Limit
	of *Cluster

	mu    sync.Mutex
	known map[string]note
	// sweep is when to look again for what can be forgotten.
	sweep time.Time
}

// note is what a replica remembers of a caller.
type note struct {
	spent int
	// ends is when the window ends, and never later than by the common counts.
	ends time.Time
	// fresh is until when Exhausted goes by it.
	fresh time.Time
}

// account is what a note says to the common counts.
func (n note) account(now time.Time) Account { return Account{Spent: n.spent, Ends: n.ends.Sub(now)} }

// Take is part of Limiter.
func (s *shared) Take(ctx context.Context, caller string) (left int, ends time.Duration) {
	now := s.of.opts.Now()
	n := s.recall(caller, now)
	if n.spent <= s.Most {
		a, ok := s.of.add(ctx, s.Limit, caller, 1, n.account(now))
		if ok {
			s.keep(caller, a, now)
			return s.Most - a.Spent, a.Ends
		}
		n = s.takeHere(caller, now)
	}
	return s.Most - n.spent, n.ends.Sub(now)
}

// Exhausted is part of Limiter.
func (s *shared) Exhausted(ctx context.Context, caller string) bool {
	now := s.of.opts.Now()
	n := s.recall(caller, now)
	if n.spent >= s.Most || now.Before(n.fresh) {
		return n.spent >= s.Most
	}
	a, ok := s.of.add(ctx, s.Limit, caller, 0, n.account(now))
	if ok {
		s.keep(caller, a, now)
	}
	return ok && a.Spent >= s.Most
}

// recall returns what is known of a caller, a new window if that is nothing.
func (s *shared) recall(caller string, now time.Time) note {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(caller, now)
}

// takeHere counts one for a caller at this replica alone.
func (s *shared) takeHere(caller string, now time.Time) note {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(caller, now)
	if n.spent <= s.Most {
		n.spent++
	}
	s.put(caller, n, now)
	return n
}

// keep remembers what the common counts said when they were asked at some time.
func (s *shared) keep(caller string, a Account, asked time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(caller, note{spent: a.Spent, ends: asked.Add(a.Ends), fresh: asked.Add(fresh)}, asked)
}

// find is recall while mu is held.
func (s *shared) find(caller string, now time.Time) note {
	n := s.known[caller]
	if n.spent == 0 || !now.Before(n.ends) {
		n.spent, n.ends = 0, now.Add(s.Per) // a window begins with what is spent first
	}
	return n
}

// put remembers a note, and forgets those whose windows have ended. mu must be held.
func (s *shared) put(caller string, n note, now time.Time) {
	if !now.Before(s.sweep) {
		maps.DeleteFunc(s.known, func(_ string, n note) bool { return !now.Before(n.ends) })
		s.sweep = now.Add(s.Per)
	}
	if len(s.known) >= MaxCallers {
		s.known = map[string]note{}
	}
	s.known[caller] = n
}
