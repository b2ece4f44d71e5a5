package sqlite

import (
	"context"

	"parley/domain"
	"parley/domain/messaging"
)

// Clear appends the entry of a clear; see messaging.Eraser.
func (s *Store) Clear(ctx context.Context, entry messaging.Message) (m messaging.Message, changed bool, err error) {
	if entry.ID == "" || entry.ChannelID == "" || entry.Dedupe == "" {
		return m, false, domain.Errorf(domain.Invalid, "A clear needs an id, a channel and a dedupe key")
	}
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		m, changed, err = w.clear(ctx, entry)
		return err
	})
	if err != nil {
		return messaging.Message{}, false, err
	}
	return m, changed, nil
}

// clear stores the entry and raises the channel's cleared number, which makes a
// tombstone of every message below it.
func (w *writer) clear(ctx context.Context, m messaging.Message) (messaging.Message, bool, error) {
	h, err := w.head(ctx, m.ChannelID)
	if err != nil {
		return m, false, err
	}
	var newest int64
	_, err = w.conn.one(ctx, `SELECT place FROM messages INDEXED BY messages_by_time WHERE channel = ? AND deleted = 0
		ORDER BY created_at DESC LIMIT 1`, func(r row) error {
		newest = numberOf(r.int(0))
		return nil
	}, h.channel)
	if err != nil || newest <= h.cleared {
		return messaging.Message{}, false, err
	}
	number, err := h.next()
	if err != nil {
		return m, false, err
	}
	created, upto := max(millis(w.now()), h.created+1), h.last
	_, err = w.conn.exec(ctx, `INSERT INTO messages (place, revised, channel, created_at, updated_at, id, dedupe, server, author,
		author_name, in_reply_to, source_type, source_id, content, deleted, upto)
		VALUES (?1, ?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, '', '', '', '', 2, ?9)`, place(h.channel, number), h.channel, created,
		string(m.ID), m.Dedupe, string(m.ServerID), string(m.AuthorID), m.AuthorName, upto)
	if err == nil {
		_, err = w.conn.exec(ctx, `UPDATE channels SET cleared = ? WHERE number = ?`, upto, h.channel)
	}
	if err != nil {
		return m, false, err
	}
	h.last, h.created, h.cleared = number, created, upto
	at := domain.FromMillis(created)
	return messaging.Message{
		ID: m.ID, ChannelID: m.ChannelID, ServerID: m.ServerID, AuthorID: m.AuthorID, AuthorName: m.AuthorName,
		Seq: number, Rev: number, CreatedAt: at, UpdatedAt: at, Dedupe: m.Dedupe, Kind: messaging.KindClear, Upto: upto,
	}, true, nil
}

// DeleteChannel removes a channel; see messaging.Eraser. Its messages belong to nobody
// from then on.
func (s *Store) DeleteChannel(ctx context.Context, id domain.ChannelID) (existed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		number, err := channelNumber(ctx, w.conn, id)
		if err != nil || number == 0 {
			return err
		}
		h, err := w.head(ctx, id)
		if err != nil {
			return err
		}
		at := max(millis(w.now()), h.created)
		w.heads.drop(id)
		_, err = w.conn.exec(ctx, `INSERT INTO remains (id, number, deleted_at) VALUES (?, ?, ?)`, string(id), number, at)
		if err != nil {
			return err
		}
		existed = true // the participants go with the row
		_, err = w.conn.exec(ctx, `DELETE FROM channels WHERE id = ? AND number = ?`, string(id), number)
		return err
	})
	if err != nil {
		return false, err
	}
	return existed, nil
}

// Unswept returns what is left; see messaging.Eraser. The entry of a clear has the number
// after those that it covers.
func (s *Store) Unswept(ctx context.Context, id domain.ChannelID) (found []messaging.Leftover, err error) {
	ofClears := `SELECT c.id, c.cleared, m.created_at FROM channels c INDEXED BY channels_unswept
		LEFT JOIN messages m ON m.place = ((c.number << 32) | (c.cleared + 1)) WHERE c.swept < c.cleared`
	ofDeletions, args := `SELECT id, number, deleted_at FROM remains`, []any{}
	if id != "" {
		ofClears, ofDeletions, args = ofClears+` AND c.id = ?`, ofDeletions+` WHERE id = ?`, []any{string(id)}
	}
	scan := func(deleted bool) func(row) error {
		return func(r row) error {
			l := messaging.Leftover{ChannelID: domain.ChannelID(r.text(0)), Deleted: deleted, Mark: r.int(1)}
			if at := r.int(2); at > 0 {
				l.At = domain.FromMillis(at)
			}
			found = append(found, l)
			return nil
		}
	}
	err = s.read(ctx, func(c *conn) error {
		if err := c.query(ctx, ofDeletions+` ORDER BY id, number`, scan(true), args...); err != nil {
			return err
		}
		return c.query(ctx, ofClears+` ORDER BY c.id`, scan(false), args...)
	})
	return found, err
}

// Sweep erases a piece of what is left; see messaging.Eraser.
func (s *Store) Sweep(ctx context.Context, l messaging.Leftover, limit int) (swept messaging.Swept, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		if l.Deleted {
			swept.Left, err = w.sweepRemains(ctx, l, limit)
		} else {
			swept, err = w.sweepCleared(ctx, l, limit)
		}
		return err
	})
	if err != nil {
		return messaging.Swept{}, err
	}
	return swept, nil
}

// sweptRow is a message that is to go.
type sweptRow struct {
	place, updated         int64
	id, server             string
	dedupe                 string
	created                int64
	revised                int64
	deleted, awaitsAnswers bool
}

// sweepRows reads up to limit messages of a range of places.
func (w *writer) sweepRows(ctx context.Context, low, high int64, limit int) (rows []sweptRow, err error) {
	err = w.conn.query(ctx, `SELECT place, updated_at, id, server, dedupe, created_at, revised, deleted, awaiting IS NOT NULL
		FROM messages WHERE place > ? AND place <= ? ORDER BY place LIMIT ?`, func(r row) error {
		rows = append(rows, sweptRow{place: r.int(0), updated: r.int(1), id: r.text(2), server: r.text(3), dedupe: r.text(4),
			created: r.int(5), revised: r.int(6), deleted: r.int(7) != 0, awaitsAnswers: r.int(8) != 0})
		return nil
	}, low, high, int64(limit))
	return rows, err
}

// sweepRemains removes messages of a deleted channel, with the turns that answered them,
// and reports whether there are more.
func (w *writer) sweepRemains(ctx context.Context, l messaging.Leftover, limit int) (left bool, err error) {
	found, err := w.conn.one(ctx, `SELECT 1 FROM remains WHERE id = ? AND number = ?`, func(row) error { return nil },
		string(l.ChannelID), l.Mark)
	if err != nil || !found { // the number may be another channel's by now
		return false, err
	}
	rows, err := w.sweepRows(ctx, place(l.Mark, 0), place(l.Mark, maxNumber), limit)
	if err != nil {
		return false, err
	}
	for _, r := range rows {
		if err := w.removeTurns(ctx, r.place, r.id); err != nil {
			return false, err
		}
		if _, err := w.conn.exec(ctx, `DELETE FROM messages WHERE place = ?`, r.place); err != nil {
			return false, err
		}
	}
	if len(rows) == limit {
		return true, nil
	}
	_, err = w.conn.exec(ctx, `DELETE FROM remains WHERE id = ? AND number = ?`, string(l.ChannelID), l.Mark)
	return false, err
}

// sweepCleared lets rows follow the clears of a channel, in the order of their places.
func (w *writer) sweepCleared(ctx context.Context, l messaging.Leftover, limit int) (out messaging.Swept, err error) {
	var number, cleared, swept int64
	found, err := w.conn.one(ctx, `SELECT number, cleared, swept FROM channels WHERE id = ?`, func(r row) error {
		number, cleared, swept = r.int(0), min(r.int(1), l.Mark), r.int(2)
		return nil
	}, string(l.ChannelID))
	if err != nil || !found || swept >= cleared {
		return out, err
	}
	rows, err := w.sweepRows(ctx, place(number, swept), place(number, cleared), limit)
	if err != nil {
		return out, err
	}
	swept = cleared
	if out.Left = len(rows) == limit; out.Left {
		swept = numberOf(rows[len(rows)-1].place)
	}
	for _, r := range rows {
		if r.deleted {
			continue
		}
		if r.awaitsAnswers {
			out.Awaited = append(out.Awaited, r.tombstone(l.ChannelID))
		}
		if err := w.bury(ctx, r); err != nil {
			return out, err
		}
	}
	_, err = w.conn.exec(ctx, `UPDATE channels SET swept = ? WHERE number = ?`, swept, number)
	return out, err
}

// bury leaves a tombstone where a cleared message was.
func (w *writer) bury(ctx context.Context, r sweptRow) error {
	if err := w.removeTurns(ctx, r.place, r.id); err != nil {
		return err
	}
	_, err := w.conn.exec(ctx, `UPDATE messages SET `+toTombstone, r.updated, r.place)
	return err
}

// tombstone is what is left of the message.
func (r sweptRow) tombstone(channel domain.ChannelID) messaging.Message {
	return messaging.Message{ID: domain.MessageID(r.id), ChannelID: channel, ServerID: domain.ServerID(r.server), Dedupe: r.dedupe,
		Seq: numberOf(r.place), Rev: numberOf(r.revised), CreatedAt: domain.FromMillis(r.created),
		UpdatedAt: domain.FromMillis(r.updated), Deleted: true}
}
