package memory

import (
	"bytes"
	"slices"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// World is a message server as one agent sees it, named by AgentID and ID.
type World struct {
	ID      domain.WorldID
	AgentID domain.AgentID
	// ServerID is the message server, or any text for a world that has none.
	ServerID  string
	Name      string
	Metadata  domain.Metadata
	CreatedAt time.Time
}

// Room is a channel as one agent sees it, named by AgentID and ID.
type Room struct {
	ID      domain.RoomID
	AgentID domain.AgentID
	WorldID domain.WorldID
	// ServerID is the message server, or any text for a room that has none.
	ServerID string
	// ChannelID is the channel, or the room's own id for a room that has none.
	ChannelID domain.ChannelID
	// Group is the group that the room belongs to, "" if none.
	Group     domain.ServerID
	Name      string
	Source    string
	Type      messaging.ChannelType
	Metadata  domain.Metadata
	CreatedAt time.Time
}

// maxNames is how many names of an entity are kept, the latest ones.
const maxNames = 20

// maxSources is how many sources an entity's metadata tells of; callers name them.
const maxSources = 20

// Entity is somebody as one agent knows them, named by AgentID and ID.
type Entity struct {
	ID      domain.EntityID
	AgentID domain.AgentID
	// Names are those it was seen under, the latest last.
	Names []string
	// Standin says that the name only stands for a missing one: it is stored with a new
	// entity, does not come beside others, and changes no metadata. Of a stored entity it is
	// always false.
	Standin bool
	// Metadata is keyed by source.
	Metadata  domain.Metadata
	CreatedAt time.Time
}

// Merged is e with the names and the metadata of more, and whether that changes anything.
func (e Entity) Merged(more Entity) (Entity, bool) {
	changed := false
	for _, name := range more.Names {
		if !more.Standin && !slices.Contains(e.Names, name) {
			e.Names = append(slices.Clip(e.Names), name)
			changed = true
		}
	}
	e.Names = e.Names[max(0, len(e.Names)-maxNames):]
	metadata := e.Metadata.Clone()
	for key, value := range more.Metadata {
		if _, known := metadata[key]; known && more.Standin || !known && len(metadata) >= maxSources {
			continue
		}
		if !bytes.Equal(metadata[key], value) {
			metadata[key] = value
			changed = true
		}
	}
	if changed {
		e.Metadata = metadata
	}
	return e, changed
}

// State is how an entity takes part in a room.
type State string

// Followed is the state of those who take part as usual.
const Followed State = "FOLLOWED"

// Participant says that an entity takes part in a room, named by all three ids.
type Participant struct {
	AgentID  domain.AgentID
	RoomID   domain.RoomID
	EntityID domain.EntityID
	State    State
}

// Scene is what is written together: a memory and everything that it needs to exist.
type Scene struct {
	Worlds       []World
	Rooms        []Room
	Entities     []Entity
	Participants []Participant
	Memories     []Memory
}
