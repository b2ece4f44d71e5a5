package sqlite

import (
	"context"

	"parley/domain"
	"parley/domain/messaging"
)

// unreadDepth is how many messages beyond a read position are looked at.
const unreadDepth = 2000

// SetRead moves a read position forward; see messaging.Reads. One that would not move
// does not trouble the writer; the others ride on its commits, a limited number on each.
func (s *Store) SetRead(ctx context.Context, channel domain.ChannelID, entity domain.EntityID, seq int64) (now int64, moved bool, err error) {
	if now, err = s.readUpTo(ctx, channel, entity); err != nil || now > 0 && now >= seq {
		return now, false, err
	}
	result := make(chan error, 1)
	j := &job{
		what: changeNotStored, late: true,
		apply: func(ctx context.Context, w *writer) (err error) {
			now, moved, err = w.setRead(ctx, channel, entity, seq)
			return err
		},
		done: func(err error) { result <- err },
	}
	if err := s.await(ctx, j, result); err != nil {
		return 0, false, err
	}
	return now, moved, nil
}

// readUpTo is an entity's position in a channel, 0 if it has none.
func (s *Store) readUpTo(ctx context.Context, channel domain.ChannelID, entity domain.EntityID) (seq int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		seq, err = position(ctx, c, channel, entity)
		return err
	})
	return seq, err
}

// position reads an entity's position in a channel, 0 if it has none.
func position(ctx context.Context, c *conn, channel domain.ChannelID, entity domain.EntityID) (seq int64, err error) {
	_, err = c.one(ctx, `SELECT seq FROM reads WHERE channel = (SELECT number FROM channels WHERE id = ?) AND entity = ?`,
		func(r row) error {
			seq = r.int(0)
			return nil
		}, string(channel), string(entity))
	return seq, err
}

// setRead is SetRead within a commit: one statement that moves the position or does
// nothing.
func (w *writer) setRead(ctx context.Context, channel domain.ChannelID, entity domain.EntityID, seq int64) (int64, bool, error) {
	h, err := w.head(ctx, channel)
	if err != nil {
		return 0, false, err
	}
	if seq = min(seq, h.last); seq > 0 {
		changed, err := w.conn.exec(ctx, `INSERT INTO reads (channel, entity, seq, updated_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (channel, entity) DO UPDATE SET seq = excluded.seq, updated_at = excluded.updated_at
			WHERE excluded.seq > reads.seq`, h.channel, string(entity), seq, millis(w.now()))
		if err != nil || changed > 0 {
			return seq, err == nil, err
		}
	}
	now, err := position(ctx, w.conn, channel, entity)
	return now, false, err
}

// Reads returns the positions of a channel; see messaging.Reads.
func (s *Store) Reads(ctx context.Context, channel domain.ChannelID, limit int) (list []messaging.ReadPosition, err error) {
	err = s.read(ctx, func(c *conn) error {
		number, err := channelNumber(ctx, c, channel)
		if err != nil || number == 0 {
			return err
		}
		return c.query(ctx, `SELECT entity, seq FROM reads INDEXED BY reads_by_update WHERE channel = ?
			ORDER BY updated_at DESC, entity DESC LIMIT ?`,
			func(r row) error {
				list = append(list, messaging.ReadPosition{EntityID: domain.EntityID(r.text(0)), Seq: r.int(1)})
				return nil
			}, number, int64(limit))
	})
	return list, err
}

// Unread tells what an entity has not read; see messaging.Reads. Between the channels,
// others have their turn with the connection.
func (s *Store) Unread(ctx context.Context, entity domain.EntityID, channels []domain.ChannelID) ([]messaging.Unread, error) {
	var list []messaging.Unread
	for _, channel := range channels {
		err := s.read(ctx, func(c *conn) error {
			u, found, err := unread(ctx, c, entity, channel)
			if found && err == nil {
				list = append(list, u)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// The statements of Unread. The count walks back from the head, where the unread
// messages are, and ends after unreadDepth rows, whosever they are.
const (
	selectRead = `SELECT c.number, c.cleared, coalesce(r.seq, 0), coalesce((SELECT m.revised FROM messages m
			WHERE m.revised > c.number << 32 AND m.revised < (c.number + 1) << 32 ORDER BY m.revised DESC LIMIT 1), 0)
		FROM channels c LEFT JOIN reads r ON r.channel = c.number AND r.entity = ? WHERE c.id = ?`
	countUnread = `SELECT count(*) FROM (SELECT m.author, m.deleted FROM messages m
			WHERE m.place > ? AND m.place <= ? ORDER BY m.place DESC LIMIT ?) AS beyond
		WHERE beyond.deleted = 0 AND beyond.author <> ?`
)

// unread tells what an entity has not read of one channel, and whether there is such a
// channel.
func unread(ctx context.Context, c *conn, entity domain.EntityID, channel domain.ChannelID) (u messaging.Unread, found bool, err error) {
	u.ChannelID = channel
	var number, cleared int64
	found, err = c.one(ctx, selectRead, func(r row) error {
		number, cleared, u.Seq, u.Head = r.int(0), r.int(1), r.int(2), numberOf(r.int(3))
		return nil
	}, string(entity), string(channel))
	if err != nil || !found || u.Seq >= u.Head {
		return u, found, err
	}
	_, err = c.one(ctx, countUnread, func(r row) error {
		u.Unread = min(r.int(0), messaging.MaxUnread)
		return nil
	}, place(number, max(u.Seq, cleared)), place(number, u.Head), int64(unreadDepth), string(entity))
	return u, true, err
}

// DropRead removes a position; see messaging.Reads.
func (s *Store) DropRead(ctx context.Context, channel domain.ChannelID, entity domain.EntityID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		number, err := channelNumber(ctx, w.conn, channel)
		if err != nil || number == 0 {
			return err
		}
		_, err = w.conn.exec(ctx, `DELETE FROM reads WHERE channel = ? AND entity = ?`, number, string(entity))
		return err
	})
}
