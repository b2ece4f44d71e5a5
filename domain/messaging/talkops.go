package messaging

import (
	"encoding/json"

	"parley/domain"
	"parley/domain/op"
)

// talkOps declares the operations that make channels otherwise, of the agents in them,
// and of titles.
func talkOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "channels:add", Help: "Makes a channel of a given type, or as channels:create.",
		Routes: []string{"POST /api/messaging/channels"}, Status: 201, Errors: []domain.Code{domain.NotFound},
		Unguarded: map[string]string{participantsKey: anyParticipants},
		Example:   AddChannelRequest{Name: "Harbour", ServerID: domain.DefaultServer, Type: TypeGroup},
	}, s.AddChannel)
	op.Define(r, op.Spec{
		Name: "channels:direct", Help: "Returns the direct conversation of two, which is made if there is none.",
		Routes:    []string{"GET /api/messaging/dm-channel"},
		Unguarded: map[string]string{"targetUserId": anyParticipants, "participantIds": "the service checks that the caller is one of them"},
		Example:   DirectRequest{CurrentUserID: exampleUser, TargetUserID: domain.EntityID(exampleAgent)},
	}, s.DirectChannel)
	op.Define(r, op.Spec{
		Name: "channels:agents", Help: "Returns who takes part in a channel, and which of them are agents.",
		Routes: op.ChannelRoutes("GET", "/agents"), Example: ChannelRequest{ChannelID: exampleChannel},
	}, s.ListChannelAgents)
	example := ChannelAgentRequest{ChannelID: exampleChannel, AgentID: exampleAgent}
	op.Define(r, op.Spec{
		Name: "channels:link", Help: "Lets an agent take part in a channel.",
		Routes: op.ChannelRoutes("POST", "/agents"), Status: 201, Errors: []domain.Code{domain.NotFound}, Example: example,
	}, s.AddChannelAgent)
	op.Define(r, op.Spec{
		Name: "channels:unlink", Help: "Takes an agent out of a channel.",
		Routes: op.ChannelRoutes("DELETE", "/agents/:agentId"), Errors: []domain.Code{domain.NotFound}, Example: example,
	}, s.RemoveChannelAgent)
	op.Define(r, op.Spec{
		Name: "channels:title", Help: "Finds a title of three to six words for a channel's conversation.",
		Routes: op.ChannelRoutes("POST", "/generate-title"), Slow: true, Errors: []domain.Code{domain.NotFound},
		Reason: "MODEL_ERROR", Example: TitleRequest{ChannelID: exampleChannel, AgentID: exampleAgent},
	}, s.Title)
}

// coreOps declares the operations of agents and of other platforms, which speak for
// others: users of the jwt mode may not.
func coreOps(r *op.Registry, s *Service) {
	example := SubmitRequest{ChannelID: exampleChannel, ServerID: domain.DefaultServer, AuthorID: domain.EntityID(exampleAgent),
		Content: "hello", Source: SourceAgent, Raw: json.RawMessage(`{"text":"hello"}`)}
	op.Define(r, op.Spec{
		Name: "messages:submit", Help: "Posts a message of an agent; the other agents of the channel are asked.",
		Routes: []string{"POST /api/messaging/submit"}, Status: 201, Access: op.Admin, Errors: []domain.Code{domain.NotFound, domain.Conflict},
		Example: example,
	}, s.Submit)
	op.Define(r, op.Spec{
		Name: "messages:complete", Help: "Tells a channel that nothing more is to be waited for.",
		Routes: []string{"POST /api/messaging/complete"}, Dual: true, Access: op.Admin,
		Example: CompleteRequest{ChannelID: exampleChannel, ServerID: domain.DefaultServer},
	}, s.Complete)
	op.Define(r, op.Spec{
		Name: "messages:ingest", Help: "Takes over messages from another platform, each once.",
		Routes: []string{"POST /api/messaging/ingest-external", "POST /api/messaging/external-messages"}, Status: 202, Access: op.Admin,
		Errors: []domain.Code{domain.NotFound, domain.Conflict},
		Example: IngestRequest{ChannelID: string(exampleChannel), ServerID: string(domain.DefaultServer), AuthorID: string(exampleUser),
			Content: "hello", Source: "irc", SourceID: "m-1"},
	}, s.Ingest)
	op.Define(r, op.Spec{
		Name: "messages:act", Help: "Posts a message that tells how a running action of an agent goes.",
		Routes: []string{"POST /api/messaging/action"}, Status: 201, Access: op.Admin, Errors: []domain.Code{domain.NotFound, domain.Conflict},
		Example: example,
	}, s.Act)
	content := "done"
	op.Define(r, op.Spec{
		Name: "messages:progress", Help: "Changes a message that tells how a running action goes.",
		Routes: []string{"PATCH /api/messaging/action/:id"}, Access: op.Admin, Errors: []domain.Code{domain.NotFound},
		Example: ActionRequest{MessageID: exampleMessage, Content: &content},
	}, s.UpdateAction)
}
