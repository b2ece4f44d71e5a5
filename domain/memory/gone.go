package memory

import (
	"context"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// changedOften is how often in a row a memory follows a message that changes meanwhile.
const changedOften = 10

// MessageEdited lets the memories of a message tell what the message tells now; see
// messaging.Dependents. Codes: unavailable, conflict (it is edited all the time).
func (s *Service) MessageEdited(ctx context.Context, channel domain.ChannelID, id domain.MessageID) error {
	for range changedOften {
		m, err := s.log.Message(ctx, channel, id)
		if domain.IsCode(err, domain.NotFound) || err == nil && m.Deleted {
			return nil // its deletion is told too
		}
		if err != nil {
			return err
		}
		if err := s.rewrite(ctx, m); err != nil {
			return err
		}
		now, err := s.log.Message(ctx, channel, id)
		if domain.IsCode(err, domain.NotFound) || err == nil && (now.Deleted || now.Rev == m.Rev) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return domain.Errorf(domain.Conflict, "The message changes too often")
}

// rewrite gives the memories of a message its text. Those that tell of the message rather
// than what it says stay as they are. An embedding is that of the old text, so it goes.
func (s *Service) rewrite(ctx context.Context, m messaging.Message) error {
	refs, err := s.store.MemoriesOf(ctx, m.ID, maxList)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if ref.ID != MemoryID(ref.AgentID, m.ID) {
			continue
		}
		_, err := s.store.UpdateMemory(ctx, ref.AgentID, ref.ID, func(stored Memory) (Memory, error) {
			if stored.Content.String("text") != m.Content {
				stored.Embedding = nil
			}
			stored.Content = stored.Content.Clone()
			delete(stored.Content, "attachments")
			for key, value := range received(ref.AgentID, m) {
				if key != "inReplyTo" {
					stored.Content[key] = value
				}
			}
			if _, told := stored.Metadata["raw"]; told {
				stored.Metadata = stored.Metadata.Clone()
				stored.Metadata["raw"] = raw(m)
			}
			return stored, nil
		})
		if err != nil && !domain.IsCode(err, domain.NotFound) {
			return err
		}
	}
	return nil
}

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
