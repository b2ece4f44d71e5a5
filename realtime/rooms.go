package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/realtime/sio"
)

// JoinRequest lets the calling socket into a channel's room.
type JoinRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// EntityID is as whom the socket is present, the one of the handshake unless given.
	EntityID domain.EntityID `json:"entityId" access:"self"`
	Name     string          `json:"name" alias:"displayName,username,senderName"`
	AgentID  domain.AgentID  `json:"agentId"`
	ServerID domain.ServerID `json:"serverId" alias:"messageServerId"`
	Metadata domain.Metadata `json:"metadata"`
	// After is the last number the client has of the channel; with it the answer
	// carries the events that follow.
	After *int64 `json:"after"`
}

// maxName is the longest name of somebody present, in bytes.
const maxName = 256

// Validate returns every fault of the request.
func (r *JoinRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	if r.After != nil && *r.After < 0 {
		f.Add("after", "must not be negative")
	}
	if len(r.Name) > maxName {
		f.Add("name", "is too long")
	}
	return f.Err()
}

// Joined answers a join. Messages and Truncated are there only if After was given.
type Joined struct {
	Message   string           `json:"message"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	AgentID   domain.AgentID   `json:"agentId,omitempty"`
	// Messages are the events in (after, head], in order.
	Messages []json.RawMessage `json:"messages,omitzero"`
	// Head is the last number delivered before the join; live events are above it.
	Head int64 `json:"head"`
	// Truncated says that there were more events than one answer carries (500, or 1 MB),
	// or that the channel has never come to After.
	Truncated *bool `json:"truncated,omitempty"`
	// Streams are the answers that arise at this moment, with what was said so far; the
	// chunks that follow continue them.
	Streams []streamSoFar `json:"streams,omitempty"`
}

// plain is the answer without what After asked for.
func (j Joined) plain() roomJoined {
	return roomJoined{Message: j.Message, ChannelID: j.ChannelID, RoomID: j.RoomID, AgentID: j.AgentID}
}

// roomJoined is the reference's second answer to a join. It repeats the first one, but
// not its events: they would only cross the wire twice.
type roomJoined struct {
	Message   string           `json:"message"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	AgentID   domain.AgentID   `json:"agentId,omitempty"`
}

// LeaveRequest lets the calling socket out of a channel's room.
type LeaveRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId"`
}

// Validate returns every fault of the request.
func (r *LeaveRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// Left answers a leave.
type Left struct {
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
}

// defineOps declares the operations that are about the connection itself.
func (g *Gateway) defineOps(r *op.Registry) {
	g.defineAgentOps(r)
	g.defineWorldOp(r)
	const example domain.ChannelID = "11111111-1111-4111-8111-111111111111"
	op.Define(r, op.Spec{Name: "channels:join", SocketOnly: true,
		Help:    "Enters a channel's room; with after, the answer carries what was missed.",
		Example: JoinRequest{ChannelID: example}}, g.join)
	op.Define(r, op.Spec{Name: "channels:leave", SocketOnly: true,
		Help: "Leaves a channel's room.", Unguarded: map[string]string{"channelId": "who is not in a room leaves none"}, Example: LeaveRequest{ChannelID: example}}, g.leave)
	op.Define(r, op.Spec{Name: "typing:set", Events: []string{"typing"}, SocketOnly: true,
		Help:    "Tells a channel's room that somebody types; it expires after 6 s.",
		Example: TypingRequest{ChannelID: example, SenderName: "Zed", IsTyping: true}}, g.tellTyping)
}

// errNoSocket refuses an operation that only makes sense on a socket.
var errNoSocket = domain.Errorf(domain.Unsupported, "This operation needs a socket")

// join enters the room under the channel's sequencer lock, so that the catch-up in
// the answer and the live events that follow leave no gap and overlap nowhere.
func (g *Gateway) join(ctx context.Context, a domain.Actor, r JoinRequest) (Joined, error) {
	s, _ := ctx.Value(sessionKey{}).(*session)
	if s == nil {
		return Joined{}, errNoSocket
	}
	var open []streamSoFar
	after := int64(0)
	if r.After != nil {
		after = *r.After
	}
	defer g.hear(ctx, r.ChannelID)()
	head, err := g.sequencer.Enter(ctx, r.ChannelID, after, func(head int64) (fresh bool, err error) {
		fresh, open, err = s.enterHearing(r.ChannelID, head)
		return fresh, err
	})
	if err == nil {
		if err = g.stillTakesPart(ctx, a, r.ChannelID); err != nil {
			s.exit(r.ChannelID)
		}
	}
	if err != nil {
		return Joined{}, err
	}
	s.appear(r)
	g.tellJoin(r)
	out := Joined{
		Message:   "Socket " + s.socket.ID() + " successfully joined channel " + string(r.ChannelID) + ".",
		ChannelID: r.ChannelID, RoomID: r.ChannelID, AgentID: r.AgentID, Head: head, Streams: open,
	}
	if r.After == nil {
		return out, nil
	}
	events, truncated, err := messaging.CatchUp(ctx, g.recent, r.ChannelID, *r.After, head)
	if err != nil {
		return Joined{}, err
	}
	out.Messages, err = fitting(events)
	if err != nil {
		return Joined{}, err
	}
	truncated = truncated || len(out.Messages) < len(events)
	out.Truncated = &truncated
	return out, nil
}

// maxCatchUpBytes bounds the events in the answer to a join, which goes out twice, as
// channel_joined and as the ack: together with what else waits, they must stay below
// what a connection may have waiting, or each join would end the connection that it is for.
const maxCatchUpBytes = 1 << 20

// fitting encodes events until they fill an answer; at least the first one fits.
func fitting(events []messaging.Message) ([]json.RawMessage, error) {
	out, size := make([]json.RawMessage, 0, len(events)), 0
	for _, m := range events {
		data, err := domain.PlainJSON(newCatchUp(m))
		if err != nil {
			return nil, fmt.Errorf("encode an event: %w", err)
		}
		if size += len(data); size > maxCatchUpBytes && len(out) > 0 {
			break
		}
		out = append(out, data)
	}
	return out, nil
}

// enter puts the socket into the room and notes it; a second time changes nothing.
func (s *session) enter(channel domain.ChannelID, head int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return false, domain.Errorf(domain.Canceled, "The socket has gone")
	}
	if _, ok := s.joined[channel]; ok {
		return false, nil
	}
	if len(s.joined) >= maxChannels {
		return false, &domain.Error{Code: domain.RateLimited, Message: "This socket is in too many channels"}
	}
	if err := s.socket.Join(string(channel)); err != nil {
		if errors.Is(err, sio.ErrTooManyRooms) {
			return false, &domain.Error{Code: domain.RateLimited, Message: "This socket is in too many channels"}
		}
		return false, err
	}
	s.joined[channel] = &membership{base: head}
	delete(s.deleted, channel) // what it has now is the channel made anew
	s.gateway.saver.changed(s)
	return true, nil
}

// leave takes the socket out of the room; one that is not in it hears the same.
func (g *Gateway) leave(ctx context.Context, _ domain.Actor, r LeaveRequest) (Left, error) {
	s, _ := ctx.Value(sessionKey{}).(*session)
	if s == nil {
		return Left{}, errNoSocket
	}
	s.exit(r.ChannelID)
	return Left{ChannelID: r.ChannelID, RoomID: r.ChannelID}, nil
}

// exit takes the socket out of a channel's room and reports whether it was in it.
func (s *session) exit(channel domain.ChannelID) bool {
	s.mu.Lock()
	_, was := s.joined[channel]
	delete(s.joined, channel)
	s.mu.Unlock()
	s.socket.Leave(string(channel))
	s.stopTyping(channel)
	s.gateway.opts.Presence.Leave(channel, s.socket.ID())
	if was {
		s.gateway.sequencer.Leave(channel)
		s.gateway.saver.changed(s)
	}
	return was
}
