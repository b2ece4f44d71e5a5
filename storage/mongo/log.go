package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// errNoMessage is the answer where a message is missing.
func errNoMessage(id domain.MessageID) error {
	return domain.Errorf(domain.NotFound, "Message %s does not exist", id)
}

// lookup reads one message or tombstone of whatever channel with its line, or NotFound.
func (s *Store) lookup(ctx context.Context, id domain.MessageID) (d messageDoc, l line, err error) {
	d, found, err := findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "_id", Value: string(id)}})
	if err != nil || !found || d.Clear {
		return d, l, orMissing(err, id)
	}
	lines, err := s.linesByKey(ctx, []messageDoc{d})
	l, found = lines[d.Channel]
	if err != nil || !found {
		return d, l, orMissing(err, id)
	}
	return d, l, nil
}

// orMissing is err, or NotFound if there is none.
func orMissing(err error, id domain.MessageID) error {
	if err != nil {
		return err
	}
	return errNoMessage(id)
}

// Lookup returns one message by its id alone; see messaging.Log.
func (s *Store) Lookup(ctx context.Context, id domain.MessageID) (m messaging.Message, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		d, l, err := s.lookup(ctx, id)
		if err != nil {
			return err
		}
		m, err = d.message(l)
		return err
	})
	return m, err
}

// Message returns one message or tombstone; see messaging.Log.
func (s *Store) Message(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (messaging.Message, error) {
	m, err := s.Lookup(ctx, id)
	if err == nil && m.ChannelID != channel {
		return messaging.Message{}, errNoMessage(id)
	}
	return m, err
}

// Head is the channel's last assigned number.
func (s *Store) Head(ctx context.Context, channel domain.ChannelID) (last int64, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		d, found, err := findOne[channelDoc](ctx, s.channels(), bson.D{{Key: "_id", Value: string(channel)}}, options.FindOne().SetProjection(lineFields))
		if err != nil || !found {
			return err
		}
		newest, err := s.last(ctx, d.Key, "rev")
		last = newest.Rev
		return err
	})
	return last, err
}

// pageFilter selects messages of a channel, of one author if it is not empty, within
// exclusive bounds of time, that no clear covers.
func pageFilter(l line, author domain.EntityID, after, before bson.DateTime) bson.D {
	filter := bson.D{{Key: "ch", Value: l.key}}
	if author != "" {
		filter = append(filter, bson.E{Key: "author", Value: string(author)})
	}
	if l.cleared > 0 {
		after = max(after, l.clearedAt)
	}
	return append(filter, bson.E{Key: "live", Value: int64(1)},
		bson.E{Key: "at", Value: bson.D{{Key: "$gt", Value: after}, {Key: "$lt", Value: before}}})
}

// Page returns a page of history; see messaging.Log. Its cost depends on the page only.
func (s *Store) Page(ctx context.Context, q messaging.PageQuery) (page []messaging.Message, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		l, found, err := s.line(ctx, q.Channel)
		if err != nil || !found {
			return err
		}
		after, before, err := s.bounds(ctx, l, q)
		if err != nil {
			return err
		}
		order := -1
		if q.Oldest {
			order = 1
		}
		docs, err := find[messageDoc](ctx, s.messages(), pageFilter(l, q.Author, after, before),
			options.Find().SetSort(bson.D{{Key: "at", Value: order}}).SetLimit(int64(q.Limit)))
		if err != nil {
			return err
		}
		page, err = messagesOf(docs, l)
		return err
	})
	if q.Oldest {
		slices.Reverse(page)
	}
	return page, err
}

// messagesOf are the messages of documents of one channel.
func messagesOf(docs []messageDoc, l line) ([]messaging.Message, error) {
	var list []messaging.Message
	for _, d := range docs {
		m, err := d.message(l)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// bounds are the exclusive bounds of a page's times of creation. These rise with the
// number, so a bound of numbers is one of times too.
func (s *Store) bounds(ctx context.Context, l line, q messaging.PageQuery) (after, before bson.DateTime, err error) {
	after, before = times(q.After, q.Before)
	if q.AfterSeq > 0 {
		d, found, err := s.beside(ctx, l.key, "$lte", q.AfterSeq, -1)
		if err != nil {
			return after, before, err
		}
		if found {
			after = max(after, d.At)
		}
	}
	if q.BeforeSeq > 0 {
		d, found, err := s.beside(ctx, l.key, "$gte", q.BeforeSeq, 1)
		if err != nil {
			return after, before, err
		}
		if found {
			before = min(before, d.At)
		}
	}
	return after, before, nil
}

// beside is the entry of a channel that is nearest to a number on one side.
func (s *Store) beside(ctx context.Context, key int64, side string, seq int64, order int) (messageDoc, bool, error) {
	return findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "ch", Value: key}, {Key: "seq", Value: bson.D{{Key: side, Value: seq}}}},
		options.FindOne().SetSort(bson.D{{Key: "seq", Value: order}}).SetProjection(bson.D{{Key: "at", Value: 1}}))
}

// times are two exclusive bounds; a zero time does not bound.
func times(from, to time.Time) (after, before bson.DateTime) {
	after, before = beforeAll, afterAll
	if !from.IsZero() {
		after = dateOf(from)
	}
	if !to.IsZero() {
		before = dateOf(to)
		if to.UnixNano()%1e6 != 0 {
			before++ // it lies within a millisecond, which begins before it
		}
	}
	return after, before
}

// Since returns events by rising Rev; see messaging.Log.
func (s *Store) Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) (events []messaging.Message, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		l, found, err := s.line(ctx, channel)
		if err != nil || !found {
			return err
		}
		docs, err := find[messageDoc](ctx, s.messages(), bson.D{{Key: "ch", Value: l.key},
			{Key: "rev", Value: bson.D{{Key: "$gt", Value: after}, {Key: "$lte", Value: upto}}}},
			options.Find().SetSort(bson.D{{Key: "rev", Value: 1}}).SetLimit(int64(limit)))
		if err != nil {
			return err
		}
		// A clear among them may have come after the line was read.
		for _, d := range docs {
			if d.Clears != 0 && d.Upto > l.cleared {
				l.cleared, l.clearedAt = d.Upto, d.At
			}
		}
		events, err = messagesOf(docs, l)
		return err
	})
	return events, err
}

// Untold returns changed messages that must be told; see messaging.Log.
func (s *Store) Untold(ctx context.Context, limit int) (found []messaging.Message, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		found, err = s.collect(ctx, bson.D{{Key: "untold", Value: int64(1)}}, limit, s.placed)
		return err
	})
	return found, err
}

// placed are the messages of documents of several channels; those of channels that are
// gone are left out.
func (s *Store) placed(ctx context.Context, docs []messageDoc) ([]messaging.Message, error) {
	lines, err := s.linesByKey(ctx, docs)
	if err != nil {
		return nil, err
	}
	var list []messaging.Message
	for _, d := range docs {
		l, ok := lines[d.Channel]
		if !ok {
			continue
		}
		m, err := d.message(l)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// Told notes that a change was told; see messaging.Log.
func (s *Store) Told(ctx context.Context, _ domain.ChannelID, id domain.MessageID, rev int64) error {
	return s.write(ctx, func(ctx context.Context) error {
		_, err := s.messages().UpdateOne(ctx, bson.D{{Key: "_id", Value: string(id)}, {Key: "rev", Value: rev}},
			bson.D{{Key: "$unset", Value: bson.D{{Key: "untold", Value: ""}}}})
		return err
	})
}
