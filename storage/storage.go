package storage

import (
	"context"

	"parley/domain/agents"
	"parley/domain/blob"
	"parley/domain/media"
	"parley/domain/memory"
	"parley/domain/messaging"
)

// Set is all stores of one backend. It is safe for concurrent use.
type Set struct {
	Backend

	// Messaging keeps servers, channels and the channel log.
	Messaging messaging.Store
	// Agents keeps agents and turns.
	Agents agents.Store
	// Memory keeps what agents know.
	Memory memory.Store
	// Files keeps the rows of uploaded files.
	Files media.Store
	// AgentLogs keeps what agents log of their work.
	AgentLogs agents.LogStore
	// Blobs keeps the contents of files; nil if the backend does not, so that they are kept
	// on the disk.
	Blobs blob.Store
	// Caps tells what the backend can do.
	Caps Caps
}

// Backend is what all stores of a Set have in common.
type Backend interface {
	// Ping reports whether the backend answers now; Unavailable if it does not.
	Ping(ctx context.Context) error
	// Stats tells how the writing goes; it is cheap.
	Stats() Stats
	// Close waits for the writes that were submitted and then closes the backend.
	// Every later call is answered with Unavailable, except Close, which may be
	// called again. It must not be called from a callback of Append.
	Close() error
}

// Caps tells what a backend can do, so that nobody asks for its type.
type Caps struct {
	// Name is the backend's name for people, such as "SQLite".
	Name string
	// Replicas says that several processes may use the same data.
	Replicas bool
}

// Stats are rising counts of a backend's writer since it was opened, and its queue now.
type Stats struct {
	// Commits is the number of transactions, Rows that of the writes in them.
	Commits, Rows uint64
	// CommitSeconds is the time that all commits took together.
	CommitSeconds float64
	// Failed is the number of writes that failed for a reason of the database.
	Failed uint64
	// Queued is how many writes wait now; above QueueLimit, senders wait too.
	Queued, QueueLimit int
	// SizeBytes is how large the data is on the disk, 0 if the backend does not tell it.
	SizeBytes int64
	// OpenConnections is how many connections to the database are open.
	OpenConnections int
	// UsedConnections is how many of them serve a call now, ConnectionLimit how many may
	// be open, ConnectionQueue how many calls wait for one; 0 if the backend has no pool.
	UsedConnections, ConnectionLimit, ConnectionQueue int
	// ConnectionWaits is how often a connection was asked for, ConnectionWaitSeconds how
	// long all that has taken together.
	ConnectionWaits       uint64
	ConnectionWaitSeconds float64
}
