package realtime

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/realtime/sio"
)

// typingFor is how long somebody counts as typing without saying so again.
const typingFor = 6 * time.Second

// completion is the payload of messageComplete.
type completion struct {
	ChannelID domain.ChannelID `json:"channelId,omitempty"`
	RoomID    domain.ChannelID `json:"roomId,omitempty"`
	ServerID  domain.ServerID  `json:"serverId,omitempty"`
	AgentID   domain.AgentID   `json:"agentId,omitempty"`
	MessageID domain.MessageID `json:"messageId,omitempty"`
	Outcome   messaging.Result `json:"outcome,omitempty"`
	Error     string           `json:"error,omitempty"`
}

// newCompletion ends the wait for a send that failed, with what its payload says of
// where it was to go.
func newCompletion(body json.RawMessage) completion {
	p := peek(body)
	return completion{ChannelID: p.channel, RoomID: p.channel, ServerID: p.server}
}

// completed is the wire form of a completion.
func completed(c messaging.Completion) completion {
	return completion{ChannelID: c.ChannelID, RoomID: c.ChannelID,
		ServerID: c.ServerID, AgentID: c.AgentID, MessageID: c.MessageID, Outcome: c.Result, Error: c.Error}
}

// what is what the wire form says.
func (c completion) what() messaging.Completion {
	return messaging.Completion{ChannelID: c.ChannelID, ServerID: c.ServerID, MessageID: c.MessageID, AgentID: c.AgentID,
		Result: c.Outcome, Error: c.Error}
}

// TypingRequest says that somebody types, or stopped.
type TypingRequest struct {
	ChannelID  domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	SenderID   domain.EntityID  `json:"senderId" alias:"entityId" access:"self"`
	SenderName string           `json:"senderName"`
	IsTyping   bool             `json:"isTyping"`
}

// Validate returns every fault of the request.
func (r *TypingRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	if len(r.SenderName) > 256 {
		f.Add("senderName", "is too long")
	}
	return f.Err()
}

// typing is the payload of the event typing.
type typing struct {
	ChannelID  domain.ChannelID `json:"channelId"`
	RoomID     domain.ChannelID `json:"roomId"`
	SenderID   domain.EntityID  `json:"senderId,omitempty"`
	SenderName string           `json:"senderName,omitempty"`
	IsTyping   bool             `json:"isTyping"`
	// State is what an agent does: thinking before its first word, then answering.
	State string `json:"state,omitempty"`
}

// typist is somebody who types in a channel, with the timer that ends it.
type typist struct {
	told  typing
	timer *time.Timer
}

// Typed answers typing:set.
type Typed struct {
	ExpiresIn int64 `json:"expiresInMs"`
}

// tellTyping tells the room, and again when it expires, when the socket goes or says so.
func (g *Gateway) tellTyping(ctx context.Context, a domain.Actor, r TypingRequest) (Typed, error) {
	s, _ := ctx.Value(sessionKey{}).(*session)
	if s == nil {
		return Typed{}, errNoSocket
	}
	if r.SenderID == "" {
		r.SenderID = a.Entity
	}
	t := typing{ChannelID: r.ChannelID, RoomID: r.ChannelID, SenderID: r.SenderID, SenderName: cmp.Or(a.Name, r.SenderName), IsTyping: r.IsTyping}
	if err := s.setTyping(t); err != nil {
		return Typed{}, err
	}
	g.toRoom(r.ChannelID, "typing", s.socket.ID(), t)
	return Typed{ExpiresIn: typingFor.Milliseconds()}, nil
}

// setTyping starts, renews or stops the timer of a channel that the socket is in.
func (s *session) setTyping(t typing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, in := s.joined[t.ChannelID]; !in {
		return domain.Errorf(domain.Forbidden, "Join the channel before typing in it")
	}
	if old := s.typing[t.ChannelID]; old != nil {
		old.timer.Stop()
		delete(s.typing, t.ChannelID)
	}
	if !t.IsTyping {
		return nil
	}
	now := &typist{told: t}
	now.timer = time.AfterFunc(typingFor, func() { s.expireTyping(now) })
	if s.typing == nil {
		s.typing = map[domain.ChannelID]*typist{}
	}
	s.typing[t.ChannelID] = now
	return nil
}

// expireTyping tells the room that somebody has fallen silent.
func (s *session) expireTyping(t *typist) {
	s.mu.Lock()
	current := s.typing[t.told.ChannelID] == t
	if current {
		delete(s.typing, t.told.ChannelID)
	}
	s.mu.Unlock()
	if current {
		s.tellStopped(t.told)
	}
}

// stopTyping ends the typing of a socket that leaves the channel.
func (s *session) stopTyping(channel domain.ChannelID) {
	s.mu.Lock()
	t := s.typing[channel]
	delete(s.typing, channel)
	s.mu.Unlock()
	if t != nil {
		t.timer.Stop()
		s.tellStopped(t.told)
	}
}

// tellStopped tells the room that the typing has ended.
func (s *session) tellStopped(t typing) {
	t.IsTyping = false
	s.gateway.toRoom(t.ChannelID, "typing", s.socket.ID(), t)
}

// Typing tells a room that an agent thinks, or has done.
func (g *Gateway) Typing(t agents.Typing) {
	state := "thinking"
	if t.Speaking {
		state = "answering"
	}
	g.toRoom(t.ChannelID, "typing", "", typing{ChannelID: t.ChannelID, RoomID: t.ChannelID,
		SenderID: domain.EntityID(t.AgentID), SenderName: t.Name, IsTyping: t.On, State: state})
	if !g.opts.ControlMessages || t.On && t.Speaking { // the input is locked since it began to think
		return
	}
	action := "enable_input"
	if t.On {
		action = "disable_input"
	}
	g.toRoom(t.ChannelID, "controlMessage", "", control{Action: action, ChannelID: t.ChannelID, RoomID: t.ChannelID})
}

// agentUpdate is the payload of agentUpdated.
type agentUpdate struct {
	AgentID domain.AgentID `json:"agentId"`
	Name    string         `json:"name"`
	// Status says whether it runs.
	Status agents.Status `json:"status"`
}

// AgentChanged tells all sockets that an agent was created, started, stopped or changed.
func (g *Gateway) AgentChanged(a agents.ListItem) { g.tellAgent("agentUpdated", a) }

// AgentRemoved tells all sockets that an agent was deleted, and empties its room: one made
// anew under the same id is another agent.
func (g *Gateway) AgentRemoved(a agents.ListItem) {
	g.tellAgent("agentRemoved", a)
	now := g.opts.Now()
	g.removals.add(a.ID, now)
	g.emptyAgentRoom(a.ID, now)
	g.tellReplicas(note{Kind: noteAgentRemoved, Agent: a.ID})
}

// emptyAgentRoom takes the sockets of this process out of an agent's room that were in it at a
// time.
func (g *Gateway) emptyAgentRoom(agent domain.AgentID, at time.Time) {
	g.ns.Each(agentRoom(agent), func(socket *sio.Socket) {
		if s := g.session(socket.ID()); s != nil && s.watchesSince(agent, at) {
			s.unwatchAgent(agent)
		}
	})
}

// tellAgent tells all sockets about an agent.
func (g *Gateway) tellAgent(event string, a agents.ListItem) {
	packet, err := sio.EncodeEvent("/", event, agentUpdate{AgentID: a.ID, Name: a.Name, Status: a.Status})
	if err != nil {
		g.log.Error().Err(err).Msg("event could not be encoded")
		return
	}
	g.ns.Broadcast(packet, nil)
}

// control is the payload of controlMessage.
type control struct {
	// Action locks or unlocks the input of clients.
	Action    string           `json:"action"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
}
