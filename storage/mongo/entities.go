package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"parley/domain"
	"parley/domain/memory"
)

// entitiesName is the collection of entities, which are read by their keys alone.
const entitiesName = "entities"

// entityDocument is an entity as it is stored.
type entityDocument struct {
	Key     string          `bson:"_id"`
	AgentID domain.AgentID  `bson:"agent"`
	ID      domain.EntityID `bson:"id"`
	Names   []string        `bson:"names"`
	// Metadata is JSON, nil for none.
	Metadata  *string   `bson:"metadata,omitempty"`
	CreatedAt time.Time `bson:"createdAt"`
	Revision  int64     `bson:"revision"`
}

// documentKey is the document's key.
func (d entityDocument) documentKey() string { return d.Key }

// revision is how often the document was changed.
func (d entityDocument) revision() int64 { return d.Revision }

// newEntityDocument is the stored form of an entity.
func newEntityDocument(e memory.Entity) (entityDocument, error) {
	metadata, err := encodeMetadata(e.Metadata)
	return entityDocument{Key: key(e.AgentID, e.ID), AgentID: e.AgentID, ID: e.ID, Names: e.Names, Metadata: metadata, CreatedAt: e.CreatedAt}, err
}

// entity reads the stored form.
func (d entityDocument) entity() (memory.Entity, error) {
	e := memory.Entity{AgentID: d.AgentID, ID: d.ID, Names: d.Names, CreatedAt: d.CreatedAt}
	if err := decodeJSON(d.Metadata, &e.Metadata); err != nil {
		return e, fmt.Errorf("read metadata of entity %s: %w", d.ID, err)
	}
	return e, nil
}

// Entity returns one entity; see memory.Store.
func (s *Store) Entity(ctx context.Context, agent domain.AgentID, id domain.EntityID) (memory.Entity, error) {
	var doc entityDocument
	found, err := s.in(entitiesName).one(ctx, bson.D{{Key: "_id", Value: key(agent, id)}}, &doc)
	if err != nil {
		return memory.Entity{}, err
	}
	if !found {
		return memory.Entity{}, domain.Errorf(domain.NotFound, "Entity %s does not exist", id)
	}
	return doc.entity()
}

// putEntity stores an entity, or extends it.
func (s *Store) putEntity(ctx context.Context, e memory.Entity) error {
	doc, err := newEntityDocument(e)
	if err != nil {
		return err
	}
	return s.contend(ctx, func(ctx context.Context) (bool, error) {
		err := s.extendEntity(ctx, e)
		if !isAbsent(err) {
			return true, err
		}
		return s.in(entitiesName).insert(ctx, doc) // if somebody else is faster, theirs is extended
	})
}

// extendEntity adds what is new of an entity to the stored one, or errGone.
func (s *Store) extendEntity(ctx context.Context, e memory.Entity) error {
	err := revise(ctx, s.in(entitiesName), key(e.AgentID, e.ID), func(before entityDocument) (bson.D, error) {
		stored, err := before.entity()
		if err != nil {
			return nil, err
		}
		merged, changed := stored.Merged(e)
		if !changed {
			return nil, errSame
		}
		metadata, err := encodeMetadata(merged.Metadata)
		return bson.D{{Key: "names", Value: merged.Names}, {Key: "metadata", Value: metadata}}, err
	})
	if isSame(err) {
		return nil
	}
	return err
}
