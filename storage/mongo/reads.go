package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"parley/domain"
	"parley/domain/messaging"
)

// unreadDepth is how many messages beyond a read position are looked at.
const unreadDepth = 2000

// unreadAtOnce is how many channels one question for unread messages looks at at once.
const unreadAtOnce = 8

// positionDoc is how far an entity has read a channel.
type positionDoc struct {
	ID      string        `bson:"_id"`
	Channel int64         `bson:"ch"`
	Entity  string        `bson:"entity"`
	Seq     int64         `bson:"seq"`
	At      bson.DateTime `bson:"at"`
}

// positions is the collection.
func (s *Store) positions() *mongo.Collection { return s.db.Collection("reads") }

// readIndexes are the indexes of read positions.
func readIndexes() []index {
	return []index{{collection: "reads", keys: []string{"+ch", "-at", "-entity"}, shapes: []shape{{form: "ch= -at -entity"}}}}
}

// positionID is the id of a position.
func positionID(key int64, entity domain.EntityID) string { return fmt.Sprintf("%x:%s", key, entity) }

// SetRead moves a read position forward; see messaging.Reads.
func (s *Store) SetRead(ctx context.Context, channel domain.ChannelID, entity domain.EntityID, seq int64) (now int64, moved bool, err error) {
	err = s.write(ctx, func(ctx context.Context) error {
		d, found, err := findOne[channelDoc](ctx, s.channels(), bson.D{{Key: "_id", Value: string(channel)}}, options.FindOne().SetProjection(lineFields))
		if err == nil && !found {
			err = errNoChannel(channel)
		}
		if err != nil {
			return err
		}
		return s.retry(ctx, func() (done bool, err error) {
			now, moved, done, err = s.setRead(ctx, d.Key, entity, seq)
			return done, err
		})
	})
	if err != nil {
		return 0, false, err
	}
	return now, moved, nil
}

// setRead makes one attempt to move a position; done is false where somebody else was faster.
func (s *Store) setRead(ctx context.Context, key int64, entity domain.EntityID, seq int64) (now int64, moved, done bool, err error) {
	id := positionID(key, entity)
	at, found, err := findOne[positionDoc](ctx, s.positions(), bson.D{{Key: "_id", Value: id}})
	if err != nil || at.Seq >= seq {
		return at.Seq, false, true, err
	}
	newest, err := s.last(ctx, key, "rev")
	if seq = min(seq, newest.Rev); err != nil || at.Seq >= seq {
		return at.Seq, false, true, err
	}
	if found { // whoever is further meanwhile has moved it, and the next attempt sees that
		done, err = s.swap(ctx, s.positions(), bson.D{{Key: "_id", Value: id}, {Key: "seq", Value: bson.D{{Key: "$lt", Value: seq}}}},
			bson.D{{Key: "seq", Value: seq}, {Key: "at", Value: dateOf(s.now())}})
		return seq, done, done, err
	}
	_, err = s.positions().InsertOne(ctx, positionDoc{ID: id, Channel: key, Entity: string(entity), Seq: seq, At: dateOf(s.now())})
	if mongo.IsDuplicateKeyError(err) {
		return 0, false, false, nil
	}
	return seq, err == nil, true, err
}

// DropRead removes a position; see messaging.Reads.
func (s *Store) DropRead(ctx context.Context, channel domain.ChannelID, entity domain.EntityID) error {
	return s.write(ctx, func(ctx context.Context) error {
		l, found, err := s.line(ctx, channel)
		if err != nil || !found {
			return err
		}
		_, err = s.positions().DeleteOne(ctx, bson.D{{Key: "_id", Value: positionID(l.key, entity)}})
		return err
	})
}

// Reads returns the positions of a channel; see messaging.Reads.
func (s *Store) Reads(ctx context.Context, channel domain.ChannelID, limit int) (list []messaging.ReadPosition, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		l, found, err := s.line(ctx, channel)
		if err != nil || !found {
			return err
		}
		docs, err := find[positionDoc](ctx, s.positions(), bson.D{{Key: "ch", Value: l.key}},
			options.Find().SetSort(bson.D{{Key: "at", Value: -1}, {Key: "entity", Value: -1}}).SetLimit(int64(limit)))
		for _, d := range docs {
			list = append(list, messaging.ReadPosition{EntityID: domain.EntityID(d.Entity), Seq: d.Seq})
		}
		return err
	})
	return list, err
}

// Unread tells what an entity has not read; see messaging.Reads.
func (s *Store) Unread(ctx context.Context, entity domain.EntityID, channels []domain.ChannelID) (list []messaging.Unread, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		if len(channels) == 0 {
			return nil
		}
		lines, err := s.linesOf(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: texts(channels)}}}})
		if err != nil {
			return err
		}
		byID := make(map[domain.ChannelID]line, len(lines))
		places := make([]string, 0, len(lines))
		for _, l := range lines {
			byID[l.id], places = l, append(places, positionID(l.key, entity))
		}
		docs, err := find[positionDoc](ctx, s.positions(), bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: places}}}})
		if err != nil {
			return err
		}
		read := make(map[int64]int64, len(docs))
		for _, d := range docs {
			read[d.Channel] = d.Seq
		}
		list, err = s.unread(ctx, entity, channels, byID, read)
		return err
	})
	return list, err
}

// unread counts in the channels that exist, a few at once.
func (s *Store) unread(ctx context.Context, entity domain.EntityID, channels []domain.ChannelID, lines map[domain.ChannelID]line,
	read map[int64]int64,
) ([]messaging.Unread, error) {
	var list []messaging.Unread
	for _, id := range channels {
		if l, ok := lines[id]; ok {
			list = append(list, messaging.Unread{ChannelID: id, Seq: read[l.key]})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(unreadAtOnce)
	for i := range list {
		group.Go(func() error { return s.countUnread(ctx, entity, lines[list[i].ChannelID], &list[i]) })
	}
	return list, group.Wait()
}

// countUnread counts in one channel, from indexes alone: it finds where the newest messages
// that are looked at begin, and counts those of others that are live from there on.
func (s *Store) countUnread(ctx context.Context, entity domain.EntityID, l line, u *messaging.Unread) error {
	newest, err := s.last(ctx, l.key, "rev")
	if u.Head = newest.Rev; err != nil || u.Seq >= u.Head {
		return err
	}
	beyond := bson.D{{Key: "ch", Value: l.key}, {Key: "seq", Value: bson.D{{Key: "$gt", Value: u.Seq}}}}
	first, found, err := findOne[messageDoc](ctx, s.messages(), beyond, options.FindOne().SetSort(bson.D{{Key: "seq", Value: -1}}).
		SetSkip(unreadDepth-1).SetProjection(bson.D{{Key: "at", Value: 1}}))
	if err == nil && !found { // fewer than that: all beyond the position
		first, found, err = s.beside(ctx, l.key, "$gt", u.Seq, 1)
	}
	if err != nil || !found {
		return err
	}
	filter := append(pageFilter(l, "", first.At-1, afterAll), bson.E{Key: "author", Value: bson.D{{Key: "$ne", Value: string(entity)}}})
	u.Unread, err = s.messages().CountDocuments(ctx, filter, options.Count().SetLimit(messaging.MaxUnread))
	return err
}
