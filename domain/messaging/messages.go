package messaging

import (
	"context"
	"errors"

	"parley/domain"
)

// DeleteRequest names a message.
type DeleteRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
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
// error, and the room hears of it all the same, as in the reference; there, and in the
// modes open and key, every member may delete every message, a bound one its own, and all
// in a channel that it owns. It returns when the room and the dependents have heard it. Who
// waited for an answer to it waits no longer.
func (s *Service) Delete(ctx context.Context, a domain.Actor, r DeleteRequest) (Deleted, error) {
	out := Deleted{MessageID: r.MessageID, ChannelID: r.ChannelID}
	before, err := s.store.Message(ctx, r.ChannelID, r.MessageID)
	if domain.IsCode(err, domain.NotFound) {
		s.signals.MessageGone(r.ChannelID, r.MessageID)
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if !before.Deleted && mustHaveWritten(a, before) != nil {
		if err := s.requireOwner(ctx, a, r.ChannelID); err != nil {
			return out, err
		}
	}
	m, changed, err := s.store.Delete(ctx, r.ChannelID, r.MessageID)
	if err != nil {
		return out, err
	}
	if changed {
		err = s.announceDeleted(ctx, m, before)
	} else if m.Kind == KindPost {
		s.signals.MessageGone(r.ChannelID, r.MessageID)
	}
	return out, errors.Join(err, s.tellDeleted(ctx, m)) // a repeat may find that this was not done
}

// tellDeleted tells the dependents that a message is gone.
func (s *Service) tellDeleted(ctx context.Context, m Message) error {
	if m.Kind != KindPost {
		return nil
	}
	return s.tell(ctx, m, func(d Dependents) error { return d.MessageDeleted(ctx, m.ChannelID, m.ID) })
}

// tell tells the dependents of a change of a message, and notes that they know. What they
// could not hear is told by Run.
func (s *Service) tell(ctx context.Context, m Message, tell func(Dependents) error) error {
	for _, d := range s.dependents {
		if err := tell(d); err != nil {
			s.wake()
			return err
		}
	}
	if err := s.store.Told(ctx, m.ChannelID, m.ID, m.Rev); err != nil {
		s.wake() // they know, and hear it once more
	}
	return nil
}

// announceDeleted ends the work on a message that is gone, and tells the room.
func (s *Service) announceDeleted(ctx context.Context, m, before Message) error {
	s.duties.Withdraw(m.ChannelID, m.Seq, m.Seq)
	return s.announce(ctx, m, func() {
		if len(before.Awaiting) > 0 {
			s.completed(Completion{ChannelID: m.ChannelID, ServerID: m.ServerID, MessageID: m.ID,
				Result: ResultSilent})
		}
	})
}
