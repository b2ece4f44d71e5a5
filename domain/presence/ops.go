package presence

import (
	"context"

	"parley/domain"
	"parley/domain/op"
)

// ListRequest asks who is in a channel.
type ListRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
}

// Validate returns every fault of the request.
func (r *ListRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// List is the wire form of a Listing.
type List struct {
	ChannelID domain.ChannelID `json:"channelId"`
	// Entities are the longest present, at most MaxListed of Total.
	Entities []Entity `json:"entities"`
	Total    int      `json:"total"`
	// Missing names the replicas that could not be asked.
	Missing []string `json:"missing"`
}

// Entity is the wire form of a Present.
type Entity struct {
	EntityID domain.EntityID `json:"entityId"`
	Name     string          `json:"name"`
	Sockets  int             `json:"sockets"`
	// Since is in milliseconds since 1970.
	Since int64 `json:"since"`
}

// Ops declares the operations of this package on a tracker.
func Ops(r *op.Registry, t Tracker) {
	op.Define(r, op.Spec{
		Name: "presence:list", Help: "Returns who is in a channel, and by how many sockets.",
		Routes: op.ChannelRoutes("GET", "/presence"), Example: ListRequest{ChannelID: "11111111-1111-4111-8111-111111111111"},
	}, func(ctx context.Context, _ domain.Actor, req ListRequest) (List, error) {
		found, err := t.List(ctx, req.ChannelID)
		if err != nil {
			return List{}, err
		}
		return newList(req.ChannelID, found), nil
	})
}

// newList is the wire form of who is in a channel.
func newList(channel domain.ChannelID, found Listing) List {
	out := List{ChannelID: channel, Entities: make([]Entity, len(found.Present)), Total: found.Total,
		Missing: append([]string{}, found.Missing...)}
	for i, p := range found.Present {
		out.Entities[i] = Entity{EntityID: p.EntityID, Name: p.Name, Sockets: p.Sockets, Since: domain.Millis(p.Since)}
	}
	return out
}
