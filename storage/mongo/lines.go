package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
)

// line is what reading a channel's log needs to know of the channel.
type line struct {
	id     domain.ChannelID
	key    int64
	server string
	// cleared is the last number that a clear covers whose messages have not followed
	// yet, clearedAt the time of that clear; both are 0 if there is none.
	cleared   int64
	clearedAt bson.DateTime
}

// clears is the projection of the entries of clears.
var clears = bson.D{{Key: "ch", Value: 1}, {Key: "upto", Value: 1}, {Key: "at", Value: 1}}

// lineFields is the projection of channels.
var lineFields = bson.D{{Key: "key", Value: 1}, {Key: "server", Value: 1}}

// line returns the line of a channel; found is false if there is no such channel.
func (s *Store) line(ctx context.Context, id domain.ChannelID) (l line, found bool, err error) {
	lines, err := s.linesOf(ctx, bson.D{{Key: "_id", Value: string(id)}})
	for _, l := range lines {
		return l, true, err
	}
	return l, false, err
}

// linesByKey returns the lines of channels by their keys; those that are gone are left out.
func (s *Store) linesByKey(ctx context.Context, docs []messageDoc) (map[int64]line, error) {
	var keys []int64
	seen := map[int64]bool{}
	for _, d := range docs {
		if !seen[d.Channel] {
			seen[d.Channel], keys = true, append(keys, d.Channel)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return s.linesOf(ctx, bson.D{{Key: "key", Value: bson.D{{Key: "$in", Value: keys}}}})
}

// linesOf returns the lines of the channels that a filter selects. The clears are read
// after whatever the caller has read, so none is missed that this covers.
func (s *Store) linesOf(ctx context.Context, filter bson.D) (map[int64]line, error) {
	docs, err := find[channelDoc](ctx, s.channels(), filter, options.Find().SetProjection(lineFields))
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	lines, keys := make(map[int64]line, len(docs)), make([]int64, len(docs))
	for i, d := range docs {
		lines[d.Key], keys[i] = line{id: domain.ChannelID(d.ID), key: d.Key, server: d.Server}, d.Key
	}
	entries, err := find[messageDoc](ctx, s.messages(), bson.D{{Key: "clears", Value: bson.D{{Key: "$in", Value: keys}}}},
		options.Find().SetProjection(clears))
	for _, e := range entries {
		if l := lines[e.Channel]; e.Upto > l.cleared {
			l.cleared, l.clearedAt = e.Upto, e.At
			lines[e.Channel] = l
		}
	}
	return lines, err
}

// messages is the collection of the channels' logs.
func (s *Store) messages() *mongo.Collection { return s.db.Collection("messages") }

// messageIndexes are the indexes of the channels' logs. The first four are the rules of
// the log: one order, numbers that are never used again, and one message per dedupe key.
func messageIndexes() []index {
	return []index{
		{collection: "messages", keys: []string{"+ch", "+seq"}, unique: true, shapes: []shape{
			{form: "ch= -seq"},
			{form: "ch= +seq"},
			{form: "ch= seq< -seq"},
			{form: "ch= seq< +seq"},
		}},
		{collection: "messages", keys: []string{"+ch", "+rev"}, unique: true, shapes: []shape{
			{form: "ch= -rev"},
			{form: "ch= rev< +rev"},
		}},
		{collection: "messages", keys: []string{"+ch", "+numbers"}, unique: true},
		{collection: "messages", keys: []string{"+ch", "+dedupe"}, unique: true, shapes: []shape{{form: "ch= dedupe="}}},
		// The author stands at the end so that unread messages are counted without reading them.
		{collection: "messages", keys: []string{"+ch", "+live", "+at", "+author"}, shapes: []shape{
			{form: "ch= live= at< -at"},
			{form: "ch= live= at< +at"},
			{form: "ch= live= at< author?", few: "the author is in the index, and the count ends at its bound"},
		}},
		{collection: "messages", keys: []string{"+ch", "+author", "+live", "+at"}, shapes: []shape{
			{form: "ch= author= live= at< -at"},
			{form: "ch= author= live= at< +at"},
		}},
		{collection: "messages", keys: []string{"+live", "+at"}, shapes: []shape{{form: "live= at< -at"}}},
		{collection: "messages", keys: []string{"+clears"}, sparse: true, shapes: []shape{
			{form: "clears="},
			{form: "clears<"},
			{form: "clears= upto?", few: "a channel has few clears that are not swept"},
		}},
		{collection: "messages", keys: []string{"+untold"}, sparse: true, shapes: []shape{{form: "untold="}}},
		{collection: "messages", keys: []string{"+owed"}, sparse: true, shapes: []shape{{form: "owed< +owed"}}},
		{collection: "messages", keys: []string{"+awaiting", "+owing", "+owed"}, sparse: true, shapes: []shape{
			{form: "awaiting="},
			{form: "awaiting= owing= seq? +owed", few: "what a clear covers is swept at once"}}},
	}
}
