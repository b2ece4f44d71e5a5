package messaging

import (
	"context"
	"errors"
	"sync"

	"parley/domain"
)

// purgeBatch is how many messages are deleted at once; together they cost little more
// than one.
const purgeBatch = 100

// PurgeRequest names a channel and an author.
type PurgeRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// UserID is whose messages go.
	UserID domain.EntityID `json:"userId" alias:"authorId"`
}

// Validate returns every fault of the request.
func (r *PurgeRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	f.Require("userId", string(r.UserID))
	return f.Err()
}

// Purged answers a purge.
type Purged struct {
	Deleted int `json:"deleted"`
}

// Purge deletes all messages of one author in a channel, each like Delete, the newest
// first. What is posted meanwhile may be deleted too. Codes: invalid, forbidden (a
// bound caller that neither is the author nor owns the channel), timeout (repeat it to go
// on), unavailable.
func (s *Service) Purge(ctx context.Context, a domain.Actor, r PurgeRequest) (out Purged, err error) {
	if r.UserID != a.Entity {
		if err := s.requireOwner(ctx, a, r.ChannelID); err != nil {
			return out, err
		}
	}
	for {
		page, err := s.store.Page(ctx, PageQuery{Channel: r.ChannelID, Author: r.UserID, Limit: purgeBatch})
		if err != nil || len(page) == 0 {
			return out, err
		}
		errs := make([]error, len(page))
		var all sync.WaitGroup
		for i, m := range page {
			all.Go(func() {
				_, errs[i] = s.Delete(ctx, a, DeleteRequest{ChannelID: m.ChannelID, MessageID: m.ID})
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return out, err
		}
		out.Deleted += len(page)
	}
}
