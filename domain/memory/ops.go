package memory

import (
	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
)

// The ids of the examples: the agent that every installation begins with, and others.
const (
	exampleAgent  domain.AgentID  = "b850bc30-45f8-0041-a00a-83df46d8555d"
	exampleRoom   domain.RoomID   = "11111111-1111-4111-8111-111111111111"
	exampleWorld  domain.WorldID  = "33333333-3333-4333-8333-333333333333"
	exampleGroup  domain.ServerID = "44444444-4444-4444-8444-444444444444"
	exampleMemory memoryRef       = "55555555-5555-4555-8555-555555555555"
)

// agentRoutes are the routes of an operation on an agent's memory, suffix below all of the
// reference's prefixes.
func agentRoutes(method, suffix string) []string {
	return []string{
		method + " /api/agents/:agentId" + suffix,
		method + " /api/memory/:agentId" + suffix,
		method + " /api/memory/agents/:agentId" + suffix,
	}
}

// notFound are the codes of an operation on something that must exist.
var notFound = []domain.Code{domain.NotFound}

// Ops declares the operations of this package. All of them are an administrator's: what an
// agent remembers includes its private talks with everybody.
func Ops(r *op.Registry, s *Service) {
	memoryOps(r, s)
	roomOps(r, s)
	worldOps(r, s)
	groupOps(r, s)
}

// memoryOps declares the operations on memories.
func memoryOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "memories:list", Help: "Returns memories of an agent, newest first.", Routes: agentRoutes("GET", "/memories"),
		Access: op.Admin, Errors: notFound, Reason: "MEMORY_ERROR",
		Example: ListRequest{AgentID: exampleAgent, Table: TableMessages, Limit: 20},
	}, s.List)
	op.Define(r, op.Spec{
		Name: "memories:create", Help: "Gives an agent a memory; an id that exists is left as it is.", Routes: agentRoutes("POST", "/memories"),
		Access: op.Admin, Status: 201, Errors: notFound, Reason: "CREATE_ERROR",
		Example: CreateRequest{AgentID: exampleAgent, Table: "facts", ID: domain.MemoryID(exampleMemory),
			Content: content{domain.Metadata{"text": []byte(`"Zed likes tea."`)}}},
	}, s.Create)
	op.Define(r, op.Spec{
		Name: "memories:clear", Help: "Removes the memories of an agent, of one table or of all.", Routes: agentRoutes("DELETE", "/memories"),
		Access: op.Admin, Slow: true, Errors: notFound, Reason: "DELETE_ERROR", Example: ClearRequest{AgentID: exampleAgent, Table: "facts"},
	}, s.Clear)
	op.Define(r, op.Spec{
		Name: "memories:get", Help: "Returns one memory.", Routes: agentRoutes("GET", "/memories/:memoryId"),
		Access: op.Admin, Errors: notFound, Reason: "RETRIEVAL_ERROR", Example: GetRequest{AgentID: exampleAgent, MemoryID: exampleMemory},
	}, s.Get)
	op.Define(r, op.Spec{
		Name: "memories:update", Help: "Replaces content, metadata or embedding of a memory.", Routes: agentRoutes("PATCH", "/memories/:memoryId"),
		Access: op.Admin, Errors: notFound, Reason: "UPDATE_ERROR",
		Example: UpdateRequest{AgentID: exampleAgent, MemoryID: exampleMemory,
			Content: &content{domain.Metadata{"text": []byte(`"Zed likes coffee."`)}}},
	}, s.Update)
	op.Define(r, op.Spec{
		Name: "memories:delete", Help: "Removes one memory.", Routes: agentRoutes("DELETE", "/memories/:memoryId"),
		Access: op.Admin, Errors: notFound, Reason: "DELETE_ERROR", Example: DeleteRequest{AgentID: exampleAgent, MemoryID: exampleMemory},
	}, s.Delete)
	op.Define(r, op.Spec{
		Name: "memories:clear-room", Help: "Removes the messages and documents of a room from an agent's memory.",
		Routes: agentRoutes("DELETE", "/memories/all/:roomId"), Access: op.Admin, Status: 204, Slow: true, Errors: notFound,
		Reason: "DELETE_ERROR", Example: RoomRequest{AgentID: exampleAgent, RoomID: exampleRoom},
	}, s.ClearRoom)
}

// roomOps declares the operations on rooms.
func roomOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "rooms:memories", Help: "Returns memories of one room of an agent, newest first.",
		Routes: agentRoutes("GET", "/rooms/:roomId/memories"), Access: op.Admin, Errors: notFound, Reason: "RETRIEVAL_ERROR",
		Example: RoomMemoriesRequest{AgentID: exampleAgent, RoomID: exampleRoom, Limit: 20},
	}, s.RoomMemories)
	op.Define(r, op.Spec{
		Name: "rooms:create", Help: "Makes a room of an agent, and its world.", Routes: agentRoutes("POST", "/rooms"),
		Access: op.Admin, Status: 201, Errors: notFound, Reason: "CREATE_ERROR",
		Example: CreateRoomRequest{AgentID: exampleAgent, Name: "Tea room", Type: messaging.TypeGroup},
	}, s.CreateRoom)
	op.Define(r, op.Spec{
		Name: "rooms:list", Help: "Returns the rooms of an agent, newest first.", Routes: agentRoutes("GET", "/rooms"),
		Access: op.Admin, Errors: notFound, Reason: "RETRIEVAL_ERROR", Example: AgentRequest{AgentID: exampleAgent, Limit: 20},
	}, s.ListRooms)
	op.Define(r, op.Spec{
		Name: "rooms:get", Help: "Returns one room of an agent with its participants.", Routes: agentRoutes("GET", "/rooms/:roomId"),
		Access: op.Admin, Errors: notFound, Reason: "RETRIEVAL_ERROR", Example: RoomRequest{AgentID: exampleAgent, RoomID: exampleRoom},
	}, s.GetRoom)
	name := "Coffee room"
	op.Define(r, op.Spec{
		Name: "rooms:update", Help: "Changes name or metadata of a room as one agent sees it.", Routes: agentRoutes("PATCH", "/rooms/:roomId"),
		Access: op.Admin, Errors: notFound, Reason: "UPDATE_ERROR",
		Example: UpdateRoomRequest{AgentID: exampleAgent, RoomID: exampleRoom, Name: &name},
	}, s.UpdateRoom)
	op.Define(r, op.Spec{
		Name: "rooms:delete", Help: "Removes a room of an agent with its memories.", Routes: agentRoutes("DELETE", "/rooms/:roomId"),
		Access: op.Admin, Status: 204, Slow: true, Errors: notFound, Reason: "DELETE_ERROR",
		Example: RoomRequest{AgentID: exampleAgent, RoomID: exampleRoom},
	}, s.DeleteRoom)
}

// worldOps declares the operations on worlds.
func worldOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "worlds:list", Help: "Returns the worlds of one agent or of all, newest first.",
		Routes: []string{"GET /api/agents/worlds", "GET /api/agents/:agentId/worlds"},
		Access: op.Admin, Errors: notFound, Reason: "RETRIEVAL_ERROR", Example: ListWorldsRequest{AgentID: exampleAgent, Limit: 20},
	}, s.ListWorlds)
	op.Define(r, op.Spec{
		Name: "worlds:create", Help: "Makes a world of an agent, or copies one of another agent.",
		Routes: []string{"POST /api/agents/:agentId/worlds"}, Access: op.Admin, Status: 201, Errors: notFound, Reason: "CREATE_ERROR",
		Example: CreateWorldRequest{AgentID: exampleAgent, Name: "Tea house"},
	}, s.CreateWorld)
	name := "Coffee house"
	op.Define(r, op.Spec{
		Name: "worlds:update", Help: "Changes name, metadata or settings of a world.",
		Routes: []string{"PATCH /api/agents/:agentId/worlds/:worldId"}, Access: op.Admin, Errors: notFound, Reason: "UPDATE_ERROR",
		Example: UpdateWorldRequest{AgentID: exampleAgent, WorldID: exampleWorld, Name: &name},
	}, s.UpdateWorld)
	op.Define(r, op.Spec{
		Name: "worlds:delete", Help: "Removes a world with its rooms and their memories.",
		Routes: []string{"DELETE /api/agents/:agentId/worlds/:worldId"}, Access: op.Admin, Status: 204, Slow: true, Errors: notFound,
		Reason: "DELETE_ERROR", Example: WorldRequest{AgentID: exampleAgent, WorldID: exampleWorld},
	}, s.DeleteWorld)
}

// groupOps declares the operations on groups.
func groupOps(r *op.Registry, s *Service) {
	const one = " /api/memory/groups/:serverId"
	op.Define(r, op.Spec{
		Name: "groups:list", Help: "Returns the groups of agents, newest first.", Routes: []string{"GET /api/memory/groups"},
		Access: op.Admin, Reason: "RETRIEVAL_ERROR", Example: ListGroupsRequest{Limit: 20},
	}, s.ListGroups)
	op.Define(r, op.Spec{
		Name: "groups:create", Help: "Makes a group: a room per agent for one server id.",
		Routes: []string{"POST /api/memory/groups", "POST" + one}, Access: op.Admin, Status: 201, Reason: "CREATE_ERROR",
		Example: CreateGroupRequest{ServerID: exampleGroup, Agents: []string{string(exampleAgent)}, Name: "Tea round"},
	}, s.CreateGroup)
	op.Define(r, op.Spec{
		Name: "groups:get", Help: "Returns one group.", Routes: []string{"GET" + one}, Access: op.Admin, Errors: notFound,
		Reason: "RETRIEVAL_ERROR", Example: GroupRequest{GroupID: exampleGroup},
	}, s.GetGroup)
	op.Define(r, op.Spec{
		Name: "groups:memories", Help: "Returns memories of a group over all its agents, newest first.",
		Routes: []string{"GET" + one + "/memories"}, Access: op.Admin, Errors: notFound, Reason: "RETRIEVAL_ERROR",
		Example: GroupMemoriesRequest{GroupID: exampleGroup, Limit: 20},
	}, s.GroupMemories)
	op.Define(r, op.Spec{
		Name: "groups:delete", Help: "Removes a group: its rooms and their memories, of all agents.", Routes: []string{"DELETE" + one},
		Access: op.Admin, Status: 204, Slow: true, Reason: "DELETE_ERROR", Example: GroupRequest{GroupID: exampleGroup},
	}, s.DeleteGroup)
	op.Define(r, op.Spec{
		Name: "groups:clear", Help: "Removes the messages of a group from its agents' memory.", Routes: []string{"DELETE" + one + "/memories"},
		Access: op.Admin, Status: 204, Slow: true, Reason: "DELETE_ERROR", Example: GroupRequest{GroupID: exampleGroup},
	}, s.ClearGroup)
}
