package agents

import (
	"context"
	"encoding/json"
	"time"

	"parley/domain"
)

// LogStore keeps what agents log of their work. Every method is safe for concurrent use.
// Errors are domain errors: Unavailable. Ids are of version 7 and given by one Journal in
// the order in which it appends, so their order is that of the log; a backend needs an
// index over (agent, id), and the one of EraseLogs.
type LogStore interface {
	// AppendLogs stores entries, all or (without transactions) the first ones.
	AppendLogs(ctx context.Context, entries []LogEntry) error
	// Logs returns entries of an agent that match, at most q.Limit of them.
	Logs(ctx context.Context, q LogQuery) ([]LogEntry, error)
	// DeleteLog removes one entry; one that is absent is no error.
	DeleteLog(ctx context.Context, agent domain.AgentID, id domain.LogID) error
	// EraseLogs removes entries about the messages of a channel, at most limit, and returns
	// how many they were. It needs an index over the channel.
	EraseLogs(ctx context.Context, d LogSelection, limit int) (int, error)
	// TrimLogs removes the oldest entries of an agent but for the newest keep, at most
	// limit, and returns how many they were.
	TrimLogs(ctx context.Context, agent domain.AgentID, keep, limit int) (int, error)
}

// LogQuery selects entries of an agent's log. Zero fields do not restrict.
type LogQuery struct {
	AgentID domain.AgentID
	// Type is the exact type.
	Type string
	// Rooms are those of which the entry's must be one, Entities those of which its entity
	// or its author must be one; at most two.
	Rooms    []domain.RoomID
	Entities []domain.EntityID
	// From and To are the first and the last moment.
	From, To time.Time
	// After makes it the entries after an id, the oldest first; else it is those before
	// Before, the newest first.
	After, Before domain.LogID
	Limit         int
}

// LogEntry is an entry of an agent's log.
type LogEntry struct {
	ID       domain.LogID
	AgentID  domain.AgentID
	EntityID domain.EntityID
	// AuthorID is who wrote the message that led to the entry, "" if there is none.
	AuthorID domain.EntityID
	RoomID   domain.RoomID
	// Type is useModel:<MODEL>, action and the like.
	Type string
	// Model is the name of the model of an entry about one, else "".
	Model string
	// Failed says that the entry tells of a failure.
	Failed bool
	// Body is a JSON object, kept byte for byte.
	Body      json.RawMessage
	CreatedAt time.Time
	// Origin is the message that the entry is about; the zero value if it is about none.
	Origin LogOrigin
}

// LogOrigin is the message that led to an entry.
type LogOrigin struct {
	Message domain.MessageID
	Channel domain.ChannelID
	// At is when the message was posted.
	At time.Time
}

// LogSelection selects the entries about the messages of a channel, whosever they are. Zero
// fields but Channel do not restrict.
type LogSelection struct {
	Channel domain.ChannelID
	// Since is the first moment of the entries, Upto the last one of their messages.
	Since, Upto time.Time
}
