package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"parley/domain"
	"parley/domain/memory"
)

// memoryColumns are the columns that scanMemory reads, but for the embedding.
const memoryColumns = `agent, id, tbl, room, world, entity, is_unique, created_at, message, channel, posted_at, content, metadata`

// The column of the embedding in a result, or its place where it was not asked for.
const (
	withEmbedding    = memoryColumns + `, embedding`
	withoutEmbedding = memoryColumns + `, NULL`
)

// scanMemory reads a row of memoryColumns and the embedding.
func scanMemory(r row) (memory.Memory, error) {
	m := memory.Memory{
		AgentID: domain.AgentID(r.text(0)), ID: domain.MemoryID(r.text(1)), Table: r.text(2), RoomID: domain.RoomID(r.text(3)),
		WorldID: domain.WorldID(r.text(4)), EntityID: domain.EntityID(r.text(5)), Unique: r.int(6) != 0,
		CreatedAt: domain.FromMillis(r.int(7)),
		Origin:    memory.Origin{Message: domain.MessageID(r.text(8)), Channel: domain.ChannelID(r.text(9))},
		Embedding: decodeEmbedding(r[13]),
	}
	if r[10] != nil {
		m.Origin.At = domain.FromMillis(r.int(10))
	}
	err := errors.Join(decode(r.json(11), &m.Content), decode(r.json(12), &m.Metadata))
	if err != nil {
		return m, fmt.Errorf("read memory %s: %w", m.ID, err)
	}
	return m, nil
}

// encodeEmbedding is the stored form of an embedding, nil for none.
func encodeEmbedding(v []float32) any {
	if len(v) == 0 {
		return nil
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// decodeEmbedding reads the stored form of an embedding.
func decodeEmbedding(value any) []float32 {
	b, _ := value.([]byte)
	if len(b) < 4 {
		return nil
	}
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

// errNoMemory is the answer where a memory is missing.
func errNoMemory(id domain.MemoryID) error {
	return domain.Errorf(domain.NotFound, "Memory %s does not exist", id)
}

// findMemory reads one memory, or NotFound.
func findMemory(ctx context.Context, c *conn, agent domain.AgentID, id domain.MemoryID) (m memory.Memory, err error) {
	found, err := c.one(ctx, `SELECT `+withEmbedding+` FROM memories WHERE agent = ? AND id = ?`, func(r row) error {
		m, err = scanMemory(r)
		return err
	}, string(agent), string(id))
	if err == nil && !found {
		err = errNoMemory(id)
	}
	return m, err
}

// Memory returns one memory; see memory.Store.
func (s *Store) Memory(ctx context.Context, agent domain.AgentID, id domain.MemoryID) (m memory.Memory, err error) {
	err = s.read(ctx, func(c *conn) error {
		m, err = findMemory(ctx, c, agent, id)
		return err
	})
	return m, err
}

// insertMemory stores a memory unless its id exists.
func (w *writer) insertMemory(ctx context.Context, m memory.Memory) (bool, error) {
	content, err := encodeMetadata(m.Content)
	if err != nil {
		return false, err
	}
	metadata, err := encodeMetadata(m.Metadata)
	if err != nil {
		return false, err
	}
	var message, channel, posted any
	if m.Origin.Message != "" {
		message, channel, posted = string(m.Origin.Message), string(m.Origin.Channel), millis(m.Origin.At)
	}
	changed, err := w.conn.exec(ctx, `INSERT INTO memories (`+withEmbedding+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, string(m.AgentID), string(m.ID), m.Table, string(m.RoomID), string(m.WorldID), string(m.EntityID),
		m.Unique, millis(m.CreatedAt), message, channel, posted, content, metadata, encodeEmbedding(m.Embedding))
	return changed > 0, err
}

// UpdateMemory changes one memory; see memory.Store.
func (s *Store) UpdateMemory(ctx context.Context, agent domain.AgentID, id domain.MemoryID,
	change func(memory.Memory) (memory.Memory, error),
) (m memory.Memory, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		stored, err := findMemory(ctx, w.conn, agent, id)
		if err != nil {
			return err
		}
		changed, err := change(stored)
		if err != nil {
			return err
		}
		m = stored
		m.Content, m.Metadata, m.Embedding = changed.Content, changed.Metadata, changed.Embedding
		content, err := encodeMetadata(m.Content)
		if err != nil {
			return err
		}
		metadata, err := encodeMetadata(m.Metadata)
		if err != nil {
			return err
		}
		_, err = w.conn.exec(ctx, `UPDATE memories SET content = ?, metadata = ?, embedding = ? WHERE agent = ? AND id = ?`,
			content, metadata, encodeEmbedding(m.Embedding), string(agent), string(id))
		return err
	})
	if err != nil {
		return memory.Memory{}, err
	}
	return m, nil
}

// memoryFilter is the part of a query that selects, and its arguments. The index is named,
// as one that serves another equality would do for the planner too.
func memoryFilter(q memory.Query) (string, []any) {
	index := "memories_by_table"
	where, args := `agent = ?`, []any{string(q.Agent)}
	for _, f := range []struct{ column, index, value string }{
		{"world", "memories_by_world", string(q.World)},
		{"entity", "memories_by_entity", string(q.Entity)},
		{"room", "memories_by_room", string(q.Room)},
	} {
		if f.value != "" {
			index = f.index
			where, args = where+` AND `+f.column+` = ?`, append(args, f.value)
		}
	}
	if q.Table != "" {
		where, args = where+` AND tbl = ?`, append(args, q.Table)
	}
	before, after := int64(math.MaxInt64), int64(math.MinInt64)
	if !q.Before.IsZero() {
		before = millisUp(q.Before)
	}
	if !q.After.IsZero() {
		after = millis(q.After)
	}
	return `FROM memories INDEXED BY ` + index + ` WHERE ` + where + ` AND created_at < ? AND created_at > ?`,
		append(args, before, after)
}

// millisUp is the stored form of an upper bound of times: one within a millisecond does
// not exclude the beginning of that.
func millisUp(t time.Time) int64 {
	ms := millis(t)
	if t.After(domain.FromMillis(ms)) {
		ms++
	}
	return ms
}

// Memories returns the memories of a query; see memory.Store.
func (s *Store) Memories(ctx context.Context, q memory.Query) (page memory.Page, err error) {
	columns := withoutEmbedding
	if q.Embedding {
		columns = withEmbedding
	}
	filter, args := memoryFilter(q)
	size := 0
	err = s.read(ctx, func(c *conn) error {
		err := c.query(ctx, `SELECT `+columns+` `+filter+` ORDER BY created_at DESC, number DESC LIMIT ? OFFSET ?`, func(r row) error {
			embedding, _ := r[13].([]byte)
			size += len(r.text(11)) + len(r.text(12)) + len(embedding)
			if q.MaxBytes > 0 && size > q.MaxBytes && len(page.Memories) > 0 {
				page.Cut = true
				return errEnough
			}
			m, err := scanMemory(r)
			page.Memories = append(page.Memories, m)
			return err
		}, append(args, int64(q.Limit), int64(max(q.Offset, 0)))...)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return page, err
}

// Count returns how many memories a query has; see memory.Store.
func (s *Store) Count(ctx context.Context, q memory.Query, most int) (n int, err error) {
	filter, args := memoryFilter(q)
	err = s.read(ctx, func(c *conn) error {
		_, err := c.one(ctx, `SELECT count(*) FROM (SELECT 1 `+filter+` LIMIT ?) AS beyond`, func(r row) error {
			n = int(r.int(0))
			return nil
		}, append(args, int64(most))...)
		return err
	})
	return n, err
}
