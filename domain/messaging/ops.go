package messaging

import (
	"context"

	"parley/domain"
	"parley/domain/op"
)

// exampleChannel is the channel of the examples.
const exampleChannel domain.ChannelID = "11111111-1111-4111-8111-111111111111"

// exampleUser is the user of the examples.
const exampleUser domain.EntityID = "22222222-2222-4222-8222-222222222222"

// anyAuthor is why an author's id needs no guard where it selects messages.
const anyAuthor = "it selects among what the caller may read anyway"

// anyParticipants is why participants need no guard where a channel is made.
const anyParticipants = "a user may open a channel with whomever it wants"

// Ops declares the operations of this package.
func Ops(r *op.Registry, s *Service) {
	op.DefineOrderedStream(r, op.Spec{
		Name: "messages:send", Help: "Posts a message to a channel, which is created if it does not exist.",
		Routes: op.ChannelRoutes("POST", "/messages"), Status: 201, Errors: []domain.Code{domain.NotFound},
		Example: SendRequest{ChannelID: exampleChannel, ServerID: domain.DefaultServer, AuthorID: exampleUser,
			AuthorName: "Zed", Text: "hello", ClientMessageID: "m-1"},
	}, func(ctx context.Context, a domain.Actor, req SendRequest, done func(Posted, error)) {
		s.Send(ctx, a, req, done)
	}, s.SendStream)
	op.Define(r, op.Spec{
		Name: "messages:list", Help: "Returns a page of a channel's history, newest first.",
		Routes: op.ChannelRoutes("GET", "/messages"), Unguarded: map[string]string{"authorId": anyAuthor}, Example: ListRequest{ChannelID: exampleChannel, Limit: 30},
	}, s.List)
	op.Define(r, op.Spec{
		Name: "messages:delete", Help: "Deletes a message; a tombstone keeps its place.",
		Routes: op.ChannelRoutes("DELETE", "/messages/:messageId"), Status: 204,
		Example: DeleteRequest{ChannelID: exampleChannel, MessageID: exampleMessage},
	}, s.Delete)
	changeOps(r, s)
	op.Define(r, op.Spec{
		Name: "channels:get", Help: "Returns one channel with its participants.",
		Routes:  append(op.ChannelRoutes("GET", "/details"), op.ChannelRoutes("GET", "")...),
		Errors:  []domain.Code{domain.NotFound},
		Example: ChannelRequest{ChannelID: exampleChannel},
	}, s.GetChannel)
	op.Define(r, op.Spec{
		Name: "channels:create", Help: "Makes a channel with the given participants.",
		Routes: []string{"POST /api/messaging/central-channels", "POST /api/messaging/group-channels"}, Status: 201,
		Errors:    []domain.Code{domain.NotFound},
		Unguarded: map[string]string{participantsKey: anyParticipants},
		Example: CreateChannelRequest{Name: "Harbour", ServerID: domain.DefaultServer, Type: TypeGroup,
			Participants: &[]domain.EntityID{exampleUser}},
	}, s.CreateChannel)
	op.Define(r, op.Spec{
		Name: "channels:list", Help: "Returns the channels of a server, the last updated first.",
		Routes:  serverRoutes("GET", "/channels"),
		Example: ListChannelsRequest{ServerID: domain.DefaultServer},
	}, s.ListChannels)
	readOps(r, s)
	serverOps(r, s)
	serverAgentOps(r, s)
	talkOps(r, s)
	coreOps(r, s)
}
