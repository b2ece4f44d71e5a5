package media

import (
	"context"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

var _ messaging.Dependents = (*Service)(nil)

// batch is how many files are read at once.
const batch = 100

// MessageEdited notes the files that the message shows now, and takes it off those that it
// does not show any more: Noting may not have got to it. Codes: unavailable.
func (s *Service) MessageEdited(ctx context.Context, _ domain.ChannelID, id domain.MessageID) error {
	m, err := s.o.Messages.Lookup(ctx, id)
	if domain.IsCode(err, domain.NotFound) || err == nil && m.Deleted {
		return nil
	}
	if err != nil {
		return err
	}
	shown := attached(m.Metadata)
	if err := s.attach(ctx, m, shown); err != nil {
		return err
	}
	return s.drop(ctx, id, shown)
}

// MessageDeleted removes the files that only this message referred to. Codes: unavailable.
func (s *Service) MessageDeleted(ctx context.Context, _ domain.ChannelID, id domain.MessageID) error {
	return s.drop(ctx, id, nil)
}

// ChannelCleared removes the files that only cleared messages referred to. Which they are
// the log tells, so upto is not needed. Codes: unavailable.
func (s *Service) ChannelCleared(ctx context.Context, channel domain.ChannelID, _ time.Time) error {
	return s.detachIn(ctx, channel, func(Ref) bool { return false })
}

// ChannelDeleted removes the files of the channel, whoever refers to them, and those of
// other channels that only messages of this one referred to. Codes: unavailable.
func (s *Service) ChannelDeleted(ctx context.Context, channel domain.ChannelID) error {
	if err := s.removeAll(ctx, Owner{Kind: OfChannel, ID: string(channel)}); err != nil {
		return err
	}
	return s.detachIn(ctx, channel, func(r Ref) bool { return r.ChannelID == channel })
}

// ServerDeleted has nothing to do: the files went with the server's channels.
func (s *Service) ServerDeleted(context.Context, domain.ServerID) error { return nil }

// AgentDeleted removes the files that were uploaded to the agent. Codes: unavailable.
func (s *Service) AgentDeleted(ctx context.Context, id domain.AgentID) error {
	return s.removeAll(ctx, Owner{Kind: OfAgent, ID: string(id)})
}

// removeAll removes the files of an owner.
func (s *Service) removeAll(ctx context.Context, owner Owner) error {
	for {
		files, _, err := s.o.Store.Files(ctx, Query{Owner: owner, Limit: batch})
		if err != nil || len(files) == 0 {
			return err
		}
		for _, f := range files {
			if err := s.remove(ctx, f.ID); err != nil && !domain.IsCode(err, domain.NotFound) {
				return err
			}
		}
	}
}

// detachIn takes messages off all files that messages of a channel refer to.
func (s *Service) detachIn(ctx context.Context, channel domain.ChannelID, gone func(Ref) bool) error {
	for after := domain.FileID(""); ; {
		files, err := s.o.Store.FilesIn(ctx, channel, after, batch)
		if err != nil || len(files) == 0 {
			return err
		}
		for _, f := range files {
			if err := s.detach(ctx, f, gone); err != nil {
				return err
			}
			after = f.ID
		}
	}
}
