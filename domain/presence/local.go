package presence

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"sync"
	"time"

	"parley/domain"
)

// settle is how long a state must last to be told.
const settle = time.Second

// pace is the time between two rounds of telling.
const pace = 100 * time.Millisecond

// ration is how many deliveries one round may bring about, so 50,000 in a second.
const ration = 5000

// Local is the tracker of one process. Its memory is bounded by the memberships of the
// sockets, and by the departures that are still to be told.
type Local struct {
	now domain.Clock
	// moved hears, with the lock held, of each seat whose sockets or name have changed; nil
	// is nobody. It must not call back.
	moved func(domain.ChannelID, domain.EntityID)
	// wake gets a value when there is something to tell after a time without.
	wake chan struct{}

	mu    sync.Mutex
	rooms map[domain.ChannelID]*room
	// sockets finds what a socket is in each of its channels.
	sockets map[string]map[domain.ChannelID]*seat
	// settling holds the seats whose state was not told yet, the longest unchanged first.
	settling list.List
	// turns holds the rooms with seats to be told of, in the order of their turns.
	turns list.List
	// credit is how many deliveries are left; a large room's event may overdraw it.
	credit int
}

var _ Tracker = (*Local)(nil)

// room is a channel with somebody in it, or with somebody's departure to be told.
type room struct {
	channel domain.ChannelID
	seats   map[domain.EntityID]*seat
	// sockets is how many sockets all seats have.
	sockets int
	// ready holds the seats that are to be told of.
	ready list.List
	// inTurn says that the room has its place in Local.turns.
	inTurn bool
}

// seat is an entity's place in a room.
type seat struct {
	room    *room
	entity  domain.EntityID
	name    string
	since   time.Time
	sockets int
	// told is whether the room believes that the entity is there.
	told bool
	// due is when the present state has settled.
	due time.Time
	// line is where the seat waits, at place: Local.settling, room.ready or nowhere.
	line  *list.List
	place *list.Element
}

// NewLocal returns a tracker without anybody; now is its clock. Run tells the changes.
func NewLocal(now domain.Clock) *Local {
	return &Local{
		now: now, wake: make(chan struct{}, 1), rooms: map[domain.ChannelID]*room{},
		sockets: map[string]map[domain.ChannelID]*seat{},
	}
}

// Enter notes a socket; see Tracker.
func (l *Local) Enter(channel domain.ChannelID, entity domain.EntityID, name, socket string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.sockets[socket][channel]
	if old != nil && old.entity == entity {
		if name != "" && name != old.name {
			old.name = name
			l.tellMoved(old)
		}
		return
	}
	s := l.seat(channel, entity)
	s.name = cmp.Or(name, s.name)
	if l.sockets[socket] == nil {
		l.sockets[socket] = map[domain.ChannelID]*seat{}
	}
	l.sockets[socket][channel] = s
	s.sockets++
	s.room.sockets++
	l.tellMoved(s)
	if s.sockets == 1 {
		l.changed(s)
	}
	if old != nil {
		l.vacate(old)
	}
}

// seat is the entity's place in the channel, made if there is none.
func (l *Local) seat(channel domain.ChannelID, entity domain.EntityID) *seat {
	r := l.rooms[channel]
	if r == nil {
		r = &room{channel: channel, seats: map[domain.EntityID]*seat{}}
		l.rooms[channel] = r
	}
	s := r.seats[entity]
	if s == nil {
		s = &seat{room: r, entity: entity, since: l.now()}
		r.seats[entity] = s
	}
	return s
}

// Leave forgets a socket in one channel; see Tracker.
func (l *Local) Leave(channel domain.ChannelID, socket string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seats := l.sockets[socket]
	s := seats[channel]
	if s == nil {
		return
	}
	delete(seats, channel)
	if len(seats) == 0 {
		delete(l.sockets, socket)
	}
	l.vacate(s)
}

// LeaveAll forgets a socket; see Tracker.
func (l *Local) LeaveAll(socket string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seats := l.sockets[socket]
	delete(l.sockets, socket)
	for _, s := range seats {
		l.vacate(s)
	}
}

// vacate takes one socket off a seat.
func (l *Local) vacate(s *seat) {
	s.sockets--
	s.room.sockets--
	l.tellMoved(s)
	if s.sockets == 0 {
		l.changed(s)
	}
}

// tellMoved tells who wants to know that a seat has changed.
func (l *Local) tellMoved(s *seat) {
	if l.moved != nil {
		l.moved(s.room.channel, s.entity)
	}
}

// state is an entity's state in a channel, without sockets if it is not there.
func (l *Local) state(channel domain.ChannelID, entity domain.EntityID) State {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := State{ChannelID: channel, EntityID: entity}
	if r := l.rooms[channel]; r != nil {
		if s := r.seats[entity]; s != nil {
			return s.state()
		}
	}
	return out
}

// state is a seat's state. Local.mu is held.
func (s *seat) state() State {
	return State{ChannelID: s.room.channel, EntityID: s.entity, Name: s.name, Sockets: s.sockets, Since: s.since, Told: s.told}
}

// states are those of who is in a channel, in no order.
func (l *Local) states(channel domain.ChannelID) []State {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rooms[channel]
	if r == nil {
		return nil
	}
	list := make([]State, 0, len(r.seats))
	for _, s := range r.seats {
		if s.sockets > 0 {
			list = append(list, s.state())
		}
	}
	return list
}

// channels lists the channels with somebody in them, in no order.
func (l *Local) channels() []domain.ChannelID {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []domain.ChannelID
	for id, r := range l.rooms {
		if r.sockets > 0 {
			list = append(list, id)
		}
	}
	return list
}

// List returns who is in a channel; see Tracker.
func (l *Local) List(_ context.Context, channel domain.ChannelID) (Listing, error) {
	present := l.present(channel)
	sortPresent(present)
	return Listing{Present: present[:min(len(present), MaxListed)], Total: len(present)}, nil
}

// sortPresent puts those first who have been there longest.
func sortPresent(list []Present) {
	slices.SortFunc(list, func(a, b Present) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.EntityID, b.EntityID))
	})
}

// present is who is in a channel, in no order.
func (l *Local) present(channel domain.ChannelID) []Present {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rooms[channel]
	if r == nil {
		return nil
	}
	found := make([]Present, 0, len(r.seats))
	for _, s := range r.seats {
		if s.sockets > 0 {
			found = append(found, Present{EntityID: s.entity, Name: s.name, Sockets: s.sockets, Since: s.since})
		}
	}
	return found
}
