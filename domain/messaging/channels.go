package messaging

import (
	"context"
	"slices"

	"parley/domain"
)

// EnsureChannel stores c unless its id exists, and returns the stored one.
func (s *Service) EnsureChannel(ctx context.Context, c Channel) (Channel, error) {
	return s.channels.load(func() (Channel, error) {
		stored, _, err := s.store.EnsureChannel(ctx, c)
		return stored, err
	})
}

// Channel returns one channel. Codes: not_found, unavailable.
func (s *Service) Channel(ctx context.Context, id domain.ChannelID) (Channel, error) {
	return s.channels.get(ctx, id)
}

// ChannelRequest names a channel; it is all that several operations need.
type ChannelRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
}

// Validate returns every fault of the request.
func (r *ChannelRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// GetChannel returns one channel with its participants in the metadata.
func (s *Service) GetChannel(ctx context.Context, _ domain.Actor, r ChannelRequest) (ChannelRow, error) {
	c, err := s.channels.get(ctx, r.ChannelID)
	if err != nil {
		return ChannelRow{}, err
	}
	return withParticipants(c), nil
}

// ListChannelsRequest selects channels of a server.
type ListChannelsRequest struct {
	ServerID    domain.ServerID `json:"serverId" alias:"messageServerId,server_id,message_server_id"`
	Type        ChannelType     `json:"type"`
	Participant domain.EntityID `json:"participantId" alias:"participant_id" access:"self,filter"`
	Limit       int             `json:"limit"`
	Offset      int             `json:"offset"`
}

// Validate returns every fault of the request.
func (r *ListChannelsRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.ServerID))
	if r.Type != "" && !r.Type.Valid() {
		f.Add("type", "is not a channel type")
	}
	return f.Err()
}

// ListChannels returns the channels of a server, the last updated first; none for
// an unknown server.
func (s *Service) ListChannels(ctx context.Context, _ domain.Actor, r ListChannelsRequest) (ChannelList, error) {
	q := ChannelQuery{Server: r.ServerID, Type: r.Type, Participant: r.Participant,
		Limit: clamp(r.Limit, 1000, 1000), Offset: max(r.Offset, 0)}
	found, err := s.store.Channels(ctx, q)
	if err != nil {
		return ChannelList{}, err
	}
	list := ChannelList{Channels: make([]ChannelRow, len(found))}
	for i, c := range found {
		list.Channels[i] = newChannelRow(c)
	}
	if list.total = q.Offset + len(found); len(found) == q.Limit || len(found) == 0 && q.Offset > 0 {
		list.total, err = s.store.CountChannels(ctx, q)
	}
	return list, err
}

// channelForSend returns the channel of a send and creates it if it is unknown, as
// the reference does. An agent named as the other party of a DM takes part in it.
func (s *Service) channelForSend(ctx context.Context, actor domain.Actor, r *SendRequest) (Channel, error) {
	c, exists, err := s.channelToBe(ctx, actor, r)
	if err != nil || exists {
		return c, err
	}
	c, err = s.EnsureChannel(ctx, c)
	if known := domain.AsError(err); known != nil {
		return Channel{}, domain.Wrap(known.Code, err, "Failed to create channel: "+known.Message)
	}
	return c, nil
}

// channelToBe returns the channel of a send, or the one that it would create.
func (s *Service) channelToBe(ctx context.Context, actor domain.Actor, r *SendRequest) (c Channel, exists bool, err error) {
	c, err = s.channels.get(ctx, r.ChannelID)
	if !domain.IsCode(err, domain.NotFound) {
		return c, true, err
	}
	if r.ServerID == "" {
		return Channel{}, false, &domain.Error{Code: domain.Invalid, Message: "serverId is required",
			Issues: []domain.Issue{{Path: "serverId", Message: "is required for a channel that does not exist"}}}
	}
	if err := s.requireServer(ctx, r.ServerID); err != nil {
		return Channel{}, false, err
	}
	return s.autoChannel(actor, r), false, nil
}

// autoChannel is the channel that a send into nowhere creates.
func (s *Service) autoChannel(actor domain.Actor, r *SendRequest) Channel {
	now := s.stamp()
	c := Channel{
		ID: r.ChannelID, ServerID: r.ServerID, Type: TypeGroup, Name: "Chat " + string(r.ChannelID[:8]),
		SourceType: "auto_created", CreatedAt: now, UpdatedAt: now, Participants: []domain.EntityID{r.AuthorID},
	}
	createdBy := "gui_auto_creation"
	if actor.Socket != "" {
		createdBy = "socketio_auto_creation"
	}
	if r.isDM() {
		c.Type, c.Name = TypeDM, "DM "+string(r.ChannelID[:8])
		if target := r.target(); target != "" {
			c.Participants = unique(append(c.Participants, target))
		}
	}
	c.Metadata = domain.Metadata{}
	c.Metadata.Set("created_by", createdBy)
	c.Metadata.Set("created_for_user", r.AuthorID)
	c.Metadata.Set("created_at", domain.ISO(now))
	c.Metadata.Set("channel_type", c.Type)
	for key, value := range r.Metadata {
		c.Metadata[key] = value
	}
	return c
}

// unique returns ids without repeats, in their order.
func unique(ids []domain.EntityID) []domain.EntityID {
	out := make([]domain.EntityID, 0, len(ids))
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// clamp returns n between 1 and most; 0 and below mean the default.
func clamp(n, standard, most int) int {
	if n <= 0 {
		return standard
	}
	return min(n, most)
}
