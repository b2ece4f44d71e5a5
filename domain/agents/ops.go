package agents

import (
	"parley/domain"
	"parley/domain/op"
)

// exampleAgent is the agent of the examples: the one every installation begins with.
const exampleAgent domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"

// exampleChannel is the channel of the examples.
const exampleChannel domain.ChannelID = "11111111-1111-4111-8111-111111111111"

// Ops declares the operations of this package.
func Ops(r *op.Registry, s *Service, runner *Runner) {
	op.Define(r, op.Spec{
		Name: "agents:list", Help: "Returns the agents, the active ones first.",
		Routes: []string{"GET /api/agents"}, Example: ListRequest{Status: Active, Limit: 20},
	}, s.List)
	op.Define(r, op.Spec{
		Name: "agents:get", Help: "Returns one agent with its character.",
		Routes: []string{"GET /api/agents/:agentId"}, Example: GetRequest{AgentID: exampleAgent},
	}, s.Get)
	op.Define(r, op.Spec{
		Name: "agents:start", Help: "Makes an agent active: it answers from the next message on, also after a restart.",
		Routes: []string{"POST /api/agents/:agentId/start"}, Access: op.Admin, Reason: "START_ERROR",
		Example: GetRequest{AgentID: exampleAgent},
	}, s.Start)
	op.Define(r, op.Spec{
		Name: "agents:stop", Help: "Makes an agent inactive; what it is about to say is dropped.",
		Routes: []string{"POST /api/agents/:agentId/stop"}, Access: op.Admin, Example: GetRequest{AgentID: exampleAgent},
	}, s.Halt)
	op.Define(r, op.Spec{
		Name: "messages:stop", Help: "Stops the answers to a message, or all in a channel; what was said so far stays.",
		Routes:  append(op.ChannelRoutes("POST", "/messages/:messageId/stop"), op.ChannelRoutes("POST", "/stop")...),
		Example: StopRequest{ChannelID: exampleChannel, MessageID: "33333333-3333-4333-8333-333333333333"},
	}, runner.Stop)
}
