package memory

import (
	"context"
	"time"

	"parley/domain"
)

// MessageDeleted forgets a message; see messaging.Dependents. Codes: unavailable.
func (s *Service) MessageDeleted(ctx context.Context, _ domain.ChannelID, id domain.MessageID) error {
	_, err := s.remove(ctx, Selection{Message: id})
	return err
}

// ChannelCleared forgets the messages of a channel up to a time; see messaging.Dependents.
// No message is as old as the zero time. Codes: unavailable.
func (s *Service) ChannelCleared(ctx context.Context, channel domain.ChannelID, upto time.Time) error {
	if upto.IsZero() {
		return nil
	}
	_, err := s.remove(ctx, Selection{Channel: channel, Upto: upto})
	return err
}

// ChannelDeleted forgets a channel: its rooms, with all that agents remember of them and
// whoever took part. See messaging.Dependents. Codes: unavailable.
func (s *Service) ChannelDeleted(ctx context.Context, channel domain.ChannelID) error {
	if _, err := s.dropRooms(ctx, RoomQuery{Channel: channel}); err != nil {
		return err
	}
	_, err := s.remove(ctx, Selection{Channel: channel}) // of rooms that were deleted before
	return err
}

// ServerDeleted forgets a message server: its worlds and what rooms they have left; see
// messaging.Dependents. Codes: unavailable.
func (s *Service) ServerDeleted(ctx context.Context, id domain.ServerID) error {
	for {
		worlds, err := s.store.Worlds(ctx, WorldQuery{Server: string(id), Limit: deleteBatch})
		if err != nil || len(worlds) == 0 {
			return err
		}
		for _, w := range worlds {
			if err := s.dropWorld(ctx, w.AgentID, w.ID); err != nil {
				return err
			}
		}
	}
}

// AgentDeleted removes everything that an agent has here. Agents must not know it any more
// when this is called, so that nothing is written for it afterwards; what is being written
// is waited for. The same again is no error: after a failure or a crash it goes on where
// it was. Codes: unavailable, canceled and timeout (repeat it to go on).
func (s *Service) AgentDeleted(ctx context.Context, id domain.AgentID) error {
	s.settle(id)
	if _, err := s.remove(ctx, Selection{Agent: id}); err != nil {
		return err
	}
	for {
		left, err := s.store.EraseAgent(ctx, id, deleteBatch)
		if err != nil || !left {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// settle waits for what is being written for an agent.
func (s *Service) settle(id domain.AgentID) {
	lock := s.lock(id)
	lock.Lock()
	defer lock.Unlock()
}
