package messaging

import (
	"context"

	"parley/domain"
)

// ListRequest selects a page of a channel's history.
type ListRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId"`
	// Limit is 50 unless given, at most 1000.
	Limit int `json:"limit"`
	// Before and After bound the time, exclusive.
	Before domain.Instant `json:"before"`
	After  domain.Instant `json:"after"`
	// BeforeSeq bounds the number, exclusive; exact where times may not be.
	BeforeSeq int64           `json:"beforeSeq"`
	AuthorID  domain.EntityID `json:"authorId"`
}

// Validate returns every fault of the request.
func (r *ListRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// List returns a page of history, newest first; none for an unknown channel.
func (s *Service) List(ctx context.Context, _ domain.Actor, r ListRequest) (MessageList, error) {
	found, err := s.store.Page(ctx, PageQuery{
		Channel: r.ChannelID, Limit: clamp(r.Limit, 50, 1000), Before: r.Before.Time, After: r.After.Time,
		BeforeSeq: max(r.BeforeSeq, 0), Author: r.AuthorID,
	})
	if err != nil {
		return MessageList{}, err
	}
	list := MessageList{Messages: make([]MessageRow, len(found))}
	for i, m := range found {
		list.Messages[i] = NewMessageRow(m)
	}
	return list, nil
}

// DeleteRequest names a message.
type DeleteRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId"`
	MessageID domain.MessageID `json:"messageId"`
}

// Validate returns every fault of the request.
func (r *DeleteRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("messageId", string(r.MessageID))
	return f.Err()
}

// Deleted answers a deletion.
type Deleted struct {
	MessageID domain.MessageID `json:"messageId"`
	ChannelID domain.ChannelID `json:"channelId"`
}

// Delete removes a message and leaves its tombstone. One that does not exist is no
// error, as in the reference. It returns when the room has heard it. Who waited for
// an answer to it waits no longer.
func (s *Service) Delete(ctx context.Context, _ domain.Actor, r DeleteRequest) (Deleted, error) {
	out := Deleted{MessageID: r.MessageID, ChannelID: r.ChannelID}
	before, err := s.store.Message(ctx, r.ChannelID, r.MessageID)
	if domain.IsCode(err, domain.NotFound) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	m, changed, err := s.store.Delete(ctx, r.ChannelID, r.MessageID)
	if err != nil || !changed {
		return out, err
	}
	s.duties.Withdraw(m.ChannelID, m.Seq, m.Seq)
	delivered := make(chan struct{})
	s.announcer.Announce(Event{Message: m, Delivered: func() {
		if len(before.Awaiting) > 0 {
			s.signals.Completed(Completion{ChannelID: m.ChannelID, ServerID: m.ServerID, MessageID: m.ID,
				Result: ResultSilent})
		}
		close(delivered)
	}})
	select {
	case <-delivered:
		return out, nil
	case <-ctx.Done():
		return out, ctx.Err()
	}
}
