package sqlite

import (
	"context"
	"slices"

	"parley/domain"
	"parley/domain/messaging"
)

// Edit changes a message; see messaging.Log.
func (s *Store) Edit(ctx context.Context, channel domain.ChannelID, id domain.MessageID,
	change func(messaging.Message) (messaging.Message, error),
) (m messaging.Message, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		m, err = w.edit(ctx, channel, id, change)
		return err
	})
	if err != nil {
		return messaging.Message{}, err
	}
	return m, nil
}

// edit stores a new text of a message under the channel's next number.
func (w *writer) edit(ctx context.Context, channel domain.ChannelID, id domain.MessageID,
	change func(messaging.Message) (messaging.Message, error),
) (messaging.Message, error) {
	m, err := findMessage(ctx, w.conn, channel, id)
	if err != nil {
		return m, err
	}
	if m.Deleted {
		return m, errNoMessage(id)
	}
	changed, err := change(m)
	if err != nil {
		return m, err
	}
	metadata, err := encodeMetadata(changed.Metadata)
	if err != nil {
		return m, err
	}
	h, err := w.head(ctx, channel)
	if err != nil {
		return m, err
	}
	number, err := h.next()
	if err != nil {
		return m, err
	}
	m.Content, m.Raw, m.Metadata = changed.Content, changed.Raw, changed.Metadata
	m.SourceType, m.InReplyTo = changed.SourceType, changed.InReplyTo
	m.Rev, m.UpdatedAt = number, domain.FromMillis(max(millis(w.now()), millis(m.UpdatedAt)))
	_, err = w.conn.exec(ctx, `UPDATE messages SET revised = ?, untold = 1, updated_at = ?, metadata = ?, raw = ?, content = ?,
		source_type = ?, in_reply_to = ? WHERE place = ?`, place(h.channel, number), millis(m.UpdatedAt), metadata, encodeRaw(m.Raw),
		m.Content, m.SourceType, string(m.InReplyTo), place(h.channel, m.Seq))
	if err != nil {
		return m, err
	}
	h.last = number
	return m, nil
}

// Untold returns changed messages that must be told; see messaging.Log.
func (s *Store) Untold(ctx context.Context, limit int) (found []messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT c.id, c.cleared, `+messageColumns+` FROM messages m INDEXED BY messages_untold
			JOIN channels c ON c.number = m.channel WHERE m.untold = 1 ORDER BY m.place LIMIT ?`, func(r row) error {
			m, err := scanMessage(r[2:], domain.ChannelID(r.text(0)))
			found = append(found, covered(m, r.int(1)))
			return err
		}, int64(limit))
	})
	return found, err
}

// Told notes that a change was told; see messaging.Log.
func (s *Store) Told(ctx context.Context, channel domain.ChannelID, id domain.MessageID, rev int64) error {
	return s.writeLate(ctx, func(ctx context.Context, w *writer) error {
		number, err := channelNumber(ctx, w.conn, channel)
		if err != nil || number == 0 {
			return err
		}
		_, err = w.conn.exec(ctx, `UPDATE messages SET untold = NULL WHERE revised = ? AND id = ?`, place(number, rev), string(id))
		return err
	})
}

// Lookup returns one message by its id alone; see messaging.Log.
func (s *Store) Lookup(ctx context.Context, id domain.MessageID) (m messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		m, err = lookup(ctx, c, id)
		return err
	})
	return m, err
}

// UpdateChannel changes a channel; see messaging.Store.
func (s *Store) UpdateChannel(ctx context.Context, id domain.ChannelID,
	change func(messaging.Channel) (messaging.Channel, error),
) (channel messaging.Channel, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		channel, err = w.updateChannel(ctx, id, change)
		return err
	})
	if err != nil {
		return messaging.Channel{}, err
	}
	return channel, nil
}

// updateChannel stores what change makes of a channel.
func (w *writer) updateChannel(ctx context.Context, id domain.ChannelID,
	change func(messaging.Channel) (messaging.Channel, error),
) (messaging.Channel, error) {
	c, err := findChannel(ctx, w.conn, id)
	if err != nil {
		return c.Channel, err
	}
	changed, err := change(c.Channel)
	if err != nil {
		return c.Channel, err
	}
	metadata, err := encodeMetadata(changed.Metadata)
	if err != nil {
		return c.Channel, err
	}
	_, err = w.conn.exec(ctx, `UPDATE channels SET name = ?, type = ?, metadata = ? WHERE number = ?`, changed.Name, string(changed.Type),
		metadata, c.number)
	if err != nil {
		return c.Channel, err
	}
	c.Name, c.Type, c.Metadata = changed.Name, changed.Type, changed.Metadata
	if !slices.Equal(c.Participants, changed.Participants) {
		if _, err := w.conn.exec(ctx, `DELETE FROM participants WHERE channel = ?`, c.number); err != nil {
			return c.Channel, err
		}
		c.Participants = nil
		if c.Participants, err = w.addParticipants(ctx, c, changed.Participants); err != nil {
			return c.Channel, err
		}
	}
	err = w.touch(ctx, &c)
	return c.Channel, err
}
