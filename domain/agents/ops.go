package agents

import (
	"parley/domain"
	"parley/domain/op"
)

// exampleAgent is the agent of the examples: the one every installation begins with.
const exampleAgent domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"

// Ops declares the operations of this package.
func Ops(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "agents:list", Help: "Returns the agents, the active ones first.",
		Routes: []string{"GET /api/agents"}, Example: ListRequest{Status: Active, Limit: 20},
	}, s.List)
	op.Define(r, op.Spec{
		Name: "agents:get", Help: "Returns one agent with its character.",
		Routes: []string{"GET /api/agents/:agentId"}, Example: GetRequest{AgentID: exampleAgent},
	}, s.Get)
}
