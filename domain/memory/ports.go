package memory

import (
	"context"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// Agents is what the Service needs to know of agents; agents.Service is one. The methods
// ask no store.
type Agents interface {
	// AgentState returns an agent's name, whether it runs, and whether there is one of that
	// id. One that does not run is known.
	AgentState(id domain.AgentID) (name string, running, known bool)
	// FirstRunning is the first of the agents that run, by name, or "".
	FirstRunning() domain.AgentID
}

// Log is what the Service needs of channels and their messages; messaging.Store is one. It
// must tell of a deletion as soon as that is stored.
type Log interface {
	// Channel returns one channel, or NotFound.
	Channel(ctx context.Context, id domain.ChannelID) (messaging.Channel, error)
	// Server returns one message server, or NotFound.
	Server(ctx context.Context, id domain.ServerID) (messaging.Server, error)
	// Message returns one message or tombstone of the channel, or NotFound.
	Message(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (messaging.Message, error)
}

// RoomLogs is what agents log of their rooms; agents.Journal is one.
type RoomLogs interface {
	// RoomDeleted removes what an agent has logged of a room. The same again is no error.
	RoomDeleted(ctx context.Context, agent domain.AgentID, room domain.RoomID) error
}

// Watcher hears of memories that come and go. It must not block for long.
type Watcher interface {
	// MemoryCreated says that an agent has a new memory.
	MemoryCreated(m Memory)
	// MemoriesDeleted says which memories of one agent are gone, at most deleteBatch at once.
	MemoriesDeleted(agent domain.AgentID, gone []Ref, at time.Time)
}
