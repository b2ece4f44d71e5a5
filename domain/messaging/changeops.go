package messaging

import (
	"parley/domain"
	"parley/domain/op"
)

// exampleMessage is the message of the examples.
const exampleMessage domain.MessageID = "33333333-3333-4333-8333-333333333333"

// messageRoute is where a message is found by its id alone.
const messageRoute = " /api/messaging/messages/:messageId"

// ownerDecides is why an entity's id needs no guard where the service asks who owns the
// channel.
const ownerDecides = "the channel's owner may name others; the service checks it"

// changeOps declares the operations that change and find messages.
func changeOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "messages:get", Help: "Returns one message.",
		Routes: []string{"GET" + messageRoute}, Errors: []domain.Code{domain.NotFound}, Example: GetMessageRequest{MessageID: exampleMessage},
	}, s.GetMessage)
	op.Define(r, op.Spec{
		Name: "messages:update", Help: "Gives a message another text or other metadata; its place stays.",
		Routes:  append(op.ChannelRoutes("PATCH", "/messages/:messageId"), "PATCH"+messageRoute),
		Errors:  []domain.Code{domain.NotFound},
		Example: EditRequest{ChannelID: exampleChannel, MessageID: exampleMessage, Content: new("hello again")},
	}, s.Edit)
	op.Define(r, op.Spec{
		Name: "messages:clear", Help: "Removes all messages of a channel.",
		Routes: op.ChannelRoutes("DELETE", "/messages"), Status: 204, Example: ChannelRequest{ChannelID: exampleChannel},
	}, s.Clear)
	op.Define(r, op.Spec{
		Name: "messages:purge", Help: "Deletes all messages of one author in a channel.",
		Routes: op.ChannelRoutes("DELETE", "/messages/all"), Dual: true, Slow: true,
		Unguarded: map[string]string{"userId": ownerDecides},
		Example:   PurgeRequest{ChannelID: exampleChannel, UserID: exampleUser},
	}, s.Purge)
	op.Define(r, op.Spec{
		Name: "messages:search", Help: "Finds messages in which every word of a query occurs, newest first.",
		Routes: []string{"POST /api/messaging/messages/search"}, Slow: true,
		Unguarded: map[string]string{"authorId": anyAuthor},
		Example:   SearchRequest{Query: "hello", ChannelID: exampleChannel},
	}, s.Search)
	channelOps(r, s)
}

// channelOps declares the operations that change channels.
func channelOps(r *op.Registry, s *Service) {
	name := "Harbour"
	op.Define(r, op.Spec{
		Name: "channels:update", Help: "Changes a channel's name, participants or metadata.",
		Routes: op.ChannelRoutes("PATCH", ""), Errors: []domain.Code{domain.NotFound},
		Unguarded: map[string]string{participantsKey: ownerDecides},
		Example:   UpdateChannelRequest{ChannelID: exampleChannel, Name: &name},
	}, s.UpdateChannel)
	op.Define(r, op.Spec{
		Name: "channels:delete", Help: "Deletes a channel with everything in it.",
		Routes: op.ChannelRoutes("DELETE", ""), Status: 204, Example: ChannelRequest{ChannelID: exampleChannel},
	}, s.DeleteChannel)
	op.Define(r, op.Spec{
		Name: "channels:participants", Help: "Returns who takes part in a channel.",
		Routes: op.ChannelRoutes("GET", "/participants"), Example: ChannelRequest{ChannelID: exampleChannel},
	}, s.ListParticipants)
	op.Define(r, op.Spec{
		Name: "channels:invite", Help: "Adds participants to a channel.",
		Routes: op.ChannelRoutes("POST", "/participants"), Status: 201, Errors: []domain.Code{domain.NotFound},
		Unguarded: map[string]string{"userIds": "who takes part may invite whomever it wants"},
		Example:   InviteRequest{ChannelID: exampleChannel, UserIDs: []domain.EntityID{exampleUser}},
	}, s.Invite)
	op.Define(r, op.Spec{
		Name: "channels:remove", Help: "Takes a participant out of a channel.",
		Routes: op.ChannelRoutes("DELETE", "/participants/:userId"), Status: 204, Errors: []domain.Code{domain.NotFound},
		Unguarded: map[string]string{"userId": ownerDecides},
		Example:   RemoveRequest{ChannelID: exampleChannel, UserID: exampleUser},
	}, s.Remove)
}
