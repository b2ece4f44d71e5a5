package messaging

import (
	"parley/domain"
	"parley/domain/op"
)

// readOps declares the operations of read positions.
func readOps(r *op.Registry, s *Service) {
	seq := int64(1)
	op.Define(r, op.Spec{
		Name: "reads:set", Help: "Says how far an entity has read a channel; a position never goes back.",
		Routes: op.ChannelRoutes("PUT", "/reads"), Errors: []domain.Code{domain.NotFound},
		Example: SetReadRequest{ChannelID: exampleChannel, EntityID: exampleUser, Seq: &seq},
	}, s.SetRead)
	op.Define(r, op.Spec{
		Name: "reads:list", Help: "Returns how far a channel's readers are, and what one of them has not read.",
		Routes:  op.ChannelRoutes("GET", "/reads"),
		Example: ListReadsRequest{ChannelID: exampleChannel, EntityID: exampleUser},
	}, s.ListReads)
	op.Define(r, op.Spec{
		Name: "reads:unread", Help: "Counts what an entity has not read in up to 200 channels.",
		Routes:  []string{"POST /api/messaging/reads/unread"},
		Example: UnreadRequest{EntityID: exampleUser, ChannelIDs: []domain.ChannelID{exampleChannel}},
	}, s.ListUnread)
}
