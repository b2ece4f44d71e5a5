package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// FinishDuty removes a duty; see messaging.Log.
func (s *Store) FinishDuty(ctx context.Context, channel domain.ChannelID, id domain.MessageID, agent domain.AgentID) (left int, err error) {
	err = s.write(ctx, func(ctx context.Context) error {
		return s.retry(ctx, func() (bool, error) {
			d, l, err := s.lookup(ctx, id)
			if err == nil && l.id != channel {
				err = errNoMessage(id)
			}
			if err != nil {
				return true, err
			}
			rest := slices.DeleteFunc(slices.Clone(d.Awaiting), func(a string) bool { return a == string(agent) })
			if left = len(rest); d.Seq <= l.cleared { // nothing of it is owed any more, but the sweep tells whom it finds
				left = 0
			}
			if len(rest) == len(d.Awaiting) {
				return true, nil
			}
			update := bson.D{{Key: "$set", Value: bson.D{{Key: "awaiting", Value: rest}}}}
			if len(rest) == 0 {
				update = bson.D{{Key: "$unset", Value: bson.D{{Key: "awaiting", Value: ""}, {Key: "owing", Value: ""}, {Key: "owed", Value: ""}}}}
			}
			result, err := s.messages().UpdateOne(ctx, bson.D{{Key: "_id", Value: d.ID}, {Key: "awaiting", Value: d.Awaiting}}, update)
			if err != nil {
				return false, err
			}
			return result.MatchedCount > 0, nil
		})
	})
	if err != nil {
		return 0, err
	}
	return left, nil
}

// Duties returns messages that await agents; see messaging.Log. Those of deleted channels
// and of cleared messages are passed over.
func (s *Store) Duties(ctx context.Context, after messaging.DutyCursor, limit int) (found []messaging.Message, err error) {
	place := ""
	if !after.CreatedAt.IsZero() || after.ID != "" {
		place = owed(domain.Millis(after.CreatedAt), string(after.ID))
	}
	err = s.read(ctx, func(ctx context.Context) error {
		for len(found) < limit {
			docs, err := find[messageDoc](ctx, s.messages(), bson.D{{Key: "owed", Value: bson.D{{Key: "$gt", Value: place}}}},
				options.Find().SetSort(bson.D{{Key: "owed", Value: 1}}).SetLimit(int64(limit)))
			if err != nil {
				return err
			}
			list, err := s.awaited(ctx, docs)
			if err != nil {
				return err
			}
			found = append(found, list...)
			if len(docs) < limit {
				break
			}
			place = docs[len(docs)-1].Owed
		}
		found = found[:min(limit, len(found))]
		return nil
	})
	return found, err
}

// awaited are the messages of documents that still await somebody.
func (s *Store) awaited(ctx context.Context, docs []messageDoc) ([]messaging.Message, error) {
	list, err := s.placed(ctx, docs)
	return slices.DeleteFunc(list, func(m messaging.Message) bool { return len(m.Awaiting) == 0 }), err
}

// DutiesOf returns messages that await an agent; see messaging.Log.
func (s *Store) DutiesOf(ctx context.Context, agent domain.AgentID, limit int) (found []messaging.Message, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		found, err = s.collect(ctx, bson.D{{Key: "awaiting", Value: string(agent)}}, limit, s.awaited)
		return err
	})
	return found, err
}

// collectBatch is how many documents collect looks at in one step at most.
const collectBatch = 1000

// collect goes through the documents of a query until it has as many messages as it may,
// of those that pick leaves.
func (s *Store) collect(ctx context.Context, filter bson.D, limit int,
	pick func(context.Context, []messageDoc) ([]messaging.Message, error),
) ([]messaging.Message, error) {
	size := min(limit+1, collectBatch)
	cursor, err := s.messages().Find(ctx, filter, options.Find().SetBatchSize(int32(size))) //nolint:gosec // bounded
	if err != nil {
		return nil, err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	var found []messaging.Message
	for more := true; more && len(found) < limit; {
		var docs []messageDoc
		for more = cursor.Next(ctx); more; more = len(docs) < size && cursor.Next(ctx) {
			var d messageDoc
			if err := cursor.Decode(&d); err != nil {
				return nil, err
			}
			docs = append(docs, d)
		}
		more = len(docs) == size
		list, err := pick(ctx, docs)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	return found[:min(limit, len(found))], cursor.Err()
}
