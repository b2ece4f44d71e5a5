package mongo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/memory"
)

// memoriesName is the collection of memories.
const memoriesName = "memories"

// memoryIndexes are the indexes of memories.
func memoryIndexes() []index {
	list := []index{
		{collection: memoriesName, keys: []string{"+agent", "+table", "-createdAt", "-_id"}, shapes: memoryShapes("agent=")},
		{collection: memoriesName, keys: []string{"+message"}, sparse: true, shapes: []shape{{form: "message="}}},
		{collection: memoriesName, keys: []string{"+channel", "+postedAt"}, shapes: []shape{{form: "channel="}, {form: "channel= postedAt<"}}},
	}
	for _, by := range []struct {
		field  string
		others []string
	}{
		{"room", []string{"", "entity? ", "world? ", "entity? world? "}},
		{"entity", []string{"", "world? "}},
		{"world", []string{""}},
	} {
		i := index{collection: memoriesName, keys: []string{"+agent", "+" + by.field, "+table", "-createdAt", "-_id"}}
		for _, others := range by.others {
			i.shapes = append(i.shapes, memoryShapes("agent= "+by.field+"= "+others)...)
		}
		list = append(list, i)
	}
	return list
}

// memoryShapes are the shapes of the queries that begin with the same conditions.
func memoryShapes(first string) (list []shape) {
	const narrow, some = "what the index leaves is narrow", "it is counted up to a bound"
	for _, s := range []shape{
		{form: ""}, {form: "createdAt?", few: some}, {form: "table="}, {form: "table= createdAt<"},
		{form: "table= -createdAt -_id"}, {form: "table= createdAt< -createdAt -_id"},
	} {
		if strings.Contains(first, "?") {
			s.few = narrow
		}
		s.form = strings.TrimSpace(first + " " + s.form)
		list = append(list, s)
	}
	return list
}

// memoryDocument is a memory as it is stored.
type memoryDocument struct {
	Key      string          `bson:"_id"`
	AgentID  domain.AgentID  `bson:"agent"`
	ID       domain.MemoryID `bson:"id"`
	Table    string          `bson:"table"`
	RoomID   domain.RoomID   `bson:"room"`
	WorldID  domain.WorldID  `bson:"world"`
	EntityID domain.EntityID `bson:"entity"`
	Unique   bool            `bson:"unique"`
	// CreatedAt orders the memories, those of one moment by their keys.
	CreatedAt time.Time `bson:"createdAt"`
	// Message, Channel and PostedAt tell the message that the memory is of, if it is.
	Message  domain.MessageID `bson:"message,omitempty"`
	Channel  domain.ChannelID `bson:"channel,omitempty"`
	PostedAt time.Time        `bson:"postedAt,omitempty"`
	// Content and Metadata are JSON, nil for none.
	Content  *string `bson:"content,omitempty"`
	Metadata *string `bson:"metadata,omitempty"`
	// Embedding is a sequence of 32-bit floats, least byte first.
	Embedding []byte `bson:"embedding,omitempty"`
	Revision  int64  `bson:"revision"`
}

// revision is how often the document was changed.
func (d memoryDocument) revision() int64 { return d.Revision }

// size is how much of MaxBytes a memory takes.
func (d memoryDocument) size() int {
	n := len(d.Embedding)
	for _, text := range []*string{d.Content, d.Metadata} {
		if text != nil {
			n += len(*text)
		}
	}
	return n
}

// newMemoryDocument is the stored form of a memory.
func newMemoryDocument(m memory.Memory) (memoryDocument, error) {
	content, errContent := encodeMetadata(m.Content)
	metadata, errMetadata := encodeMetadata(m.Metadata)
	d := memoryDocument{Key: key(m.AgentID, m.ID), AgentID: m.AgentID, ID: m.ID, Table: m.Table, RoomID: m.RoomID, WorldID: m.WorldID,
		EntityID: m.EntityID, Unique: m.Unique, CreatedAt: m.CreatedAt, Content: content, Metadata: metadata, Embedding: encodeEmbedding(m.Embedding)}
	if m.Origin.Message != "" {
		d.Message, d.Channel, d.PostedAt = m.Origin.Message, m.Origin.Channel, m.Origin.At
	}
	return d, errors.Join(errContent, errMetadata)
}

// memory reads the stored form.
func (d memoryDocument) memory() (memory.Memory, error) {
	m := memory.Memory{AgentID: d.AgentID, ID: d.ID, Table: d.Table, RoomID: d.RoomID, WorldID: d.WorldID, EntityID: d.EntityID,
		Unique: d.Unique, CreatedAt: d.CreatedAt, Embedding: decodeEmbedding(d.Embedding),
		Origin: memory.Origin{Message: d.Message, Channel: d.Channel, At: d.PostedAt}}
	if err := errors.Join(decodeJSON(d.Content, &m.Content), decodeJSON(d.Metadata, &m.Metadata)); err != nil {
		return m, fmt.Errorf("read memory %s: %w", d.ID, err)
	}
	return m, nil
}

// ref names the memory.
func (d memoryDocument) ref() memory.Ref {
	return memory.Ref{AgentID: d.AgentID, ID: d.ID, RoomID: d.RoomID, Table: d.Table}
}

// refFields are what ref needs.
func refFields() bson.D {
	return bson.D{{Key: "agent", Value: 1}, {Key: "id", Value: 1}, {Key: "room", Value: 1}, {Key: "table", Value: 1}}
}

// encodeEmbedding is the stored form of an embedding, nil for none.
func encodeEmbedding(v []float32) []byte {
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
func decodeEmbedding(b []byte) []float32 {
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

// Memory returns one memory; see memory.Store.
func (s *Store) Memory(ctx context.Context, agent domain.AgentID, id domain.MemoryID) (memory.Memory, error) {
	var doc memoryDocument
	found, err := s.in(memoriesName).one(ctx, bson.D{{Key: "_id", Value: key(agent, id)}}, &doc)
	if err != nil {
		return memory.Memory{}, err
	}
	if !found {
		return memory.Memory{}, errNoMemory(id)
	}
	return doc.memory()
}

// UpdateMemory changes one memory; see memory.Store.
func (s *Store) UpdateMemory(ctx context.Context, agent domain.AgentID, id domain.MemoryID,
	change func(memory.Memory) (memory.Memory, error),
) (m memory.Memory, err error) {
	err = revise(ctx, s.in(memoriesName), key(agent, id), func(before memoryDocument) (bson.D, error) {
		if m, err = before.memory(); err != nil {
			return nil, err
		}
		after, err := change(m)
		if err != nil {
			return nil, err
		}
		m.Content, m.Metadata, m.Embedding = after.Content, after.Metadata, after.Embedding
		doc, err := newMemoryDocument(m)
		return bson.D{{Key: "content", Value: doc.Content}, {Key: "metadata", Value: doc.Metadata}, {Key: "embedding", Value: doc.Embedding}}, err
	})
	if isAbsent(err) {
		err = errNoMemory(id)
	}
	if err != nil {
		return memory.Memory{}, err
	}
	return m, nil
}

// memoryFilter is the filter of a query.
func memoryFilter(q memory.Query) bson.D {
	filter := bson.D{{Key: "agent", Value: q.Agent}}
	for _, f := range []struct{ field, value string }{
		{"room", string(q.Room)}, {"entity", string(q.Entity)}, {"world", string(q.World)}, {"table", q.Table},
	} {
		if f.value != "" {
			filter = append(filter, bson.E{Key: f.field, Value: f.value})
		}
	}
	var bounds bson.D
	if !q.Before.IsZero() {
		bounds = append(bounds, bson.E{Key: "$lt", Value: ceil(q.Before)})
	}
	if !q.After.IsZero() {
		bounds = append(bounds, bson.E{Key: "$gt", Value: floor(q.After)})
	}
	if len(bounds) > 0 {
		filter = append(filter, bson.E{Key: "createdAt", Value: bounds})
	}
	return filter
}

// Memories returns the memories of a query; see memory.Store.
func (s *Store) Memories(ctx context.Context, q memory.Query) (page memory.Page, err error) {
	o := options.Find().SetSort(bson.D{{Key: "createdAt", Value: -1}, {Key: "_id", Value: -1}}).
		SetLimit(int64(q.Limit)).SetSkip(int64(max(q.Offset, 0)))
	if !q.Embedding {
		o.SetProjection(bson.D{{Key: "embedding", Value: 0}})
	}
	size := 0
	err = each(ctx, s.in(memoriesName), memoryFilter(q), o, func(d memoryDocument) (more bool, err error) {
		size += d.size()
		if q.MaxBytes > 0 && size > q.MaxBytes && len(page.Memories) > 0 {
			page.Cut = true
			return false, nil
		}
		m, err := d.memory()
		page.Memories = append(page.Memories, m)
		return true, err
	})
	return page, err
}

// Count returns how many memories a query has; see memory.Store.
func (s *Store) Count(ctx context.Context, q memory.Query, most int) (int, error) {
	return s.in(memoriesName).count(ctx, memoryFilter(q), most)
}

// MemoriesOf returns the memories of a message; see memory.Store.
func (s *Store) MemoriesOf(ctx context.Context, message domain.MessageID, limit int) ([]memory.Ref, error) {
	return listOf(ctx, s.in(memoriesName), bson.D{{Key: "message", Value: message}}, options.Find().SetLimit(int64(limit)).SetProjection(refFields()),
		func(d memoryDocument) (memory.Ref, error) { return d.ref(), nil })
}

// DeleteMemories removes memories; see memory.Store.
func (s *Store) DeleteMemories(ctx context.Context, d memory.Selection, limit int) ([]memory.Ref, error) {
	filter, err := selection(d)
	if err != nil {
		return nil, err
	}
	return s.deleteMemories(ctx, filter, limit)
}

// selection is a selection as a filter.
func selection(d memory.Selection) (bson.D, error) {
	switch {
	case d.Message != "":
		return bson.D{{Key: "message", Value: d.Message}}, nil
	case d.Channel != "":
		filter := bson.D{{Key: "channel", Value: d.Channel}}
		if !d.Upto.IsZero() {
			filter = append(filter, bson.E{Key: "postedAt", Value: bson.D{{Key: "$lte", Value: floor(d.Upto)}}})
		}
		return filter, nil
	case d.Agent == "":
		return nil, domain.Errorf(domain.Invalid, "A selection of memories must name something")
	case d.ID != "":
		return bson.D{{Key: "_id", Value: key(d.Agent, d.ID)}}, nil
	}
	filter := bson.D{{Key: "agent", Value: d.Agent}}
	if d.Room != "" {
		filter = append(filter, bson.E{Key: "room", Value: d.Room})
	}
	if d.Table != "" {
		filter = append(filter, bson.E{Key: "table", Value: d.Table})
	}
	return filter, nil
}

// deleteMemories removes the memories of a filter, at most limit. Of two callers at once
// both may be told of the same memory, which is gone for both.
func (s *Store) deleteMemories(ctx context.Context, filter bson.D, limit int) ([]memory.Ref, error) {
	var keys bson.A
	gone, err := listOf(ctx, s.in(memoriesName), filter, options.Find().SetLimit(int64(limit)).SetProjection(refFields()),
		func(d memoryDocument) (memory.Ref, error) {
			keys = append(keys, d.Key)
			return d.ref(), nil
		})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	if _, err := s.in(memoriesName).remove(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: keys}}}}); err != nil {
		return nil, err
	}
	return gone, nil
}
