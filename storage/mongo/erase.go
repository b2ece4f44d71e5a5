package mongo

import (
	"cmp"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// remainsDoc notes that a channel is deleted and its messages are not erased yet. It is
// there before the channel is gone, so that no crash in between leaves messages behind.
type remainsDoc struct {
	Key     int64         `bson:"_id"`
	Channel string        `bson:"channel"`
	At      bson.DateTime `bson:"at"`
}

// remains is the collection.
func (s *Store) remains() *mongo.Collection { return s.db.Collection("remains") }

// Clear appends the entry of a clear; see messaging.Eraser. The entry itself is what
// covers the messages: all reads ask for entries whose messages have not followed.
func (s *Store) Clear(ctx context.Context, entry messaging.Message) (m messaging.Message, changed bool, err error) {
	if entry.ID == "" || entry.ChannelID == "" || entry.Dedupe == "" {
		return m, false, domain.Errorf(domain.Invalid, "A clear needs an id, a channel and a dedupe key")
	}
	err = s.inLane(ctx, entry.ChannelID, func(ctx context.Context, h *head) error {
		return s.retry(ctx, func() (done bool, err error) {
			m, changed, done, err = s.clear(ctx, h, entry)
			return done, err
		})
	})
	if err != nil {
		return messaging.Message{}, false, err
	}
	return m, changed, nil
}

// clear makes one attempt to append the entry.
func (s *Store) clear(ctx context.Context, h *head, entry messaging.Message) (m messaging.Message, changed, done bool, err error) {
	l, err := s.current(ctx, h, entry.ChannelID)
	if err != nil {
		return m, false, false, err
	}
	newest, found, err := findOne[messageDoc](ctx, s.messages(), pageFilter(l, "", beforeAll, afterAll),
		options.FindOne().SetSort(bson.D{{Key: "at", Value: -1}}).SetProjection(clears))
	if err != nil || !found || newest.At <= l.clearedAt {
		return m, false, true, err
	}
	d := messageDoc{ID: string(entry.ID), Dedupe: entry.Dedupe, Server: string(entry.ServerID), Author: string(entry.AuthorID),
		AuthorName: entry.AuthorName, Clear: true, Upto: h.last, Clears: h.key}
	d.assign(h.key, h.last+1, max(dateOf(s.now()), h.created+1))
	_, err = s.messages().InsertOne(ctx, d)
	if err != nil {
		stored, found, failure := findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "_id", Value: d.ID}})
		*h = head{}
		switch {
		case found && stored.Channel == d.Channel && stored.Clear:
			d = stored // its outcome was not heard
		case failure == nil && !found && mongo.IsDuplicateKeyError(err):
			return m, false, false, nil // somebody else was faster
		default:
			return m, false, false, err
		}
	} else {
		h.last, h.created = d.Seq, d.At
	}
	m, err = d.message(l)
	return m, true, true, err
}

// current returns the line of a channel, read after its head was known: what a clear
// covers up to the head is told by it. NotFound if the channel is gone.
func (s *Store) current(ctx context.Context, h *head, channel domain.ChannelID) (line, error) {
	for {
		if h.key == 0 {
			if err := s.load(ctx, channel, h); err != nil {
				return line{}, err
			}
		}
		l, found, err := s.line(ctx, channel)
		switch {
		case err != nil:
			return l, err
		case !found:
			*h = head{}
			return l, errNoChannel(channel)
		case l.key == h.key:
			return l, nil
		}
		*h = head{} // deleted and made anew
	}
}

// DeleteChannel removes a channel; see messaging.Eraser. Who notes what is left is the one
// who deletes it.
func (s *Store) DeleteChannel(ctx context.Context, id domain.ChannelID) (existed bool, err error) {
	err = s.inLane(ctx, id, func(ctx context.Context, h *head) error {
		*h = head{}
		d, found, err := findOne[channelDoc](ctx, s.channels(), bson.D{{Key: "_id", Value: string(id)}}, options.FindOne().SetProjection(lineFields))
		if err != nil || !found {
			return err
		}
		newest, err := s.last(ctx, d.Key, "seq")
		if err != nil {
			return err
		}
		_, err = s.remains().InsertOne(ctx, remainsDoc{Key: d.Key, Channel: string(id), At: max(dateOf(s.now()), newest.At)})
		if existed = err == nil; err != nil && !mongo.IsDuplicateKeyError(err) {
			return err
		}
		return s.removeChannel(ctx, id, d.Key)
	})
	return existed && err == nil, err
}

// removeChannel removes the document of a channel of which what is left is noted.
func (s *Store) removeChannel(ctx context.Context, id domain.ChannelID, key int64) error {
	_, err := s.channels().DeleteOne(ctx, bson.D{{Key: "_id", Value: string(id)}, {Key: "key", Value: key}})
	return err
}

// Unswept returns what is left; see messaging.Eraser. It completes deletions that a crash
// has interrupted.
func (s *Store) Unswept(ctx context.Context, id domain.ChannelID) (found []messaging.Leftover, err error) {
	err = s.write(ctx, func(ctx context.Context) error {
		deleted, err := s.unsweptRemains(ctx, id)
		if err != nil {
			return err
		}
		cleared, err := s.unsweptClears(ctx, id)
		found = slices.Concat(deleted, cleared)
		return err
	})
	return found, err
}

// unsweptRemains are the leftovers of deleted channels.
func (s *Store) unsweptRemains(ctx context.Context, id domain.ChannelID) (found []messaging.Leftover, err error) {
	filter := bson.D{}
	if id != "" {
		filter = bson.D{{Key: "channel", Value: string(id)}}
	}
	docs, err := find[remainsDoc](ctx, s.remains(), filter)
	for _, d := range docs {
		if err := s.removeChannel(ctx, domain.ChannelID(d.Channel), d.Key); err != nil {
			return nil, err
		}
		found = append(found, messaging.Leftover{ChannelID: domain.ChannelID(d.Channel), Deleted: true, At: timeOf(d.At), Mark: d.Key})
	}
	slices.SortFunc(found, func(a, b messaging.Leftover) int {
		return cmp.Or(cmp.Compare(a.ChannelID, b.ChannelID), cmp.Compare(a.Mark, b.Mark))
	})
	return found, err
}

// unsweptClears are the leftovers of clears, one for each channel.
func (s *Store) unsweptClears(ctx context.Context, id domain.ChannelID) (found []messaging.Leftover, err error) {
	var lines map[int64]line
	if id != "" {
		l, ok, err := s.line(ctx, id)
		if err != nil || !ok {
			return nil, err
		}
		lines = map[int64]line{l.key: l}
	} else {
		docs, err := find[messageDoc](ctx, s.messages(), bson.D{{Key: "clears", Value: bson.D{{Key: "$gt", Value: int64(0)}}}},
			options.Find().SetProjection(clears))
		if err != nil {
			return nil, err
		}
		if lines, err = s.linesByKey(ctx, docs); err != nil {
			return nil, err
		}
	}
	for _, l := range lines {
		if l.cleared > 0 {
			found = append(found, messaging.Leftover{ChannelID: l.id, At: timeOf(l.clearedAt), Mark: l.cleared})
		}
	}
	slices.SortFunc(found, func(a, b messaging.Leftover) int { return cmp.Compare(a.ChannelID, b.ChannelID) })
	return found, nil
}

// Sweep erases a piece of what is left; see messaging.Eraser.
func (s *Store) Sweep(ctx context.Context, l messaging.Leftover, limit int) (swept messaging.Swept, err error) {
	err = s.write(ctx, func(ctx context.Context) error {
		if l.Deleted {
			swept.Left, err = s.sweepRemains(ctx, l, limit)
		} else {
			swept, err = s.sweepCleared(ctx, l, limit)
		}
		return err
	})
	if err != nil {
		return messaging.Swept{}, err
	}
	return swept, nil
}

// onlyID is the projection of what is to be removed.
var onlyID = bson.D{{Key: "_id", Value: 1}}

// idDoc is a document of which only the id matters.
type idDoc struct {
	ID string `bson:"_id"`
}

// remove removes up to limit documents of a query, and returns their ids.
func remove(ctx context.Context, c *mongo.Collection, filter bson.D, sort bson.D, limit int) ([]string, error) {
	docs, err := find[idDoc](ctx, c, filter, options.Find().SetProjection(onlyID).SetSort(sort).SetLimit(int64(limit)))
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	gone := make([]string, len(docs))
	for i, d := range docs {
		gone[i] = d.ID
	}
	_, err = c.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: gone}}}})
	return gone, err
}

// sweepRemains removes messages and read positions of a deleted channel, with the turns
// that answered the messages, and reports whether there are more.
func (s *Store) sweepRemains(ctx context.Context, l messaging.Leftover, limit int) (left bool, err error) {
	_, found, err := findOne[remainsDoc](ctx, s.remains(), bson.D{{Key: "_id", Value: l.Mark}, {Key: "channel", Value: string(l.ChannelID)}})
	if err != nil || !found {
		return false, err
	}
	if err := s.removeChannel(ctx, l.ChannelID, l.Mark); err != nil {
		return false, err
	}
	of := bson.D{{Key: "ch", Value: l.Mark}}
	docs, err := find[idDoc](ctx, s.messages(), of, options.Find().SetProjection(onlyID).SetSort(bson.D{{Key: "seq", Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return false, err
	}
	gone := make([]string, len(docs))
	for i, d := range docs {
		gone[i] = d.ID
	}
	// The turns go first: they are found by the messages.
	if err := s.removeTurns(ctx, gone); err != nil {
		return false, err
	}
	if len(gone) > 0 {
		if _, err := s.messages().DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: gone}}}}); err != nil {
			return false, err
		}
	}
	if len(gone) == limit {
		return true, nil
	}
	positions, err := remove(ctx, s.positions(), of, bson.D{{Key: "at", Value: -1}, {Key: "entity", Value: -1}}, limit)
	if err != nil || len(positions) == limit {
		return true, err
	}
	_, err = s.remains().DeleteOne(ctx, bson.D{{Key: "_id", Value: l.Mark}})
	return false, err
}

// sweepCleared makes tombstones of messages that a clear covers. One that is a tombstone
// is not found again, so no place needs to be remembered.
func (s *Store) sweepCleared(ctx context.Context, l messaging.Leftover, limit int) (out messaging.Swept, err error) {
	at, found, err := s.line(ctx, l.ChannelID)
	if err != nil || !found {
		return out, err
	}
	mark := min(l.Mark, at.cleared)
	entry, found, err := findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "clears", Value: at.key}, {Key: "upto", Value: mark}})
	if err != nil || !found {
		return out, err
	}
	docs, err := find[messageDoc](ctx, s.messages(), pageFilter(line{key: at.key}, "", beforeAll, entry.At),
		options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return out, err
	}
	gone := make([]string, len(docs))
	for i, d := range docs {
		gone[i] = d.ID
		if len(d.Awaiting) > 0 {
			m, err := d.message(line{id: l.ChannelID, cleared: d.Seq})
			if err != nil {
				return out, err
			}
			out.Awaited = append(out.Awaited, m)
		}
	}
	if err := s.bury(ctx, at.key, gone); err != nil {
		return out, err
	}
	if out.Left = len(docs) == limit; out.Left {
		return out, nil
	}
	_, err = s.messages().UpdateMany(ctx, bson.D{{Key: "clears", Value: at.key}, {Key: "upto", Value: bson.D{{Key: "$lte", Value: mark}}}},
		bson.D{{Key: "$unset", Value: bson.D{{Key: "clears", Value: ""}}}})
	return out, err
}

// toTombstone is what a message loses when it becomes a tombstone.
func toTombstone() bson.D {
	d := bson.D{}
	for _, field := range []string{"live", "awaiting", "owing", "owed", "author", "authorName", "inReplyTo", "sourceType", "sourceId", "metadata", "raw", "content"} {
		d = append(d, bson.E{Key: field, Value: ""})
	}
	return d
}

// bury leaves tombstones where cleared messages were.
func (s *Store) bury(ctx context.Context, key int64, list []string) error {
	if len(list) == 0 {
		return nil
	}
	if err := s.removeTurns(ctx, list); err != nil {
		return err
	}
	_, err := s.messages().UpdateMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: list}}}, {Key: "ch", Value: key}},
		bson.D{{Key: "$unset", Value: toTombstone()}})
	return err
}

// removeTurns removes the turns that answered messages.
func (s *Store) removeTurns(ctx context.Context, messages []string) error {
	if len(messages) == 0 {
		return nil
	}
	_, err := s.db.Collection(turnsName).DeleteMany(ctx, bson.D{{Key: "message", Value: bson.D{{Key: "$in", Value: messages}}}})
	return err
}
