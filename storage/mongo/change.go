package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"parley/domain"
	"parley/domain/messaging"
)

// numbersKept is how many numbers an entry keeps: of one that is changed more often the
// oldest are let go. They guard against a process that is so many changes of this one
// message behind and does not know it.
const numbersKept = 1000

// revision is what becomes of a message: the message itself, and its fields as they are
// written.
type revision struct {
	message    messaging.Message
	set, unset bson.D
}

// Edit changes a message; see messaging.Log.
func (s *Store) Edit(ctx context.Context, channel domain.ChannelID, id domain.MessageID,
	change func(messaging.Message) (messaging.Message, error),
) (messaging.Message, error) {
	m, _, err := s.revise(ctx, channel, id, func(m messaging.Message) (*revision, error) {
		if m.Deleted {
			return nil, errNoMessage(id)
		}
		changed, err := change(m)
		if err != nil {
			return nil, err
		}
		metadata, err := encodeMetadata(changed.Metadata)
		if err != nil {
			return nil, err
		}
		m.Content, m.Raw, m.Metadata = changed.Content, changed.Raw, changed.Metadata
		m.SourceType, m.InReplyTo = changed.SourceType, changed.InReplyTo
		return &revision{message: m, set: bson.D{{Key: "metadata", Value: metadata}, {Key: "raw", Value: encodeRaw(m.Raw)},
			{Key: "content", Value: m.Content}, {Key: "sourceType", Value: m.SourceType}, {Key: "inReplyTo", Value: string(m.InReplyTo)}}}, nil
	})
	return m, err
}

// Delete leaves a tombstone; see messaging.Log. The turns go after the message: the other
// way round an interrupted deletion would let it be answered twice.
func (s *Store) Delete(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (m messaging.Message, changed bool, err error) {
	m, changed, err = s.revise(ctx, channel, id, func(m messaging.Message) (*revision, error) {
		if m.Deleted {
			return nil, nil
		}
		return &revision{message: m.Tombstone(), unset: toTombstone()}, nil
	})
	if err != nil || !changed {
		return m, false, err
	}
	err = s.write(ctx, func(ctx context.Context) error { return s.removeTurns(ctx, []string{string(id)}) })
	if err != nil {
		s.log.Warn().Err(err).Msg("the turns of a deleted message are left")
	}
	return m, true, nil
}

// revise stores what change makes of a message, in one write that takes the channel's next
// number. changed is false where change makes nothing of it.
func (s *Store) revise(ctx context.Context, channel domain.ChannelID, id domain.MessageID,
	change func(messaging.Message) (*revision, error),
) (m messaging.Message, changed bool, err error) {
	err = s.inLane(ctx, channel, func(ctx context.Context, h *head) error {
		return s.retry(ctx, func() (done bool, err error) {
			m, changed, done, err = s.reviseOnce(ctx, h, channel, id, change)
			return done, err
		})
	})
	if err != nil {
		return messaging.Message{}, false, err
	}
	return m, changed, nil
}

// reviseOnce makes one attempt; done is false where another process was faster.
func (s *Store) reviseOnce(ctx context.Context, h *head, channel domain.ChannelID, id domain.MessageID,
	change func(messaging.Message) (*revision, error),
) (m messaging.Message, changed, done bool, err error) {
	l, err := s.current(ctx, h, channel)
	if domain.IsCode(err, domain.NotFound) {
		err = errNoMessage(id)
	}
	if err != nil {
		return m, false, false, err
	}
	d, found, err := findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "_id", Value: string(id)}, {Key: "ch", Value: h.key}})
	if err != nil || !found || d.Clear {
		return m, false, false, orMissing(err, id)
	}
	if m, err = d.message(l); err != nil {
		return m, false, false, err
	}
	r, err := change(m)
	if err != nil || r == nil {
		return m, false, true, err
	}
	number := h.last + 1
	r.message.Rev, r.message.UpdatedAt = number, timeOf(max(dateOf(s.now()), d.Updated))
	done, err = s.storeRevision(ctx, d, r)
	if err != nil || !done {
		*h = head{}
		return m, false, false, err
	}
	h.last = number
	return r.message, true, true, nil
}

// storeRevision writes a revision unless the message or the log has changed meanwhile,
// which it reports.
func (s *Store) storeRevision(ctx context.Context, d messageDoc, r *revision) (done bool, err error) {
	token := bson.NewObjectID().Hex()
	number := r.message.Rev
	set := slices.Concat(r.set, bson.D{{Key: "rev", Value: number}, {Key: "updated", Value: dateOf(r.message.UpdatedAt)},
		{Key: "untold", Value: int64(1)}, {Key: "change", Value: token}})
	update := bson.D{}
	if kept := len(d.Numbers) - numbersKept + 1; kept > 0 {
		set = append(set, bson.E{Key: "numbers", Value: append(d.Numbers[kept:], number)})
	} else {
		update = append(update, bson.E{Key: "$push", Value: bson.D{{Key: "numbers", Value: number}}})
	}
	update = append(update, bson.E{Key: "$set", Value: set})
	if len(r.unset) > 0 {
		update = append(update, bson.E{Key: "$unset", Value: r.unset})
	}
	result, err := s.messages().UpdateOne(ctx, bson.D{{Key: "_id", Value: d.ID}, {Key: "ch", Value: d.Channel}, {Key: "rev", Value: d.Rev}}, update)
	switch {
	case err == nil:
		return result.MatchedCount > 0, nil
	case mongo.IsDuplicateKeyError(err):
		return false, nil
	case unreached(err):
		return s.wasStored(ctx, d, token, err)
	default:
		return false, err
	}
}

// wasStored tells whether a change whose outcome was not heard was made. If another one is
// there instead, nobody can tell any more.
func (s *Store) wasStored(ctx context.Context, d messageDoc, token string, cause error) (bool, error) {
	for {
		now, _, err := findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "_id", Value: d.ID}})
		switch {
		case err == nil && now.Change == token:
			return true, nil
		case err == nil:
			return false, cause
		case !unreached(err) || pause(ctx) != nil:
			return false, cause
		}
	}
}
