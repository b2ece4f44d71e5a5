package sqlite

import (
	"context"
	"fmt"
	"slices"

	"parley/domain"
	"parley/domain/messaging"
)

// serverColumns are the columns that scanServer reads.
const serverColumns = `id, name, source_type, source_id, metadata, created_at, updated_at, agents`

// scanServer reads a row of serverColumns.
func scanServer(r row) (messaging.Server, error) {
	s := messaging.Server{
		ID: domain.ServerID(r.text(0)), Name: r.text(1), SourceType: r.text(2), SourceID: r.text(3),
		CreatedAt: domain.FromMillis(r.int(5)), UpdatedAt: domain.FromMillis(r.int(6)),
	}
	if err := decode(r.json(4), &s.Metadata); err != nil {
		return s, fmt.Errorf("read metadata of server %s: %w", s.ID, err)
	}
	if err := decode(r.json(7), &s.Agents); err != nil {
		return s, fmt.Errorf("read agents of server %s: %w", s.ID, err)
	}
	return s, nil
}

// findServer reads one server, or NotFound.
func findServer(ctx context.Context, c *conn, id domain.ServerID) (s messaging.Server, err error) {
	found, err := c.one(ctx, `SELECT `+serverColumns+` FROM servers WHERE id = ? AND retired = 0`, func(r row) error {
		s, err = scanServer(r)
		return err
	}, string(id))
	if err == nil && !found {
		err = domain.Errorf(domain.NotFound, "Server %s does not exist", id)
	}
	return s, err
}

// EnsureServer stores a server unless it exists; see messaging.Store.
func (s *Store) EnsureServer(ctx context.Context, server messaging.Server) (stored messaging.Server, created bool, err error) {
	stored, err = s.Server(ctx, server.ID)
	if !domain.IsCode(err, domain.NotFound) {
		return stored, false, err
	}
	metadata, err := encodeMetadata(server.Metadata)
	if err != nil {
		return messaging.Server{}, false, err
	}
	agents, err := encodeAgents(server.Agents)
	if err != nil {
		return messaging.Server{}, false, err
	}
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `INSERT INTO servers (`+serverColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, string(server.ID), server.Name, server.SourceType, server.SourceID, metadata,
			millis(server.CreatedAt), millis(server.UpdatedAt), agents)
		if err != nil {
			return err
		}
		created = changed > 0
		stored, err = findServer(ctx, w.conn, server.ID)
		if domain.IsCode(err, domain.NotFound) {
			return domain.Errorf(domain.Conflict, "Server %s is being deleted", server.ID)
		}
		return err
	})
	if err != nil {
		return messaging.Server{}, false, err
	}
	return stored, created, nil
}

// Server returns one server; see messaging.Store.
func (s *Store) Server(ctx context.Context, id domain.ServerID) (server messaging.Server, err error) {
	err = s.read(ctx, func(c *conn) error {
		server, err = findServer(ctx, c, id)
		return err
	})
	return server, err
}

// Servers returns all servers; see messaging.Store.
func (s *Store) Servers(ctx context.Context) (servers []messaging.Server, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT `+serverColumns+` FROM servers WHERE retired = 0 ORDER BY name, id`, func(r row) error {
			server, err := scanServer(r)
			servers = append(servers, server)
			return err
		})
	})
	slices.SortStableFunc(servers, func(a, b messaging.Server) int { return rank(a.ID) - rank(b.ID) })
	return servers, err
}

// rank puts the default server before the others.
func rank(id domain.ServerID) int {
	if id == domain.DefaultServer {
		return 0
	}
	return 1
}

// UpdateServer changes a server; see messaging.Store.
func (s *Store) UpdateServer(ctx context.Context, id domain.ServerID,
	change func(messaging.Server) (messaging.Server, error),
) (server messaging.Server, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		server, err = w.updateServer(ctx, id, change)
		return err
	})
	if err != nil {
		return messaging.Server{}, err
	}
	return server, nil
}

// updateServer stores what change makes of a server.
func (w *writer) updateServer(ctx context.Context, id domain.ServerID,
	change func(messaging.Server) (messaging.Server, error),
) (messaging.Server, error) {
	server, err := findServer(ctx, w.conn, id)
	if err != nil {
		return server, err
	}
	changed, err := change(server)
	if err != nil {
		return server, err
	}
	metadata, err := encodeMetadata(changed.Metadata)
	if err != nil {
		return server, err
	}
	agents, err := encodeAgents(changed.Agents)
	if err != nil {
		return server, err
	}
	server.Name, server.Metadata, server.Agents = changed.Name, changed.Metadata, changed.Agents
	server.UpdatedAt = domain.FromMillis(max(millis(w.now()), millis(server.UpdatedAt)))
	_, err = w.conn.exec(ctx, `UPDATE servers SET name = ?, metadata = ?, agents = ?, updated_at = ? WHERE id = ?`,
		server.Name, metadata, agents, millis(server.UpdatedAt), string(id))
	return server, err
}

// RetireServer lets a server be gone; see messaging.Store.
func (s *Store) RetireServer(ctx context.Context, id domain.ServerID) (existed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		changed, err := w.conn.exec(ctx, `UPDATE servers SET retired = 1 WHERE id = ? AND retired = 0`, string(id))
		existed = changed > 0
		return err
	})
	return existed && err == nil, err
}

// RetiredServers lists the servers on their way out; see messaging.Store.
func (s *Store) RetiredServers(ctx context.Context) (ids []domain.ServerID, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT id FROM servers INDEXED BY servers_retired WHERE retired = 1 ORDER BY id`, func(r row) error {
			ids = append(ids, domain.ServerID(r.text(0)))
			return nil
		})
	})
	return ids, err
}

// ForgetServer removes a retired server; see messaging.Store.
func (s *Store) ForgetServer(ctx context.Context, id domain.ServerID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.conn.exec(ctx, `DELETE FROM servers WHERE id = ? AND retired = 1`, string(id))
		return err
	})
}
