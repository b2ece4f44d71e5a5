package memory

import (
	"cmp"
	"context"

	"parley/domain"
	"parley/domain/messaging"
)

// joinQueue is how many joins wait for Run at most; one takes about 300 bytes. What does
// not fit is dropped: the first message in a channel makes what a join would have made.
const joinQueue = 4096

// Join says that somebody has come into a channel.
type Join struct {
	EntityID  domain.EntityID
	ChannelID domain.ChannelID
	ServerID  domain.ServerID
	// Name is the name that came with it, "" if none did.
	Name string
	// Source is what it was noticed by.
	Source string
	// Direct says that the join spoke of a direct conversation. It counts for a channel that
	// does not exist yet; any other has a type of its own.
	Direct bool
	// Target is the other party of a direct conversation, "" if unknown.
	Target domain.EntityID
}

// Joined notes a join for the agents that it matters to. It does not block and never
// fails; Run does the work, in order.
func (s *Service) Joined(j Join) {
	s.backlog.Add(1)
	select {
	case s.joins <- j:
		s.dropping.Store(false)
	default:
		s.backlog.Add(-1)
		if s.dropping.CompareAndSwap(false, true) { // one line for a flood
			s.logger.Warn().Str("entity", string(j.EntityID)).Str("roomId", string(j.ChannelID)).
				Msg("too many joins at once, agents learn of some by their first message")
		}
	}
}

// Backlog is how many joins wait or are being worked off.
func (s *Service) Backlog() int { return int(s.backlog.Load()) }

// Run works joins off until ctx ends. Failures are logged.
func (s *Service) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-s.joins:
			if err := s.enter(ctx, j); err != nil && ctx.Err() == nil {
				s.logger.Warn().Err(err).Str("entity", string(j.EntityID)).Str("roomId", string(j.ChannelID)).
					Msg("a join is not remembered")
			}
			s.backlog.Add(-1)
		}
	}
}

// enter writes a join down for each agent that it matters to.
func (s *Service) enter(ctx context.Context, j Join) error {
	c, err := s.log.Channel(ctx, j.ChannelID)
	exists := err == nil
	if domain.IsCode(err, domain.NotFound) {
		c, err = messaging.Channel{ID: j.ChannelID, ServerID: j.ServerID, Type: messaging.TypeGroup}, nil
		if j.Direct {
			c.Type = messaging.TypeDM
		}
	}
	if err != nil {
		return err
	}
	for _, agent := range s.concerned(c, j) {
		if err := s.meet(ctx, agent, c, j, exists); err != nil {
			return err
		}
	}
	return nil
}

// concerned are the agents that a join matters to: those that take part in the channel
// or are the other party of a direct conversation, and run; else the first that runs.
func (s *Service) concerned(c messaging.Channel, j Join) []domain.AgentID {
	var found []domain.AgentID
	for _, p := range append([]domain.EntityID{j.Target}, c.Participants...) {
		id := domain.AgentID(p)
		if _, running, _ := s.agents.AgentState(id); running && p != j.EntityID && (len(found) == 0 || found[0] != id) {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		if id := s.agents.FirstRunning(); id != "" && domain.EntityID(id) != j.EntityID {
			found = append(found, id)
		}
	}
	return found
}

// meet makes one agent know who has joined. As in the reference, the entity has its own
// id here, while that of an author is the agent's own.
func (s *Service) meet(ctx context.Context, agent domain.AgentID, c messaging.Channel, j Join, exists bool) error {
	agentName, release, found := s.hold(agent)
	if !found {
		return nil
	}
	defer release()
	server := cmp.Or(c.ServerID, domain.DefaultServer)
	scene := s.setting(agent, agentName, c, j.EntityID, place{source: j.Source, worldName: "World for server " + string(server)})
	if !exists {
		scene.Rooms[0].Name = "" // the channel's name and type are told by its first message
	}
	name := cmp.Or(j.Name, "User"+string(j.EntityID))
	scene.admit(Entity{ID: j.EntityID, AgentID: agent, Names: []string{name}, Standin: j.Name == "",
		Metadata: known(j.Source, string(j.EntityID), name), CreatedAt: s.stamp()})
	if _, err := s.put(ctx, scene); err != nil || !exists {
		return err
	}
	// As with a message: a channel that was deleted meanwhile may not have found the room.
	_, err := s.log.Channel(ctx, c.ID)
	if domain.IsCode(err, domain.NotFound) {
		return s.forgetChannel(ctx, c.ID, c.ServerID)
	}
	return err
}
