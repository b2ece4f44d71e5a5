package realtime

import "parley/domain"

// Watch puts a socket into the room of those who watch an agent.
func (g *Gateway) Watch(socket string, agent domain.AgentID) error {
	return g.session(socket).watchAgent(agent)
}

// Watchers is how many sockets of this process watch an agent.
func (g *Gateway) Watchers(agent domain.AgentID) int { return g.ns.Members(agentRoom(agent)) }
