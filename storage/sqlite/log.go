package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

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
	awaiting, err := encodeAwaiting(m.Awaiting)
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
	if h.last >= maxNumber {
		return messaging.Appended{}, domain.Errorf(domain.Unavailable, "The channel is full")
	}
	number := h.last + 1
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

// addDuty notes that agent owes the message a turn.
func (w *writer) addDuty(ctx context.Context, agent domain.AgentID, message int64) error {
	_, err := w.conn.exec(ctx, `INSERT INTO duties (agent, message) VALUES (?, ?) ON CONFLICT DO NOTHING`, string(agent), message)
	return err
}

// stored finds why m was not inserted: it is a repeat, or its id is taken.
func (w *writer) stored(ctx context.Context, h *head, m messaging.Message) (a messaging.Appended, err error) {
	found, err := w.conn.one(ctx, `SELECT `+messageColumns+` FROM messages m WHERE m.channel = ? AND m.dedupe = ?`,
		func(r row) error {
			a.Message, err = scanMessage(r, m.ChannelID)
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
	found, err := c.one(ctx, `SELECT `+messageColumns+` FROM messages m
		WHERE m.id = ? AND m.channel = (SELECT number FROM channels WHERE id = ?)`,
		func(r row) error {
			m, err = scanMessage(r, channel)
			return err
		}, string(id), string(channel))
	if err == nil && !found {
		err = domain.Errorf(domain.NotFound, "Message %s does not exist", id)
	}
	return m, err
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
	key := place(h.channel, m.Seq)
	for _, agent := range m.Awaiting {
		if err := w.removeDuty(ctx, agent, key); err != nil {
			return m, false, err
		}
	}
	tomb := messaging.Message{
		ID: m.ID, ChannelID: m.ChannelID, ServerID: m.ServerID, Seq: m.Seq, Rev: h.last + 1, Dedupe: m.Dedupe,
		CreatedAt: m.CreatedAt, UpdatedAt: domain.FromMillis(max(millis(w.now()), millis(m.CreatedAt))), Deleted: true,
	}
	_, err = w.conn.exec(ctx, `UPDATE messages SET revised = ?, updated_at = ?, deleted = 1, author = '', author_name = '',
		in_reply_to = '', source_type = '', source_id = '', awaiting = NULL, metadata = NULL, raw = NULL, content = ''
		WHERE place = ?`, place(h.channel, tomb.Rev), millis(tomb.UpdatedAt), key)
	if err != nil {
		return m, false, err
	}
	h.last = tomb.Rev
	return tomb, true, nil
}

// removeDuty notes that agent owes the message nothing any more.
func (w *writer) removeDuty(ctx context.Context, agent domain.AgentID, message int64) error {
	_, err := w.conn.exec(ctx, `DELETE FROM duties WHERE agent = ? AND message = ?`, string(agent), message)
	return err
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
		number, err := channelNumber(ctx, c, q.Channel)
		if err != nil || number == 0 {
			return err
		}
		after, before, err := bounds(ctx, c, number, q)
		if err != nil {
			return err
		}
		if q.Author == "" {
			page, err = messages(ctx, c, q.Channel, selectPage, number, after, before, int64(q.Limit))
		} else {
			page, err = messages(ctx, c, q.Channel, selectPageOf, number, string(q.Author), after, before, int64(q.Limit))
		}
		return err
	})
	return page, err
}

// The pages of a channel and of one author in it. SQLite, which has no statistics, would
// read all of a channel to find the messages of an author.
const (
	selectPage = `SELECT ` + messageColumns + ` FROM messages m INDEXED BY messages_by_time
		WHERE m.channel = ? AND m.deleted = 0 AND m.created_at > ? AND m.created_at < ? ORDER BY m.created_at DESC LIMIT ?`
	selectPageOf = `SELECT ` + messageColumns + ` FROM messages m INDEXED BY messages_by_author
		WHERE m.channel = ? AND m.author = ? AND m.deleted = 0 AND m.created_at > ? AND m.created_at < ?
		ORDER BY m.created_at DESC LIMIT ?`
)

// bounds are the exclusive bounds of a page's times of creation. These rise with the
// number, so a bound of numbers is one of times too.
func bounds(ctx context.Context, c *conn, channel int64, q messaging.PageQuery) (after, before int64, err error) {
	after, before = -1<<62, 1<<62
	if !q.After.IsZero() {
		after = millis(q.After)
	}
	if !q.Before.IsZero() {
		before = millis(q.Before)
		if q.Before.UnixNano()%1e6 != 0 {
			before++ // it lies within a millisecond, which begins before it
		}
	}
	if q.BeforeSeq <= 0 {
		return after, before, nil
	}
	_, err = c.one(ctx, `SELECT created_at FROM messages WHERE place >= ? AND place <= ? ORDER BY place LIMIT 1`,
		func(r row) error {
			before = min(before, r.int(0))
			return nil
		}, place(channel, min(q.BeforeSeq, maxNumber)), place(channel, maxNumber))
	return after, before, err
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
		number, err := channelNumber(ctx, c, channel)
		if err != nil || number == 0 {
			return err
		}
		low, high := min(max(after, 0), maxNumber), min(max(upto, 0), maxNumber)
		events, err = messages(ctx, c, channel, `SELECT `+messageColumns+` FROM messages m
			WHERE m.revised > ? AND m.revised <= ? ORDER BY m.revised LIMIT ?`,
			place(number, low), place(number, high), int64(limit))
		return err
	})
	return events, err
}

// FinishDuty removes a duty; see messaging.Log.
func (s *Store) FinishDuty(ctx context.Context, channel domain.ChannelID, id domain.MessageID, agent domain.AgentID) (left int, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		m, err := findMessage(ctx, w.conn, channel, id)
		if err != nil {
			return err
		}
		rest := slices.DeleteFunc(m.Awaiting, func(a domain.AgentID) bool { return a == agent })
		left = len(rest)
		awaiting, err := encodeAwaiting(rest)
		if err != nil {
			return err
		}
		h, err := w.head(ctx, channel)
		if err != nil {
			return err
		}
		key := place(h.channel, m.Seq)
		if _, err := w.conn.exec(ctx, `UPDATE messages SET awaiting = ? WHERE place = ?`, awaiting, key); err != nil {
			return err
		}
		return w.removeDuty(ctx, agent, key)
	})
	if err != nil {
		return 0, err
	}
	return left, nil
}

// Duties returns messages that await agents; see messaging.Log.
func (s *Store) Duties(ctx context.Context, after messaging.DutyCursor, limit int) (found []messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT `+messageColumns+`, c.id FROM messages m JOIN channels c ON c.number = m.channel
			WHERE m.awaiting IS NOT NULL AND (m.created_at, m.id) > (?, ?) ORDER BY m.created_at, m.id LIMIT ?`,
			func(r row) error {
				m, err := scanMessage(r, domain.ChannelID(r.text(17)))
				found = append(found, m)
				return err
			}, millis(after.CreatedAt), string(after.ID), int64(limit))
	})
	return found, err
}

// NextDuty returns the first message of the channel that awaits agent; see agents.Store.
func (s *Store) NextDuty(ctx context.Context, agent domain.AgentID, channel domain.ChannelID) (m messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		number, err := channelNumber(ctx, c, channel)
		if err != nil {
			return err
		}
		found, err := c.one(ctx, `SELECT `+messageColumns+` FROM duties d JOIN messages m ON m.place = d.message
			WHERE d.agent = ? AND d.message > ? AND d.message <= ? ORDER BY d.message LIMIT 1`,
			func(r row) error {
				m, err = scanMessage(r, channel)
				return err
			}, string(agent), place(number, 0), place(number, maxNumber))
		if err == nil && !found {
			err = errNoDuty
		}
		return err
	})
	if errors.Is(err, errNoDuty) {
		return messaging.Message{}, err
	}
	return m, err
}

// errNoDuty is the answer where an agent owes nothing.
var errNoDuty = domain.Errorf(domain.NotFound, "No message awaits the agent")
