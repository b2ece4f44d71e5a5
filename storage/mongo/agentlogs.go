package mongo

import (
	"context"
	"encoding/json"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/agents"
)

// agentLogsName is the collection of agents' logs.
const agentLogsName = "agentLogs"

// agentLogIndexes are the indexes of agents' logs.
func agentLogIndexes() []index {
	const few = "logs are bounded"
	return []index{{collection: agentLogsName, keys: []string{"+channel", "+postedAt"}, shapes: []shape{
		{form: "channel="}, {form: "channel= postedAt<"}, {form: "channel= createdAt?", few: few}, {form: "channel= postedAt< createdAt?", few: few},
	}}}
}

// logDocument is an entry of an agent's log as it is stored. Its key is its agent and its
// id, so that an agent's log is a range of keys.
type logDocument struct {
	Key      string          `bson:"_id"`
	AgentID  domain.AgentID  `bson:"agent"`
	ID       domain.LogID    `bson:"id"`
	EntityID domain.EntityID `bson:"entity"`
	AuthorID domain.EntityID `bson:"author"`
	RoomID   domain.RoomID   `bson:"room"`
	Type     string          `bson:"type"`
	Model    string          `bson:"model"`
	Failed   bool            `bson:"failed"`
	// Body is JSON.
	Body      string    `bson:"body"`
	CreatedAt time.Time `bson:"createdAt"`
	// Message, Channel and PostedAt tell the message that the entry is about, if it is.
	Message  domain.MessageID `bson:"message,omitempty"`
	Channel  domain.ChannelID `bson:"channel,omitempty"`
	PostedAt time.Time        `bson:"postedAt,omitempty"`
}

// newLogDocument is the stored form of an entry.
func newLogDocument(e agents.LogEntry) logDocument {
	return logDocument{Key: key(e.AgentID, e.ID), AgentID: e.AgentID, ID: e.ID, EntityID: e.EntityID, AuthorID: e.AuthorID, RoomID: e.RoomID,
		Type: e.Type, Model: e.Model, Failed: e.Failed, Body: string(e.Body), CreatedAt: e.CreatedAt,
		Message: e.Origin.Message, Channel: e.Origin.Channel, PostedAt: e.Origin.At}
}

// entry reads the stored form.
func (d logDocument) entry() (agents.LogEntry, error) {
	return agents.LogEntry{ID: d.ID, AgentID: d.AgentID, EntityID: d.EntityID, AuthorID: d.AuthorID, RoomID: d.RoomID,
		Type: d.Type, Model: d.Model, Failed: d.Failed, Body: json.RawMessage(d.Body), CreatedAt: d.CreatedAt,
		Origin: agents.LogOrigin{Message: d.Message, Channel: d.Channel, At: d.PostedAt}}, nil
}

// AppendLogs stores entries of agents' logs; see agents.LogStore.
func (s *Store) AppendLogs(ctx context.Context, entries []agents.LogEntry) error {
	docs := make([]any, len(entries))
	for i, e := range entries {
		docs[i] = newLogDocument(e)
	}
	return s.in(agentLogsName).insertInOrder(ctx, docs)
}

// Logs returns entries of an agent's log; see agents.LogStore. They are a range of keys, of
// which each entry is looked at: logs are bounded.
func (s *Store) Logs(ctx context.Context, q agents.LogQuery) ([]agents.LogEntry, error) {
	filter, order := logFilter(q)
	return listOf(ctx, s.in(agentLogsName), filter, options.Find().SetSort(bson.D{{Key: "_id", Value: order}}).SetLimit(int64(q.Limit)), logDocument.entry)
}

// logFilter is the filter of a query and the direction in which it is read.
func logFilter(q agents.LogQuery) (filter bson.D, order int) {
	from, to := keysOf(q.AgentID)
	order = -1
	switch {
	case q.After != "":
		from, order = key(q.AgentID, q.After), 1
	case q.Before != "":
		to = key(q.AgentID, q.Before)
	}
	filter = bson.D{within("_id", from, to)}
	if q.Type != "" {
		filter = append(filter, bson.E{Key: "type", Value: q.Type})
	}
	if len(q.Rooms) > 0 {
		filter = append(filter, bson.E{Key: "room", Value: oneOf(q.Rooms)})
	}
	if len(q.Entities) > 0 {
		filter = append(filter, bson.E{Key: "$or", Value: bson.A{
			bson.D{{Key: "entity", Value: oneOf(q.Entities)}}, bson.D{{Key: "author", Value: oneOf(q.Entities)}}}})
	}
	var bounds bson.D
	if !q.From.IsZero() {
		bounds = append(bounds, bson.E{Key: "$gte", Value: floor(q.From)})
	}
	if !q.To.IsZero() {
		bounds = append(bounds, bson.E{Key: "$lte", Value: floor(q.To)})
	}
	if len(bounds) > 0 {
		filter = append(filter, bson.E{Key: "createdAt", Value: bounds})
	}
	return filter, order
}

// DeleteLog removes an entry of an agent's log; see agents.LogStore.
func (s *Store) DeleteLog(ctx context.Context, agent domain.AgentID, id domain.LogID) error {
	_, err := s.in(agentLogsName).remove(ctx, bson.D{{Key: "_id", Value: key(agent, id)}})
	return err
}

// TrimLogs removes the oldest entries of an agent's log; see agents.LogStore.
func (s *Store) TrimLogs(ctx context.Context, agent domain.AgentID, keep, limit int) (int, error) {
	from, to := keysOf(agent)
	var last logDocument
	found, err := s.in(agentLogsName).one(ctx, bson.D{within("_id", from, to)}, &last,
		options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}}).SetSkip(int64(keep)).SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil || !found {
		return 0, err
	}
	return s.in(agentLogsName).removeSome(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: from}, {Key: "$lte", Value: last.Key}}}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}), limit)
}

// EraseLogs removes entries about the messages of a channel; see agents.LogStore.
func (s *Store) EraseLogs(ctx context.Context, d agents.LogSelection, limit int) (int, error) {
	if d.Channel == "" {
		return 0, ctx.Err()
	}
	filter := bson.D{{Key: "channel", Value: d.Channel}}
	if !d.Upto.IsZero() {
		filter = append(filter, bson.E{Key: "postedAt", Value: bson.D{{Key: "$lte", Value: floor(d.Upto)}}})
	}
	if !d.Since.IsZero() {
		filter = append(filter, bson.E{Key: "createdAt", Value: bson.D{{Key: "$gte", Value: floor(d.Since)}}})
	}
	return s.in(agentLogsName).removeSome(ctx, filter, options.Find(), limit)
}
