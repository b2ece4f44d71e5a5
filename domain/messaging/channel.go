package messaging

import (
	"slices"
	"time"

	"parley/domain"
)

// ChannelType is the kind of a channel, as the reference names them.
type ChannelType string

// The channel types.
const (
	TypeSelf       ChannelType = "SELF"
	TypeDM         ChannelType = "DM"
	TypeGroup      ChannelType = "GROUP"
	TypeVoiceDM    ChannelType = "VOICE_DM"
	TypeVoiceGroup ChannelType = "VOICE_GROUP"
	TypeFeed       ChannelType = "FEED"
	TypeThread     ChannelType = "THREAD"
	TypeWorld      ChannelType = "WORLD"
	TypeForum      ChannelType = "FORUM"
	TypeAPI        ChannelType = "API"
)

// Enum lists the channel types.
func (ChannelType) Enum() []string {
	var list []string
	for _, t := range []ChannelType{TypeSelf, TypeDM, TypeGroup, TypeVoiceDM, TypeVoiceGroup, TypeFeed,
		TypeThread, TypeWorld, TypeForum, TypeAPI} {
		list = append(list, string(t))
	}
	return list
}

// Valid reports whether t is one of the channel types.
func (t ChannelType) Valid() bool { return slices.Contains(t.Enum(), string(t)) }

// Server is a message server, the group that channels belong to.
type Server struct {
	ID         domain.ServerID
	Name       string
	SourceType string
	SourceID   string
	Metadata   domain.Metadata
	CreatedAt  time.Time
	UpdatedAt  time.Time
	// Agents are those that belong to the server, each once, in the order they were added.
	// All agents listen to the default server, listed or not.
	Agents []domain.AgentID
}

// Channel is a central channel with its participants.
type Channel struct {
	ID         domain.ChannelID
	ServerID   domain.ServerID
	Name       string
	Type       ChannelType
	SourceType string
	SourceID   string
	Topic      string
	Metadata   domain.Metadata
	CreatedAt  time.Time
	UpdatedAt  time.Time
	// Participants are the entities (people and agents) listed as members, each
	// once, in the order they were added.
	Participants []domain.EntityID
}
