package messaging

import (
	"context"
	"strings"
	"time"

	"parley/domain"
)

// maxQuery is the longest text to search for, in characters; maxWords bounds its words.
const (
	maxQuery = 500
	maxWords = 20
)

// SearchQuery selects messages by their text. Zero fields do not restrict, except that
// either Channel or Server must be set.
type SearchQuery struct {
	// Words must all occur in the text; they are in the form of Fold.
	Words   []string
	Channel domain.ChannelID
	Server  domain.ServerID
	// Among are the only channels that count, of those of Server; nil means all.
	Among  []domain.ChannelID
	Author domain.EntityID
	// From and To bound CreatedAt, From inclusive, To exclusive.
	From, To time.Time
	// Limit is at most how many are returned, after Offset are skipped; it must be positive.
	Limit, Offset int
}

// Found is what a search found.
type Found struct {
	Messages []Message
	// Total is how many there are in the part that was searched.
	Total int
	// Partial says that the search ended before the oldest message.
	Partial bool
}

// Fold brings a text into the form in which it is searched: two texts that differ only
// in the case of their letters, of whatever script, have the same one.
func Fold(text string) string { return strings.ToLower(strings.ToUpper(text)) }

// SearchRequest looks for messages by their text.
type SearchRequest struct {
	// Query is split at spaces; every word must occur, in any case and anywhere in a word.
	Query string `json:"query" alias:"q"`
	// ChannelID may be left out to search all channels of the default server.
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId,channel_id" access:"channel"`
	AuthorID  domain.EntityID  `json:"authorId" alias:"author_id"`
	From      domain.Instant   `json:"from"`
	To        domain.Instant   `json:"to"`
	// Limit is 20 unless given, at most 100.
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
	// Page counts from 1; it is another way to say Offset.
	Page int `json:"page"`
}

// Validate returns every fault of the request.
func (r *SearchRequest) Validate() error {
	var f domain.Faults
	words := len(strings.Fields(r.Query))
	if words == 0 {
		f.Add("query", "is required")
	}
	if fault := checkText(r.Query, maxQuery); fault != "" {
		f.Add("query", "%s", fault)
	} else if words > maxWords {
		f.Add("query", "has more than %d words", maxWords)
	}
	return f.Err()
}

// SearchResult answers messages:search.
type SearchResult struct {
	Messages   []MessageRow   `json:"messages"`
	Total      int            `json:"total"`
	Pagination SearchedExtent `json:"pagination"`
}

// TotalCount is how many messages were found in all.
func (r SearchResult) TotalCount() (int, bool) { return r.Total, !r.Pagination.Partial }

// SearchedExtent says which part of what was found an answer holds.
type SearchedExtent struct {
	domain.Pagination
	// Partial says that older messages were not searched, as that would have been too much.
	Partial bool `json:"partial,omitempty"`
}

// Search finds messages by their text, newest first. In the modes open and key every
// member may search every channel, a bound one its own (of more than 1,000 the last
// updated). Codes: invalid, forbidden, canceled, unavailable.
func (s *Service) Search(ctx context.Context, a domain.Actor, r SearchRequest) (SearchResult, error) {
	q := SearchQuery{Words: strings.Fields(Fold(r.Query)), Channel: r.ChannelID, Author: r.AuthorID,
		From: r.From.Time, To: r.To.Time, Limit: clamp(r.Limit, 20, 100), Offset: max(r.Offset, 0)}
	if r.Page > 1 && q.Offset == 0 {
		q.Offset = (min(r.Page, 1_000_000) - 1) * q.Limit
	}
	if q.Channel == "" {
		q.Server = domain.DefaultServer
		own, err := s.ownChannels(ctx, a)
		if err != nil {
			return SearchResult{}, err
		}
		if a.Bound {
			q.Among = make([]domain.ChannelID, len(own))
			for i, c := range own {
				q.Among[i] = c.ID
			}
		}
	}
	found, err := s.store.Search(ctx, q)
	if err != nil {
		return SearchResult{}, err
	}
	out := SearchResult{Messages: newMessageRows(found.Messages), Total: found.Total, Pagination: SearchedExtent{
		Pagination: domain.NewPagination(q.Limit, q.Offset, len(found.Messages), found.Total), Partial: found.Partial,
	}}
	return out, nil
}
