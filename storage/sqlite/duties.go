package sqlite

import (
	"context"
	"errors"
	"slices"

	"parley/domain"
	"parley/domain/messaging"
)

// addDuty notes that agent owes the message a turn.
func (w *writer) addDuty(ctx context.Context, agent domain.AgentID, message int64) error {
	_, err := w.conn.exec(ctx, `INSERT INTO duties (agent, message) VALUES (?, ?) ON CONFLICT DO NOTHING`, string(agent), message)
	return err
}

// removeDuties notes that nobody owes the message anything any more.
func (w *writer) removeDuties(ctx context.Context, message int64) error {
	_, err := w.conn.exec(ctx, `DELETE FROM duties WHERE message = ?`, message)
	return err
}

// removeTurns removes what agents have owed a message, and how they have worked it off.
func (w *writer) removeTurns(ctx context.Context, place int64, message string) error {
	if err := w.removeDuties(ctx, place); err != nil {
		return err
	}
	_, err := w.conn.exec(ctx, `DELETE FROM turns WHERE message = ?`, message)
	return err
}

// removeDuty notes that agent owes the message nothing any more.
func (w *writer) removeDuty(ctx context.Context, agent domain.AgentID, message int64) error {
	_, err := w.conn.exec(ctx, `DELETE FROM duties WHERE agent = ? AND message = ?`, string(agent), message)
	return err
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
		awaiting, err := encodeAgents(rest)
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
			WHERE m.awaiting IS NOT NULL AND (m.created_at, m.id) > (?, ?) AND m.place > ((c.number << 32) | c.cleared)
			ORDER BY m.created_at, m.id LIMIT ?`,
			func(r row) error {
				m, err := scanMessage(r, domain.ChannelID(r.text(messageWidth)))
				found = append(found, m)
				return err
			}, millis(after.CreatedAt), string(after.ID), int64(limit))
	})
	return found, err
}

// DutiesOf returns messages that await an agent; see messaging.Log.
func (s *Store) DutiesOf(ctx context.Context, agent domain.AgentID, limit int) (found []messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT `+messageColumns+`, c.id FROM duties d CROSS JOIN messages m ON m.place = d.message
			CROSS JOIN channels c ON c.number = m.channel
			WHERE d.agent = ? AND m.place > ((c.number << 32) | c.cleared) LIMIT ?`,
			func(r row) error {
				m, err := scanMessage(r, domain.ChannelID(r.text(messageWidth)))
				found = append(found, m)
				return err
			}, string(agent), int64(limit))
	})
	return found, err
}

// NextDuty returns the first message of the channel that awaits agent; see agents.Store.
func (s *Store) NextDuty(ctx context.Context, agent domain.AgentID, channel domain.ChannelID) (m messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		l, err := findLine(ctx, c, channel)
		if err != nil {
			return err
		}
		found, err := c.one(ctx, `SELECT `+messageColumns+` FROM duties d JOIN messages m ON m.place = d.message
			WHERE d.agent = ? AND d.message > ? AND d.message <= ? ORDER BY d.message LIMIT 1`,
			func(r row) error {
				m, err = scanMessage(r, channel)
				return err
			}, string(agent), place(l.number, l.cleared), place(l.number, maxNumber))
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

// AgentDuties returns messages that await an agent; see agents.Store.
func (s *Store) AgentDuties(ctx context.Context, id domain.AgentID, limit int) (found []messaging.Message, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT `+messageColumns+`, c.id FROM duties d JOIN messages m ON m.place = d.message
			JOIN channels c ON c.number = m.channel WHERE d.agent = ? AND m.place > ((c.number << 32) | c.cleared) LIMIT ?`,
			func(r row) error {
				m, err := scanMessage(r, domain.ChannelID(r.text(messageWidth)))
				found = append(found, m)
				return err
			}, string(id), int64(limit))
	})
	return found, err
}

// errNoDuty is the answer where an agent owes nothing.
var errNoDuty = domain.Errorf(domain.NotFound, "No message awaits the agent")
