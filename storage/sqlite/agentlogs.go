package sqlite

import (
	"context"
	"math"
	"strings"

	"parley/domain"
	"parley/domain/agents"
)

// AppendLogs stores entries of agents' logs; see agents.LogStore. They can wait for what
// is on the way of a message.
func (s *Store) AppendLogs(ctx context.Context, entries []agents.LogEntry) error {
	result := make(chan error, 1)
	j := &job{what: changeNotStored, whole: true, late: true, done: func(err error) { result <- err },
		apply: func(ctx context.Context, w *writer) error {
			for _, e := range entries {
				_, err := w.conn.exec(ctx, `INSERT INTO agent_logs (id, agent, entity, author, room, type, model, failed, created_at, body,
					message, channel, posted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, string(e.ID),
					string(e.AgentID), string(e.EntityID), string(e.AuthorID), string(e.RoomID), e.Type, e.Model, e.Failed,
					millis(e.CreatedAt), string(e.Body), string(e.Origin.Message), string(e.Origin.Channel), postedAt(e.Origin))
				if err != nil {
					return err
				}
			}
			return nil
		}}
	return s.await(ctx, j, result)
}

// postedAt is the stored form of when the message of an entry was posted, 0 for none.
func postedAt(o agents.LogOrigin) int64 {
	if o.At.IsZero() {
		return 0
	}
	return millis(o.At)
}

// logColumns are the columns that scanLog reads.
const logColumns = `id, agent, entity, room, type, model, failed, created_at, body, author, message, channel, posted_at`

// scanLog reads a row of logColumns.
func scanLog(r row) agents.LogEntry {
	e := agents.LogEntry{
		ID: domain.LogID(r.text(0)), AgentID: domain.AgentID(r.text(1)), EntityID: domain.EntityID(r.text(2)),
		RoomID: domain.RoomID(r.text(3)), Type: r.text(4), Model: r.text(5), Failed: r.int(6) != 0,
		CreatedAt: domain.FromMillis(r.int(7)), Body: r.json(8), AuthorID: domain.EntityID(r.text(9)),
		Origin: agents.LogOrigin{Message: domain.MessageID(r.text(10)), Channel: domain.ChannelID(r.text(11))},
	}
	if at := r.int(12); at != 0 {
		e.Origin.At = domain.FromMillis(at)
	}
	return e
}

// Logs returns entries of an agent's log; see agents.LogStore. They are a range of an
// index, of which each row is looked at: logs are bounded.
func (s *Store) Logs(ctx context.Context, q agents.LogQuery) (found []agents.LogEntry, err error) {
	sql, args := logQuery(q)
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, sql, func(r row) error {
			found = append(found, scanLog(r))
			return nil
		}, args...)
	})
	return found, err
}

// logQuery is the statement of a query; there are few different ones, which are kept.
func logQuery(q agents.LogQuery) (string, []any) {
	where, args := []string{"agent = ?"}, []any{string(q.AgentID)}
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	order := "DESC"
	switch {
	case q.After != "":
		add("id > ?", string(q.After))
		order = "ASC"
	case q.Before != "":
		add("id < ?", string(q.Before))
	}
	if q.Type != "" {
		add("type = ?", q.Type)
	}
	if len(q.Rooms) > 0 {
		add("room IN (?, ?)", string(q.Rooms[0]), string(q.Rooms[len(q.Rooms)-1]))
	}
	if len(q.Entities) > 0 {
		one, other := string(q.Entities[0]), string(q.Entities[len(q.Entities)-1])
		add("(entity IN (?, ?) OR author IN (?, ?))", one, other, one, other)
	}
	if !q.From.IsZero() {
		add("created_at >= ?", millis(q.From))
	}
	if !q.To.IsZero() {
		add("created_at <= ?", millis(q.To))
	}
	args = append(args, int64(q.Limit))
	return "SELECT " + logColumns + " FROM agent_logs WHERE " + strings.Join(where, " AND ") + " ORDER BY id " + order + " LIMIT ?", args
}

// DeleteLog removes an entry of an agent's log; see agents.LogStore.
func (s *Store) DeleteLog(ctx context.Context, agent domain.AgentID, id domain.LogID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.conn.exec(ctx, `DELETE FROM agent_logs WHERE agent = ? AND id = ?`, string(agent), string(id))
		return err
	})
}

// TrimLogs removes the oldest entries of an agent's log; see agents.LogStore.
func (s *Store) TrimLogs(ctx context.Context, agent domain.AgentID, keep, limit int) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `DELETE FROM agent_logs WHERE agent = ? AND id IN (SELECT id FROM agent_logs
			WHERE agent = ? AND id <= (SELECT id FROM agent_logs WHERE agent = ? ORDER BY id DESC LIMIT 1 OFFSET ?) ORDER BY id LIMIT ?)`,
			string(agent), string(agent), string(agent), int64(keep), int64(limit))
		n = int(changed)
		return err
	})
	return n, err
}

// EraseLogs removes entries about the messages of a channel; see agents.LogStore.
func (s *Store) EraseLogs(ctx context.Context, d agents.LogSelection, limit int) (n int, err error) {
	since, upto := int64(math.MinInt64), int64(math.MaxInt64)
	if !d.Since.IsZero() {
		since = millis(d.Since)
	}
	if !d.Upto.IsZero() {
		upto = millis(d.Upto)
	}
	err = s.writeLate(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `DELETE FROM agent_logs WHERE rowid IN (SELECT rowid FROM agent_logs INDEXED BY agent_logs_by_channel
			WHERE channel = ? AND channel <> '' AND created_at >= ? AND posted_at <= ? LIMIT ?)`, string(d.Channel), since, upto, int64(limit))
		n = int(changed)
		return err
	})
	return n, err
}
