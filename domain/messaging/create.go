package messaging

import (
	"cmp"
	"context"

	"parley/domain"
)

// maxName is the longest name of a channel or a server, in characters.
const maxName = 200

// maxParticipants bounds the list given when a channel is created.
const maxParticipants = 1000

// CreateChannelRequest makes a channel with its participants.
type CreateChannelRequest struct {
	Name     string          `json:"name"`
	ServerID domain.ServerID `json:"serverId" alias:"server_id,message_server_id,messageServerId"`
	// Participants may be empty, but must be there.
	Participants *[]domain.EntityID `json:"participantCentralUserIds" alias:"participantIds,participants"`
	Type         ChannelType        `json:"type"`
	Topic        string             `json:"topic" alias:"description"`
	SourceType   string             `json:"sourceType" alias:"source_type"`
	SourceID     string             `json:"sourceId" alias:"source_id"`
	Metadata     domain.Metadata    `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *CreateChannelRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.ServerID))
	c := r.channel()
	checkChannel(&f, c)
	if r.Participants == nil {
		f.Add(participantsKey, "is required")
	}
	return f.Err()
}

// channel is what the request asks for.
func (r *CreateChannelRequest) channel() Channel {
	return Channel{ServerID: r.ServerID, Name: r.Name, Type: cmp.Or(r.Type, TypeGroup), Topic: r.Topic,
		SourceType: r.SourceType, SourceID: r.SourceID, Metadata: r.Metadata, Participants: listed(r.Participants)}
}

// listed is a list that may be absent.
func listed(list *[]domain.EntityID) []domain.EntityID {
	if list == nil {
		return nil
	}
	return *list
}

// checkChannel notes what is wrong with a new channel.
func checkChannel(f *domain.Faults, c Channel) {
	f.Require("name", c.Name)
	checkNames(f, map[string]string{"name": c.Name, "topic": c.Topic, "sourceType": c.SourceType, "sourceId": c.SourceID})
	if !c.Type.Valid() {
		f.Add("type", "is not a channel type")
	}
	checkParticipants(f, participantsKey, c.Participants)
}

// AddChannelRequest makes a channel in either of the two forms that the reference's
// versions have for it: with a type and without participants, or as CreateChannelRequest,
// of which the official client leaves out the participants.
type AddChannelRequest struct {
	Name     string          `json:"name"`
	ServerID domain.ServerID `json:"serverId" alias:"server_id"`
	// MessageServerID is the server in the newer form, which is told by it or by Participants.
	MessageServerID domain.ServerID    `json:"messageServerId" alias:"message_server_id"`
	Participants    *[]domain.EntityID `json:"participantCentralUserIds" alias:"participantIds,participants"`
	Type            ChannelType        `json:"type"`
	Topic           string             `json:"topic" alias:"description"`
	SourceType      string             `json:"sourceType" alias:"source_type"`
	SourceID        string             `json:"sourceId" alias:"source_id"`
	Metadata        domain.Metadata    `json:"metadata"`
}

// newer is the request in the newer form.
func (r *AddChannelRequest) newer() CreateChannelRequest {
	return CreateChannelRequest{Name: r.Name, ServerID: cmp.Or(r.ServerID, r.MessageServerID), Participants: r.Participants,
		Type: r.Type, Topic: r.Topic, SourceType: r.SourceType, SourceID: r.SourceID, Metadata: r.Metadata}
}

// Validate returns every fault of the request.
func (r *AddChannelRequest) Validate() error {
	newer := r.newer()
	var f domain.Faults
	f.Require("serverId", string(newer.ServerID))
	if r.Participants == nil && r.MessageServerID == "" {
		f.Require("type", string(r.Type))
	}
	checkChannel(&f, newer.channel())
	return f.Err()
}

// CreateChannel makes a channel and tells those who take part; only a bound creator is
// added, as the first. Codes: invalid, not_found (unknown server), unavailable.
func (s *Service) CreateChannel(ctx context.Context, a domain.Actor, r CreateChannelRequest) (CreatedChannel, error) {
	c := r.channel()
	if a.Bound {
		c.Participants = append([]domain.EntityID{a.Entity}, c.Participants...)
	}
	c.ID = domain.RandomID[domain.ChannelID]()
	return s.createChannel(ctx, c)
}

// AddChannel is CreateChannel for the other form of request.
func (s *Service) AddChannel(ctx context.Context, a domain.Actor, r AddChannelRequest) (CreatedChannel, error) {
	return s.CreateChannel(ctx, a, r.newer())
}

// createChannel stores a channel on an existing server, and tells those who take part.
func (s *Service) createChannel(ctx context.Context, c Channel) (CreatedChannel, error) {
	if err := s.requireServer(ctx, c.ServerID); err != nil {
		return CreatedChannel{}, err
	}
	stored, _, err := s.ensureChannel(ctx, c)
	if err != nil {
		return CreatedChannel{}, err
	}
	row := newChannelRow(stored)
	return CreatedChannel{ChannelRow: row, Channel: row, Participants: append([]domain.EntityID{}, stored.Participants...)}, nil
}

// ensureChannel stores a channel as of now unless its id exists, and tells those who take
// part in a new one.
func (s *Service) ensureChannel(ctx context.Context, c Channel) (stored Channel, created bool, err error) {
	c.CreatedAt = s.stamp()
	c.UpdatedAt, c.Participants = c.CreatedAt, unique(c.Participants)
	stored, err = s.channels.load(func() (stored Channel, err error) {
		stored, created, err = s.store.EnsureChannel(ctx, c)
		return stored, err
	})
	if err == nil && created {
		s.signals.ChannelUpdated(withParticipants(stored), stored.Participants)
	}
	return stored, created, err
}
