package sio

import "parley/realtime/fanout/wire"

// subscriptions keep a link subscribed to the rooms that have members here. Nil keeps
// nothing, and its methods work. They run with the index locked.
type subscriptions struct {
	link     Link
	channels wire.Channels
	private  bool // also to the rooms of the sockets' own ids
}

// opened subscribes to a room that has its first member.
func (s *subscriptions) opened(room string) {
	if s != nil && room != "" {
		s.link.Subscribe(s.channels.Room(room))
	}
}

// closed ends what opened began.
func (s *subscriptions) closed(room string) {
	if s != nil && room != "" {
		s.link.Unsubscribe(s.channels.Room(room))
	}
}

// appeared subscribes to a new socket's own room.
func (s *subscriptions) appeared(id string) {
	if s != nil && s.private {
		s.link.Subscribe(s.channels.Room(id))
	}
}

// gone ends what appeared began.
func (s *subscriptions) gone(id string) {
	if s != nil && s.private {
		s.link.Unsubscribe(s.channels.Room(id))
	}
}

// Hear makes what other servers broadcast to a room arrive before it has a member here, who is
// to follow soon; LinkOptions.Subscribed tells when. Unhear ends that if nobody came.
func (n *Namespace) Hear(room string) {
	n.index.mu.Lock()
	defer n.index.mu.Unlock()
	if n.index.rooms[room] == nil {
		n.index.remote.opened(room)
	}
}

// Unhear ends what Hear began, unless the room has members.
func (n *Namespace) Unhear(room string) {
	n.index.mu.Lock()
	defer n.index.mu.Unlock()
	if n.index.rooms[room] == nil {
		n.index.remote.closed(room)
	}
}

// attach subscribes to what there is, and from now on to what comes.
func (x *index) attach(s *subscriptions) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remote = s
	s.link.Subscribe(x.remoteLocked()...)
}

// detach ends all that attach began.
func (x *index) detach(s *subscriptions) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s.link.Unsubscribe(x.remoteLocked()...)
	x.remote = nil
}

// remoteLocked lists the channels that there are subscriptions to.
func (x *index) remoteLocked() []string {
	var channels []string
	for room := range x.rooms {
		if room != "" {
			channels = append(channels, x.remote.channels.Room(room))
		}
	}
	if x.remote.private {
		for id := range x.sockets {
			channels = append(channels, x.remote.channels.Room(id))
		}
	}
	return channels
}
