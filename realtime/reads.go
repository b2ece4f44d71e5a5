package realtime

import (
	"parley/domain"
	"parley/domain/messaging"
)

// readUpdated is the payload of the event of that name.
type readUpdated struct {
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	EntityID  domain.EntityID  `json:"entityId"`
	Seq       int64            `json:"seq"`
}

// ReadMoved tells a room that somebody has read on. It takes no number of the channel:
// a client that was away asks for the list.
func (g *Gateway) ReadMoved(r messaging.ReadSet) {
	g.toRoom(r.ChannelID, "readUpdated", "", readUpdated{ChannelID: r.ChannelID, RoomID: r.ChannelID,
		EntityID: r.EntityID, Seq: r.Seq})
}
