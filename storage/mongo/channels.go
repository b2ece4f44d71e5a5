package mongo

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// standardLimit is how many channels a query returns that names no limit.
const standardLimit = 1000

// channelDoc is a channel with its participants.
type channelDoc struct {
	ID string `bson:"_id"`
	// Key is what its messages know it by: a channel that is made anew under the id of a
	// deleted one has another, so it begins empty while the old messages are erased.
	Key          int64         `bson:"key"`
	Server       string        `bson:"server"`
	Name         string        `bson:"name"`
	Type         string        `bson:"type"`
	SourceType   string        `bson:"sourceType"`
	SourceID     string        `bson:"sourceId"`
	Topic        string        `bson:"topic"`
	Metadata     *string       `bson:"metadata,omitempty"`
	Created      bson.DateTime `bson:"created"`
	Updated      bson.DateTime `bson:"updated"`
	Participants []string      `bson:"participants,omitempty"`
	// Version rises with each change, which is made only if nobody else was faster.
	Version int64 `bson:"version"`
}

// channelIndexes are the indexes of channels, and of what deleted ones have left.
func channelIndexes() []index {
	const kinds = "most channels of a server, or of a person, are of one kind"
	const own = "a participant's channels are few beside those of a server"
	return []index{
		{collection: "channels", keys: []string{"+key"}, unique: true, shapes: []shape{{form: "key="}}},
		{collection: "channels", keys: []string{"-updated", "-_id"}, shapes: []shape{
			{form: "-updated -_id"},
			{form: "", few: "how many channels there are is told by the collection's own count"},
			{form: "type? -updated -_id", few: kinds},
			{form: "type?", few: kinds},
		}},
		{collection: "channels", keys: []string{"+server", "-updated", "-_id"}, shapes: []shape{
			{form: "server= -updated -_id"},
			{form: "server="},
			{form: "server= type? -updated -_id", few: kinds},
			{form: "server= type?", few: kinds},
		}},
		{collection: "channels", keys: []string{"+server", "+sourceId", "-updated", "-_id"}, shapes: []shape{
			{form: "server= sourceId= -updated -_id"},
			{form: "server= sourceId="},
		}},
		{collection: "channels", keys: []string{"+participants", "-updated", "-_id"}, shapes: []shape{
			{form: "participants= -updated -_id"},
			{form: "participants="},
			{form: "server? participants= -updated -_id", few: own},
			{form: "server? participants=", few: own},
			{form: "participants= type? -updated -_id", few: own},
			{form: "participants= type?", few: own},
			{form: "server? participants= type? -updated -_id", few: own},
			{form: "server? participants= type?", few: own},
			{form: "server? participants= name? -updated -_id", few: own},
			{form: "server? participants= name? type? -updated -_id", few: own},
		}},
		{collection: "remains", keys: []string{"+channel"}, shapes: []shape{
			{form: "channel="},
			{form: "", few: "it holds only deleted channels that are not erased yet"},
		}},
	}
}

// channels is the collection.
func (s *Store) channels() *mongo.Collection { return s.db.Collection("channels") }

// channel is the channel of a document.
func (d channelDoc) channel() (messaging.Channel, error) {
	out := messaging.Channel{ID: domain.ChannelID(d.ID), ServerID: domain.ServerID(d.Server), Name: d.Name, Type: messaging.ChannelType(d.Type),
		SourceType: d.SourceType, SourceID: d.SourceID, Topic: d.Topic, CreatedAt: timeOf(d.Created), UpdatedAt: timeOf(d.Updated),
		Participants: ids[domain.EntityID](d.Participants)}
	if err := decodeJSON(d.Metadata, &out.Metadata); err != nil {
		return out, fmt.Errorf("read metadata of channel %s: %w", d.ID, err)
	}
	return out, nil
}

// errNoChannel is the answer where a channel is missing.
func errNoChannel(id domain.ChannelID) error {
	return domain.Errorf(domain.NotFound, "Channel %s does not exist", id)
}

// findChannel reads one channel, or NotFound.
func (s *Store) findChannel(ctx context.Context, id domain.ChannelID) (channelDoc, messaging.Channel, error) {
	d, found, err := findOne[channelDoc](ctx, s.channels(), bson.D{{Key: "_id", Value: string(id)}})
	if err == nil && !found {
		err = errNoChannel(id)
	}
	if err != nil {
		return d, messaging.Channel{}, err
	}
	c, err := d.channel()
	return d, c, err
}

// EnsureChannel stores a channel unless it exists; see messaging.Store.
func (s *Store) EnsureChannel(ctx context.Context, c messaging.Channel) (stored messaging.Channel, created bool, err error) {
	metadata, err := encodeMetadata(c.Metadata)
	if err != nil {
		return messaging.Channel{}, false, err
	}
	err = s.write(ctx, func(ctx context.Context) error {
		return s.retry(ctx, func() (bool, error) {
			_, stored, err = s.findChannel(ctx, c.ID)
			if !domain.IsCode(err, domain.NotFound) {
				return true, err
			}
			d := channelDoc{ID: string(c.ID), Key: 1 + rand.Int64N(1<<62), Server: string(c.ServerID), //nolint:gosec // unique, not secret
				Name: c.Name, Type: string(c.Type), SourceType: c.SourceType, SourceID: c.SourceID, Topic: c.Topic, Metadata: metadata,
				Created: dateOf(c.CreatedAt), Updated: dateOf(c.UpdatedAt), Participants: texts(distinct(nil, c.Participants))}
			_, err := s.channels().InsertOne(ctx, d)
			if mongo.IsDuplicateKeyError(err) { // somebody else made it, or the key is taken
				return false, nil
			}
			if created = err == nil; created {
				stored, err = d.channel()
			}
			return true, err
		})
	})
	if err != nil {
		return messaging.Channel{}, false, err
	}
	return stored, created, nil
}

// distinct is list with those of more that are not on it.
func distinct(list, more []domain.EntityID) []domain.EntityID {
	out := slices.Clone(list)
	for _, e := range more {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// Channel returns one channel; see messaging.Store.
func (s *Store) Channel(ctx context.Context, id domain.ChannelID) (c messaging.Channel, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		_, c, err = s.findChannel(ctx, id)
		return err
	})
	return c, err
}

// channelFilter is which channels q selects.
func channelFilter(q messaging.ChannelQuery) bson.D {
	filter := bson.D{}
	for _, f := range []struct{ key, value string }{{"server", string(q.Server)}, {"sourceId", q.SourceID},
		{"participants", string(q.Participant)}, {"name", q.Name}, {"type", string(q.Type)}} {
		if f.value != "" {
			filter = append(filter, bson.E{Key: f.key, Value: f.value})
		}
	}
	return filter
}

// Channels returns the channels of a query; see messaging.Store.
func (s *Store) Channels(ctx context.Context, q messaging.ChannelQuery) (list []messaging.Channel, err error) {
	limit := cmp.Or(max(q.Limit, 0), standardLimit)
	err = s.read(ctx, func(ctx context.Context) error {
		docs, err := find[channelDoc](ctx, s.channels(), channelFilter(q), options.Find().
			SetSort(bson.D{{Key: "updated", Value: -1}, {Key: "_id", Value: -1}}).SetLimit(int64(limit)).SetSkip(int64(max(q.Offset, 0))))
		for _, d := range docs {
			c, err := d.channel()
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return err
	})
	return list, err
}

// CountChannels counts the channels of a query; see messaging.Store.
func (s *Store) CountChannels(ctx context.Context, q messaging.ChannelQuery) (n int, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		var count int64
		if filter := channelFilter(q); len(filter) > 0 {
			count, err = s.channels().CountDocuments(ctx, filter)
		} else {
			count, err = s.channels().EstimatedDocumentCount(ctx)
		}
		n = int(count)
		return err
	})
	return n, err
}

// AddParticipants lists entities; see messaging.Store.
func (s *Store) AddParticipants(ctx context.Context, id domain.ChannelID, entities ...domain.EntityID) (messaging.Channel, error) {
	return s.changeChannel(ctx, id, func(c messaging.Channel) (messaging.Channel, bool, error) {
		list := distinct(c.Participants, entities)
		changed := len(list) != len(c.Participants)
		c.Participants = list
		return c, changed, nil
	})
}

// RemoveParticipant takes an entity off the list; see messaging.Store.
func (s *Store) RemoveParticipant(ctx context.Context, id domain.ChannelID, entity domain.EntityID) (messaging.Channel, error) {
	return s.changeChannel(ctx, id, func(c messaging.Channel) (messaging.Channel, bool, error) {
		if !slices.Contains(c.Participants, entity) {
			return c, false, nil
		}
		c.Participants = slices.DeleteFunc(slices.Clone(c.Participants), func(e domain.EntityID) bool { return e == entity })
		return c, true, nil
	})
}

// UpdateChannel changes a channel; see messaging.Store.
func (s *Store) UpdateChannel(ctx context.Context, id domain.ChannelID,
	change func(messaging.Channel) (messaging.Channel, error),
) (messaging.Channel, error) {
	return s.changeChannel(ctx, id, func(c messaging.Channel) (messaging.Channel, bool, error) {
		changed, err := change(c)
		return changed, true, err
	})
}

// changeChannel stores what change makes of a channel's name, type, metadata and
// participants, if it says that it has made a difference.
func (s *Store) changeChannel(ctx context.Context, id domain.ChannelID,
	change func(messaging.Channel) (c messaging.Channel, changed bool, err error),
) (channel messaging.Channel, err error) {
	// Changes of one channel that this process makes at once need not compete.
	err = s.inLane(ctx, id, func(ctx context.Context, _ *head) error {
		return s.retry(ctx, func() (bool, error) {
			d, stored, err := s.findChannel(ctx, id)
			if err != nil {
				return false, err
			}
			c, changed, err := change(stored)
			if channel = stored; err != nil || !changed {
				return true, err
			}
			metadata, err := encodeMetadata(c.Metadata)
			if err != nil {
				return false, err
			}
			channel.Name, channel.Type, channel.Metadata = c.Name, c.Type, c.Metadata
			channel.Participants = distinct(nil, c.Participants)
			channel.UpdatedAt = timeOf(max(dateOf(s.now()), d.Updated))
			set := bson.D{{Key: "name", Value: c.Name}, {Key: "type", Value: string(c.Type)}, {Key: "metadata", Value: metadata},
				{Key: "participants", Value: texts(channel.Participants)}, {Key: "updated", Value: dateOf(channel.UpdatedAt)},
				{Key: "version", Value: d.Version + 1}}
			filter := bson.D{{Key: "_id", Value: d.ID}, {Key: "key", Value: d.Key}, {Key: "version", Value: d.Version}}
			return s.swap(ctx, s.channels(), filter, set)
		})
	})
	if err != nil {
		return messaging.Channel{}, err
	}
	return channel, nil
}
