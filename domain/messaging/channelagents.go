package messaging

import (
	"context"
	"slices"

	"parley/domain"
)

// ChannelAgents answers channels:agents.
type ChannelAgents struct {
	ChannelID domain.ChannelID `json:"channelId"`
	// Participants are all who take part, as in the reference.
	Participants []domain.EntityID `json:"participants"`
	// Agents are those of them that are agents of this installation.
	Agents []domain.AgentID `json:"agents"`
}

// ListChannelAgents returns who takes part in a channel, and which of them are agents;
// nobody if it is unknown.
func (s *Service) ListChannelAgents(ctx context.Context, a domain.Actor, r ChannelRequest) (ChannelAgents, error) {
	all, err := s.ListParticipants(ctx, a, r)
	if err != nil {
		return ChannelAgents{}, err
	}
	out := ChannelAgents{ChannelID: r.ChannelID, Participants: all, Agents: []domain.AgentID{}}
	for _, entity := range all {
		if _, _, known := s.agents.AgentState(domain.AgentID(entity)); known {
			out.Agents = append(out.Agents, domain.AgentID(entity))
		}
	}
	return out, nil
}

// ChannelAgentRequest names an agent and a channel.
type ChannelAgentRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId,channel_id" access:"channel"`
	AgentID   domain.AgentID   `json:"agentId" alias:"agent_id"`
}

// Validate returns every fault of the request.
func (r *ChannelAgentRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// ChannelAgent answers channels:link and channels:unlink.
type ChannelAgent struct {
	ChannelID domain.ChannelID `json:"channelId"`
	AgentID   domain.AgentID   `json:"agentId"`
	Message   string           `json:"message"`
}

// AddChannelAgent lets an agent take part in a channel and tells the room. Codes: invalid,
// not_found (channel or agent), unavailable.
func (s *Service) AddChannelAgent(ctx context.Context, _ domain.Actor, r ChannelAgentRequest) (ChannelAgent, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return ChannelAgent{}, err
	}
	_, err := s.change(ctx, r.ChannelID, func() (Channel, error) {
		return s.store.AddParticipants(ctx, r.ChannelID, domain.EntityID(r.AgentID))
	})
	return ChannelAgent{ChannelID: r.ChannelID, AgentID: r.AgentID, Message: "Agent added to channel successfully"}, err
}

// RemoveChannelAgent takes an agent out of a channel and tells the room. A bound caller
// must own the channel, which is to be listed in it first. Codes: invalid, forbidden,
// not_found (the channel, or the agent is not in it), unavailable.
func (s *Service) RemoveChannelAgent(ctx context.Context, a domain.Actor, r ChannelAgentRequest) (ChannelAgent, error) {
	entity := domain.EntityID(r.AgentID)
	_, err := s.change(ctx, r.ChannelID, func() (Channel, error) {
		return s.store.UpdateChannel(ctx, r.ChannelID, func(c Channel) (Channel, error) {
			if err := mustOwn(a, c); err != nil {
				return c, err
			}
			rest := slices.DeleteFunc(slices.Clone(c.Participants), func(e domain.EntityID) bool { return e == entity })
			if len(rest) == len(c.Participants) {
				return c, domain.Errorf(domain.NotFound, "Agent is not a participant in this channel")
			}
			c.Participants = rest
			return c, nil
		})
	})
	return ChannelAgent{ChannelID: r.ChannelID, AgentID: r.AgentID, Message: "Agent removed from channel successfully"}, err
}
