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
			if err != nil || d.Seq <= l.cleared {
				left = 0
				return true, err
			}
			rest := slices.DeleteFunc(slices.Clone(d.Awaiting), func(a string) bool { return a == string(agent) })
			if left = len(rest); left == len(d.Awaiting) {
				return true, nil
			}
			update := bson.D{{Key: "$set", Value: bson.D{{Key: "awaiting", Value: rest}}}}
			if left == 0 {
				update = bson.D{{Key: "$unset", Value: bson.D{{Key: "awaiting", Value: ""}, {Key: "owed", Value: ""}}}}
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
		cursor, err := s.messages().Find(ctx, bson.D{{Key: "awaiting", Value: string(agent)}}, options.Find().SetBatchSize(int32(min(limit+1, 1000)))) //nolint:gosec // at most 1000
		if err != nil {
			return err
		}
		defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
		for len(found) < limit && cursor.Next(ctx) {
			// What the server has sent already is worked off at once.
			docs := make([]messageDoc, 1, cursor.RemainingBatchLength()+1)
			if err := cursor.Decode(&docs[0]); err != nil {
				return err
			}
			for cursor.RemainingBatchLength() > 0 && cursor.Next(ctx) {
				var d messageDoc
				if err := cursor.Decode(&d); err != nil {
					return err
				}
				docs = append(docs, d)
			}
			list, err := s.awaited(ctx, docs)
			if err != nil {
				return err
			}
			found = append(found, list...)
		}
		found = found[:min(limit, len(found))]
		return cursor.Err()
	})
	return found, err
}
