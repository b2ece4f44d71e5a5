package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// insertMessage stores a message unless one of its keys is taken.
const insertMessage = `INSERT INTO messages (place, revised, channel, created_at, updated_at, id, dedupe, server, author,
	author_name, in_reply_to, source_type, source_id, awaiting, metadata, raw, content)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

// assigned is how many arguments of insertMessage the writer sets: the first ones.
const assigned = 5

// messageArgs are the arguments of insertMessage; those that the writer sets are nil.
func messageArgs(m messaging.Message) ([]driver.NamedValue, error) {
	awaiting, err := encodeAgents(m.Awaiting)
	if err != nil {
		return nil, err
	}
	metadata, err := encodeMetadata(m.Metadata)
	if err != nil {
		return nil, err
	}
	return named([]any{
		nil, nil, nil, nil, nil, string(m.ID), m.Dedupe, string(m.ServerID), string(m.AuthorID), m.AuthorName,
		string(m.InReplyTo), m.SourceType, m.SourceID, awaiting, metadata, encodeRaw(m.Raw), m.Content,
	}), nil
}

// Append submits m; see messaging.Log. What can be prepared is prepared here, on the
// sender's time instead of the writer's.
func (s *Store) Append(ctx context.Context, m messaging.Message, done func(messaging.Appended, error)) error {
	if m.ID == "" || m.ChannelID == "" || m.Dedupe == "" {
		return domain.Errorf(domain.Invalid, "A message needs an id, a channel and a dedupe key")
	}
	args, err := messageArgs(m)
	if err != nil {
		return err
	}
	var a messaging.Appended
	return s.submit(ctx, &job{
		what: messageNotStored,
		apply: func(ctx context.Context, w *writer) (err error) {
			a, err = w.append(ctx, m, args)
			return err
		},
		done: func(err error) {
			if err != nil {
				a = messaging.Appended{}
			}
			done(a, err)
		},
	})
}

// append stores m under the channel's next number, or finds the one stored before.
func (w *writer) append(ctx context.Context, m messaging.Message, args []driver.NamedValue) (messaging.Appended, error) {
	h, err := w.head(ctx, m.ChannelID)
	if err != nil {
		return messaging.Appended{}, err
	}
	number, err := h.next()
	if err != nil {
		return messaging.Appended{}, err
	}
	created := max(millis(w.now()), h.created+1)
	for i, value := range [assigned]int64{place(h.channel, number), place(h.channel, number), h.channel, created, created} {
		args[i].Value = value
	}
	changed, err := w.conn.execNamed(ctx, insertMessage, args)
	if err != nil {
		return messaging.Appended{}, err
	}
	if changed == 0 {
		return w.stored(ctx, h, m)
	}
	h.last, h.created = number, created
	for _, agent := range m.Awaiting {
		if err := w.addDuty(ctx, agent, place(h.channel, number)); err != nil {
			return messaging.Appended{}, err
		}
	}
	m.Seq, m.Rev, m.Deleted = number, number, false
	m.CreatedAt = domain.FromMillis(created)
	m.UpdatedAt = m.CreatedAt
	return messaging.Appended{Message: m}, nil
}

// stored finds why m was not inserted: it is a repeat, or its id is taken.
func (w *writer) stored(ctx context.Context, h *head, m messaging.Message) (a messaging.Appended, err error) {
	found, err := w.conn.one(ctx, `SELECT `+messageColumns+` FROM messages m WHERE m.channel = ? AND m.dedupe = ?`,
		func(r row) error {
			a.Message, err = scanMessage(r, m.ChannelID)
			a.Message = covered(a.Message, h.cleared)
			return err
		}, h.channel, m.Dedupe)
	if err != nil {
		return a, err
	}
	if found {
		a.Duplicate = true
		return a, nil
	}
	found, err = w.conn.one(ctx, `SELECT 1 FROM messages WHERE id = ?`, func(row) error { return nil }, string(m.ID))
	if err != nil {
		return a, err
	}
	if found {
		return a, domain.Errorf(domain.Conflict, "The id %s belongs to another message", m.ID)
	}
	w.heads.clear()
	return a, fmt.Errorf("the number after %d of channel %s is taken", h.last, m.ChannelID)
}

// findMessage reads one message or tombstone of a channel, or NotFound.
func findMessage(ctx context.Context, c *conn, channel domain.ChannelID, id domain.MessageID) (m messaging.Message, err error) {
	m, err = lookup(ctx, c, id)
	if err == nil && m.ChannelID != channel {
		return messaging.Message{}, errNoMessage(id)
	}
	return m, err
}

// lookup reads one message or tombstone of whatever channel, or NotFound.
func lookup(ctx context.Context, c *conn, id domain.MessageID) (m messaging.Message, err error) {
	found, err := c.one(ctx, `SELECT `+messageColumns+`, c.id, c.cleared FROM messages m JOIN channels c ON c.number = m.channel
		WHERE m.id = ? AND m.deleted < 2`,
		func(r row) error {
			m, err = scanMessage(r, domain.ChannelID(r.text(messageWidth)))
			m = covered(m, r.int(messageWidth+1))
			return err
		}, string(id))
	if err == nil && !found {
		err = errNoMessage(id)
	}
	return m, err
}

// errNoMessage is the answer where a message is missing.
func errNoMessage(id domain.MessageID) error {
	return domain.Errorf(domain.NotFound, "Message %s does not exist", id)
}

// Delete leaves a tombstone; see messaging.Log.
func (s *Store) Delete(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (m messaging.Message, changed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		m, changed, err = w.delete(ctx, channel, id)
		return err
	})
	if err != nil {
		return messaging.Message{}, false, err
	}
	return m, changed, nil
}

// toTombstone is the rest of the statement that leaves a tombstone at a place.
const toTombstone = `updated_at = ?, deleted = 1, author = '', author_name = '', in_reply_to = '', source_type = '',
	source_id = '', awaiting = NULL, metadata = NULL, raw = NULL, content = '' WHERE place = ?`

// delete turns a message into its tombstone.
func (w *writer) delete(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (messaging.Message, bool, error) {
	m, err := findMessage(ctx, w.conn, channel, id)
	if err != nil || m.Deleted {
		return m, false, err
	}
	h, err := w.head(ctx, channel)
	if err != nil {
		return m, false, err
	}
	number, err := h.next()
	if err != nil {
		return m, false, err
	}
	key := place(h.channel, m.Seq)
	if err := w.removeTurns(ctx, key, string(id)); err != nil {
		return m, false, err
	}
	tomb := m.Tombstone()
	tomb.Rev, tomb.UpdatedAt = number, domain.FromMillis(max(millis(w.now()), millis(m.UpdatedAt)))
	_, err = w.conn.exec(ctx, `UPDATE messages SET revised = ?, untold = 1, `+toTombstone, place(h.channel, tomb.Rev), millis(tomb.UpdatedAt), key)
	if err != nil {
		return m, false, err
	}
	h.last = tomb.Rev
	return tomb, true, nil
}

// Head is the channel's last assigned number.
func (s *Store) Head(ctx context.Context, channel domain.ChannelID) (last int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		number, err := channelNumber(ctx, c, channel)
		if err != nil {
			return err
		}
		_, err = c.one(ctx, `SELECT revised FROM messages WHERE revised > ? AND revised <= ? ORDER BY revised DESC LIMIT 1`,
			func(r row) error {
				last = numberOf(r.int(0))
				return nil
			}, place(number, 0), place(number, maxNumber))
		return err
	})
	return last, err
}

// channelNumber is the number of a channel, 0 if there is no such channel.
func channelNumber(ctx context.Context, c *conn, id domain.ChannelID) (number int64, err error) {
	_, err = c.one(ctx, `SELECT number FROM channels WHERE id = ?`, func(r row) error {
		number = r.int(0)
		return nil
	}, string(id))
	return number, err
}

// line is what reading a channel's log needs to know of it.
type line struct {
	// number is 0 if there is no such channel.
	number int64
	// cleared is the last number that a clear covers.
	cleared int64
	// swept says that the rows have followed all clears.
	swept bool
}

// findLine reads the line of a channel.
func findLine(ctx context.Context, c *conn, id domain.ChannelID) (l line, err error) {
	_, err = c.one(ctx, `SELECT number, cleared, swept FROM channels WHERE id = ?`, func(r row) error {
		l = line{number: r.int(0), cleared: r.int(1), swept: r.int(2) >= r.int(1)}
		return nil
	}, string(id))
	return l, err
}

// Message returns one message or tombstone; see messaging.Log.
func (s *Store) Message(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (m messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		m, err = findMessage(ctx, c, channel, id)
		return err
	})
	return m, err
}

// Page returns a page of history; see messaging.Log. Its cost depends on the page
// only, as does that of a page of one author.
func (s *Store) Page(ctx context.Context, q messaging.PageQuery) (page []messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		l, err := findLine(ctx, c, q.Channel)
		if err != nil || l.number == 0 {
			return err
		}
		after, before, err := bounds(ctx, c, l, q)
		if err != nil {
			return err
		}
		sql, args := selectPage, []any{l.number}
		if q.Author != "" {
			sql, args = selectPageOf, append(args, string(q.Author))
		}
		order := ` ORDER BY m.created_at DESC LIMIT ?`
		if q.Oldest {
			order = ` ORDER BY m.created_at LIMIT ?`
		}
		page, err = messages(ctx, c, q.Channel, sql+order, append(args, after, before, int64(q.Limit))...)
		return err
	})
	if q.Oldest {
		slices.Reverse(page)
	}
	return page, err
}

// The pages of a channel and of one author in it. SQLite, which has no statistics, would
// read all of a channel to find the messages of an author.
const (
	selectPage = `SELECT ` + messageColumns + ` FROM messages m INDEXED BY messages_by_time
		WHERE m.channel = ? AND m.deleted = 0 AND m.created_at > ? AND m.created_at < ?`
	selectPageOf = `SELECT ` + messageColumns + ` FROM messages m INDEXED BY messages_by_author
		WHERE m.channel = ? AND m.author = ? AND m.deleted = 0 AND m.created_at > ? AND m.created_at < ?`
)

// bounds are the exclusive bounds of a page's times of creation. These rise with the
// number, so a bound of numbers is one of times too. A clear that is not swept yet bounds
// like a number.
func bounds(ctx context.Context, c *conn, l line, q messaging.PageQuery) (after, before int64, err error) {
	after, before = times(q.After, q.Before)
	afterSeq := q.AfterSeq
	if !l.swept {
		afterSeq = max(afterSeq, l.cleared)
	}
	if afterSeq > 0 {
		_, err = c.one(ctx, `SELECT created_at FROM messages WHERE place > ? AND place <= ? ORDER BY place DESC LIMIT 1`,
			func(r row) error {
				after = max(after, r.int(0))
				return nil
			}, place(l.number, 0), place(l.number, min(afterSeq, maxNumber)))
	}
	if err != nil || q.BeforeSeq <= 0 {
		return after, before, err
	}
	_, err = c.one(ctx, `SELECT created_at FROM messages WHERE place >= ? AND place <= ? ORDER BY place LIMIT 1`,
		func(r row) error {
			before = min(before, r.int(0))
			return nil
		}, place(l.number, min(q.BeforeSeq, maxNumber)), place(l.number, maxNumber))
	return after, before, err
}

// times are two exclusive bounds in milliseconds; a zero time does not bound.
func times(from, to time.Time) (after, before int64) {
	after, before = -1<<62, 1<<62
	if !from.IsZero() {
		after = millis(from)
	}
	if !to.IsZero() {
		before = millis(to)
		if to.UnixNano()%1e6 != 0 {
			before++ // it lies within a millisecond, which begins before it
		}
	}
	return after, before
}

// messages reads the messages of a query of messageColumns in one channel.
func messages(ctx context.Context, c *conn, channel domain.ChannelID, sql string, args ...any) ([]messaging.Message, error) {
	var found []messaging.Message
	err := c.query(ctx, sql, func(r row) error {
		m, err := scanMessage(r, channel)
		found = append(found, m)
		return err
	}, args...)
	return found, err
}

// Since returns events by rising Rev; see messaging.Log.
func (s *Store) Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) (events []messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		l, err := findLine(ctx, c, channel)
		if err != nil || l.number == 0 {
			return err
		}
		low, high := min(max(after, 0), maxNumber), min(max(upto, 0), maxNumber)
		events, err = messages(ctx, c, channel, `SELECT `+messageColumns+` FROM messages m
			WHERE m.revised > ? AND m.revised <= ? ORDER BY m.revised LIMIT ?`,
			place(l.number, low), place(l.number, high), int64(limit))
		for i, m := range events {
			events[i] = covered(m, l.cleared)
		}
		return err
	})
	return events, err
}
