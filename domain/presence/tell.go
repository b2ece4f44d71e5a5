package presence

import (
	"container/list"
	"context"
	"time"
)

// Run tells the changes to a until ctx ends. What is not told by then stays untold. It
// must be called once.
func (l *Local) Run(ctx context.Context, a Announcer) error {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	for {
		changes, wait := l.round()
		if len(changes) > 0 {
			a.Presence(changes)
		}
		// While there is something to wait for, news waits with it.
		var wake <-chan struct{}
		if wait > 0 {
			timer.Reset(wait)
		} else {
			timer.Stop()
			wake = l.wake
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-timer.C:
		}
	}
}

// changed sees to it that the new state of a seat is told when it has settled, unless
// it is the one that was told last.
func (l *Local) changed(s *seat) {
	s.moveTo(nil)
	if s.told == (s.sockets > 0) {
		l.forget(s)
		return
	}
	s.due = l.now().Add(settle)
	s.moveTo(&l.settling)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// moveTo puts the seat at the end of a line, or of none.
func (s *seat) moveTo(line *list.List) {
	if s.line != nil {
		s.line.Remove(s.place)
	}
	s.line, s.place = line, nil
	if line != nil {
		s.place = line.PushBack(s)
	}
}

// forget gives up a seat that is empty and known to be so.
func (l *Local) forget(s *seat) {
	if s.told || s.sockets > 0 {
		return
	}
	delete(s.room.seats, s.entity)
	if len(s.room.seats) == 0 && l.rooms[s.room.channel] == s.room {
		delete(l.rooms, s.room.channel)
	}
}

// round returns what is to be told now, and how long to wait for the next round; 0 is
// until there is news.
func (l *Local) round() (changes []Change, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.ripen(now)
	l.credit = min(l.credit+ration, ration)
	for l.credit > 0 && l.turns.Len() > 0 {
		r, _ := l.turns.Remove(l.turns.Front()).(*room)
		r.inTurn = false
		first := r.ready.Front()
		if first == nil {
			continue // they have changed their minds
		}
		l.credit -= max(1, r.sockets)
		s, _ := first.Value.(*seat)
		s.moveTo(nil)
		s.told = s.sockets > 0
		changes = append(changes, Change{ChannelID: r.channel, EntityID: s.entity, Name: s.name, Joined: s.told})
		l.forget(s)
		l.giveTurn(r)
	}
	switch {
	case l.turns.Len() > 0:
		return changes, pace
	case l.settling.Len() > 0:
		next, _ := l.settling.Front().Value.(*seat)
		return changes, max(next.due.Sub(now), pace)
	default:
		return changes, 0
	}
}

// ripen lines up, room by room, the seats whose state has settled.
func (l *Local) ripen(now time.Time) {
	for e := l.settling.Front(); e != nil; e = l.settling.Front() {
		s, _ := e.Value.(*seat)
		if s.due.After(now) {
			return
		}
		s.moveTo(&s.room.ready)
		l.giveTurn(s.room)
	}
}

// giveTurn gives a room with somebody to tell of its place at the end of the turns.
func (l *Local) giveTurn(r *room) {
	if r.inTurn || r.ready.Len() == 0 {
		return
	}
	r.inTurn = true
	l.turns.PushBack(r)
}
