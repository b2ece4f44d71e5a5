package messaging

import (
	"parley/domain"
	"parley/domain/op"
)

// exampleServer and exampleAgent are those of the examples.
const (
	exampleServer domain.ServerID = "44444444-4444-4444-8444-444444444444"
	exampleAgent  domain.AgentID  = "b850bc30-45f8-0041-a00a-83df46d8555d"
)

// serverRoutes are the routes of a server's operation, suffix below all of the reference's
// prefixes for a server.
func serverRoutes(method, suffix string) []string {
	return []string{
		method + " /api/messaging/central-servers/:serverId" + suffix,
		method + " /api/messaging/servers/:serverId" + suffix,
		method + " /api/messaging/message-servers/:serverId" + suffix,
	}
}

// serverOps declares the operations of message servers.
func serverOps(r *op.Registry, s *Service) {
	name := "Harbour"
	op.Define(r, op.Spec{
		Name: "servers:list", Help: "Returns all message servers.",
		Routes: []string{"GET /api/messaging/central-servers", "GET /api/messaging/servers",
			"GET /api/messaging/message-servers"},
		Example: ListServersRequest{},
	}, s.ListServers)
	op.Define(r, op.Spec{
		Name: "servers:create", Help: "Makes a message server, to which no agent belongs yet.",
		Routes: []string{"POST /api/messaging/servers", "POST /api/messaging/message-servers",
			"POST /api/messaging/central-servers"},
		Access: op.Admin, Status: 201, Errors: []domain.Code{domain.Conflict},
		Example: CreateServerRequest{Name: name, SourceType: "parley"},
	}, s.CreateServer)
	op.Define(r, op.Spec{
		Name: "servers:get", Help: "Returns one message server, with its agents and the number of its channels.",
		Routes: serverRoutes("GET", ""), Errors: []domain.Code{domain.NotFound},
		Example: ServerRequest{ServerID: domain.DefaultServer},
	}, s.GetServer)
	op.Define(r, op.Spec{
		Name: "servers:update", Help: "Changes a message server's name, and single values of its metadata.",
		Routes: serverRoutes("PATCH", ""), Access: op.Admin, Errors: []domain.Code{domain.NotFound},
		Example: UpdateServerRequest{ServerID: domain.DefaultServer, Name: &name},
	}, s.UpdateServer)
	op.Define(r, op.Spec{
		Name: "servers:delete", Help: "Deletes a message server with its channels and their messages.",
		Routes: serverRoutes("DELETE", ""), Access: op.Admin, Status: 204, Slow: true, Errors: []domain.Code{domain.NotFound},
		Example: ServerRequest{ServerID: exampleServer},
	}, s.DeleteServer)
	op.Define(r, op.Spec{
		Name: "servers:sync", Help: "Makes and renames channels as another platform has them.",
		Routes: serverRoutes("POST", "/sync-channels"), Access: op.Admin, Slow: true, Errors: []domain.Code{domain.NotFound},
		Example: SyncRequest{ServerID: domain.DefaultServer, Channels: []SyncChannel{{Name: name, Type: TypeGroup, SourceID: "c-1"}}},
	}, s.SyncChannels)
	op.Define(r, op.Spec{
		Name: "servers:current", Help: "Returns the message server that this installation stands for.",
		Routes: []string{"GET /api/messaging/message-server/current"}, Example: CurrentServerRequest{},
	}, s.CurrentServer)
}

// serverAgentOps declares the operations of the agents that belong to message servers.
func serverAgentOps(r *op.Registry, s *Service) {
	example := ServerAgentRequest{ServerID: domain.DefaultServer, AgentID: exampleAgent}
	op.Define(r, op.Spec{
		Name: "servers:agents", Help: "Returns the agents that belong to a message server.",
		Routes: serverRoutes("GET", "/agents"), Example: ServerRequest{ServerID: domain.DefaultServer},
	}, s.ListServerAgents)
	op.Define(r, op.Spec{
		Name: "servers:link", Help: "Lets an agent listen to a message server.",
		Routes: serverRoutes("POST", "/agents"), Access: op.Admin, Status: 201,
		Errors: []domain.Code{domain.NotFound, domain.Conflict}, Example: example,
	}, s.AddServerAgent)
	op.Define(r, op.Spec{
		Name: "servers:unlink", Help: "Lets an agent listen to a message server no more.",
		Routes: serverRoutes("DELETE", "/agents/:agentId"), Access: op.Admin, Example: example,
	}, s.RemoveServerAgent)
	op.Define(r, op.Spec{
		Name: "agents:servers", Help: "Returns the message servers that an agent was added to.",
		Routes:  []string{"GET /api/messaging/agents/:agentId/servers", "GET /api/messaging/agents/:agentId/message-servers"},
		Example: AgentRequest{AgentID: exampleAgent},
	}, s.ListAgentServers)
}
