package messaging

import (
	"context"
	"time"

	"parley/domain"
)

// ListRequest selects a page of a channel's history.
type ListRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// Limit is 50 unless given, at most 1000.
	Limit int `json:"limit"`
	// Before and After bound the time, exclusive.
	Before domain.Instant `json:"before"`
	After  domain.Instant `json:"after"`
	// BeforeSeq bounds the number, exclusive; exact where times may not be.
	BeforeSeq int64 `json:"beforeSeq"`
	// AfterSeq bounds the number from below, exclusive; the page is then that of the oldest
	// messages after it, still with the newest of them first.
	AfterSeq int64 `json:"afterSeq"`
	// AroundSeq asks for the messages around a number, half of the limit on each side; the
	// other bounds of numbers do not count then.
	AroundSeq int64           `json:"aroundSeq"`
	AuthorID  domain.EntityID `json:"authorId" alias:"author_id"`
}

// Validate returns every fault of the request.
func (r *ListRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// MessageList answers messages:list.
type MessageList struct {
	Messages []MessageRow `json:"messages"`
	// HasOlder and HasNewer say whether the channel has messages (of the author asked for)
	// before the oldest and after the newest one of the page.
	HasOlder bool `json:"hasOlder"`
	HasNewer bool `json:"hasNewer"`
}

// newMessageRows is the wire form of a list.
func newMessageRows(list []Message) []MessageRow {
	rows := make([]MessageRow, len(list))
	for i, m := range list {
		rows[i] = NewMessageRow(m)
	}
	return rows
}

// List returns a page of history, newest first; none for an unknown channel.
func (s *Service) List(ctx context.Context, _ domain.Actor, r ListRequest) (MessageList, error) {
	q := PageQuery{
		Channel: r.ChannelID, Limit: clamp(r.Limit, 50, 1000), Before: r.Before.Time, After: r.After.Time,
		BeforeSeq: max(r.BeforeSeq, 0), AfterSeq: max(r.AfterSeq, 0), Author: r.AuthorID, Oldest: r.AfterSeq > 0,
	}
	if r.AroundSeq > 0 {
		return s.around(ctx, q, r.AroundSeq)
	}
	page, more, err := s.page(ctx, q)
	if err != nil {
		return MessageList{}, err
	}
	list := MessageList{Messages: newMessageRows(page), HasOlder: more && !q.Oldest, HasNewer: more && q.Oldest}
	if !list.HasOlder {
		list.HasOlder, err = s.exists(ctx, older(q, page))
	}
	if err == nil && !list.HasNewer {
		list.HasNewer, err = s.exists(ctx, newer(q, page))
	}
	return list, err
}

// around returns the page around a number: the message itself counts to the older half.
func (s *Service) around(ctx context.Context, q PageQuery, seq int64) (MessageList, error) {
	before, after := q, q
	before.Limit, before.BeforeSeq, before.AfterSeq, before.Oldest = (q.Limit+1)/2, seq+1, 0, false
	after.Limit, after.BeforeSeq, after.AfterSeq, after.Oldest = q.Limit/2, 0, seq, true
	old, hasOlder, err := s.page(ctx, before)
	if err != nil {
		return MessageList{}, err
	}
	young, hasNewer, err := s.page(ctx, after)
	if err != nil {
		return MessageList{}, err
	}
	return MessageList{Messages: newMessageRows(append(young, old...)), HasOlder: hasOlder, HasNewer: hasNewer}, nil
}

// page reads a page, and whether there is more in the direction in which it was cut.
func (s *Service) page(ctx context.Context, q PageQuery) (page []Message, more bool, err error) {
	limit := q.Limit
	q.Limit++
	page, err = s.store.Page(ctx, q)
	if err != nil || len(page) <= limit {
		return page, false, err
	}
	if q.Oldest {
		return page[len(page)-limit:], true, nil
	}
	return page[:limit], true, nil
}

// exists reports whether a query has a result; that of no limit has none.
func (s *Service) exists(ctx context.Context, q PageQuery) (bool, error) {
	if q.Limit == 0 {
		return false, nil
	}
	page, err := s.store.Page(ctx, q)
	return len(page) > 0, err
}

// older asks for what comes before a page: below its oldest message, or below its lower
// bound if it is empty. Nothing does if it has none and was not cut.
func older(q PageQuery, page []Message) PageQuery {
	out := PageQuery{Channel: q.Channel, Author: q.Author, Limit: 1}
	switch {
	case q.AfterSeq == 0 && q.After.IsZero():
		return PageQuery{}
	case len(page) > 0:
		out.BeforeSeq = page[len(page)-1].Seq
	case q.AfterSeq > 0:
		out.BeforeSeq = q.AfterSeq + 1
	default:
		out.Before = q.After.Add(time.Millisecond)
	}
	return out
}

// newer is the counterpart of older.
func newer(q PageQuery, page []Message) PageQuery {
	out := PageQuery{Channel: q.Channel, Author: q.Author, Limit: 1}
	switch {
	case q.BeforeSeq == 0 && q.Before.IsZero():
		return PageQuery{}
	case len(page) > 0:
		out.AfterSeq = page[0].Seq
	case q.BeforeSeq > 1:
		out.AfterSeq = q.BeforeSeq - 1
	case q.BeforeSeq == 0:
		out.After = q.Before.Add(-time.Millisecond)
	default: // before number 1 comes nothing, everything after
	}
	return out
}
