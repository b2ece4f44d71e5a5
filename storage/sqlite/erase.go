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
		w.heads.drop(id)
		for _, sql := range []string{
			`INSERT INTO remains (id, number) VALUES (?1, ?2)`,
			`DELETE FROM channels WHERE id = ?1 AND number = ?2`, // the participants go with it
		} {
			if _, err := w.conn.exec(ctx, sql, string(id), number); err != nil {
				return err
			}
		}
		existed = true
		return nil
	})
	if err != nil {
		return false, err
	}
	return existed, nil
}

// Unswept returns the channels in which something is left; see messaging.Eraser.
func (s *Store) Unswept(ctx context.Context) (found []domain.ChannelID, err error) {
	err = s.read(ctx, func(c *conn) error {
		for _, sql := range []string{
			`SELECT id FROM channels INDEXED BY channels_unswept WHERE swept < cleared ORDER BY id`,
			`SELECT DISTINCT id FROM remains ORDER BY id`,
		} {
			err := c.query(ctx, sql, func(r row) error {
				found = append(found, domain.ChannelID(r.text(0)))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// Sweep erases a piece of what is left; see messaging.Eraser. The remains of deleted
// channels of the id come first.
func (s *Store) Sweep(ctx context.Context, id domain.ChannelID, limit int) (swept messaging.Swept, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		var number int64
		found, err := w.conn.one(ctx, `SELECT number FROM remains WHERE id = ? ORDER BY number LIMIT 1`, func(r row) error {
			number = r.int(0)
			return nil
		}, string(id))
		if err != nil {
			return err
		}
		if found {
			swept.Left = true // the next call sees whether that is so
			return w.sweepRemains(ctx, id, number, limit)
		}
		swept, err = w.sweepCleared(ctx, id, limit)
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

// sweepRemains removes messages of a deleted channel, with the turns that answered them.
func (w *writer) sweepRemains(ctx context.Context, id domain.ChannelID, number int64, limit int) error {
	rows, err := w.sweepRows(ctx, place(number, 0), place(number, maxNumber), limit)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := w.removeDuties(ctx, r.place); err != nil {
			return err
		}
		if _, err := w.conn.exec(ctx, `DELETE FROM turns WHERE message = ?`, r.id); err != nil {
			return err
		}
		if _, err := w.conn.exec(ctx, `DELETE FROM messages WHERE place = ?`, r.place); err != nil {
			return err
		}
	}
	if len(rows) == limit {
		return nil
	}
	_, err = w.conn.exec(ctx, `DELETE FROM remains WHERE id = ? AND number = ?`, string(id), number)
	return err
}

// sweepCleared lets rows follow the clears of a channel, in the order of their places.
func (w *writer) sweepCleared(ctx context.Context, id domain.ChannelID, limit int) (out messaging.Swept, err error) {
	var number, cleared, swept int64
	found, err := w.conn.one(ctx, `SELECT number, cleared, swept FROM channels WHERE id = ?`, func(r row) error {
		number, cleared, swept = r.int(0), r.int(1), r.int(2)
		return nil
	}, string(id))
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
			out.Awaited = append(out.Awaited, r.tombstone(id))
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
	if err := w.removeDuties(ctx, r.place); err != nil {
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
