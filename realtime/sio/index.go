package sio

import (
	"errors"
	"slices"
	"sync"
)

// ErrTooManyRooms says that a socket is in as many rooms as it may.
var ErrTooManyRooms = errors.New("socket is in too many rooms")

// errGone says that a socket is not connected any more.
var errGone = errors.New("socket is not connected")

// index knows which sockets of a namespace are in which rooms. One lock covers both
// directions, so a join and a leave of the same room cannot undo one another.
type index struct {
	maxRooms int

	mu      sync.RWMutex
	sockets map[string]*Socket // by id
	rooms   map[string]map[*Socket]struct{}
	joined  func(room string, first bool)
	left    func(room string, last bool)
	remote  *subscriptions // those at other servers' broadcasts; nil without a link
}

// newIndex returns an empty index.
func newIndex(maxRooms int) *index {
	return &index{maxRooms: maxRooms, sockets: map[string]*Socket{}, rooms: map[string]map[*Socket]struct{}{}}
}

// add makes the index know a socket.
func (x *index) add(s *Socket) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sockets[s.id] = s
	x.remote.appeared(s.id)
}

// remove takes a socket out of the index and of all its rooms.
func (x *index) remove(s *Socket) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.sockets[s.id] != s {
		return
	}
	delete(x.sockets, s.id)
	x.remote.gone(s.id)
	for room := range s.rooms.all() {
		x.leaveLocked(s, room)
	}
	s.rooms = roomSet{}
}

// join puts a socket into a room; once more does nothing.
func (x *index) join(s *Socket, room string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.sockets[s.id] != s {
		return errGone
	}
	if s.rooms.has(room) {
		return nil
	}
	if s.rooms.len() >= x.maxRooms {
		return ErrTooManyRooms
	}
	s.rooms.add(room)
	members := x.rooms[room]
	first := members == nil
	if first {
		members = make(map[*Socket]struct{}, 1)
		x.rooms[room] = members
		x.remote.opened(room)
	}
	members[s] = struct{}{}
	if x.joined != nil {
		x.joined(room, first)
	}
	return nil
}

// leave takes a socket out of a room.
func (x *index) leave(s *Socket, room string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !s.rooms.remove(room) {
		return
	}
	x.leaveLocked(s, room)
}

// leaveLocked removes the member; the socket's own list is the caller's.
func (x *index) leaveLocked(s *Socket, room string) {
	members := x.rooms[room]
	delete(members, s)
	last := len(members) == 0
	if last {
		delete(x.rooms, room)
		x.remote.closed(room)
	}
	if x.left != nil {
		x.left(room, last)
	}
}

// socket returns the socket with an id, nil if there is none.
func (x *index) socket(id string) *Socket {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.sockets[id]
}

// roomsOf lists the rooms of a socket in no order.
func (x *index) roomsOf(s *Socket) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	rooms := make([]string, 0, s.rooms.len())
	for room := range s.rooms.all() {
		rooms = append(rooms, room)
	}
	return rooms
}

// in reports whether a socket is in a room.
func (x *index) in(s *Socket, room string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return s.rooms.has(room)
}

// members lists the sockets of a room; "" stands for all.
func (x *index) members(room string) []*Socket {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var sockets []*Socket
	if room == "" {
		for _, s := range x.sockets {
			sockets = append(sockets, s)
		}
		return sockets
	}
	for s := range x.rooms[room] {
		sockets = append(sockets, s)
	}
	return sockets
}

// names lists the rooms and, as each is one too, the ids of the sockets, in no order; it is
// not nil.
func (x *index) names() []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	names := make([]string, 0, len(x.rooms)+len(x.sockets))
	for room := range x.rooms {
		names = append(names, room)
	}
	for id := range x.sockets {
		if x.rooms[id] == nil {
			names = append(names, id)
		}
	}
	return names
}

// count is the number of sockets of a room; "" stands for all.
func (x *index) count(room string) int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if room == "" {
		return len(x.sockets)
	}
	return len(x.rooms[room])
}

// visit calls f once for each socket in one of the rooms, nil standing for all, that is in
// none of except. The index is locked for reading meanwhile. The name of a room may also
// be the id of a socket.
func (x *index) visit(rooms, except []string, f func(*Socket)) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var without []string // those of except that are rooms: mostly none, as ids are not
	var apart []*Socket  // and those that are sockets here
	for _, name := range except {
		if x.rooms[name] != nil {
			without = append(without, name)
		}
		if s := x.sockets[name]; s != nil {
			apart = append(apart, s)
		}
	}
	skip := func(s *Socket) bool {
		return slices.Contains(apart, s) || len(without) > 0 && s.inAny(without)
	}
	if rooms == nil {
		for _, s := range x.sockets {
			if !skip(s) {
				f(s)
			}
		}
		return
	}
	for i, room := range rooms {
		for s := range x.rooms[room] {
			if !skip(s) && !s.inAny(rooms[:i]) {
				f(s)
			}
		}
		if s := x.sockets[room]; s != nil && !skip(s) && !s.inAny(rooms[:i]) {
			if _, done := x.rooms[room][s]; !done {
				f(s)
			}
		}
	}
}

// inAny reports whether the socket is in one of the rooms or has one's name as its id.
// The caller holds the index's lock.
func (s *Socket) inAny(rooms []string) bool {
	for _, room := range rooms {
		if s.id == room || s.rooms.has(room) {
			return true
		}
	}
	return false
}
