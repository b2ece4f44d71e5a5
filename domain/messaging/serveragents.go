package messaging

import (
	"context"

	"parley/domain"
)

// ServerAgents answers servers:agents.
type ServerAgents struct {
	ServerID        domain.ServerID  `json:"serverId"`
	MessageServerID domain.ServerID  `json:"messageServerId"`
	Agents          []domain.AgentID `json:"agents"`
}

// ListServerAgents returns the agents that belong to a server; none for an unknown one, and
// for one that a bound caller has no channel on. Codes: unavailable.
func (s *Service) ListServerAgents(ctx context.Context, a domain.Actor, r ServerRequest) (ServerAgents, error) {
	out := ServerAgents{ServerID: r.ServerID, MessageServerID: r.ServerID, Agents: []domain.AgentID{}}
	sees, err := s.sees(ctx, a, r.ServerID)
	if sees {
		out.Agents = s.roster.Of(r.ServerID)
	}
	return out, err
}

// ServerAgentRequest names an agent and a server.
type ServerAgentRequest struct {
	ServerID domain.ServerID `json:"serverId" alias:"messageServerId,server_id,message_server_id"`
	AgentID  domain.AgentID  `json:"agentId" alias:"agent_id"`
}

// Validate returns every fault of the request.
func (r *ServerAgentRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.ServerID))
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// ServerAgent answers servers:link and servers:unlink.
type ServerAgent struct {
	ServerID        domain.ServerID `json:"serverId"`
	MessageServerID domain.ServerID `json:"messageServerId"`
	AgentID         domain.AgentID  `json:"agentId"`
	Message         string          `json:"message"`
}

// AddServerAgent lets an agent listen to a server from the next message on. Codes: invalid,
// not_found (server or agent), conflict (too many), unavailable.
func (s *Service) AddServerAgent(ctx context.Context, _ domain.Actor, r ServerAgentRequest) (ServerAgent, error) {
	if err := s.requireServer(ctx, r.ServerID); err != nil {
		return ServerAgent{}, err
	}
	if err := s.requireAgent(r.AgentID); err != nil {
		return ServerAgent{}, err
	}
	err := s.roster.Add(ctx, r.ServerID, r.AgentID)
	return ServerAgent{ServerID: r.ServerID, MessageServerID: r.ServerID, AgentID: r.AgentID,
		Message: "Agent added to server successfully"}, serverError(err, r.ServerID)
}

// requireAgent returns NotFound if there is no such agent.
func (s *Service) requireAgent(id domain.AgentID) error {
	if _, _, known := s.agents.AgentState(id); !known {
		return domain.Errorf(domain.NotFound, "Agent not found")
	}
	return nil
}

// RemoveServerAgent lets an agent listen to a server no more; what it was asked before it
// still answers. One that does not belong to it, or an unknown server, is no error. Codes:
// invalid, unavailable.
func (s *Service) RemoveServerAgent(ctx context.Context, _ domain.Actor, r ServerAgentRequest) (ServerAgent, error) {
	err := s.roster.Remove(ctx, r.ServerID, r.AgentID)
	if domain.IsCode(err, domain.NotFound) {
		err = nil
	}
	return ServerAgent{ServerID: r.ServerID, MessageServerID: r.ServerID, AgentID: r.AgentID,
		Message: "Agent removed from server successfully"}, err
}

// AgentRequest names an agent.
type AgentRequest struct {
	AgentID domain.AgentID `json:"agentId" alias:"agent_id"`
}

// Validate returns every fault of the request.
func (r *AgentRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// AgentServers answers agents:servers; both names carry the same list.
type AgentServers struct {
	AgentID        domain.AgentID    `json:"agentId"`
	Servers        []domain.ServerID `json:"servers"`
	MessageServers []domain.ServerID `json:"messageServers"`
}

// ListAgentServers returns the servers that an agent was added to; none for an unknown one.
// A bound caller gets those that it has a channel on, and the default one. Codes: unavailable.
func (s *Service) ListAgentServers(ctx context.Context, a domain.Actor, r AgentRequest) (AgentServers, error) {
	servers := []domain.ServerID{}
	for _, id := range s.roster.ServersOf(r.AgentID) {
		sees, err := s.sees(ctx, a, id)
		if err != nil {
			return AgentServers{}, err
		}
		if sees {
			servers = append(servers, id)
		}
	}
	return AgentServers{AgentID: r.AgentID, Servers: servers, MessageServers: servers}, nil
}
