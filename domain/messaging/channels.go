package messaging

import (
	"context"
	"slices"

	"parley/domain"
)

// maxName is the longest name of a channel, in characters.
const maxName = 200

// maxParticipants bounds the list given when a channel is created.
const maxParticipants = 1000

// CreateChannelRequest makes a channel.
type CreateChannelRequest struct {
	Name         string            `json:"name"`
	ServerID     domain.ServerID   `json:"serverId" alias:"server_id,message_server_id,messageServerId"`
	Participants []domain.EntityID `json:"participantCentralUserIds" alias:"participantIds,participants"`
	Type         ChannelType       `json:"type"`
	Topic        string            `json:"topic" alias:"description"`
	SourceType   string            `json:"sourceType" alias:"source_type"`
	SourceID     string            `json:"sourceId" alias:"source_id"`
	Metadata     domain.Metadata   `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *CreateChannelRequest) Validate() error {
	var f domain.Faults
	f.Require("name", r.Name)
	f.Require("serverId", string(r.ServerID))
	for path, text := range map[string]string{"name": r.Name, "topic": r.Topic, "sourceType": r.SourceType, "sourceId": r.SourceID} {
		if fault := checkText(text, maxName); fault != "" {
			f.Add(path, "%s", fault)
		}
	}
	if r.Type != "" && !r.Type.Valid() {
		f.Add("type", "is not a channel type")
	}
	checkParticipants(&f, participantsKey, r.Participants)
	return f.Err()
}

// CreateChannel makes a channel and tells those who take part; only a bound creator is
// added, as the first.
// Codes: invalid, not_found (unknown server), unavailable.
func (s *Service) CreateChannel(ctx context.Context, a domain.Actor, r CreateChannelRequest) (CreatedChannel, error) {
	if err := s.requireServer(ctx, r.ServerID); err != nil {
		return CreatedChannel{}, err
	}
	if a.Bound {
		r.Participants = append([]domain.EntityID{a.Entity}, r.Participants...)
	}
	now := s.stamp()
	c := Channel{
		ID: domain.NewID[domain.ChannelID](), ServerID: r.ServerID, Name: r.Name, Type: r.Type,
		SourceType: r.SourceType, SourceID: r.SourceID, Topic: r.Topic, Metadata: r.Metadata,
		CreatedAt: now, UpdatedAt: now, Participants: unique(r.Participants),
	}
	if c.Type == "" {
		c.Type = TypeGroup
	}
	stored, err := s.EnsureChannel(ctx, c)
	if err != nil {
		return CreatedChannel{}, err
	}
	s.signals.ChannelUpdated(withParticipants(stored), stored.Participants)
	row := newChannelRow(stored)
	return CreatedChannel{ChannelRow: row, Channel: row, Participants: append([]domain.EntityID{}, stored.Participants...)}, nil
}

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
	ServerID    domain.ServerID `json:"serverId" alias:"messageServerId,server_id"`
	Type        ChannelType     `json:"type"`
	Participant domain.EntityID `json:"participantId" access:"self,filter"`
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
	found, err := s.store.Channels(ctx, ChannelQuery{
		Server: r.ServerID, Type: r.Type, Participant: r.Participant,
		Limit: clamp(r.Limit, 1000, 1000), Offset: max(r.Offset, 0),
	})
	if err != nil {
		return ChannelList{}, err
	}
	list := ChannelList{Channels: make([]ChannelRow, len(found))}
	for i, c := range found {
		list.Channels[i] = newChannelRow(c)
	}
	return list, nil
}

// ListServersRequest has no fields.
type ListServersRequest struct{}

// ListServers returns all message servers; to a bound caller the default one and those of
// its channels.
func (s *Service) ListServers(ctx context.Context, a domain.Actor, _ ListServersRequest) (ServerList, error) {
	found, err := s.store.Servers(ctx)
	if err != nil {
		return ServerList{}, err
	}
	own, err := s.ownChannels(ctx, a)
	if err != nil {
		return ServerList{}, err
	}
	if a.Bound {
		found = slices.DeleteFunc(found, func(server Server) bool {
			return server.ID != domain.DefaultServer && !slices.ContainsFunc(own, func(c Channel) bool { return c.ServerID == server.ID })
		})
	}
	rows := make([]ServerRow, len(found))
	for i, server := range found {
		rows[i] = newServerRow(server)
	}
	return ServerList{Servers: rows, MessageServers: rows}, nil
}

// requireServer returns NotFound with the reference's words if there is no such server.
func (s *Service) requireServer(ctx context.Context, id domain.ServerID) error {
	_, err := s.store.Server(ctx, id)
	if domain.IsCode(err, domain.NotFound) {
		return domain.Errorf(domain.NotFound, "Server %s does not exist", id)
	}
	return err
}

// channelForSend returns the channel of a send and creates it if it is unknown, as
// the reference does. An agent named as the other party of a DM takes part in it.
func (s *Service) channelForSend(ctx context.Context, actor domain.Actor, r *SendRequest) (Channel, error) {
	c, err := s.channels.get(ctx, r.ChannelID)
	if !domain.IsCode(err, domain.NotFound) {
		return c, err
	}
	if r.ServerID == "" {
		return Channel{}, &domain.Error{Code: domain.Invalid, Message: "serverId is required",
			Issues: []domain.Issue{{Path: "serverId", Message: "is required for a channel that does not exist"}}}
	}
	if err := s.requireServer(ctx, r.ServerID); err != nil {
		return Channel{}, err
	}
	c, err = s.EnsureChannel(ctx, s.autoChannel(actor, r))
	if known := domain.AsError(err); known != nil {
		return Channel{}, domain.Wrap(known.Code, err, "Failed to create channel: "+known.Message)
	}
	return c, nil
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
