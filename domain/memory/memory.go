package memory

import (
	"time"

	"parley/domain"
)

// The tables that Parley itself writes and clears.
const (
	// TableMessages holds what an agent sees and says.
	TableMessages = "messages"
	// TableDocuments holds whole documents.
	TableDocuments = "documents"
)

// Memory is one thing that an agent remembers. It is one document, named by AgentID and ID.
type Memory struct {
	ID      domain.MemoryID
	AgentID domain.AgentID
	// Table is the kind of memory, "type" on the wire.
	Table    string
	RoomID   domain.RoomID
	WorldID  domain.WorldID
	EntityID domain.EntityID
	// Content and Metadata are objects whose values are kept byte for byte.
	Content, Metadata domain.Metadata
	Unique            bool
	// Embedding is nil if there is none, or if it was not asked for.
	Embedding []float32
	// CreatedAt has millisecond precision.
	CreatedAt time.Time
	// Origin is the message that the memory is of; the zero value if it is of none.
	Origin Origin
}

// Origin is the message of a channel that a memory hangs on.
type Origin struct {
	Message domain.MessageID
	Channel domain.ChannelID
	// At is when the message was posted.
	At time.Time
}

// Ref names a memory that is gone.
type Ref struct {
	AgentID domain.AgentID
	ID      domain.MemoryID
	RoomID  domain.RoomID
	Table   string
}
