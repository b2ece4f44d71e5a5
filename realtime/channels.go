package realtime

import (
	"context"
	"maps"
	"slices"
	"time"

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
	g.tellReplicas(note{Kind: noteParticipants, Channel: c.ID})
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

// ChannelDeleted takes every socket, on all replicas, out of the room of a channel that is
// gone, and tells it.
func (g *Gateway) ChannelDeleted(id domain.ChannelID) {
	g.BegunAnew(id)
	g.tellReplicas(note{Kind: noteDeleted, Channel: id})
}

// BegunAnew takes the sockets of this process out of the room of a channel that is gone. The line forgets its numbers first: who enters a channel made anew under the same
// id in the middle of this must not wait for the numbers of the old one. Each socket is
// told as it is taken out, so that none is out without knowing.
func (g *Gateway) BegunAnew(id domain.ChannelID) {
	g.sequencer.Reset(id)
	g.recent.Drop(id)
	g.server.Batch(func() {
		g.ns.Each(string(id), func(socket *sio.Socket) {
			s := g.session(socket.ID())
			if s == nil {
				return
			}
			s.noteDeleted(id)
			if s.exit(id) {
				socket.Unmark(string(id))
				s.tellDeleted(id)
			}
		})
	})
}

// made is when a channel was made, for what other replicas say of its deletion; without any
// it is not asked for.
func (g *Gateway) made(ctx context.Context, id domain.ChannelID) (time.Time, error) {
	if !g.linked.Load() {
		return time.Time{}, nil
	}
	return g.channels.Made(ctx, id)
}

// resolveDeleted takes the sockets of this process out of the rooms of channels that another
// replica says are deleted, until ctx ends. The store has the last word: the note may come
// late, and who is in a channel that was made anew since stays.
func (g *Gateway) resolveDeleted(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.deleted.news:
		}
		channels, _ := g.deleted.take()
		for channel := range channels {
			asking, cancel := context.WithTimeout(ctx, noteTimeout)
			anew, err := g.sequencer.BegunAnew(asking, channel)
			cancel()
			if anew {
				g.BegunAnew(channel)
			}
			if err == nil {
				continue
			}
			g.deleted.add(channel)
			if ctx.Err() == nil {
				g.log.Warn().Err(err).Msg("could not read whether a channel is deleted; it is tried again")
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(doubtsAgain):
			}
		}
	}
}

// lostChannels are channels that were deleted while a socket was in them, and when.
type lostChannels map[domain.ChannelID]time.Time

// since are the channels of which a socket that comes back at a time is told.
func since(gone []domain.ChannelID, now time.Time) lostChannels {
	d := lostChannels{}
	for _, id := range gone {
		d[id] = now
	}
	return d
}

// lately are the channels that were deleted within a time before now.
func lately(d lostChannels, now time.Time, within time.Duration) (gone []domain.ChannelID) {
	for id, at := range d {
		if now.Sub(at) <= within {
			gone = append(gone, id)
		}
	}
	return gone
}

// noteDeleted notes that a channel in which the socket is was deleted. Whether the client
// hears that is not known: should the connection end soon, the session tells it once more.
func (s *session) noteDeleted(id domain.ChannelID) {
	now, silence := s.gateway.opts.Now(), s.gateway.server.Silence()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, in := s.joined[id]; !in {
		return
	}
	maps.DeleteFunc(s.deleted, func(_ domain.ChannelID, at time.Time) bool { return now.Sub(at) > silence })
	if s.deleted == nil {
		s.deleted = lostChannels{}
	}
	if len(s.deleted) < maxChannels {
		s.deleted[id] = now
	}
}

// tellDeleted tells a socket that a channel in which it was is deleted.
func (s *session) tellDeleted(id domain.ChannelID) {
	s.emit("channelDeleted", channelGone{ChannelID: id, RoomID: id})
}
