package memory

import (
	"context"
	"time"

	"parley/domain"
)

// Store keeps worlds, rooms, entities, participants and memories. Every method is safe for
// concurrent use; errors are domain errors: NotFound for what is absent, Unavailable when
// the store cannot answer now. Times have millisecond precision and are in UTC.
//
// Each of the five is a document of its own whose key is its agent and its id (of a
// participant: agent, room and entity), and each method can be built of writes to single
// documents: Put makes several, in the order of the Scene's fields, each of which may be
// repeated; a deletion of many removes documents one by one, and is repeated until nothing
// is left.
type Store interface {
	// Put stores what of the scene does not exist. Worlds, rooms, participants and
	// memories that exist stay as they are, but for a room without a name, which gets
	// name, source and type of the scene's, and for a world without metadata, which gets
	// the scene's (each is one update conditional on what is missing); an entity that
	// exists is extended (Entity.Merged). It returns which of the scene's memories it has
	// stored.
	Put(ctx context.Context, s Scene) (created []bool, err error)

	// Memory returns one memory, with its embedding, or NotFound.
	Memory(ctx context.Context, agent domain.AgentID, id domain.MemoryID) (Memory, error)
	// Memories returns the memories of a query, the newest first, those of one moment in
	// an order that stays.
	Memories(ctx context.Context, q Query) (Page, error)
	// Count returns how many memories a query has without its Limit, Offset and MaxBytes,
	// most at the most.
	Count(ctx context.Context, q Query, most int) (int, error)
	// UpdateMemory stores what change makes of the memory's Content, Metadata and
	// Embedding. change must be quick, may run again, and must not change the maps and
	// slices that it is given. NotFound if it is absent; an error of change comes back as it is.
	UpdateMemory(ctx context.Context, agent domain.AgentID, id domain.MemoryID, change func(Memory) (Memory, error)) (Memory, error)
	// MemoriesOf returns the memories of a message, whoever has them, at most limit.
	MemoriesOf(ctx context.Context, message domain.MessageID, limit int) ([]Ref, error)
	// DeleteMemories removes up to limit memories of a selection and returns them; fewer
	// than limit means that nothing is left.
	DeleteMemories(ctx context.Context, d Selection, limit int) ([]Ref, error)

	// Room returns one room, or NotFound.
	Room(ctx context.Context, agent domain.AgentID, id domain.RoomID) (Room, error)
	// Rooms returns the rooms of a query, ordered by creation, the newest first, if it
	// names an agent and nothing else, and by agent and id otherwise.
	Rooms(ctx context.Context, q RoomQuery) ([]Room, error)
	// UpdateRoom stores what change makes of the room's Name and Metadata; see UpdateMemory.
	UpdateRoom(ctx context.Context, agent domain.AgentID, id domain.RoomID, change func(Room) (Room, error)) (Room, error)
	// DeleteRoom removes up to limit of the room's participants, and the room itself once
	// it has none; left says that it must be called again. An absent room is no error.
	DeleteRoom(ctx context.Context, agent domain.AgentID, id domain.RoomID, limit int) (left bool, err error)
	// Participants returns who takes part in a room, ordered by id, at most limit.
	Participants(ctx context.Context, agent domain.AgentID, room domain.RoomID, limit int) ([]Participant, error)
	// Groups returns the groups that have rooms, each with the time of its newest room;
	// in no order, at most limit.
	Groups(ctx context.Context, limit int) ([]GroupHead, error)

	// World returns one world, or NotFound.
	World(ctx context.Context, agent domain.AgentID, id domain.WorldID) (World, error)
	// Worlds returns the worlds of a query, the newest first if it names at most an agent,
	// by agent and id otherwise.
	Worlds(ctx context.Context, q WorldQuery) ([]World, error)
	// UpdateWorld stores what change makes of the world's Name and Metadata; see UpdateMemory.
	UpdateWorld(ctx context.Context, agent domain.AgentID, id domain.WorldID, change func(World) (World, error)) (World, error)
	// DeleteWorld removes a world, not its rooms. An absent one is no error.
	DeleteWorld(ctx context.Context, agent domain.AgentID, id domain.WorldID) error

	// Entity returns one entity, or NotFound.
	Entity(ctx context.Context, agent domain.AgentID, id domain.EntityID) (Entity, error)
	// EraseAgent removes up to limit documents of an agent, whatever they are; left says
	// that it must be called again.
	EraseAgent(ctx context.Context, agent domain.AgentID, limit int) (left bool, err error)
}

// Query selects memories of an agent. Zero fields do not restrict.
type Query struct {
	// Agent is needed.
	Agent domain.AgentID
	// Table is needed by Memories.
	Table string
	// Room, World and Entity each have an index; of more than one, the first is searched
	// by, in this order: Room, Entity, World.
	Room   domain.RoomID
	World  domain.WorldID
	Entity domain.EntityID
	// Before and After bound the time, both exclusive.
	Before, After time.Time
	// Embedding asks for the embeddings.
	Embedding bool
	// Limit is at most how many are returned; must be positive.
	Limit int
	// Offset skips that many.
	Offset int
	// MaxBytes ends the page early once its contents, metadata and embeddings are larger;
	// at least one memory fits. 0 does not bound.
	MaxBytes int
}

// Page is an answer to a Query.
type Page struct {
	Memories []Memory
	// Cut says that MaxBytes has ended the page before Limit.
	Cut bool
}

// Selection selects memories to be removed. Exactly one way must be chosen: Agent (with
// Table, Room or both), Message, or Channel (with Upto).
type Selection struct {
	Agent domain.AgentID
	Table string
	Room  domain.RoomID
	// ID selects one memory of the agent.
	ID domain.MemoryID
	// Message selects the memories of a message, whoever has them.
	Message domain.MessageID
	// Channel selects the memories of a channel's messages, whoever has them.
	Channel domain.ChannelID
	// Upto restricts them to messages that are not younger; the zero time does not.
	Upto time.Time
}

// RoomQuery selects rooms by one of its fields, or by World of one Agent.
type RoomQuery struct {
	Agent   domain.AgentID
	World   domain.WorldID
	Channel domain.ChannelID
	Server  string
	Group   domain.ServerID
	// Limit is at most how many are returned; must be positive.
	Limit int
}

// WorldQuery selects worlds by one of its fields; none selects all.
type WorldQuery struct {
	Agent  domain.AgentID
	World  domain.WorldID
	Server string
	// Limit is at most how many are returned; must be positive.
	Limit int
}

// GroupHead is a group that has rooms.
type GroupHead struct {
	ID domain.ServerID
	// CreatedAt is that of its newest room.
	CreatedAt time.Time
}
