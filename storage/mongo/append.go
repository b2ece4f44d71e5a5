package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// insertTime bounds one insert; what is not heard of by then is looked up.
const insertTime = 8 * time.Second

// Append submits m; see messaging.Log.
func (s *Store) Append(ctx context.Context, m messaging.Message, done func(messaging.Appended, error)) error {
	if m.ID == "" || m.ChannelID == "" || m.Dedupe == "" {
		return domain.Errorf(domain.Invalid, "A message needs an id, a channel and a dedupe key")
	}
	doc, err := newMessageDoc(m)
	if err != nil {
		return err
	}
	m.Deleted, m.Kind, m.Upto = false, messaging.KindPost, 0
	size := 1024 + len(m.Content) + len(m.Raw)
	for key, value := range m.Metadata {
		size += len(key) + len(value)
	}
	return s.submit(ctx, m.ChannelID, &job{doc: doc, message: m, size: size, done: done})
}

// load reads the end of a channel's log, or says NotFound. The number is read before the
// time: the other way round, a message could come in between whose number is used as the
// last one and whose time is not.
func (s *Store) load(ctx context.Context, channel domain.ChannelID, h *head) error {
	*h = head{}
	d, found, err := findOne[channelDoc](ctx, s.channels(), bson.D{{Key: "_id", Value: string(channel)}}, options.FindOne().SetProjection(lineFields))
	if err == nil && !found {
		err = errNoChannel(channel)
	}
	if err != nil {
		return err
	}
	read := head{key: d.Key}
	if err := s.ends(ctx, &read); err != nil {
		return err
	}
	*h = read
	return nil
}

// ends reads the number and the time at the end of the log of a head's channel.
func (s *Store) ends(ctx context.Context, h *head) error {
	last, err := s.last(ctx, h.key, "rev")
	if err != nil {
		return err
	}
	newest, err := s.last(ctx, h.key, "seq")
	if err != nil {
		return err
	}
	h.last, h.created = last.Rev, newest.At
	return nil
}

// last is the entry of a channel with the highest seq or rev; its zero value if there is none.
func (s *Store) last(ctx context.Context, key int64, by string) (messageDoc, error) {
	d, _, err := findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "ch", Value: key}}, options.FindOne().
		SetSort(bson.D{{Key: by, Value: -1}}).SetProjection(bson.D{{Key: "seq", Value: 1}, {Key: "rev", Value: 1}, {Key: "at", Value: 1}}))
	return d, err
}

// appending is a batch on its way into a channel's log.
type appending struct {
	store   *Store
	channel domain.ChannelID
	head    *head
	// rest are the jobs that are not answered yet.
	rest []*job
	// behind says that the head was behind at the attempt before, and has been read anew.
	behind bool
}

// appendBatch stores messages under the channel's next numbers and answers each of them.
func (s *Store) appendBatch(ctx context.Context, channel domain.ChannelID, h *head, batch []*job) {
	limited, cancel := context.WithTimeout(ctx, operationTime)
	defer cancel()
	a := &appending{store: s, channel: channel, head: h, rest: batch}
	for len(a.rest) > 0 {
		if err := a.step(limited); err != nil {
			*h = head{} // what is in the log now is not known
			err = translate(ctx, err, messageNotStored)
			if !domain.IsCode(err, domain.NotFound) {
				s.stats.failed.Add(uint64(len(a.rest)))
			}
			a.answer(len(a.rest), err)
		}
	}
}

// step makes one attempt; the error concerns all that are left.
func (a *appending) step(ctx context.Context) error {
	s, h := a.store, a.head
	if h.key == 0 {
		if err := s.load(ctx, a.channel, h); err != nil {
			return err
		}
	}
	docs := a.number()
	began := time.Now()
	stored, refused, exists, err := s.insert(ctx, a.channel, h.key, docs)
	switch {
	case err != nil:
		return a.lookUp(ctx, docs, err)
	case !exists:
		return a.undo(ctx, docs[:stored])
	}
	s.stats.add(stored, time.Since(began))
	if stored > 0 {
		h.last, h.created = docs[stored-1].Seq, docs[stored-1].At
	}
	a.answer(stored, nil)
	switch {
	case !refused:
		return nil
	case !a.behind || stored > 0:
		return a.advance(ctx)
	default:
		return a.refused(ctx)
	}
}

// advance reads the end of the log anew after a message was refused: most of the time another
// process has written to the channel since. If it has not, the message itself is the cause.
func (a *appending) advance(ctx context.Context) error {
	before := a.head.last
	if err := a.store.ends(ctx, a.head); err != nil {
		return err
	}
	if a.behind = a.head.last > before; a.behind {
		return nil
	}
	return a.refused(ctx)
}

// number gives the messages that are left the numbers after the head, and times that rise
// with them whatever the clock says.
func (a *appending) number() []messageDoc {
	docs := make([]messageDoc, len(a.rest))
	number, at := a.head.last, a.head.created
	for i, j := range a.rest {
		number, at = number+1, max(dateOf(a.store.now()), at+1)
		j.doc.assign(a.head.key, number, at)
		docs[i] = j.doc
	}
	return docs
}

// insert stores documents up to the first one that a unique index refuses. Whether the
// channel still exists is asked beside it, on the time of the insert: a deletion by another
// process would not be noticed otherwise. The error says that the outcome is not known.
func (s *Store) insert(ctx context.Context, channel domain.ChannelID, key int64, docs []messageDoc) (stored int, refused, exists bool, err error) {
	limited, cancel := context.WithTimeout(ctx, insertTime)
	defer cancel()
	checked := make(chan error, 1)
	go func() {
		var failure error
		exists, failure = s.exists(limited, channel, key)
		checked <- failure
	}()
	_, err = s.messages().InsertMany(limited, docs)
	failure := <-checked
	var many mongo.BulkWriteException
	switch {
	case err == nil:
		return len(docs), false, exists, failure
	case errors.As(err, &many) && many.WriteConcernError == nil && len(many.WriteErrors) > 0 && mongo.IsDuplicateKeyError(err):
		return many.WriteErrors[0].Index, true, exists, failure
	default:
		return 0, false, exists, err
	}
}

// exists reports whether a channel is there under its key.
func (s *Store) exists(ctx context.Context, channel domain.ChannelID, key int64) (bool, error) {
	_, found, err := findOne[channelDoc](ctx, s.channels(), bson.D{{Key: "_id", Value: string(channel)}, {Key: "key", Value: key}},
		options.FindOne().SetProjection(lineFields))
	return found, err
}

// answer tells the first n submitters the outcome.
func (a *appending) answer(n int, err error) {
	for _, j := range a.rest[:n] {
		if err != nil {
			j.done(messaging.Appended{}, err)
			continue
		}
		j.done(messaging.Appended{Message: stamped(j)}, nil)
	}
	a.rest = a.rest[n:]
}

// stamped is the message of a job as it is stored.
func stamped(j *job) messaging.Message {
	m := j.message
	m.Seq, m.Rev, m.CreatedAt, m.UpdatedAt = j.doc.Seq, j.doc.Rev, timeOf(j.doc.At), timeOf(j.doc.Updated)
	return m
}

// refused finds why the first message was not taken: it is a repeat, its id is taken, or
// another process was faster. MongoDB names the index, but not every server does.
func (a *appending) refused(ctx context.Context) error {
	s, j := a.store, a.rest[0]
	found, ok, err := findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "ch", Value: a.head.key}, {Key: "dedupe", Value: j.doc.Dedupe}})
	if err != nil {
		return err
	}
	if ok {
		l, _, err := s.line(ctx, a.channel)
		if err != nil {
			return err
		}
		m, err := found.message(l)
		m.ChannelID = a.channel
		if err != nil {
			return err
		}
		own := j.unsure && found.ID == j.doc.ID
		j.done(messaging.Appended{Message: m, Duplicate: !own}, nil)
		a.rest = a.rest[1:]
		return nil
	}
	_, ok, err = findOne[messageDoc](ctx, s.messages(), bson.D{{Key: "_id", Value: j.doc.ID}}, options.FindOne().SetProjection(clears))
	if err != nil {
		return err
	}
	if ok {
		a.answer(1, domain.Errorf(domain.Conflict, "The id %s belongs to another message", j.doc.ID))
		return nil
	}
	*a.head = head{}
	if pause(ctx) != nil {
		return errContended
	}
	return nil
}

// lookUp finds what an insert has done whose outcome was not heard. It may even be carried
// out later: therefore what is tried again is known as ours by its dedupe key.
func (a *appending) lookUp(ctx context.Context, docs []messageDoc, cause error) error {
	if !unreached(cause) {
		return cause
	}
	*a.head = head{}
	wanted := make([]string, len(docs))
	for i, d := range docs {
		wanted[i], a.rest[i].unsure = d.ID, true
	}
	var found []messageDoc
	for {
		var err error
		found, err = find[messageDoc](ctx, a.store.messages(), bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: wanted}}}})
		if err == nil {
			break
		}
		if !unreached(err) || pause(ctx) != nil {
			return cause
		}
	}
	stored := map[string]messageDoc{}
	for _, d := range found {
		stored[d.ID] = d
	}
	n := 0
	for n < len(docs) && stored[docs[n].ID].Dedupe == docs[n].Dedupe && stored[docs[n].ID].Channel == docs[n].Channel &&
		stored[docs[n].ID].Seq == docs[n].Seq {
		n++
	}
	a.answer(n, nil)
	return nil
}

// undo takes back what was stored after another process had deleted the channel. What
// cannot be taken back is noted to be swept.
func (a *appending) undo(ctx context.Context, docs []messageDoc) error {
	key := a.head.key
	*a.head = head{}
	if len(docs) == 0 {
		return nil
	}
	wanted := make([]string, len(docs))
	for i, d := range docs {
		wanted[i] = d.ID
	}
	s := a.store
	_, err := s.messages().DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: wanted}}}, {Key: "ch", Value: key}})
	if err == nil {
		return nil
	}
	_, noted := s.remains().InsertOne(ctx, remainsDoc{Key: key, Channel: string(a.channel), At: docs[len(docs)-1].At})
	if mongo.IsDuplicateKeyError(noted) {
		noted = nil
	}
	return errors.Join(err, noted)
}
