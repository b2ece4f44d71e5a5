package realtime

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/realtime/fanout"
	"parley/realtime/sio"
)

// broadcast is the payload of messageBroadcast.
type broadcast struct {
	ID              domain.MessageID `json:"id"`
	SenderID        domain.EntityID  `json:"senderId"`
	SenderName      string           `json:"senderName"`
	Text            string           `json:"text"`
	ChannelID       domain.ChannelID `json:"channelId"`
	RoomID          domain.ChannelID `json:"roomId"`
	ServerID        domain.ServerID  `json:"serverId"`
	MessageServerID domain.ServerID  `json:"messageServerId"`
	CreatedAt       int64            `json:"createdAt"`
	Source          string           `json:"source"`
	Attachments     json.RawMessage  `json:"attachments,omitempty"`
	Thought         string           `json:"thought,omitempty"`
	Actions         json.RawMessage  `json:"actions,omitempty"`
	ClientMessageID string           `json:"clientMessageId,omitempty"`
	InReplyTo       domain.MessageID `json:"inReplyTo,omitempty"`
	Seq             int64            `json:"seq"`
	Rev             int64            `json:"rev"`
	// Stopped says that an agent's answer was cut off by a person.
	Stopped bool `json:"stopped,omitempty"`
	// UpdatedAt and Edited are there only if the text was changed.
	UpdatedAt int64 `json:"updatedAt,omitempty"`
	Edited    bool  `json:"edited,omitempty"`
	// RawMessage comes, with UpdatedAt, with what tells how a running action goes.
	RawMessage json.RawMessage `json:"rawMessage,omitempty"`
}

// newBroadcast is the wire form of a post.
func newBroadcast(m messaging.Message) broadcast {
	extras := m.Extras()
	b := broadcast{
		ID: m.ID, SenderID: m.AuthorID, SenderName: senderName(m), Text: m.Content,
		ChannelID: m.ChannelID, RoomID: m.ChannelID, ServerID: m.ServerID, MessageServerID: m.ServerID,
		CreatedAt: domain.Millis(m.CreatedAt), Source: m.SourceType,
		Attachments: extras["attachments"], Thought: extras.String("thought"), Actions: extras["actions"],
		InReplyTo: m.InReplyTo, Stopped: m.SourceType == agents.SourceReply && extras.True("stopped"), Seq: m.Seq, Rev: m.Rev,
	}
	byAgent := m.ByAgent()
	if m.Edited() {
		b.UpdatedAt, b.Edited = domain.Millis(m.UpdatedAt), !byAgent || m.Metadata.True("edited")
	}
	if m.SourceType == messaging.SourceAction || byAgent && m.Edited() {
		b.UpdatedAt, b.RawMessage = domain.Millis(m.UpdatedAt), m.Raw
	}
	return b
}

// senderName is the name to show, with the reference's words for who gave none. The
// metadata of a person's message does not name an agent.
func senderName(m messaging.Message) string {
	switch {
	case m.AuthorName != "":
		return m.AuthorName
	case !m.ByAgent():
		return "User"
	default:
		return cmp.Or(m.Metadata.String("agentName"), "Agent")
	}
}

// deletion is the payload of messageDeleted.
type deletion struct {
	MessageID domain.MessageID `json:"messageId"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	// Seq is the number of the message; absent if the message was not there.
	Seq int64 `json:"seq,omitempty"`
	// Rev is the number of the deletion; absent if the message was not there.
	Rev int64 `json:"rev,omitempty"`
}

// MessageGone tells a room that a message which somebody wanted to delete is not there. It
// is no event of the channel's log, so it has no number.
func (g *Gateway) MessageGone(channel domain.ChannelID, id domain.MessageID) {
	g.toRoom(channel, "messageDeleted", "", deletion{MessageID: id, ChannelID: channel, RoomID: channel})
}

// tombstone stands for a deleted message in a catch-up.
type tombstone struct {
	ID        domain.MessageID `json:"id"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	Seq       int64            `json:"seq"`
	Rev       int64            `json:"rev"`
	Deleted   bool             `json:"deleted"`
}

// newCatchUp is the form of an event in the answer to a join.
func newCatchUp(m messaging.Message) any {
	switch {
	case m.Kind == messaging.KindClear:
		return newClearing(m)
	case m.Deleted:
		return tombstone{ID: m.ID, ChannelID: m.ChannelID, RoomID: m.ChannelID, Seq: m.Seq, Rev: m.Rev, Deleted: true}
	default:
		return newBroadcast(m)
	}
}

// offset is the last argument of every channel event: where a recovery goes on.
func offset(m messaging.Message) string {
	return string(m.ChannelID) + ":" + strconv.FormatInt(m.Rev, 10)
}

// channelEvent is the event that tells a change of a channel's log.
func channelEvent(m messaging.Message) (event string, payload any) {
	switch {
	case m.Kind == messaging.KindClear:
		return named("channelCleared", newCleared(m))
	case m.Deleted:
		return named("messageDeleted", deletion{MessageID: m.ID, ChannelID: m.ChannelID, RoomID: m.ChannelID, Seq: m.Seq, Rev: m.Rev})
	default:
		return named("messageBroadcast", newBroadcast(m))
	}
}

// named is an event with its name; a test reads the names here.
func named(event string, payload any) (string, any) { return event, payload }

// Room brings an event to the members of its channel: first to all but the socket
// that caused it, then to that one, joined or not, with its own message id.
func (g *Gateway) Room(e fanout.Event) {
	m := e.Message
	g.delivered.Add(1)
	room := []string{string(m.ChannelID)}
	packet, encoded := e.Encoded.(sio.Packet)
	if encoded && m.ID == "" { // another replica's
		g.remoteAnswerEnded(m.ChannelID, packet)
		g.ns.BroadcastLocal(packet, room)
		return
	}
	if e.Origin.Socket == "" && m.Metadata["socket_id"] != nil && !m.Edited() {
		// The event was read from the store, which was faster than its announcement.
		e.Origin = messaging.Origin{Socket: m.Metadata.String("socket_id"), ClientMessageID: m.SourceID}
	}
	if !encoded {
		var err error
		if packet, err = encodeEvent(m); err != nil {
			g.log.Error().Err(err).Msg("event of a channel could not be encoded")
			return
		}
	}
	if m.Deleted || m.Kind != messaging.KindPost || e.Origin.Socket == "" {
		if m.SourceType == agents.SourceReply && !m.Deleted {
			g.endStream(m.ChannelID, m.ID) // who joins from now on has the message
		}
		g.ns.BroadcastLocal(packet, room)
		return
	}
	g.ns.BroadcastLocal(packet, room, e.Origin.Socket)
	g.Origin(e)
}

// encodeEvent is what the members of a channel hear of a change of its log.
func encodeEvent(m messaging.Message) (sio.Packet, error) {
	event, payload := channelEvent(m)
	packet, err := sio.EncodeEvent("/", event, payload, offset(m))
	if err != nil {
		return packet, fmt.Errorf("encode %s: %w", event, err)
	}
	return packet.Marked(string(m.ChannelID), m.Rev), nil
}

// Origin tells the socket that sent a message that it is stored. One that is on its way
// back into the channel's room hears of it with what else it missed.
func (g *Gateway) Origin(e fanout.Event) {
	if e.Origin.Socket == "" || e.Message.Deleted || e.Message.Kind != messaging.KindPost {
		return
	}
	g.tellSend(e)
	if s := g.session(e.Origin.Socket); s != nil && !s.returnsTo(e.Message.ChannelID) {
		s.echo(e)
	}
}

// echo gives the sender of a message its own. What was sent before under a number that
// the client has passed must not take its offset back: it then ends with the last one.
func (s *session) echo(e fanout.Event) {
	m := e.Message
	newest, number := s.socket.LastMarked(string(m.ChannelID))
	if !e.Repeat && s.had(m, number) {
		return
	}
	payload := newBroadcast(m)
	payload.ClientMessageID = e.Origin.ClientMessageID
	at, marked := offset(m), true
	if e.Repeat && number >= m.Rev {
		at, marked = newest, false
	}
	packet, err := sio.EncodeEvent("/", "messageBroadcast", payload, at)
	if err != nil {
		s.gateway.log.Error().Err(err).Msg("echo could not be encoded")
		return
	}
	if marked {
		packet = packet.Marked(string(m.ChannelID), m.Rev)
	}
	s.socket.Send(packet)
}

// had reports whether the socket got a message by its room already, read from the store
// before it was announced; number is the last one of the channel that it was sent.
func (s *session) had(m messaging.Message, number int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.joined[m.ChannelID]
	return ok && (m.Rev <= in.had || in.base < m.Rev && m.Rev <= number)
}

// toRoom encodes an event once and puts it on every member's queue; the socket
// except, if not empty, is left out.
func (g *Gateway) toRoom(channel domain.ChannelID, event, except string, args ...any) {
	g.toRooms([]string{string(channel)}, event, except, args...)
}

// toRooms is toRoom for several rooms; who is in more than one of them hears it once.
func (g *Gateway) toRooms(rooms []string, event, except string, args ...any) {
	packet, err := sio.EncodeEvent("/", event, args...)
	if err != nil {
		g.log.Error().Err(err).Str("event", event).Msg("event could not be encoded")
		return
	}
	if except == "" {
		g.ns.Broadcast(packet, rooms)
		return
	}
	g.ns.Broadcast(packet, rooms, except)
}
