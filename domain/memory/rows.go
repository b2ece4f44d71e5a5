package memory

import (
	"parley/domain"
	"parley/domain/messaging"
)

// MemoryRow is a memory on the wire.
type MemoryRow struct {
	ID        domain.MemoryID `json:"id"`
	Type      string          `json:"type"`
	CreatedAt int64           `json:"createdAt"`
	Content   domain.Metadata `json:"content"`
	EntityID  domain.EntityID `json:"entityId"`
	AgentID   domain.AgentID  `json:"agentId"`
	RoomID    domain.RoomID   `json:"roomId"`
	WorldID   domain.WorldID  `json:"worldId,omitempty"`
	Unique    bool            `json:"unique"`
	Metadata  domain.Metadata `json:"metadata"`
	Embedding []float32       `json:"embedding,omitempty"`
}

// newMemoryRow is the wire form of m.
func newMemoryRow(m Memory) MemoryRow {
	return MemoryRow{ID: m.ID, Type: m.Table, CreatedAt: domain.Millis(m.CreatedAt), Content: m.Content, EntityID: m.EntityID,
		AgentID: m.AgentID, RoomID: m.RoomID, WorldID: m.WorldID, Unique: m.Unique, Metadata: m.Metadata, Embedding: m.Embedding}
}

// newMemoryRows is the wire form of a list.
func newMemoryRows(list []Memory) []MemoryRow {
	rows := make([]MemoryRow, len(list))
	for i, m := range list {
		rows[i] = newMemoryRow(m)
	}
	return rows
}

// RoomRow is a room on the wire.
type RoomRow struct {
	ID        domain.RoomID         `json:"id"`
	Name      string                `json:"name"`
	AgentID   domain.AgentID        `json:"agentId"`
	CreatedAt int64                 `json:"createdAt"`
	Source    string                `json:"source"`
	Type      messaging.ChannelType `json:"type"`
	ChannelID domain.ChannelID      `json:"channelId,omitempty"`
	ServerID  string                `json:"serverId,omitempty"`
	WorldID   domain.WorldID        `json:"worldId,omitempty"`
	Metadata  domain.Metadata       `json:"metadata"`
}

// newRoomRow is the wire form of r.
func newRoomRow(r Room) RoomRow {
	return RoomRow{ID: r.ID, Name: r.Name, AgentID: r.AgentID, CreatedAt: domain.Millis(r.CreatedAt), Source: r.Source, Type: r.Type,
		ChannelID: r.ChannelID, ServerID: r.ServerID, WorldID: r.WorldID, Metadata: r.Metadata}
}

// newRoomRows is the wire form of a list.
func newRoomRows(list []Room) []RoomRow {
	rows := make([]RoomRow, len(list))
	for i, r := range list {
		rows[i] = newRoomRow(r)
	}
	return rows
}

// WorldRow is a world on the wire.
type WorldRow struct {
	ID       domain.WorldID  `json:"id"`
	Name     string          `json:"name"`
	AgentID  domain.AgentID  `json:"agentId"`
	ServerID string          `json:"serverId"`
	Metadata domain.Metadata `json:"metadata"`
	// CreatedAt is ISO 8601, as in the reference, unlike that of rooms and memories.
	CreatedAt string `json:"createdAt"`
}

// newWorldRow is the wire form of w.
func newWorldRow(w World) WorldRow {
	return WorldRow{ID: w.ID, Name: w.Name, AgentID: w.AgentID, ServerID: w.ServerID, Metadata: w.Metadata,
		CreatedAt: domain.ISO(w.CreatedAt)}
}
