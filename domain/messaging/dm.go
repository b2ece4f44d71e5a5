package messaging

import (
	"context"

	"parley/domain"
)

// DirectRequest asks for the direct conversation of two.
type DirectRequest struct {
	// CurrentUserID is who asks.
	CurrentUserID domain.EntityID `json:"currentUserId" access:"self"`
	// TargetUserID is the person or agent to talk to.
	TargetUserID domain.EntityID `json:"targetUserId"`
	// Participants name both at once, the current one first.
	Participants []domain.EntityID `json:"participantIds"`
	// ServerID is the default one if it is unknown.
	ServerID domain.ServerID `json:"dmServerId" alias:"serverId,messageServerId"`
}

// both returns the two, "" for one that is not named.
func (r *DirectRequest) both() (current, target domain.EntityID) {
	current, target = r.CurrentUserID, r.TargetUserID
	if len(r.Participants) == 2 {
		if current == "" || target == "" {
			current, target = r.Participants[0], r.Participants[1]
		}
	}
	return current, target
}

// Validate returns every fault of the request.
func (r *DirectRequest) Validate() error {
	var f domain.Faults
	current, target := r.both()
	if n := len(r.Participants); n != 0 && n != 2 {
		f.Add("participantIds", "must hold two UUIDs")
	} else {
		f.Require("targetUserId", string(target))
		f.Require("currentUserId", string(current))
	}
	if current != "" && current == target {
		return &domain.Error{Code: domain.Invalid, Message: "Cannot create DM channel with oneself",
			Issues: []domain.Issue{{Path: "targetUserId", Message: "must not be the current user"}}}
	}
	return f.Err()
}

// DirectChannel finds the direct conversation of two by its name, or makes it. The id of a
// new one is made of the two and the server, so of many calls at once one makes it and all
// get it. Codes: invalid,
// forbidden (neither is the caller, where that counts), unavailable.
func (s *Service) DirectChannel(ctx context.Context, a domain.Actor, r DirectRequest) (ChannelRow, error) {
	one, other := r.both()
	if a.Bound && one != a.Entity && other != a.Entity {
		return ChannelRow{}, domain.Errorf(domain.Forbidden, "A direct conversation of others cannot be opened")
	}
	if other < one {
		one, other = other, one
	}
	server := r.ServerID
	if server == "" || server != domain.DefaultServer && s.requireServer(ctx, server) != nil {
		server = domain.DefaultServer
	}
	name := "DM-" + string(one) + "-" + string(other)
	id := domain.DerivedID[domain.ChannelID](server, name)
	if c, err := s.channels.get(ctx, id); !domain.IsCode(err, domain.NotFound) {
		return newChannelRow(c), err
	}
	// One that was made otherwise, or taken over from elsewhere, has another id.
	found, err := s.store.Channels(ctx, ChannelQuery{Server: server, Type: TypeDM, Participant: one, Name: name, Limit: 1})
	if err != nil {
		return ChannelRow{}, err
	}
	if len(found) > 0 {
		return newChannelRow(found[0]), nil
	}
	c := Channel{ID: id, ServerID: server, Name: name, Type: TypeDM, Participants: []domain.EntityID{one, other},
		Metadata: domain.Metadata{}}
	c.Metadata.Set("user1", one)
	c.Metadata.Set("user2", other)
	stored, _, err := s.ensureChannel(ctx, c)
	return newChannelRow(stored), err
}
