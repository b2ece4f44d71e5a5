package agents

import (
	"context"
	"maps"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// traceSlack is by how much the moment of an entry may be before that of a message it
// quotes: messages that come at once are a millisecond apart, and clocks are set back.
const traceSlack = time.Minute

// For how many channels it is remembered that a message was deleted, and how long at least:
// longer than a turn takes.
const (
	erasedKept = 10_000
	erasedFor  = 10 * time.Minute
)

var _ messaging.Dependents = (*Journal)(nil)

// MessageEdited has nothing to do: a log tells what was.
func (j *Journal) MessageEdited(context.Context, domain.ChannelID, domain.MessageID) error {
	return nil
}

// MessageDeleted removes what agents have logged in the channel since the message was
// posted: as a question, an answer or a part of the conversation, any of it may quote the
// message. Codes: unavailable.
func (j *Journal) MessageDeleted(ctx context.Context, channel domain.ChannelID, id domain.MessageID) error {
	m, err := j.Log.Lookup(ctx, id)
	if domain.IsCode(err, domain.NotFound) {
		return nil // with its channel, which is told too
	}
	if err != nil {
		return err
	}
	j.noteErased(channel)
	j.Agents.caches.Stale(ctx, erasedKind, string(channel))
	return j.erase(ctx, LogSelection{Channel: channel, Since: m.CreatedAt.Add(-traceSlack)})
}

// noteErased notes that a message of the channel is gone. A turn under way may have read it
// before, and logs what it has read when the message's traces are erased already.
func (j *Journal) noteErased(channel domain.ChannelID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.Now()
	if len(j.erased) >= erasedKept {
		maps.DeleteFunc(j.erased, func(_ domain.ChannelID, at time.Time) bool { return now.Sub(at) > erasedFor })
	}
	if len(j.erased) < erasedKept {
		j.erased[channel] = now
	}
}

// mayQuote reports whether a message that is gone may have been read by the turn of an entry.
func (j *Journal) mayQuote(e LogEntry) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Origin.Channel == "" {
		return false
	}
	at, noted := j.erased[e.Origin.Channel]
	return noted && at.After(e.Origin.At) || j.unsure.After(e.Origin.At)
}

// ChannelCleared removes what agents have logged about the channel's messages up to a time.
// Codes: unavailable.
func (j *Journal) ChannelCleared(ctx context.Context, channel domain.ChannelID, upto time.Time) error {
	if upto.IsZero() {
		return nil
	}
	return j.erase(ctx, LogSelection{Channel: channel, Upto: upto})
}

// ChannelDeleted removes what agents have logged about the channel. Codes: unavailable.
func (j *Journal) ChannelDeleted(ctx context.Context, channel domain.ChannelID) error {
	return j.erase(ctx, LogSelection{Channel: channel})
}

// ServerDeleted has nothing to do: the logs went with the channels.
func (j *Journal) ServerDeleted(context.Context, domain.ServerID) error { return nil }

// erase removes entries page by page.
func (j *Journal) erase(ctx context.Context, d LogSelection) error {
	for {
		n, err := j.Store.EraseLogs(ctx, d, logsPage)
		if err != nil || n < logsPage {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// sift removes entries just stored whose agent or whose message is gone, or that may quote
// one that is: the deletion may have come before them. One that comes later finds them.
func (j *Journal) sift(ctx context.Context, batch []LogEntry) error {
	gone := map[domain.MessageID]bool{"": false}
	for _, e := range batch {
		dead, known := gone[e.Origin.Message]
		if !known {
			m, err := j.Log.Lookup(ctx, e.Origin.Message)
			if err != nil && !domain.IsCode(err, domain.NotFound) {
				return err
			}
			dead = err != nil || m.Deleted
			gone[e.Origin.Message] = dead
		}
		if _, here := j.Agents.visible(e.AgentID); here && !dead && !j.mayQuote(e) {
			continue
		}
		if err := j.Store.DeleteLog(ctx, e.AgentID, e.ID); err != nil {
			return err
		}
	}
	return nil
}
