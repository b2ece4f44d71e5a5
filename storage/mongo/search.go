package mongo

import (
	"context"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// One search reads at most so many messages, and stops after so many bytes of their text.
const (
	searchRows  = 50_000
	searchBytes = 64 << 20
)

// searches is how many may run at once.
const searches = 2

// searchFields is the projection of the messages that a search goes through.
var searchFields = bson.D{{Key: "ch", Value: 1}, {Key: "seq", Value: 1}, {Key: "author", Value: 1}, {Key: "content", Value: 1}, {Key: "live", Value: 1}}

// Search finds messages by their text; see messaging.Searcher. The texts are compared here
// and not by the server, whose indexes of words know neither parts of words nor our form.
func (s *Store) Search(ctx context.Context, q messaging.SearchQuery) (found messaging.Found, err error) {
	select {
	case s.searching <- struct{}{}:
		defer func() { <-s.searching }()
	case <-s.closing:
		return messaging.Found{}, errClosed
	case <-ctx.Done():
		return messaging.Found{}, ctx.Err()
	}
	err = s.read(ctx, func(ctx context.Context) error {
		filter, err := s.searchFilter(ctx, q)
		if err != nil || filter == nil {
			return err
		}
		scan := search{store: s, query: q, lines: map[int64]*line{}}
		if err := scan.run(ctx, filter); err != nil {
			return err
		}
		found = messaging.Found{Total: len(scan.hits), Partial: scan.partial}
		hits := scan.hits[min(q.Offset, len(scan.hits)):]
		found.Messages, err = s.inOrder(ctx, hits[:min(q.Limit, len(hits))])
		return err
	})
	if err != nil {
		return messaging.Found{}, err
	}
	return found, nil
}

// searchFilter selects the messages to go through, nil if the channel is unknown.
func (s *Store) searchFilter(ctx context.Context, q messaging.SearchQuery) (bson.D, error) {
	after, before := times(q.From, q.To)
	if !q.From.IsZero() {
		after-- // From itself belongs to it
	}
	if q.Channel == "" {
		return bson.D{{Key: "live", Value: int64(1)}, {Key: "at", Value: bson.D{{Key: "$gt", Value: after}, {Key: "$lt", Value: before}}}}, nil
	}
	l, found, err := s.line(ctx, q.Channel)
	if err != nil || !found {
		return nil, err
	}
	return pageFilter(l, q.Author, after, before), nil
}

// search is a search under way.
type search struct {
	store *Store
	query messaging.SearchQuery
	// lines are those of the channels met so far, nil for one that is gone.
	lines   map[int64]*line
	hits    []string
	partial bool
}

// searchBatch is how many messages are looked at in one step.
const searchBatch = 500

// run goes through the messages, newest first, and notes the ids of those that fit.
func (s *search) run(ctx context.Context, filter bson.D) error {
	cursor, err := s.store.messages().Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "at", Value: -1}}).
		SetProjection(searchFields).SetLimit(searchRows+1).SetBatchSize(searchBatch))
	if err != nil {
		return err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	read, size := 0, 0
	var docs []messageDoc
	for cursor.Next(ctx) {
		var d messageDoc
		if err := cursor.Decode(&d); err != nil {
			return err
		}
		if read == searchRows || size > searchBytes {
			s.partial = true
			break
		}
		read, size, docs = read+1, size+len(d.Content), append(docs, d)
		if len(docs) == searchBatch {
			if err := s.look(ctx, docs); err != nil {
				return err
			}
			docs = docs[:0]
		}
	}
	if err := cursor.Err(); err != nil {
		return err
	}
	return s.look(ctx, docs)
}

// look notes which of some messages fit.
func (s *search) look(ctx context.Context, docs []messageDoc) error {
	var fresh []messageDoc
	for _, d := range docs {
		if _, known := s.lines[d.Channel]; !known {
			fresh = append(fresh, d)
		}
	}
	lines, err := s.store.linesByKey(ctx, fresh)
	if err != nil {
		return err
	}
	for _, d := range fresh {
		s.lines[d.Channel] = nil
		if l, ok := lines[d.Channel]; ok {
			s.lines[d.Channel] = &l
		}
	}
	for _, d := range docs {
		if s.fits(d, s.lines[d.Channel]) {
			s.hits = append(s.hits, d.ID)
		}
	}
	return nil
}

// fits reports whether a message is one that is looked for.
func (s *search) fits(d messageDoc, l *line) bool {
	q := s.query
	if l == nil || d.Seq <= l.cleared || q.Author != "" && d.Author != string(q.Author) || q.Server != "" && l.server != string(q.Server) ||
		q.Channel == "" && q.Among != nil && !slices.Contains(q.Among, l.id) {
		return false
	}
	text := messaging.Fold(d.Content)
	return !slices.ContainsFunc(q.Words, func(word string) bool { return !strings.Contains(text, word) })
}

// inOrder reads messages by their ids, in the order of these, without those that were
// deleted meanwhile.
func (s *Store) inOrder(ctx context.Context, wanted []string) ([]messaging.Message, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	docs, err := find[messageDoc](ctx, s.messages(), bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: wanted}}}})
	if err != nil {
		return nil, err
	}
	list, err := s.placed(ctx, docs)
	list = slices.DeleteFunc(list, func(m messaging.Message) bool { return m.Deleted })
	place := make(map[domain.MessageID]int, len(wanted))
	for i, id := range wanted {
		place[domain.MessageID(id)] = i
	}
	slices.SortFunc(list, func(a, b messaging.Message) int { return place[a.ID] - place[b.ID] })
	return list, err
}
