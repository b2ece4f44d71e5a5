package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/messaging"
)

// One search reads at most so many messages, and stops after so many bytes of their
// text. It takes some tenths of a second on one of the connections for reading.
const (
	searchRows  = 50_000
	searchBytes = 64 << 20
)

// searches is how many may run at once, so that other reads find a connection.
const searches = readers / 2

// The messages that a search goes through, newest first.
const (
	searchChannel = `SELECT m.place, m.content, m.author, c.server FROM messages m INDEXED BY messages_by_time
		CROSS JOIN channels c ON c.number = m.channel
		WHERE m.channel = ? AND m.deleted = 0 AND m.created_at > ? AND m.created_at < ? ORDER BY m.created_at DESC LIMIT ?`
	searchAuthor = `SELECT m.place, m.content, m.author, c.server FROM messages m INDEXED BY messages_by_author
		CROSS JOIN channels c ON c.number = m.channel WHERE m.channel = ? AND m.author = ? AND m.deleted = 0
		AND m.created_at > ? AND m.created_at < ? ORDER BY m.created_at DESC LIMIT ?`
	searchAll = `SELECT m.place, m.content, m.author, c.server, c.cleared, c.id FROM messages m INDEXED BY messages_by_moment
		CROSS JOIN channels c ON c.number = m.channel
		WHERE m.deleted = 0 AND m.created_at > ? AND m.created_at < ? ORDER BY m.created_at DESC LIMIT ?`
)

// Search finds messages by their text; see messaging.Searcher.
func (s *Store) Search(ctx context.Context, q messaging.SearchQuery) (found messaging.Found, err error) {
	select {
	case s.searching <- struct{}{}:
		defer func() { <-s.searching }()
	case <-s.closing:
		return messaging.Found{}, errClosed
	case <-ctx.Done():
		return messaging.Found{}, ctx.Err()
	}
	err = s.read(ctx, func(c *conn) error {
		sql, args, err := searchOf(ctx, c, q)
		if err != nil || sql == "" {
			return err
		}
		scan := search{query: q, rows: s.searchRows, among: amongst(q.Among)}
		if err := scan.run(ctx, c, sql, args); err != nil {
			return err
		}
		found = messaging.Found{Total: len(scan.hits), Partial: scan.partial}
		hits := scan.hits[min(q.Offset, len(scan.hits)):]
		found.Messages, err = placed(ctx, c, hits[:min(q.Limit, len(hits))])
		return err
	})
	if err != nil {
		return messaging.Found{}, err
	}
	return found, nil
}

// searchOf is the statement of a query without its limit, "" if the channel is unknown.
func searchOf(ctx context.Context, c *conn, q messaging.SearchQuery) (string, []any, error) {
	after, before := times(q.From, q.To)
	if !q.From.IsZero() {
		after-- // From itself belongs to it
	}
	if q.Channel == "" {
		return searchAll, []any{after, before}, nil
	}
	l, err := findLine(ctx, c, q.Channel)
	if err != nil || l.number == 0 {
		return "", nil, err
	}
	unswept, _, err := bounds(ctx, c, l, messaging.PageQuery{})
	after = max(after, unswept)
	if q.Author != "" {
		return searchAuthor, []any{l.number, string(q.Author), after, before}, err
	}
	return searchChannel, []any{l.number, after, before}, err
}

// search is a search under way.
type search struct {
	query messaging.SearchQuery
	// among are the channels that count, nil for all.
	among map[string]bool
	// rows is how many messages may be read.
	rows    int
	read    int
	bytes   int
	hits    []int64
	partial bool
}

// amongst is a list of channels for looking up; nil stays nil.
func amongst(ids []domain.ChannelID) map[string]bool {
	if ids == nil {
		return nil
	}
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[string(id)] = true
	}
	return set
}

// errEnough ends a search at its bounds.
var errEnough = errors.New("enough was searched")

// run goes through the messages and notes the places of those that fit.
func (s *search) run(ctx context.Context, c *conn, sql string, args []any) error {
	err := c.query(ctx, sql, func(r row) error {
		if s.read == s.rows || s.bytes > searchBytes {
			s.partial = true
			return errEnough
		}
		if s.read%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		s.read++
		s.bytes += len(r.text(1))
		if s.fits(r) {
			s.hits = append(s.hits, r.int(0))
		}
		return nil
	}, append(args, int64(s.rows)+1)...)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// fits reports whether a message is one that is looked for.
func (s *search) fits(r row) bool {
	if s.query.Author != "" && r.text(2) != string(s.query.Author) || s.query.Server != "" && r.text(3) != string(s.query.Server) {
		return false
	}
	if len(r) > 4 && numberOf(r.int(0)) <= r.int(4) {
		return false // cleared, but not swept yet
	}
	if len(r) > 5 && s.among != nil && !s.among[r.text(5)] {
		return false
	}
	text := messaging.Fold(r.text(1))
	return !slices.ContainsFunc(s.query.Words, func(word string) bool { return !strings.Contains(text, word) })
}

// placed reads the messages at some places, in their order.
func placed(ctx context.Context, c *conn, places []int64) ([]messaging.Message, error) {
	var found []messaging.Message
	for _, at := range places {
		_, err := c.one(ctx, `SELECT `+messageColumns+`, c.id FROM messages m JOIN channels c ON c.number = m.channel
			WHERE m.place = ? AND m.deleted = 0 AND m.place > ((c.number << 32) | c.cleared)`, func(r row) error {
			m, err := scanMessage(r, domain.ChannelID(r.text(messageWidth)))
			found = append(found, m)
			return err
		}, at)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
