package realtime

import (
	"slices"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/sio"
)

// cleared is the payload of channelCleared: all messages with a seq up to upto are gone.
type cleared struct {
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	Seq       int64            `json:"seq"`
	Rev       int64            `json:"rev"`
	Upto      int64            `json:"upto"`
}

// newCleared is the wire form of a clear.
func newCleared(m messaging.Message) cleared {
	return cleared{ChannelID: m.ChannelID, RoomID: m.ChannelID, Seq: m.Seq, Rev: m.Rev, Upto: m.Upto}
}

// clearing stands for a clear in a catch-up.
type clearing struct {
	ID domain.MessageID `json:"id"`
	cleared
	Cleared bool `json:"cleared"`
}

// newClearing is the form of a clear in a catch-up.
func newClearing(m messaging.Message) clearing {
	return clearing{ID: m.ID, cleared: newCleared(m), Cleared: true}
}

// channelUpdate is the payload of channelUpdated.
type channelUpdate struct {
	ChannelID domain.ChannelID     `json:"channelId"`
	RoomID    domain.ChannelID     `json:"roomId"`
	Updates   messaging.ChannelRow `json:"updates"`
}

// ChannelUpdated tells a channel's room and the sockets of those who take part of the
// channel's new row; a socket that is both hears it once. Users who take part no more are
// taken out of the room first.
func (g *Gateway) ChannelUpdated(c messaging.ChannelRow, participants []domain.EntityID) {
	g.evict(c.ID, func(entity domain.EntityID) bool { return slices.Contains(participants, entity) })
	rooms := []string{string(c.ID)}
	for _, entity := range participants {
		rooms = append(rooms, entityRoom(entity))
	}
	g.toRooms(rooms, "channelUpdated", "", channelUpdate{ChannelID: c.ID, RoomID: c.ID, Updates: c})
}

// entityRoom is the room of all sockets of an entity. No channel has such a name.
func entityRoom(entity domain.EntityID) string { return "entity:" + string(entity) }

// channelGone is the payload of channelDeleted.
type channelGone struct {
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
}

// ChannelDeleted takes every socket out of the room of a channel that is gone, and tells
// it. The line forgets its numbers first: who enters a channel made anew under the same
// id in the middle of this must not wait for the numbers of the old one. Each socket is
// told as it is taken out, so that none is out without knowing.
func (g *Gateway) ChannelDeleted(id domain.ChannelID) {
	g.sequencer.Reset(id)
	g.server.Batch(func() {
		g.ns.Each(string(id), func(socket *sio.Socket) {
			if s := g.session(socket.ID()); s != nil && s.exit(id) {
				socket.Unmark(string(id))
				s.emit("channelDeleted", channelGone{ChannelID: id, RoomID: id})
			}
		})
	})
}
