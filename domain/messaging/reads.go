package messaging

import (
	"cmp"
	"context"

	"parley/domain"
)

// MaxReads is the most read positions that a channel's list holds.
const MaxReads = 1000

// MaxUnread is where the count of unread messages ends; it then means "so many or more".
const MaxUnread = 999

// maxUnreadChannels is how many channels one question for unread messages may name.
const maxUnreadChannels = 200

// Reads keeps how far entities have read. It is part of Store, whose rules hold here.
type Reads interface {
	// SetRead moves entity's position in the channel forward to seq, but not beyond the
	// channel's head. It returns where the position is now and whether this call moved
	// it; of several at once each step is reported once. A channel without a position
	// has 0. NotFound if the channel is absent.
	SetRead(ctx context.Context, channel domain.ChannelID, entity domain.EntityID, seq int64) (now int64, moved bool, err error)
	// DropRead removes entity's position in the channel; one that is absent is no error.
	DropRead(ctx context.Context, channel domain.ChannelID, entity domain.EntityID) error
	// Reads returns the channel's positions, the last moved first, at most limit; none
	// for an unknown channel.
	Reads(ctx context.Context, channel domain.ChannelID, limit int) ([]ReadPosition, error)
	// Unread tells for each channel what entity has not read, in the order of channels;
	// an unknown one is left out. Its cost must not depend on a channel's length, so
	// only the newest 2,000 messages beyond the position are looked at, deleted ones
	// and the entity's own included.
	Unread(ctx context.Context, entity domain.EntityID, channels []domain.ChannelID) ([]Unread, error)
}

// ReadPosition says that an entity has read a channel up to and including a number.
type ReadPosition struct {
	EntityID domain.EntityID `json:"entityId"`
	Seq      int64           `json:"seq"`
}

// Unread is what an entity has not read of a channel.
type Unread struct {
	ChannelID domain.ChannelID `json:"channelId"`
	// Seq is the entity's position, 0 if it has none.
	Seq int64 `json:"seq"`
	// Unread counts the messages of others beyond it that are not deleted, up to MaxUnread.
	Unread int64 `json:"unread"`
	// Head is the channel's last number.
	Head int64 `json:"head"`
}

// SetReadRequest says how far an entity has read.
type SetReadRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// EntityID is the caller's own unless given.
	EntityID domain.EntityID `json:"entityId" access:"self"`
	Seq      *int64          `json:"seq"`
}

// Validate returns every fault of the request.
func (r *SetReadRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	switch {
	case r.Seq == nil:
		f.Add("seq", "is required")
	case *r.Seq < 0:
		f.Add("seq", "must not be negative")
	}
	return f.Err()
}

// ReadSet is an entity's position in a channel: the answer to SetRead, and what the
// room hears.
type ReadSet struct {
	ChannelID domain.ChannelID `json:"channelId"`
	EntityID  domain.EntityID  `json:"entityId"`
	Seq       int64            `json:"seq"`
}

// SetRead moves a read position forward and tells the room if it moved. Codes: invalid
// (nobody named), not_found, and those of the store.
func (s *Service) SetRead(ctx context.Context, a domain.Actor, r SetReadRequest) (ReadSet, error) {
	out := ReadSet{ChannelID: r.ChannelID}
	var err error
	if out.EntityID, err = reader(a, r.EntityID); err != nil {
		return ReadSet{}, err
	}
	var moved bool
	if out.Seq, moved, err = s.store.SetRead(ctx, r.ChannelID, out.EntityID, *r.Seq); err != nil {
		return ReadSet{}, err
	}
	if moved {
		s.signals.ReadMoved(out)
	}
	return out, nil
}

// reader is who reads: the entity named, else the caller itself.
func reader(a domain.Actor, named domain.EntityID) (domain.EntityID, error) {
	var f domain.Faults
	entity := cmp.Or(named, a.Entity)
	f.Require("entityId", string(entity))
	return entity, f.Err()
}

// ListReadsRequest asks how far a channel's readers are.
type ListReadsRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// EntityID is whose unread messages are counted: the caller's unless given.
	EntityID domain.EntityID `json:"entityId" access:"self"`
}

// Validate returns every fault of the request.
func (r *ListReadsRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// ReadList is how far a channel's readers are, the last moved first.
type ReadList struct {
	ChannelID domain.ChannelID `json:"channelId"`
	Reads     []ReadPosition   `json:"reads"`
	// Unread is the count for the entity of the request, 0 if there was none.
	Unread int64 `json:"unread"`
}

// ListReads returns the positions of a channel, at most MaxReads; none for an unknown
// channel.
func (s *Service) ListReads(ctx context.Context, a domain.Actor, r ListReadsRequest) (ReadList, error) {
	out := ReadList{ChannelID: r.ChannelID}
	var err error
	if out.Reads, err = s.store.Reads(ctx, r.ChannelID, MaxReads); err != nil {
		return ReadList{}, err
	}
	if out.Reads == nil {
		out.Reads = []ReadPosition{}
	}
	entity := cmp.Or(r.EntityID, a.Entity)
	if entity == "" {
		return out, nil
	}
	found, err := s.store.Unread(ctx, entity, []domain.ChannelID{r.ChannelID})
	if err != nil {
		return ReadList{}, err
	}
	for _, u := range found {
		out.Unread = u.Unread
	}
	return out, nil
}

// UnreadRequest asks what an entity has not read in several channels.
type UnreadRequest struct {
	// EntityID is the caller's own unless given.
	EntityID   domain.EntityID    `json:"entityId" access:"self"`
	ChannelIDs []domain.ChannelID `json:"channelIds" access:"channel"`
}

// Validate returns every fault of the request.
func (r *UnreadRequest) Validate() error {
	var f domain.Faults
	switch {
	case r.ChannelIDs == nil:
		f.Add("channelIds", "is required")
	case len(r.ChannelIDs) > maxUnreadChannels:
		f.Add("channelIds", "must name at most %d channels", maxUnreadChannels)
	}
	return f.Err()
}

// UnreadList tells of each channel that was asked for and exists.
type UnreadList struct {
	Channels []Unread `json:"channels"`
}

// ListUnread tells what an entity has not read, in the order of the request; unknown
// channels are left out.
func (s *Service) ListUnread(ctx context.Context, a domain.Actor, r UnreadRequest) (UnreadList, error) {
	entity, err := reader(a, r.EntityID)
	if err != nil {
		return UnreadList{}, err
	}
	found, err := s.store.Unread(ctx, entity, r.ChannelIDs)
	if err != nil {
		return UnreadList{}, err
	}
	if found == nil {
		found = []Unread{}
	}
	return UnreadList{Channels: found}, nil
}
