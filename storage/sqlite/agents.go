package sqlite

import (
	"context"
	"fmt"

	"parley/domain"
	"parley/domain/agents"
)

// agentColumns are the columns that scanAgent reads.
const agentColumns = `id, character, enabled, desired, created_at, updated_at, leaving`

// scanAgent reads a row of agentColumns.
func scanAgent(r row) (agents.Agent, error) {
	a := agents.Agent{
		ID: domain.AgentID(r.text(0)), Enabled: r.int(2) != 0, Desired: r.int(3) != 0, Leaving: r.int(6) != 0,
		CreatedAt: domain.FromMillis(r.int(4)), UpdatedAt: domain.FromMillis(r.int(5)),
	}
	if err := decode(r.json(1), &a.Character); err != nil {
		return a, fmt.Errorf("read character of agent %s: %w", a.ID, err)
	}
	return a, nil
}

// errNoAgent is the answer where an agent is missing.
func errNoAgent(id domain.AgentID) error {
	return domain.Errorf(domain.NotFound, "Agent %s does not exist", id)
}

// errNameTaken is the answer where another agent has the name.
func errNameTaken(a agents.Agent) error {
	return domain.Errorf(domain.Conflict, "An agent named %q exists already", a.Character.Name)
}

// findAgent reads one agent, or NotFound.
func findAgent(ctx context.Context, c *conn, id domain.AgentID) (a agents.Agent, err error) {
	found, err := c.one(ctx, `SELECT `+agentColumns+` FROM agents WHERE id = ?`, func(r row) error {
		a, err = scanAgent(r)
		return err
	}, string(id))
	if err == nil && !found {
		err = errNoAgent(id)
	}
	return a, err
}

// EnsureAgent stores an agent unless it exists; see agents.Store.
func (s *Store) EnsureAgent(ctx context.Context, a agents.Agent) (stored agents.Agent, created bool, err error) {
	character, err := encode(a.Character)
	if err != nil {
		return agents.Agent{}, false, err
	}
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		stored, err = findAgent(ctx, w.conn, a.ID)
		if !domain.IsCode(err, domain.NotFound) {
			return err
		}
		changed, err := w.conn.exec(ctx, `INSERT INTO agents (id, character, enabled, desired, created_at, updated_at, leaving, name)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, string(a.ID), character, a.Enabled, a.Desired,
			millis(a.CreatedAt), millis(a.UpdatedAt), a.Leaving, a.Character.Name)
		if err != nil {
			return err
		}
		if changed == 0 {
			return errNameTaken(a)
		}
		created = true
		stored, err = findAgent(ctx, w.conn, a.ID)
		return err
	})
	if err != nil {
		return agents.Agent{}, false, err
	}
	return stored, created, nil
}

// Agent returns one agent; see agents.Store.
func (s *Store) Agent(ctx context.Context, id domain.AgentID) (a agents.Agent, err error) {
	err = s.read(ctx, func(c *conn) error {
		a, err = findAgent(ctx, c, id)
		return err
	})
	return a, err
}

// Agents returns all agents; see agents.Store.
func (s *Store) Agents(ctx context.Context) (list []agents.Agent, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT `+agentColumns+` FROM agents ORDER BY name`, func(r row) error {
			a, err := scanAgent(r)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

// SetDesired stores whether an agent should run; see agents.Store.
func (s *Store) SetDesired(ctx context.Context, id domain.AgentID, desired bool) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `UPDATE agents SET desired = ?, updated_at = ? WHERE id = ?`,
			desired, millis(w.now()), string(id))
		if err == nil && changed == 0 {
			err = errNoAgent(id)
		}
		return err
	})
}

// UpdateAgent changes an agent; see agents.Store.
func (s *Store) UpdateAgent(ctx context.Context, id domain.AgentID, change func(agents.Agent) (agents.Agent, error)) (stored agents.Agent, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		before, err := findAgent(ctx, w.conn, id)
		if err != nil {
			return err
		}
		after, err := change(before)
		if err != nil {
			return err
		}
		taken, err := w.conn.one(ctx, `SELECT 1 FROM agents WHERE name = ? AND id <> ?`, func(row) error { return nil },
			after.Character.Name, string(id))
		if err != nil {
			return err
		}
		if taken {
			return errNameTaken(after)
		}
		character, err := encode(after.Character)
		if err != nil {
			return err
		}
		_, err = w.conn.exec(ctx, `UPDATE agents SET name = ?, character = ?, enabled = ?, desired = ?, leaving = ?, updated_at = ?
			WHERE id = ?`, after.Character.Name, character, after.Enabled, after.Desired, after.Leaving, millis(after.UpdatedAt), string(id))
		if err != nil {
			return err
		}
		stored, err = findAgent(ctx, w.conn, id)
		return err
	})
	if err != nil {
		return agents.Agent{}, err
	}
	return stored, nil
}

// DeleteAgent removes an agent; see agents.Store.
func (s *Store) DeleteAgent(ctx context.Context, id domain.AgentID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.conn.exec(ctx, `DELETE FROM agents WHERE id = ?`, string(id))
		return err
	})
}

// turnColumns are the columns that scanTurn reads.
const turnColumns = `id, agent, channel, message, fence, state, outcome, created_at, updated_at`

// scanTurn reads a row of turnColumns.
func scanTurn(r row) (agents.Turn, error) {
	t := agents.Turn{
		ID: agents.TurnID(r.text(0)), AgentID: domain.AgentID(r.text(1)), ChannelID: domain.ChannelID(r.text(2)),
		MessageID: domain.MessageID(r.text(3)), Fence: r.int(4), State: agents.TurnState(r.text(5)),
		CreatedAt: domain.FromMillis(r.int(7)), UpdatedAt: domain.FromMillis(r.int(8)),
	}
	if err := decode(r.json(6), &t.Outcome); err != nil {
		return t, fmt.Errorf("read outcome of turn %s: %w", t.ID, err)
	}
	return t, nil
}

// findTurn reads one turn, or NotFound.
func findTurn(ctx context.Context, c *conn, id agents.TurnID) (t agents.Turn, err error) {
	found, err := c.one(ctx, `SELECT `+turnColumns+` FROM turns WHERE id = ?`, func(r row) error {
		t, err = scanTurn(r)
		return err
	}, string(id))
	if err == nil && !found {
		err = domain.Errorf(domain.NotFound, "Turn %s does not exist", id)
	}
	return t, err
}

// TakeTurn raises a turn's fence; see agents.Store.
func (s *Store) TakeTurn(ctx context.Context, t agents.Turn) (stored agents.Turn, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		_, err = w.conn.exec(ctx, `INSERT INTO turns (id, agent, channel, message, fence, state, created_at, updated_at)
			VALUES (?, ?, ?, ?, 1, 'taken', ?, ?)
			ON CONFLICT (id) DO UPDATE SET fence = fence + 1, updated_at = excluded.updated_at WHERE state <> 'done'`,
			string(t.ID), string(t.AgentID), string(t.ChannelID), string(t.MessageID), millis(t.CreatedAt), millis(t.UpdatedAt))
		if err != nil {
			return err
		}
		stored, err = findTurn(ctx, w.conn, t.ID)
		return err
	})
	if err != nil {
		return agents.Turn{}, err
	}
	return stored, nil
}

// CommitOutcome writes what a turn decided; see agents.Store.
func (s *Store) CommitOutcome(ctx context.Context, id agents.TurnID, fence int64, outcome agents.Outcome) error {
	text, err := encode(outcome)
	if err != nil {
		return err
	}
	return s.changeTurn(ctx, `UPDATE turns SET outcome = ?, state = 'decided', updated_at = ?
		WHERE id = ? AND fence = ? AND outcome IS NULL AND state = 'taken'`, func(now int64) []any {
		return []any{text, now, string(id), fence}
	})
}

// FinishTurn notes that a turn's replies are appended; see agents.Store.
func (s *Store) FinishTurn(ctx context.Context, id agents.TurnID, fence int64) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		t, err := findTurn(ctx, w.conn, id)
		if domain.IsCode(err, domain.NotFound) || err == nil && t.Fence != fence {
			return errTakenOver()
		}
		if err != nil {
			return err
		}
		var outcome any
		if t.Outcome != nil {
			if outcome, err = encode(t.Outcome.Bare()); err != nil {
				return err
			}
		}
		_, err = w.conn.exec(ctx, `UPDATE turns SET state = 'done', outcome = ?, updated_at = ? WHERE id = ?`,
			outcome, millis(w.now()), string(id))
		return err
	})
}

// errTakenOver is the answer where a turn is not the caller's any more.
func errTakenOver() error { return domain.Errorf(domain.Conflict, "The turn was taken over") }

// EraseTurn removes one turn; see agents.Store.
func (s *Store) EraseTurn(ctx context.Context, id agents.TurnID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.conn.exec(ctx, `DELETE FROM turns WHERE id = ?`, string(id))
		return err
	})
}

// changeTurn runs an update of one turn under a condition; Conflict if it did not hold.
func (s *Store) changeTurn(ctx context.Context, sql string, args func(now int64) []any) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, sql, args(millis(w.now()))...)
		if err == nil && changed == 0 {
			err = errTakenOver()
		}
		return err
	})
}

// Turn returns one turn; see agents.Store.
func (s *Store) Turn(ctx context.Context, id agents.TurnID) (t agents.Turn, err error) {
	err = s.read(ctx, func(c *conn) error {
		t, err = findTurn(ctx, c, id)
		return err
	})
	return t, err
}

// EraseTurns removes turns of an agent; see agents.Store.
func (s *Store) EraseTurns(ctx context.Context, id domain.AgentID, limit int) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `DELETE FROM turns WHERE id IN (SELECT id FROM turns WHERE agent = ? LIMIT ?)`,
			string(id), int64(limit))
		n = int(changed)
		return err
	})
	return n, err
}
