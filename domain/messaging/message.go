package messaging

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"parley/domain"
)

// MaxContent is the longest text of a message, in characters.
const MaxContent = 100_000

// Kind tells the entries of a channel's log apart that are no posts.
type Kind string

// The kinds of entries.
const (
	// KindPost is a message, or the tombstone of one.
	KindPost Kind = ""
	// KindClear says that all posts with a Seq up to its Upto are gone. It is in catch-ups
	// only: no page, search, count or prompt shows it.
	KindClear Kind = "clear"
)

// Message is one document of a channel's log. A tombstone (Deleted) keeps only ID,
// ChannelID, ServerID, Seq, Rev, Dedupe and the times.
type Message struct {
	ID        domain.MessageID
	ChannelID domain.ChannelID
	ServerID  domain.ServerID
	// Seq is the message's place in the channel, from 1; set by the Log.
	Seq int64
	// Rev is the number of the last event of this message; equals Seq until it is changed.
	Rev      int64
	AuthorID domain.EntityID
	// AuthorName is the display name given with the message, "" if none was.
	AuthorName string
	Content    string
	// Raw is the payload as received (JSON), nil if there was none.
	Raw json.RawMessage
	// InReplyTo is the message that this one answers, "" if none.
	InReplyTo  domain.MessageID
	SourceType string
	SourceID   string
	Metadata   domain.Metadata
	// CreatedAt has millisecond precision; within a channel it rises with Seq by at least 1 ms.
	CreatedAt time.Time
	UpdatedAt time.Time
	// Dedupe is the key under which a repeat is recognised, unique within the channel.
	Dedupe string
	// Awaiting lists the agents that still owe this message a turn.
	Awaiting []domain.AgentID
	Deleted  bool
	// Kind is what the entry is; the zero value is a post.
	Kind Kind
	// Upto is the last number that a clear covers, 0 for a post.
	Upto int64
}

// Tombstone is what is left of a deleted message, here with the numbers and times of m.
func (m Message) Tombstone() Message {
	return Message{ID: m.ID, ChannelID: m.ChannelID, ServerID: m.ServerID, Seq: m.Seq, Rev: m.Rev, Dedupe: m.Dedupe,
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt, Deleted: true}
}

// Edited reports whether the author's text was changed after it was posted.
func (m Message) Edited() bool { return m.Kind == KindPost && !m.Deleted && m.Rev != m.Seq }

// DedupeClient is the key of a send that carries the client's own message id.
func DedupeClient(author domain.EntityID, clientMessageID string) string {
	return "c:" + string(author) + ":" + clientMessageID
}

// DedupeSource is the key of a message taken over from another platform.
func DedupeSource(sourceType, sourceID string) string { return "x:" + sourceType + ":" + sourceID }

// DedupeID is the key of a message that has nothing but its own id.
func DedupeID(id domain.MessageID) string { return "i:" + string(id) }

// checkText reports why text cannot be stored, "" if it can: it must be valid
// UTF-8 without NUL and of at most limit characters.
func checkText(text string, limit int) string {
	switch {
	case !utf8.ValidString(text):
		return "must be valid UTF-8"
	case strings.IndexByte(text, 0) >= 0:
		return "must not contain NUL"
	case len(text) > limit && utf8.RuneCountInString(text) > limit:
		return "is too long"
	default:
		return ""
	}
}
