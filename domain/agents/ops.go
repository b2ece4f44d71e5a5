package agents

import (
	"parley/domain"
	"parley/domain/op"
)

// exampleAgent is the agent of the examples: the one every installation begins with.
const exampleAgent domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"

// exampleChannel is the channel of the examples.
const exampleChannel domain.ChannelID = "11111111-1111-4111-8111-111111111111"

// exampleLog is the entry of the examples.
const exampleLog domain.LogID = "44444444-4444-4444-8444-444444444444"

// Ops declares the operations of this package.
func Ops(r *op.Registry, s *Service, runner *Runner, journal *Journal) {
	op.Define(r, op.Spec{
		Name: "agents:list", Help: "Returns the agents, the active ones first.",
		Routes: []string{"GET /api/agents"}, Example: ListRequest{Status: Active, Limit: 20},
	}, s.List)
	op.Define(r, op.Spec{
		Name: "agents:get", Help: "Returns one agent with its character; its secrets are in encrypted form.",
		Routes: []string{"GET /api/agents/:agentId"}, Errors: []domain.Code{domain.NotFound}, Example: GetRequest{AgentID: exampleAgent},
	}, s.Get)
	changeOps(r, s)
	logOps(r, journal)
	op.Define(r, op.Spec{
		Name: "agents:panels", Help: "Returns the pages that an agent's plugins offer.",
		Routes: []string{"GET /api/agents/:agentId/panels"}, Errors: []domain.Code{domain.NotFound}, Reason: "PANEL_ERROR",
		Example: GetRequest{AgentID: exampleAgent},
	}, s.Panels)
	op.Define(r, op.Spec{
		Name: "messages:stop", Help: "Stops the answers to a message, or all in a channel; what was said so far stays.",
		Routes:  append(op.ChannelRoutes("POST", "/messages/:messageId/stop"), op.ChannelRoutes("POST", "/stop")...),
		Example: StopRequest{ChannelID: exampleChannel, MessageID: "33333333-3333-4333-8333-333333333333"},
	}, runner.Stop)
}

// changeOps declares the operations that change agents.
func changeOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "agents:create", Help: "Makes an agent of a character, which is given or in a file; one that exists stays as it is.",
		Routes: []string{"POST /api/agents"}, Access: op.Admin, Status: 201, Reason: "CREATE_ERROR",
		Errors:  []domain.Code{domain.Conflict},
		Example: CreateRequest{CharacterPath: "./characters/eliza.json"},
	}, s.Create)
	op.Define(r, op.Spec{
		Name: "agents:update", Help: "Changes fields of an agent; settings are merged, null removes.",
		Routes: []string{"PATCH /api/agents/:agentId", "PUT /api/agents/:agentId"}, Access: op.Admin, Reason: "UPDATE_ERROR",
		Errors:  []domain.Code{domain.NotFound, domain.Conflict},
		Example: UpdateExample{AgentID: exampleAgent, System: "Be brief."},
	}, s.Update)
	op.Define(r, op.Spec{
		Name: "agents:delete", Help: "Removes an agent and all that belongs to it; what takes long goes on in the background.",
		Routes: []string{"DELETE /api/agents/:agentId"}, Access: op.Admin, Status: 204, Dual: true, Slow: true, Reason: "DELETE_ERROR",
		Errors: []domain.Code{domain.NotFound, domain.Conflict}, Example: GetRequest{AgentID: exampleAgent},
	}, s.Delete)
	op.Define(r, op.Spec{
		Name: "agents:start", Help: "Makes an agent active: it answers from the next message on, also after a restart.",
		Routes: []string{"POST /api/agents/:agentId/start"}, Access: op.Admin, Reason: "START_ERROR",
		Errors: []domain.Code{domain.NotFound}, Example: GetRequest{AgentID: exampleAgent},
	}, s.Start)
	op.Define(r, op.Spec{
		Name: "agents:stop", Help: "Makes an agent inactive; what it is about to say is dropped.",
		Routes: []string{"POST /api/agents/:agentId/stop"}, Access: op.Admin,
		Errors: []domain.Code{domain.NotFound}, Example: GetRequest{AgentID: exampleAgent},
	}, s.Halt)
}

// logOps declares the operations on agents' logs.
func logOps(r *op.Registry, j *Journal) {
	op.Define(r, op.Spec{
		Name: "agents:logs", Help: "Returns what an agent logged of its work, newest first: calls of models and actions.",
		Routes: []string{"GET /api/agents/:agentId/logs"}, Access: op.Admin, Reason: "LOG_ERROR",
		Errors: []domain.Code{domain.NotFound}, Example: LogsRequest{AgentID: exampleAgent, Count: 50, Type: "action"},
	}, j.Logs)
	op.DefineStream(r, op.Spec{
		Name: "agents:stream-logs", Help: "Sends an agent's log as it grows; without a stream it answers with the last entries.",
		Routes: []string{"GET /api/agents/:agentId/logs/stream"}, Access: op.Admin, Reason: "LOG_ERROR",
		Errors: []domain.Code{domain.NotFound}, Example: StreamLogsRequest{AgentID: exampleAgent, Replay: 10, Count: 10},
	}, j.Snapshot, j.Stream)
	op.Define(r, op.Spec{
		Name: "agents:delete-log", Help: "Removes one entry of an agent's log.",
		Routes: []string{"DELETE /api/agents/:agentId/logs/:logId"}, Access: op.Admin, Status: 204, Reason: "DELETE_ERROR",
		Errors: []domain.Code{domain.NotFound}, Example: DeleteLogRequest{AgentID: exampleAgent, LogID: exampleLog},
	}, j.DeleteLog)
	op.Define(r, op.Spec{
		Name: "agents:clear-logs", Help: "Removes all entries of an agent's log.",
		Routes: []string{"DELETE /api/agents/:agentId/logs"}, Access: op.Admin, Reason: "DELETE_ERROR",
		Errors: []domain.Code{domain.NotFound}, Example: GetRequest{AgentID: exampleAgent},
	}, j.ClearLogs)
}
