package messaging

import (
	"context"
	"slices"
	"time"

	"parley/domain"
	"parley/domain/op"
)

// The rules for bound callers, the users of the jwt mode. The operations' tags keep them
// to the channels in which they take part; what is here is about what they may do there.
// In a channel everybody reads, writes, renames and invites. Who is listed first owns it:
// for a channel that a user makes, that user. Only the owner clears or deletes it, takes
// others off the list, and deletes what others wrote. Everybody changes its own messages.

var _ op.Membership = (*Service)(nil).TakesPart

// TakesPart tells whether an entity is a participant of a channel, from memory if
// possible. Codes: not_found, unavailable.
func (s *Service) TakesPart(ctx context.Context, channel domain.ChannelID, entity domain.EntityID) (bool, error) {
	c, err := s.channels.get(ctx, channel)
	if err != nil {
		return false, err
	}
	return slices.Contains(c.Participants, entity), nil
}

// Participants are the entities that take part in a channel, as the store has them now.
// Codes: not_found, unavailable.
func (s *Service) Participants(ctx context.Context, channel domain.ChannelID) ([]domain.EntityID, error) {
	c, err := s.store.Channel(ctx, channel)
	return c.Participants, err
}

// Made is when a channel was made, as the store has it now: one of the same id that was made
// after a deletion is another. It is zero if there is none. Codes: unavailable.
func (s *Service) Made(ctx context.Context, channel domain.ChannelID) (time.Time, error) {
	c, err := s.store.Channel(ctx, channel)
	if domain.IsCode(err, domain.NotFound) {
		return time.Time{}, nil
	}
	return c.CreatedAt, err
}

// requirePart refuses a bound caller that takes no part in a channel which its request did
// not name, but which it is about. Codes: forbidden, not_found, unavailable.
func (s *Service) requirePart(ctx context.Context, a domain.Actor, channel domain.ChannelID) error {
	if !a.Bound {
		return nil
	}
	in, err := s.TakesPart(ctx, channel, a.Entity)
	if err == nil && !in {
		err = op.ErrNoPart
	}
	return err
}

// sees tells whether a caller may know of a server: a bound one of the default server and
// of those of its channels. Codes: unavailable.
func (s *Service) sees(ctx context.Context, a domain.Actor, server domain.ServerID) (bool, error) {
	if !a.Bound || server == domain.DefaultServer {
		return true, nil
	}
	own, err := s.store.Channels(ctx, ChannelQuery{Participant: a.Entity, Server: server, Limit: 1})
	return len(own) > 0, err
}

// maySend refuses a bound caller that takes no part in the channel that it writes to: of
// several whose first messages make one at the same time, one makes it and it is not that
// of the others. It also refuses one that speaks as an agent.
func maySend(a domain.Actor, c Channel, r *SendRequest) error {
	switch {
	case a.Bound && !slices.Contains(c.Participants, a.Entity):
		return op.ErrNoPart
	case a.Bound && (r.Source == SourceAgent || r.Source == SourceAction):
		return domain.Errorf(domain.Forbidden, "source %s is the agents' own", r.Source)
	default:
		return nil
	}
}

// requireOwner refuses a bound caller that does not own a channel. Codes: forbidden,
// not_found, unavailable.
func (s *Service) requireOwner(ctx context.Context, a domain.Actor, channel domain.ChannelID) error {
	if !a.Bound {
		return nil
	}
	c, err := s.channels.get(ctx, channel)
	if err != nil {
		return err
	}
	return mustOwn(a, c)
}

// mustOwn is requireOwner for a channel that has been read.
func mustOwn(a domain.Actor, c Channel) error {
	if !a.Bound || len(c.Participants) > 0 && c.Participants[0] == a.Entity {
		return nil
	}
	return domain.Errorf(domain.Forbidden, "Only the owner of the channel may do this")
}

// mustHaveWritten refuses a bound caller that did not write a message.
func mustHaveWritten(a domain.Actor, m Message) error {
	if !a.Bound || m.AuthorID == a.Entity {
		return nil
	}
	return domain.Errorf(domain.Forbidden, "Only its author may change a message")
}

// ownChannels are the channels in which a bound caller takes part, the last updated first
// and not more than a list holds; nil for everybody else.
func (s *Service) ownChannels(ctx context.Context, a domain.Actor) ([]Channel, error) {
	if !a.Bound {
		return nil, nil
	}
	return s.store.Channels(ctx, ChannelQuery{Participant: a.Entity, Limit: 1000})
}
