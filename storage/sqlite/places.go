package sqlite

import (
	"context"
	"fmt"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
)

// roomColumns are the columns that scanRoom reads.
const roomColumns = `agent, id, world, server, channel, grp, name, source, type, metadata, created_at`

// scanRoom reads a row of roomColumns.
func scanRoom(r row) (memory.Room, error) {
	room := memory.Room{
		AgentID: domain.AgentID(r.text(0)), ID: domain.RoomID(r.text(1)), WorldID: domain.WorldID(r.text(2)), ServerID: r.text(3),
		ChannelID: domain.ChannelID(r.text(4)), Group: domain.ServerID(r.text(5)), Name: r.text(6), Source: r.text(7),
		Type: messaging.ChannelType(r.text(8)), CreatedAt: domain.FromMillis(r.int(10)),
	}
	if err := decode(r.json(9), &room.Metadata); err != nil {
		return room, fmt.Errorf("read metadata of room %s: %w", room.ID, err)
	}
	return room, nil
}

// findRoom reads one room, or NotFound.
func findRoom(ctx context.Context, c *conn, agent domain.AgentID, id domain.RoomID) (room memory.Room, err error) {
	found, err := c.one(ctx, `SELECT `+roomColumns+` FROM rooms WHERE agent = ? AND id = ?`, func(r row) error {
		room, err = scanRoom(r)
		return err
	}, string(agent), string(id))
	if err == nil && !found {
		err = domain.Errorf(domain.NotFound, "Room %s does not exist", id)
	}
	return room, err
}

// Room returns one room; see memory.Store.
func (s *Store) Room(ctx context.Context, agent domain.AgentID, id domain.RoomID) (room memory.Room, err error) {
	err = s.read(ctx, func(c *conn) error {
		room, err = findRoom(ctx, c, agent, id)
		return err
	})
	return room, err
}

// Rooms returns the rooms of a query; see memory.Store.
func (s *Store) Rooms(ctx context.Context, q memory.RoomQuery) (list []memory.Room, err error) {
	var from string
	var args []any
	switch {
	case q.World != "" && q.Agent != "":
		from, args = `INDEXED BY rooms_by_world WHERE world = ? AND agent = ? ORDER BY id`, []any{string(q.World), string(q.Agent)}
	case q.World != "":
		from, args = `INDEXED BY rooms_by_world WHERE world = ? ORDER BY agent, id`, []any{string(q.World)}
	case q.Channel != "":
		from, args = `INDEXED BY rooms_by_channel WHERE channel = ? ORDER BY agent, id`, []any{string(q.Channel)}
	case q.Server != "":
		from, args = `INDEXED BY rooms_by_server WHERE server = ? ORDER BY agent, id`, []any{q.Server}
	case q.Group != "":
		from, args = `INDEXED BY rooms_by_group WHERE grp = ? ORDER BY agent, id`, []any{string(q.Group)}
	case q.Agent != "":
		from, args = `INDEXED BY rooms_of_agent WHERE agent = ? ORDER BY created_at DESC, id DESC`, []any{string(q.Agent)}
	default:
		return nil, domain.Errorf(domain.Invalid, "A query of rooms must name something")
	}
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT `+roomColumns+` FROM rooms `+from+` LIMIT ?`, func(r row) error {
			room, err := scanRoom(r)
			list = append(list, room)
			return err
		}, append(args, int64(q.Limit))...)
	})
	return list, err
}

// Groups returns the groups that have rooms; see memory.Store.
func (s *Store) Groups(ctx context.Context, limit int) (list []memory.GroupHead, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT grp, max(created_at) FROM rooms INDEXED BY rooms_grouped WHERE grp IS NOT NULL GROUP BY grp LIMIT ?`,
			func(r row) error {
				list = append(list, memory.GroupHead{ID: domain.ServerID(r.text(0)), CreatedAt: domain.FromMillis(r.int(1))})
				return nil
			}, int64(limit))
	})
	return list, err
}

// UpdateRoom changes one room; see memory.Store.
func (s *Store) UpdateRoom(ctx context.Context, agent domain.AgentID, id domain.RoomID,
	change func(memory.Room) (memory.Room, error),
) (room memory.Room, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		stored, err := findRoom(ctx, w.conn, agent, id)
		if err != nil {
			return err
		}
		changed, err := change(stored)
		if err != nil {
			return err
		}
		metadata, err := encodeMetadata(changed.Metadata)
		if err != nil {
			return err
		}
		room = stored
		room.Name, room.Metadata = changed.Name, changed.Metadata
		_, err = w.conn.exec(ctx, `UPDATE rooms SET name = ?, metadata = ? WHERE agent = ? AND id = ?`,
			room.Name, metadata, string(agent), string(id))
		return err
	})
	if err != nil {
		return memory.Room{}, err
	}
	return room, nil
}

// Participants returns who takes part in a room; see memory.Store.
func (s *Store) Participants(ctx context.Context, agent domain.AgentID, room domain.RoomID, limit int) (list []memory.Participant, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT entity, state FROM followers WHERE agent = ? AND room = ? ORDER BY entity LIMIT ?`, func(r row) error {
			list = append(list, memory.Participant{AgentID: agent, RoomID: room, EntityID: domain.EntityID(r.text(0)), State: memory.State(r.text(1))})
			return nil
		}, string(agent), string(room), int64(limit))
	})
	return list, err
}

// worldColumns are the columns that scanWorld reads.
const worldColumns = `agent, id, server, name, metadata, created_at`

// scanWorld reads a row of worldColumns.
func scanWorld(r row) (memory.World, error) {
	w := memory.World{AgentID: domain.AgentID(r.text(0)), ID: domain.WorldID(r.text(1)), ServerID: r.text(2), Name: r.text(3),
		CreatedAt: domain.FromMillis(r.int(5))}
	if err := decode(r.json(4), &w.Metadata); err != nil {
		return w, fmt.Errorf("read metadata of world %s: %w", w.ID, err)
	}
	return w, nil
}

// findWorld reads one world, or NotFound.
func findWorld(ctx context.Context, c *conn, agent domain.AgentID, id domain.WorldID) (w memory.World, err error) {
	found, err := c.one(ctx, `SELECT `+worldColumns+` FROM worlds WHERE agent = ? AND id = ?`, func(r row) error {
		w, err = scanWorld(r)
		return err
	}, string(agent), string(id))
	if err == nil && !found {
		err = domain.Errorf(domain.NotFound, "World %s does not exist", id)
	}
	return w, err
}

// World returns one world; see memory.Store.
func (s *Store) World(ctx context.Context, agent domain.AgentID, id domain.WorldID) (w memory.World, err error) {
	err = s.read(ctx, func(c *conn) error {
		w, err = findWorld(ctx, c, agent, id)
		return err
	})
	return w, err
}

// Worlds returns the worlds of a query; see memory.Store.
func (s *Store) Worlds(ctx context.Context, q memory.WorldQuery) (list []memory.World, err error) {
	from, args := `INDEXED BY worlds_by_time ORDER BY created_at DESC, agent DESC, id DESC`, []any{}
	switch {
	case q.World != "":
		from, args = `INDEXED BY worlds_by_id WHERE id = ? ORDER BY agent`, []any{string(q.World)}
	case q.Server != "":
		from, args = `INDEXED BY worlds_by_server WHERE server = ? ORDER BY agent, id`, []any{q.Server}
	case q.Agent != "":
		from, args = `INDEXED BY worlds_of_agent WHERE agent = ? ORDER BY created_at DESC, id DESC`, []any{string(q.Agent)}
	}
	err = s.read(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT `+worldColumns+` FROM worlds `+from+` LIMIT ?`, func(r row) error {
			w, err := scanWorld(r)
			list = append(list, w)
			return err
		}, append(args, int64(q.Limit))...)
	})
	return list, err
}

// UpdateWorld changes one world; see memory.Store.
func (s *Store) UpdateWorld(ctx context.Context, agent domain.AgentID, id domain.WorldID,
	change func(memory.World) (memory.World, error),
) (world memory.World, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		stored, err := findWorld(ctx, w.conn, agent, id)
		if err != nil {
			return err
		}
		changed, err := change(stored)
		if err != nil {
			return err
		}
		metadata, err := encodeMetadata(changed.Metadata)
		if err != nil {
			return err
		}
		world = stored
		world.Name, world.Metadata = changed.Name, changed.Metadata
		_, err = w.conn.exec(ctx, `UPDATE worlds SET name = ?, metadata = ? WHERE agent = ? AND id = ?`,
			world.Name, metadata, string(agent), string(id))
		return err
	})
	if err != nil {
		return memory.World{}, err
	}
	return world, nil
}

// findEntity reads one entity, or NotFound.
func findEntity(ctx context.Context, c *conn, agent domain.AgentID, id domain.EntityID) (e memory.Entity, err error) {
	e = memory.Entity{AgentID: agent, ID: id}
	found, err := c.one(ctx, `SELECT names, metadata, created_at FROM entities WHERE agent = ? AND id = ?`, func(r row) error {
		e.CreatedAt = domain.FromMillis(r.int(2))
		if err := decode(r.json(0), &e.Names); err != nil {
			return fmt.Errorf("read names of entity %s: %w", id, err)
		}
		if err := decode(r.json(1), &e.Metadata); err != nil {
			return fmt.Errorf("read metadata of entity %s: %w", id, err)
		}
		return nil
	}, string(agent), string(id))
	if err == nil && !found {
		err = domain.Errorf(domain.NotFound, "Entity %s does not exist", id)
	}
	return e, err
}

// Entity returns one entity; see memory.Store.
func (s *Store) Entity(ctx context.Context, agent domain.AgentID, id domain.EntityID) (e memory.Entity, err error) {
	err = s.read(ctx, func(c *conn) error {
		e, err = findEntity(ctx, c, agent, id)
		return err
	})
	return e, err
}
