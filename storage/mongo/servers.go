package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// serverDoc is a message server.
type serverDoc struct {
	ID         string        `bson:"_id"`
	Name       string        `bson:"name"`
	SourceType string        `bson:"sourceType"`
	SourceID   string        `bson:"sourceId"`
	Metadata   *string       `bson:"metadata,omitempty"`
	Created    bson.DateTime `bson:"created"`
	Updated    bson.DateTime `bson:"updated"`
	Agents     []string      `bson:"agents,omitempty"`
	Retired    bool          `bson:"retired"`
	// Version rises with each change, which is made only if nobody else was faster.
	Version int64 `bson:"version"`
}

// serverIndexes are the indexes of servers.
func serverIndexes() []index {
	return []index{{collection: "servers", keys: []string{"+retired", "+name", "+_id"}, shapes: []shape{
		{form: "retired= +name +_id"},
		{form: "retired="},
	}}}
}

// servers is the collection.
func (s *Store) servers() *mongo.Collection { return s.db.Collection("servers") }

// server is the server of a document.
func (d serverDoc) server() (messaging.Server, error) {
	out := messaging.Server{ID: domain.ServerID(d.ID), Name: d.Name, SourceType: d.SourceType, SourceID: d.SourceID,
		CreatedAt: timeOf(d.Created), UpdatedAt: timeOf(d.Updated), Agents: ids[domain.AgentID](d.Agents)}
	if err := decodeJSON(d.Metadata, &out.Metadata); err != nil {
		return out, fmt.Errorf("read metadata of server %s: %w", d.ID, err)
	}
	return out, nil
}

// findServer reads one server that is not retired, or NotFound.
func (s *Store) findServer(ctx context.Context, id domain.ServerID) (serverDoc, messaging.Server, error) {
	d, found, err := findOne[serverDoc](ctx, s.servers(), bson.D{{Key: "_id", Value: string(id)}})
	if err == nil && (!found || d.Retired) {
		err = domain.Errorf(domain.NotFound, "Server %s does not exist", id)
	}
	if err != nil {
		return d, messaging.Server{}, err
	}
	server, err := d.server()
	return d, server, err
}

// EnsureServer stores a server unless it exists; see messaging.Store.
func (s *Store) EnsureServer(ctx context.Context, server messaging.Server) (stored messaging.Server, created bool, err error) {
	metadata, err := encodeMetadata(server.Metadata)
	if err != nil {
		return messaging.Server{}, false, err
	}
	err = s.write(ctx, func(ctx context.Context) error {
		_, stored, err = s.findServer(ctx, server.ID)
		if !domain.IsCode(err, domain.NotFound) {
			return err
		}
		_, err := s.servers().InsertOne(ctx, serverDoc{ID: string(server.ID), Name: server.Name, SourceType: server.SourceType,
			SourceID: server.SourceID, Metadata: metadata, Created: dateOf(server.CreatedAt), Updated: dateOf(server.UpdatedAt),
			Agents: texts(server.Agents)})
		created = err == nil
		if err != nil && !mongo.IsDuplicateKeyError(err) {
			return err
		}
		_, stored, err = s.findServer(ctx, server.ID)
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
	err = s.read(ctx, func(ctx context.Context) error {
		_, server, err = s.findServer(ctx, id)
		return err
	})
	return server, err
}

// Servers returns all servers; see messaging.Store.
func (s *Store) Servers(ctx context.Context) (list []messaging.Server, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		docs, err := find[serverDoc](ctx, s.servers(), bson.D{{Key: "retired", Value: false}},
			options.Find().SetSort(bson.D{{Key: "name", Value: 1}, {Key: "_id", Value: 1}}))
		for _, d := range docs {
			server, err := d.server()
			if err != nil {
				return err
			}
			list = append(list, server)
		}
		return err
	})
	slices.SortStableFunc(list, func(a, b messaging.Server) int { return rank(a.ID) - rank(b.ID) })
	return list, err
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
	err = s.write(ctx, func(ctx context.Context) error {
		return s.retry(ctx, func() (bool, error) {
			d, stored, err := s.findServer(ctx, id)
			if err != nil {
				return false, err
			}
			changed, err := change(stored)
			if err != nil {
				return false, err
			}
			metadata, err := encodeMetadata(changed.Metadata)
			if err != nil {
				return false, err
			}
			server = stored
			server.Name, server.Metadata, server.Agents = changed.Name, changed.Metadata, changed.Agents
			server.UpdatedAt = timeOf(max(dateOf(s.now()), d.Updated))
			set := bson.D{{Key: "name", Value: server.Name}, {Key: "metadata", Value: metadata}, {Key: "agents", Value: texts(server.Agents)},
				{Key: "updated", Value: dateOf(server.UpdatedAt)}, {Key: "version", Value: d.Version + 1}}
			return s.swap(ctx, s.servers(), bson.D{{Key: "_id", Value: d.ID}, {Key: "version", Value: d.Version}, {Key: "retired", Value: false}}, set)
		})
	})
	if err != nil {
		return messaging.Server{}, err
	}
	return server, nil
}

// swap sets fields of the one document that a filter matches, and reports whether it did.
func (s *Store) swap(ctx context.Context, c *mongo.Collection, filter, set bson.D) (bool, error) {
	result, err := c.UpdateOne(ctx, filter, bson.D{{Key: "$set", Value: set}})
	if err != nil {
		return false, err
	}
	return result.MatchedCount > 0, nil
}

// RetireServer lets a server be gone; see messaging.Store.
func (s *Store) RetireServer(ctx context.Context, id domain.ServerID) (existed bool, err error) {
	err = s.write(ctx, func(ctx context.Context) error {
		existed, err = s.swap(ctx, s.servers(), bson.D{{Key: "_id", Value: string(id)}, {Key: "retired", Value: false}},
			bson.D{{Key: "retired", Value: true}})
		return err
	})
	return existed && err == nil, err
}

// RetiredServers lists the servers on their way out; see messaging.Store.
func (s *Store) RetiredServers(ctx context.Context) (list []domain.ServerID, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		docs, err := find[serverDoc](ctx, s.servers(), bson.D{{Key: "retired", Value: true}})
		for _, d := range docs {
			list = append(list, domain.ServerID(d.ID))
		}
		return err
	})
	slices.SortFunc(list, func(a, b domain.ServerID) int { return strings.Compare(string(a), string(b)) })
	return list, err
}

// ForgetServer removes a retired server; see messaging.Store.
func (s *Store) ForgetServer(ctx context.Context, id domain.ServerID) error {
	return s.write(ctx, func(ctx context.Context) error {
		_, err := s.servers().DeleteOne(ctx, bson.D{{Key: "_id", Value: string(id)}, {Key: "retired", Value: true}})
		return err
	})
}
