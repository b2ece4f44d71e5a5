package realtime

import (
	"cmp"

	"parley/domain"
	"parley/domain/presence"
)

// presenceChange is the payload of the event presence.
type presenceChange struct {
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	EntityID  domain.EntityID  `json:"entityId"`
	Name      string           `json:"name"`
	// State says whether somebody came or went.
	State string `json:"state"`
}

// Presence tells rooms who came and who went; it makes the gateway presence's
// Announcer.
func (g *Gateway) Presence(changes []presence.Change) {
	g.server.Batch(func() {
		for _, c := range changes {
			state := "left"
			if c.Joined {
				state = "joined"
			}
			g.toRoom(c.ChannelID, "presence", "", presenceChange{ChannelID: c.ChannelID, RoomID: c.ChannelID,
				EntityID: c.EntityID, Name: c.Name, State: state})
		}
	})
}

// appear makes the socket present in a channel that it has joined, if it said as whom,
// in the join or at the handshake. It holds s.mu, so that it happens before the socket's
// end, which undoes it, or not at all.
func (s *session) appear(r JoinRequest) {
	entity := cmp.Or(r.EntityID, s.actor.Entity)
	if entity == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, in := s.joined[r.ChannelID]; in {
		m.entity, m.name = entity, cmp.Or(s.actor.Name, r.Name, m.name)
		s.gateway.opts.Presence.Enter(r.ChannelID, entity, cmp.Or(s.actor.Name, r.Name), s.socket.ID())
	}
}
