package sqlite

import (
	"context"
	"math"

	"parley/domain"
	"parley/domain/memory"
)

// DeleteMemories removes memories; see memory.Store. Like all removals here it lets the
// messages go first.
func (s *Store) DeleteMemories(ctx context.Context, d memory.Selection, limit int) (gone []memory.Ref, err error) {
	from, args, err := selection(d)
	if err != nil {
		return nil, err
	}
	err = s.writeLate(ctx, func(ctx context.Context, w *writer) error {
		gone, err = w.deleteMemories(ctx, from, append(args, int64(limit)))
		return err
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// MemoriesOf returns the memories of a message; see memory.Store.
func (s *Store) MemoriesOf(ctx context.Context, message domain.MessageID, limit int) (found []memory.Ref, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT agent, id, room, tbl FROM memories INDEXED BY memories_by_message WHERE message = ? LIMIT ?`,
			func(r row) error {
				found = append(found, memory.Ref{AgentID: domain.AgentID(r.text(0)), ID: domain.MemoryID(r.text(1)),
					RoomID: domain.RoomID(r.text(2)), Table: r.text(3)})
				return nil
			}, string(message), int64(limit))
	})
	return found, err
}

// selection is a selection as SQL.
func selection(d memory.Selection) (from string, args []any, err error) {
	agent, room, table := string(d.Agent), string(d.Room), d.Table
	switch {
	case d.Message != "":
		return `INDEXED BY memories_by_message WHERE message = ?`, []any{string(d.Message)}, nil
	case d.Channel != "":
		upto := int64(math.MaxInt64)
		if !d.Upto.IsZero() {
			upto = millis(d.Upto)
		}
		return `INDEXED BY memories_by_channel WHERE channel = ? AND posted_at <= ?`, []any{string(d.Channel), upto}, nil
	case agent == "":
		return "", nil, domain.Errorf(domain.Invalid, "A selection of memories must name something")
	case d.ID != "":
		return `WHERE agent = ? AND id = ?`, []any{agent, string(d.ID)}, nil
	case room != "" && table != "":
		return `INDEXED BY memories_by_room WHERE agent = ? AND room = ? AND tbl = ?`, []any{agent, room, table}, nil
	case room != "":
		return `INDEXED BY memories_by_room WHERE agent = ? AND room = ?`, []any{agent, room}, nil
	case table != "":
		return `INDEXED BY memories_by_table WHERE agent = ? AND tbl = ?`, []any{agent, table}, nil
	default:
		return `INDEXED BY memories_by_table WHERE agent = ?`, []any{agent}, nil
	}
}

// deleteMemories removes the memories of a selection, the last argument of which is a limit.
func (w *writer) deleteMemories(ctx context.Context, from string, args []any) (gone []memory.Ref, err error) {
	var numbers []int64
	err = w.conn.query(ctx, `SELECT number, agent, id, room, tbl FROM memories `+from+` LIMIT ?`, func(r row) error {
		numbers = append(numbers, r.int(0))
		gone = append(gone, memory.Ref{AgentID: domain.AgentID(r.text(1)), ID: domain.MemoryID(r.text(2)),
			RoomID: domain.RoomID(r.text(3)), Table: r.text(4)})
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	for _, number := range numbers {
		if _, err := w.conn.exec(ctx, `DELETE FROM memories WHERE number = ?`, number); err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// DeleteRoom removes participants of a room, and the room; see memory.Store.
func (s *Store) DeleteRoom(ctx context.Context, agent domain.AgentID, id domain.RoomID, limit int) (left bool, err error) {
	err = s.writeLate(ctx, func(ctx context.Context, w *writer) error {
		n, err := w.deleteKeyed(ctx, `SELECT agent, room, entity FROM followers WHERE agent = ? AND room = ? LIMIT ?`,
			`DELETE FROM followers WHERE agent = ? AND room = ? AND entity = ?`, 3, string(agent), string(id), int64(limit))
		if left = n == limit; err != nil || left {
			return err
		}
		_, err = w.conn.exec(ctx, `DELETE FROM rooms WHERE agent = ? AND id = ?`, string(agent), string(id))
		return err
	})
	return left, err
}

// DeleteWorld removes a world; see memory.Store.
func (s *Store) DeleteWorld(ctx context.Context, agent domain.AgentID, id domain.WorldID) error {
	return s.writeLate(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.conn.exec(ctx, `DELETE FROM worlds WHERE agent = ? AND id = ?`, string(agent), string(id))
		return err
	})
}

// EraseAgent removes documents of an agent; see memory.Store. A room goes after who took
// part in it, a world after its rooms.
func (s *Store) EraseAgent(ctx context.Context, agent domain.AgentID, limit int) (left bool, err error) {
	err = s.writeLate(ctx, func(ctx context.Context, w *writer) error {
		gone, err := w.deleteMemories(ctx, `INDEXED BY memories_by_table WHERE agent = ?`, []any{string(agent), int64(limit)})
		n := len(gone)
		for _, t := range []struct {
			find, remove string
			width        int
		}{
			{`SELECT agent, room, entity FROM followers WHERE agent = ? LIMIT ?`,
				`DELETE FROM followers WHERE agent = ? AND room = ? AND entity = ?`, 3},
			{`SELECT agent, id FROM entities WHERE agent = ? LIMIT ?`, `DELETE FROM entities WHERE agent = ? AND id = ?`, 2},
			{`SELECT agent, id FROM rooms WHERE agent = ? LIMIT ?`, `DELETE FROM rooms WHERE agent = ? AND id = ?`, 2},
			{`SELECT agent, id FROM worlds WHERE agent = ? LIMIT ?`, `DELETE FROM worlds WHERE agent = ? AND id = ?`, 2},
		} {
			if err != nil || n >= limit {
				break
			}
			var more int
			more, err = w.deleteKeyed(ctx, t.find, t.remove, t.width, string(agent), int64(limit-n))
			n += more
		}
		left = n >= limit
		return err
	})
	return left, err
}

// deleteKeyed removes the rows that find gives the keys of, each of width columns, and
// returns how many there were.
func (w *writer) deleteKeyed(ctx context.Context, find, remove string, width int, args ...any) (int, error) {
	var keys [][]any
	err := w.conn.query(ctx, find, func(r row) error {
		key := make([]any, width)
		for i := range key {
			key[i] = r.text(i)
		}
		keys = append(keys, key)
		return nil
	}, args...)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if _, err := w.conn.exec(ctx, remove, key...); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}
