package realtime

import (
	"context"
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/op"
)

var _ agents.Listener = (*Gateway)(nil)

// maxAgents bounds the agents whose rooms one socket is in.
const maxAgents = 100

// agentRoom is the room of those who look over an agent's shoulder: its turns in all
// channels, private ones included. No channel has such a name.
func agentRoom(id domain.AgentID) string { return "agent:" + string(id) }

// AgentRoomRequest names the agent whose room to enter or to leave. As with channels, it
// need not exist.
type AgentRoomRequest struct {
	AgentID domain.AgentID `json:"agentId"`
}

// Validate returns every fault of the request.
func (r *AgentRoomRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// AgentRoom answers agents:join and agents:leave.
type AgentRoom struct {
	AgentID domain.AgentID `json:"agentId"`
	Joined  bool           `json:"joined"`
}

// defineAgentOps declares the operations on agents' rooms.
func (g *Gateway) defineAgentOps(r *op.Registry) {
	const example domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"
	op.Define(r, op.Spec{Name: "agents:join", SocketOnly: true, Access: op.Admin,
		Help:    "Enters an agent's room, which hears of its turns, thoughts, actions and memories in all channels.",
		Example: AgentRoomRequest{AgentID: example}}, g.joinAgent)
	op.Define(r, op.Spec{Name: "agents:leave", SocketOnly: true, Access: op.Admin,
		Help: "Leaves an agent's room.", Example: AgentRoomRequest{AgentID: example}}, g.leaveAgent)
}

// joinAgent lets the calling socket into an agent's room.
func (g *Gateway) joinAgent(ctx context.Context, _ domain.Actor, r AgentRoomRequest) (AgentRoom, error) {
	s, _ := ctx.Value(sessionKey{}).(*session)
	if s == nil {
		return AgentRoom{}, errNoSocket
	}
	return AgentRoom{AgentID: r.AgentID, Joined: true}, s.watchAgent(r.AgentID)
}

// leaveAgent lets it out; one that is not in it hears the same.
func (g *Gateway) leaveAgent(ctx context.Context, _ domain.Actor, r AgentRoomRequest) (AgentRoom, error) {
	s, _ := ctx.Value(sessionKey{}).(*session)
	if s == nil {
		return AgentRoom{}, errNoSocket
	}
	s.unwatchAgent(r.AgentID)
	return AgentRoom{AgentID: r.AgentID}, nil
}

// unwatchAgent takes the socket out of an agent's room.
func (s *session) unwatchAgent(agent domain.AgentID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agents = slices.DeleteFunc(s.agents, func(id domain.AgentID) bool { return id == agent })
	delete(s.watching, agent)
	s.socket.Leave(agentRoom(agent))
	s.gateway.saver.changed(s)
}

// watchAgent puts the socket into an agent's room and notes it; a second time changes
// nothing. Codes: canceled, rate_limited.
func (s *session) watchAgent(id domain.AgentID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return domain.Errorf(domain.Canceled, "The socket has gone")
	case slices.Contains(s.agents, id):
		return nil
	case len(s.agents) >= maxAgents:
		return &domain.Error{Code: domain.RateLimited, Message: "This socket is in the rooms of too many agents"}
	}
	if err := s.socket.Join(agentRoom(id)); err != nil {
		return err
	}
	s.agents = append(s.agents, id)
	if s.watching == nil {
		s.watching = map[domain.AgentID]time.Time{}
	}
	s.watching[id] = s.gateway.opts.Now()
	s.gateway.saver.changed(s)
	return nil
}

// watchesSince reports whether the socket is in an agent's room since a time, or before.
func (s *session) watchesSince(agent domain.AgentID, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, in := s.watching[agent]
	return in && !since.After(at)
}

// maxRemovals bounds the agents whose deletion is remembered.
const maxRemovals = 1024

// removals are the agents that were deleted here last, so that replicas which have not heard
// of it can be told again. The zero value is ready. Safe for concurrent use.
type removals struct {
	mu   sync.Mutex
	list []removal
}

// removal is the deletion of an agent, and when that was.
type removal struct {
	agent domain.AgentID
	at    time.Time
}

// add remembers a deletion, in place of the oldest if there are too many.
func (r *removals) add(agent domain.AgentID, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == maxRemovals {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, removal{agent, at})
}

// notes are those of the last minutes as notes, with their age.
func (r *removals) notes(now time.Time) (notes []note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(x removal) bool { return now.Sub(x.at) > endsFor })
	for _, x := range r.list {
		notes = append(notes, note{Kind: noteAgentRemoved, Agent: x.agent, Age: now.Sub(x.at).Milliseconds()})
	}
	return notes
}

// turnAt says in which turn something happened, in each event of an agent's room.
type turnAt struct {
	AgentID   domain.AgentID   `json:"agentId"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
	MessageID domain.MessageID `json:"messageId"`
	RunID     agents.TurnID    `json:"runId"`
	Attempt   int64            `json:"attempt"`
	CreatedAt int64            `json:"createdAt"`
}

// newTurnAt is the wire form of a place in a turn.
func newTurnAt(a agents.At) turnAt {
	return turnAt{AgentID: a.AgentID, ChannelID: a.ChannelID, RoomID: a.ChannelID, MessageID: a.MessageID, RunID: a.RunID,
		Attempt: a.Attempt, CreatedAt: domain.Millis(a.Time)}
}

// agentTurn is the payload of the event of that name.
type agentTurn struct {
	turnAt
	// State is how far it is.
	State agents.TurnState `json:"state"`
	// Replies are the messages it came to, Error why it failed; both once it is decided.
	Replies []domain.MessageID `json:"replies,omitempty"`
	Stopped bool               `json:"stopped,omitempty"`
	Error   string             `json:"error,omitempty"`
}

// agentThought is the payload of the event of that name.
type agentThought struct {
	turnAt
	ReplyID domain.MessageID `json:"replyId"`
	Thought string           `json:"thought"`
}

// agentAction is the payload of the event of that name.
type agentAction struct {
	turnAt
	ReplyID domain.MessageID `json:"replyId"`
	// Action is the name of the action that the agent takes.
	Action string `json:"action"`
	Text   string `json:"text"`
}

// Listens reports whether anybody is in the agent's room, as may be the case wherever there
// are other replicas; with it and what follows the gateway is the runner's Listener.
func (g *Gateway) Listens(agent domain.AgentID) bool {
	return g.linked.Load() || g.ns.Members(agentRoom(agent)) > 0
}

// TurnChanged tells an agent's room how far a turn has come.
func (g *Gateway) TurnChanged(s agents.TurnStep) {
	told := agentTurn{turnAt: newTurnAt(s.At), State: s.State}
	if s.Outcome != nil {
		told.Error, told.Stopped = s.Outcome.Error, s.Outcome.Stopped
		for _, reply := range s.Outcome.Replies {
			told.Replies = append(told.Replies, reply.ID)
		}
	}
	g.toRooms([]string{agentRoom(s.AgentID)}, "agentTurn", "", told)
}

// Thought tells an agent's room what it thought.
func (g *Gateway) Thought(t agents.Thought) {
	g.toRooms([]string{agentRoom(t.AgentID)}, "agentThought", "", agentThought{turnAt: newTurnAt(t.At), ReplyID: t.ReplyID, Thought: t.Text})
}

// Acted tells an agent's room what it did.
func (g *Gateway) Acted(a agents.Action) {
	g.toRooms([]string{agentRoom(a.AgentID)}, "agentAction", "", agentAction{turnAt: newTurnAt(a.At), ReplyID: a.ReplyID, Action: a.Name, Text: a.Text})
}
