package sqlite

import (
	"context"

	"parley/domain"
	"parley/domain/memory"
)

// Put stores a scene; see memory.Store. What is there already is looked for by a reader, so
// that a message in a known room costs the writer one row. The write lets those of the
// channels go first.
func (s *Store) Put(ctx context.Context, scene memory.Scene) (created []bool, err error) {
	created = make([]bool, len(scene.Memories))
	fresh := memory.Scene{Memories: scene.Memories}
	err = s.read(ctx, func(c *conn) error {
		fresh, err = missing(ctx, c, scene)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(fresh.Worlds)+len(fresh.Rooms)+len(fresh.Entities)+len(fresh.Participants)+len(fresh.Memories) == 0 {
		return created, nil
	}
	err = s.writeLate(ctx, func(ctx context.Context, w *writer) error {
		for i, m := range fresh.Memories {
			if created[i], err = w.insertMemory(ctx, m); err != nil {
				return err
			}
		}
		return w.putPlaces(ctx, fresh)
	})
	if err != nil {
		return nil, err
	}
	return created, nil
}

// writeLate is write for what can wait for the messages.
func (s *Store) writeLate(ctx context.Context, apply func(context.Context, *writer) error) error {
	result := make(chan error, 1)
	return s.await(ctx, &job{what: changeNotStored, whole: true, late: true, apply: apply, done: func(err error) { result <- err }}, result)
}

// missing is what of a scene must be written: all of its memories, and of the rest what
// is not as it should be.
func missing(ctx context.Context, c *conn, scene memory.Scene) (fresh memory.Scene, err error) {
	fresh.Memories = scene.Memories
	has := func(sql string, args ...any) (found bool) {
		if err == nil {
			found, err = c.one(ctx, sql, func(row) error { return nil }, args...)
		}
		return found
	}
	for _, w := range scene.Worlds {
		if !has(`SELECT 1 FROM worlds WHERE agent = ? AND id = ? AND (metadata IS NOT NULL OR ?)`, string(w.AgentID), string(w.ID), w.Metadata == nil) {
			fresh.Worlds = append(fresh.Worlds, w)
		}
	}
	for _, r := range scene.Rooms {
		if !has(`SELECT 1 FROM rooms WHERE agent = ? AND id = ? AND (name <> '' OR ? = '')`, string(r.AgentID), string(r.ID), r.Name) {
			fresh.Rooms = append(fresh.Rooms, r)
		}
	}
	for _, p := range scene.Participants {
		if !has(`SELECT 1 FROM followers WHERE agent = ? AND room = ? AND entity = ?`, string(p.AgentID), string(p.RoomID), string(p.EntityID)) {
			fresh.Participants = append(fresh.Participants, p)
		}
	}
	for _, e := range scene.Entities {
		if err != nil {
			return fresh, err
		}
		_, changed, err := mergedEntity(ctx, c, e)
		if err != nil {
			return fresh, err
		}
		if changed {
			fresh.Entities = append(fresh.Entities, e)
		}
	}
	return fresh, err
}

// mergedEntity is what an entity comes to with what is stored of it.
func mergedEntity(ctx context.Context, c *conn, e memory.Entity) (memory.Entity, bool, error) {
	stored, err := findEntity(ctx, c, e.AgentID, e.ID)
	if domain.IsCode(err, domain.NotFound) {
		return e, true, nil
	}
	if err != nil {
		return e, false, err
	}
	merged, changed := stored.Merged(e)
	return merged, changed, nil
}

// putPlaces stores everything of a scene but its memories.
func (w *writer) putPlaces(ctx context.Context, scene memory.Scene) error {
	for _, world := range scene.Worlds {
		if err := w.putWorld(ctx, world); err != nil {
			return err
		}
	}
	for _, room := range scene.Rooms {
		if err := w.putRoom(ctx, room); err != nil {
			return err
		}
	}
	for _, e := range scene.Entities {
		if err := w.putEntity(ctx, e); err != nil {
			return err
		}
	}
	for _, p := range scene.Participants {
		_, err := w.conn.exec(ctx, `INSERT INTO followers (agent, room, entity, state) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			string(p.AgentID), string(p.RoomID), string(p.EntityID), string(p.State))
		if err != nil {
			return err
		}
	}
	return nil
}

// putWorld stores a world, or gives one its metadata that has none.
func (w *writer) putWorld(ctx context.Context, world memory.World) error {
	metadata, err := encodeMetadata(world.Metadata)
	if err != nil {
		return err
	}
	_, err = w.conn.exec(ctx, `INSERT INTO worlds (`+worldColumns+`) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (agent, id) DO UPDATE SET metadata = excluded.metadata WHERE worlds.metadata IS NULL AND excluded.metadata IS NOT NULL`,
		string(world.AgentID), string(world.ID), world.ServerID, world.Name, metadata, millis(world.CreatedAt))
	return err
}

// putRoom stores a room, or names one that has no name.
func (w *writer) putRoom(ctx context.Context, r memory.Room) error {
	metadata, err := encodeMetadata(r.Metadata)
	if err != nil {
		return err
	}
	var group any
	if r.Group != "" {
		group = string(r.Group)
	}
	_, err = w.conn.exec(ctx, `INSERT INTO rooms (`+roomColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (agent, id) DO UPDATE SET name = excluded.name, source = excluded.source, type = excluded.type WHERE rooms.name = ''`,
		string(r.AgentID), string(r.ID), string(r.WorldID), r.ServerID, string(r.ChannelID), group, r.Name, r.Source,
		string(r.Type), metadata, millis(r.CreatedAt))
	return err
}

// putEntity stores an entity, or extends it.
func (w *writer) putEntity(ctx context.Context, e memory.Entity) error {
	merged, changed, err := mergedEntity(ctx, w.conn, e)
	if err != nil || !changed {
		return err
	}
	names, err := encode(merged.Names)
	if err != nil {
		return err
	}
	metadata, err := encodeMetadata(merged.Metadata)
	if err != nil {
		return err
	}
	_, err = w.conn.exec(ctx, `INSERT INTO entities (agent, id, names, metadata, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (agent, id) DO UPDATE SET names = excluded.names, metadata = excluded.metadata`,
		string(e.AgentID), string(e.ID), names, metadata, millis(merged.CreatedAt))
	return err
}
