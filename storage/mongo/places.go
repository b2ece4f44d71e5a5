package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
)

// The collections of worlds, rooms, and of who takes part in rooms.
const (
	worldsName    = "worlds"
	roomsName     = "rooms"
	followersName = "followers"
)

// placeIndexes are the indexes of worlds and rooms. Their keys are in the order of agents
// and ids.
func placeIndexes() []index {
	return []index{
		{collection: roomsName, keys: []string{"+agent", "-createdAt", "-_id"}, shapes: []shape{{form: "agent= -createdAt -_id"}}},
		{collection: roomsName, keys: []string{"+world", "+_id"}, shapes: []shape{{form: "world= +_id"}, {form: "world= _id< +_id"}}},
		{collection: roomsName, keys: []string{"+channel", "+_id"}, shapes: []shape{{form: "channel= +_id"}}},
		{collection: roomsName, keys: []string{"+server", "+_id"}, shapes: []shape{{form: "server= +_id"}}},
		{collection: roomsName, keys: []string{"+group", "+_id"}, shapes: []shape{{form: "group= +_id"}}},
		{collection: roomsName, keys: []string{"+group", "-createdAt"}, shapes: []shape{{form: "group< +group -createdAt"}}},
		{collection: worldsName, keys: []string{"+agent", "-createdAt", "-_id"}, shapes: []shape{{form: "agent= -createdAt -_id"}}},
		{collection: worldsName, keys: []string{"-createdAt", "-_id"}, shapes: []shape{{form: "-createdAt -_id"}}},
		{collection: worldsName, keys: []string{"+id", "+agent"}, shapes: []shape{{form: "id= +agent"}}},
		{collection: worldsName, keys: []string{"+server", "+_id"}, shapes: []shape{{form: "server= +_id"}}},
	}
}

// roomDocument is a room as it is stored.
type roomDocument struct {
	Key       string           `bson:"_id"`
	AgentID   domain.AgentID   `bson:"agent"`
	ID        domain.RoomID    `bson:"id"`
	WorldID   domain.WorldID   `bson:"world"`
	ServerID  string           `bson:"server"`
	ChannelID domain.ChannelID `bson:"channel"`
	// Group is absent for none.
	Group  domain.ServerID       `bson:"group,omitempty"`
	Name   string                `bson:"name"`
	Source string                `bson:"source"`
	Type   messaging.ChannelType `bson:"type"`
	// Metadata is JSON, nil for none.
	Metadata  *string   `bson:"metadata,omitempty"`
	CreatedAt time.Time `bson:"createdAt"`
	Revision  int64     `bson:"revision"`
}

// documentKey is the document's key.
func (d roomDocument) documentKey() string { return d.Key }

// revision is how often the document was changed.
func (d roomDocument) revision() int64 { return d.Revision }

// newRoomDocument is the stored form of a room.
func newRoomDocument(r memory.Room) (roomDocument, error) {
	metadata, err := encodeMetadata(r.Metadata)
	return roomDocument{Key: key(r.AgentID, r.ID), AgentID: r.AgentID, ID: r.ID, WorldID: r.WorldID, ServerID: r.ServerID, ChannelID: r.ChannelID,
		Group: r.Group, Name: r.Name, Source: r.Source, Type: r.Type, Metadata: metadata, CreatedAt: r.CreatedAt}, err
}

// room reads the stored form.
func (d roomDocument) room() (memory.Room, error) {
	r := memory.Room{AgentID: d.AgentID, ID: d.ID, WorldID: d.WorldID, ServerID: d.ServerID, ChannelID: d.ChannelID, Group: d.Group,
		Name: d.Name, Source: d.Source, Type: d.Type, CreatedAt: d.CreatedAt}
	if err := decodeJSON(d.Metadata, &r.Metadata); err != nil {
		return r, fmt.Errorf("read metadata of room %s: %w", d.ID, err)
	}
	return r, nil
}

// errNoRoom is the answer where a room is missing.
func errNoRoom(id domain.RoomID) error {
	return domain.Errorf(domain.NotFound, "Room %s does not exist", id)
}

// Room returns one room; see memory.Store.
func (s *Store) Room(ctx context.Context, agent domain.AgentID, id domain.RoomID) (memory.Room, error) {
	var doc roomDocument
	found, err := s.in(roomsName).one(ctx, bson.D{{Key: "_id", Value: key(agent, id)}}, &doc)
	if err != nil {
		return memory.Room{}, err
	}
	if !found {
		return memory.Room{}, errNoRoom(id)
	}
	return doc.room()
}

// Rooms returns the rooms of a query; see memory.Store.
func (s *Store) Rooms(ctx context.Context, q memory.RoomQuery) ([]memory.Room, error) {
	var filter bson.D
	order := bson.D{{Key: "_id", Value: 1}} // by agent and id
	switch {
	case q.World != "" && q.Agent != "":
		from, to := keysOf(q.Agent)
		filter = bson.D{{Key: "world", Value: q.World}, within("_id", from, to)}
	case q.World != "":
		filter = bson.D{{Key: "world", Value: q.World}}
	case q.Channel != "":
		filter = bson.D{{Key: "channel", Value: q.Channel}}
	case q.Server != "":
		filter = bson.D{{Key: "server", Value: q.Server}}
	case q.Group != "":
		filter = bson.D{{Key: "group", Value: q.Group}}
	case q.Agent != "":
		filter, order = bson.D{{Key: "agent", Value: q.Agent}}, newestFirst()
	default:
		return nil, domain.Errorf(domain.Invalid, "A query of rooms must name something")
	}
	return listOf(ctx, s.in(roomsName), filter, options.Find().SetSort(order).SetLimit(int64(q.Limit)), roomDocument.room)
}

// newestFirst orders by creation.
func newestFirst() bson.D { return bson.D{{Key: "createdAt", Value: -1}, {Key: "_id", Value: -1}} }

// Groups returns the groups that have rooms; see memory.Store. It runs through the index
// alone, which gives the newest room of each group first.
func (s *Store) Groups(ctx context.Context, limit int) (list []memory.GroupHead, err error) {
	o := options.Find().SetSort(bson.D{{Key: "group", Value: 1}, {Key: "createdAt", Value: -1}}).
		SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "group", Value: 1}, {Key: "createdAt", Value: 1}})
	err = each(ctx, s.in(roomsName), bson.D{{Key: "group", Value: bson.D{{Key: "$gt", Value: ""}}}}, o, func(d roomDocument) (more bool, err error) {
		if n := len(list); n > 0 && list[n-1].ID == d.Group {
			return true, nil
		}
		if len(list) == limit {
			return false, nil
		}
		list = append(list, memory.GroupHead{ID: d.Group, CreatedAt: d.CreatedAt})
		return true, nil
	})
	return list, err
}

// UpdateRoom changes one room; see memory.Store.
func (s *Store) UpdateRoom(ctx context.Context, agent domain.AgentID, id domain.RoomID,
	change func(memory.Room) (memory.Room, error),
) (room memory.Room, err error) {
	err = revise(ctx, s.in(roomsName), key(agent, id), func(before roomDocument) (bson.D, error) {
		if room, err = before.room(); err != nil {
			return nil, err
		}
		after, err := change(room)
		if err != nil {
			return nil, err
		}
		room.Name, room.Metadata = after.Name, after.Metadata
		metadata, err := encodeMetadata(room.Metadata)
		return bson.D{{Key: "name", Value: room.Name}, {Key: "metadata", Value: metadata}}, err
	})
	if isAbsent(err) {
		err = errNoRoom(id)
	}
	if err != nil {
		return memory.Room{}, err
	}
	return room, nil
}

// followerDocument says that an entity takes part in a room of an agent; its key is the
// three ids.
type followerDocument struct {
	Key      string          `bson:"_id"`
	EntityID domain.EntityID `bson:"entity"`
	State    memory.State    `bson:"state"`
}

// documentKey is the document's key.
func (d followerDocument) documentKey() string { return d.Key }

// Participants returns who takes part in a room; see memory.Store.
func (s *Store) Participants(ctx context.Context, agent domain.AgentID, room domain.RoomID, limit int) ([]memory.Participant, error) {
	from, to := keysOf(key(agent, room))
	return listOf(ctx, s.in(followersName), bson.D{within("_id", from, to)}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)),
		func(d followerDocument) (memory.Participant, error) {
			return memory.Participant{AgentID: agent, RoomID: room, EntityID: d.EntityID, State: d.State}, nil
		})
}

// worldDocument is a world as it is stored.
type worldDocument struct {
	Key      string         `bson:"_id"`
	AgentID  domain.AgentID `bson:"agent"`
	ID       domain.WorldID `bson:"id"`
	ServerID string         `bson:"server"`
	Name     string         `bson:"name"`
	// Metadata is JSON, nil for none.
	Metadata  *string   `bson:"metadata,omitempty"`
	CreatedAt time.Time `bson:"createdAt"`
	Revision  int64     `bson:"revision"`
}

// documentKey is the document's key.
func (d worldDocument) documentKey() string { return d.Key }

// revision is how often the document was changed.
func (d worldDocument) revision() int64 { return d.Revision }

// newWorldDocument is the stored form of a world.
func newWorldDocument(w memory.World) (worldDocument, error) {
	metadata, err := encodeMetadata(w.Metadata)
	return worldDocument{Key: key(w.AgentID, w.ID), AgentID: w.AgentID, ID: w.ID, ServerID: w.ServerID, Name: w.Name,
		Metadata: metadata, CreatedAt: w.CreatedAt}, err
}

// world reads the stored form.
func (d worldDocument) world() (memory.World, error) {
	w := memory.World{AgentID: d.AgentID, ID: d.ID, ServerID: d.ServerID, Name: d.Name, CreatedAt: d.CreatedAt}
	if err := decodeJSON(d.Metadata, &w.Metadata); err != nil {
		return w, fmt.Errorf("read metadata of world %s: %w", d.ID, err)
	}
	return w, nil
}

// errNoWorld is the answer where a world is missing.
func errNoWorld(id domain.WorldID) error {
	return domain.Errorf(domain.NotFound, "World %s does not exist", id)
}

// World returns one world; see memory.Store.
func (s *Store) World(ctx context.Context, agent domain.AgentID, id domain.WorldID) (memory.World, error) {
	var doc worldDocument
	found, err := s.in(worldsName).one(ctx, bson.D{{Key: "_id", Value: key(agent, id)}}, &doc)
	if err != nil {
		return memory.World{}, err
	}
	if !found {
		return memory.World{}, errNoWorld(id)
	}
	return doc.world()
}

// Worlds returns the worlds of a query; see memory.Store.
func (s *Store) Worlds(ctx context.Context, q memory.WorldQuery) ([]memory.World, error) {
	filter, order := bson.D{}, newestFirst()
	switch {
	case q.World != "":
		filter, order = bson.D{{Key: "id", Value: q.World}}, bson.D{{Key: "agent", Value: 1}}
	case q.Server != "":
		filter, order = bson.D{{Key: "server", Value: q.Server}}, bson.D{{Key: "_id", Value: 1}}
	case q.Agent != "":
		filter = bson.D{{Key: "agent", Value: q.Agent}}
	}
	return listOf(ctx, s.in(worldsName), filter, options.Find().SetSort(order).SetLimit(int64(q.Limit)), worldDocument.world)
}

// UpdateWorld changes one world; see memory.Store.
func (s *Store) UpdateWorld(ctx context.Context, agent domain.AgentID, id domain.WorldID,
	change func(memory.World) (memory.World, error),
) (world memory.World, err error) {
	err = revise(ctx, s.in(worldsName), key(agent, id), func(before worldDocument) (bson.D, error) {
		if world, err = before.world(); err != nil {
			return nil, err
		}
		after, err := change(world)
		if err != nil {
			return nil, err
		}
		world.Name, world.Metadata = after.Name, after.Metadata
		metadata, err := encodeMetadata(world.Metadata)
		return bson.D{{Key: "name", Value: world.Name}, {Key: "metadata", Value: metadata}}, err
	})
	if isAbsent(err) {
		err = errNoWorld(id)
	}
	if err != nil {
		return memory.World{}, err
	}
	return world, nil
}
