package messaging

import (
	"context"
	"math"
	"slices"

	"parley/domain"
)

// participantsKey is the key under which a channel's row carries its participants; it is
// filled in on reading and never stored.
const participantsKey = "participantCentralUserIds"

// checkParticipants notes what is wrong with a list of participants.
func checkParticipants(f *domain.Faults, path string, list []domain.EntityID) {
	if len(list) > maxParticipants {
		f.Add(path, "has more than %d entries", maxParticipants)
	}
	if slices.Contains(list, "") {
		f.Add(path, "must hold UUIDs only")
	}
}

// UpdateChannelRequest changes what is given of a channel.
type UpdateChannelRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	Name      *string          `json:"name"`
	// Participants replace the whole list.
	Participants *[]domain.EntityID `json:"participantCentralUserIds" alias:"participantIds,participants"`
	// Metadata replaces all of it.
	Metadata *domain.Metadata `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *UpdateChannelRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	if r.Name != nil {
		f.Require("name", *r.Name)
		if fault := checkText(*r.Name, maxName); fault != "" {
			f.Add("name", "%s", fault)
		}
	}
	if r.Participants != nil {
		checkParticipants(&f, participantsKey, *r.Participants)
	}
	return f.Err()
}

// apply returns c with what the request of a caller gives.
func (r *UpdateChannelRequest) apply(a domain.Actor, c Channel) (Channel, error) {
	if r.Participants != nil {
		if err := mustOwn(a, c); err != nil {
			return Channel{}, err
		}
	}
	if r.Name != nil {
		c.Name = *r.Name
	}
	if r.Participants != nil {
		c.Participants = unique(*r.Participants)
	}
	if r.Metadata != nil {
		c.Metadata = r.Metadata.Clone()
		delete(c.Metadata, participantsKey)
	}
	return c, nil
}

// UpdateChannel changes a channel and tells its room. In the modes open and key every
// member may do it, as in the reference; of bound ones only the owner replaces the list of
// participants. Codes: invalid, forbidden, not_found, unavailable.
func (s *Service) UpdateChannel(ctx context.Context, a domain.Actor, r UpdateChannelRequest) (ChannelRow, error) {
	return s.change(ctx, r.ChannelID, func() (Channel, error) {
		return s.store.UpdateChannel(ctx, r.ChannelID, func(c Channel) (Channel, error) { return r.apply(a, c) })
	})
}

// change makes a change of a channel, forgets what is remembered of it and tells its room.
func (s *Service) change(ctx context.Context, id domain.ChannelID, store func() (Channel, error)) (ChannelRow, error) {
	c, err := store()
	s.channels.changed(ctx, id)
	if err != nil {
		return ChannelRow{}, err
	}
	row := withParticipants(c)
	s.signals.ChannelUpdated(row, c.Participants)
	return row, nil
}

// withParticipants is the wire form of c with the participants in its metadata.
func withParticipants(c Channel) ChannelRow {
	c.Metadata = c.Metadata.Clone()
	c.Metadata.Set(participantsKey, append([]domain.EntityID{}, c.Participants...))
	return newChannelRow(c)
}

// DeletedChannel answers the deletion of a channel.
type DeletedChannel struct {
	ChannelID domain.ChannelID `json:"channelId"`
}

// DeleteChannel removes a channel with all that it holds, tells its room and empties it.
// One that does not exist is no error; what hangs on its id, a file that was uploaded
// before its first message or a room of an agent, goes all the same. As with Clear, everybody sees it gone at once, and
// erasing it from the disk is waited for two seconds at most, after all dependents were
// told. In the modes open and key every member may do it, as in the reference, a bound one
// if it owns the channel. Codes: forbidden, unavailable.
func (s *Service) DeleteChannel(ctx context.Context, a domain.Actor, r ChannelRequest) (DeletedChannel, error) {
	if err := s.requireOwner(ctx, a, r.ChannelID); err != nil {
		return DeletedChannel{}, err
	}
	existed, err := s.store.DeleteChannel(ctx, r.ChannelID)
	s.channels.changed(ctx, r.ChannelID)
	if err != nil {
		return DeletedChannel{}, err
	}
	if existed {
		s.duties.Withdraw(r.ChannelID, 1, math.MaxInt64)
		s.signals.ChannelDeleted(r.ChannelID)
	}
	known, err := s.sweepSoon(ctx, r.ChannelID) // an earlier one may have left something
	if err == nil && !known {
		err = s.tellDependents(ctx, Leftover{ChannelID: r.ChannelID, Deleted: true})
	}
	return DeletedChannel(r), err
}

// ListParticipants returns who takes part in a channel; nobody if it is unknown.
func (s *Service) ListParticipants(ctx context.Context, _ domain.Actor, r ChannelRequest) ([]domain.EntityID, error) {
	c, err := s.channels.get(ctx, r.ChannelID)
	if err != nil && !domain.IsCode(err, domain.NotFound) {
		return nil, err
	}
	return append([]domain.EntityID{}, c.Participants...), nil
}

// InviteRequest lists entities as participants.
type InviteRequest struct {
	ChannelID domain.ChannelID  `json:"channelId" alias:"roomId" access:"channel"`
	UserIDs   []domain.EntityID `json:"userIds" alias:"participantCentralUserIds"`
}

// Validate returns every fault of the request.
func (r *InviteRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	if len(r.UserIDs) == 0 {
		f.Add("userIds", "is required")
	}
	checkParticipants(&f, "userIds", r.UserIDs)
	return f.Err()
}

// Invite adds participants to a channel, tells its room, and returns all of them. Codes:
// invalid, not_found, unavailable.
func (s *Service) Invite(ctx context.Context, _ domain.Actor, r InviteRequest) ([]domain.EntityID, error) {
	var all []domain.EntityID
	_, err := s.change(ctx, r.ChannelID, func() (Channel, error) {
		c, err := s.store.AddParticipants(ctx, r.ChannelID, r.UserIDs...)
		all = append([]domain.EntityID{}, c.Participants...)
		return c, err
	})
	return all, err
}

// RemoveRequest takes an entity off the list of participants.
type RemoveRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// UserID is who leaves, a person or an agent.
	UserID domain.EntityID `json:"userId" alias:"entityId"`
}

// Validate returns every fault of the request.
func (r *RemoveRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("userId", string(r.UserID))
	return f.Err()
}

// Remove takes a participant off the list and tells the room; one that is not on it is no
// error. A bound caller takes off itself, and others where it owns the channel. Codes:
// invalid, forbidden, not_found, unavailable.
func (s *Service) Remove(ctx context.Context, a domain.Actor, r RemoveRequest) ([]domain.EntityID, error) {
	if r.UserID != a.Entity {
		if err := s.requireOwner(ctx, a, r.ChannelID); err != nil {
			return nil, err
		}
	}
	var all []domain.EntityID
	_, err := s.change(ctx, r.ChannelID, func() (Channel, error) {
		c, err := s.store.RemoveParticipant(ctx, r.ChannelID, r.UserID)
		all = append([]domain.EntityID{}, c.Participants...)
		return c, err
	})
	return all, err
}
