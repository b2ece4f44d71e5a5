package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain/memory"
)

// Put stores a scene; see memory.Store. What is there already is looked for first, so that
// a message in a known room costs one write. A crash in between leaves places without a
// memory, never a memory without its places, and the same Put again completes it.
func (s *Store) Put(ctx context.Context, scene memory.Scene) (created []bool, err error) {
	fresh, err := s.missing(ctx, scene)
	if err != nil {
		return nil, err
	}
	for _, w := range fresh.Worlds {
		if err := s.putWorld(ctx, w); err != nil {
			return nil, err
		}
	}
	for _, r := range fresh.Rooms {
		if err := s.putRoom(ctx, r); err != nil {
			return nil, err
		}
	}
	for _, e := range fresh.Entities {
		if err := s.putEntity(ctx, e); err != nil {
			return nil, err
		}
	}
	followers := make([]any, len(fresh.Participants))
	for i, p := range fresh.Participants {
		followers[i] = followerDocument{Key: followerKey(p), EntityID: p.EntityID, State: p.State}
	}
	if _, err := s.in(followersName).insertAll(ctx, followers); err != nil {
		return nil, err
	}
	docs := make([]any, len(scene.Memories))
	for i, m := range scene.Memories {
		if docs[i], err = newMemoryDocument(m); err != nil {
			return nil, err
		}
	}
	return s.in(memoriesName).insertAll(ctx, docs)
}

// missing is what of a scene but its memories must be written, as it is not as it should be.
func (s *Store) missing(ctx context.Context, scene memory.Scene) (fresh memory.Scene, err error) {
	worlds, err := stored[worldDocument](ctx, s.in(worldsName), scene.Worlds, func(w memory.World) string { return key(w.AgentID, w.ID) }, "metadata")
	if err != nil {
		return fresh, err
	}
	for _, w := range scene.Worlds {
		if d, found := worlds[key(w.AgentID, w.ID)]; !found || d.Metadata == nil && w.Metadata != nil {
			fresh.Worlds = append(fresh.Worlds, w)
		}
	}
	rooms, err := stored[roomDocument](ctx, s.in(roomsName), scene.Rooms, func(r memory.Room) string { return key(r.AgentID, r.ID) }, "name")
	if err != nil {
		return fresh, err
	}
	for _, r := range scene.Rooms {
		if d, found := rooms[key(r.AgentID, r.ID)]; !found || d.Name == "" && r.Name != "" {
			fresh.Rooms = append(fresh.Rooms, r)
		}
	}
	entities, err := stored[entityDocument](ctx, s.in(entitiesName), scene.Entities, func(e memory.Entity) string { return key(e.AgentID, e.ID) }, "names", "metadata")
	if err != nil {
		return fresh, err
	}
	for _, e := range scene.Entities {
		d, found := entities[key(e.AgentID, e.ID)]
		before, err := d.entity()
		if err != nil {
			return fresh, err
		}
		if _, changed := before.Merged(e); !found || changed {
			fresh.Entities = append(fresh.Entities, e)
		}
	}
	followers, err := stored[followerDocument](ctx, s.in(followersName), scene.Participants, followerKey, "state")
	for _, p := range scene.Participants {
		if _, found := followers[followerKey(p)]; !found {
			fresh.Participants = append(fresh.Participants, p)
		}
	}
	return fresh, err
}

// followerKey is the key of a participant.
func followerKey(p memory.Participant) string { return key(key(p.AgentID, p.RoomID), p.EntityID) }

// keyed is a document whose key is made of ids.
type keyed interface {
	worldDocument | roomDocument | entityDocument | followerDocument
	documentKey() string
}

// stored returns some fields of those documents of a list that exist, by their keys.
func stored[D keyed, T any](ctx context.Context, c collection, list []T, keyOf func(T) string, fields ...string) (map[string]D, error) {
	found := make(map[string]D, len(list))
	if len(list) == 0 {
		return found, nil
	}
	keys := make(bson.A, len(list))
	for i, item := range list {
		keys[i] = keyOf(item)
	}
	projection := bson.D{}
	for _, f := range fields {
		projection = append(projection, bson.E{Key: f, Value: 1})
	}
	err := each(ctx, c, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: keys}}}}, options.Find().SetProjection(projection),
		func(d D) (bool, error) {
			found[d.documentKey()] = d
			return true, nil
		})
	return found, err
}

// putWorld stores a world, or gives one its metadata that has none.
func (s *Store) putWorld(ctx context.Context, w memory.World) error {
	doc, err := newWorldDocument(w)
	if err != nil {
		return err
	}
	if created, err := s.in(worldsName).insert(ctx, doc); err != nil || created || doc.Metadata == nil {
		return err
	}
	_, err = s.in(worldsName).update(ctx, bson.D{{Key: "_id", Value: doc.Key}, {Key: "metadata", Value: nil}},
		revised(bson.D{{Key: "metadata", Value: doc.Metadata}}))
	return err
}

// putRoom stores a room, or names one that has no name.
func (s *Store) putRoom(ctx context.Context, r memory.Room) error {
	doc, err := newRoomDocument(r)
	if err != nil {
		return err
	}
	if created, err := s.in(roomsName).insert(ctx, doc); err != nil || created {
		return err
	}
	_, err = s.in(roomsName).update(ctx, bson.D{{Key: "_id", Value: doc.Key}, {Key: "name", Value: ""}},
		revised(bson.D{{Key: "name", Value: doc.Name}, {Key: "source", Value: doc.Source}, {Key: "type", Value: doc.Type}}))
	return err
}
