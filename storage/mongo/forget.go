package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
)

// DeleteRoom removes participants of a room, and the room; see memory.Store.
func (s *Store) DeleteRoom(ctx context.Context, agent domain.AgentID, id domain.RoomID, limit int) (left bool, err error) {
	from, to := keysOf(key(agent, id))
	n, err := s.in(followersName).removeSome(ctx, bson.D{within("_id", from, to)}, options.Find(), limit)
	if left = n == limit; err != nil || left {
		return left && err == nil, err
	}
	_, err = s.in(roomsName).remove(ctx, bson.D{{Key: "_id", Value: key(agent, id)}})
	return false, err
}

// DeleteWorld removes a world; see memory.Store.
func (s *Store) DeleteWorld(ctx context.Context, agent domain.AgentID, id domain.WorldID) error {
	_, err := s.in(worldsName).remove(ctx, bson.D{{Key: "_id", Value: key(agent, id)}})
	return err
}

// EraseAgent removes documents of an agent; see memory.Store. A room goes after who took
// part in it, a world after its rooms.
func (s *Store) EraseAgent(ctx context.Context, agent domain.AgentID, limit int) (left bool, err error) {
	from, to := keysOf(agent)
	n := 0
	for _, name := range []string{memoriesName, followersName, entitiesName, roomsName, worldsName} {
		more, err := s.in(name).removeSome(ctx, bson.D{within("_id", from, to)}, options.Find(), limit-n)
		if err != nil {
			return false, err
		}
		if n += more; n >= limit {
			return true, nil
		}
	}
	return false, nil
}
