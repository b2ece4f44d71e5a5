package realtime

import (
	"time"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/realtime/fanout"
)

// The sources of joins, in the reference's words.
const (
	sourceJoin = "socketio"
	sourceSend = "socketio_message"
)

// tellJoin tells of a join that says as whom.
func (g *Gateway) tellJoin(r JoinRequest) {
	if g.opts.Joins == nil || r.EntityID == "" {
		return
	}
	g.opts.Joins(memory.Join{
		EntityID: r.EntityID, ChannelID: r.ChannelID, ServerID: r.ServerID, Name: r.Name, Source: sourceJoin,
		Direct: speaksOfDM(r.Metadata), Target: target(r.Metadata),
	})
}

// tellSend tells of a message from a socket that speaks of a direct conversation: its
// author has come into the channel.
func (g *Gateway) tellSend(e fanout.Event) {
	m := e.Message
	if g.opts.Joins == nil || e.Repeat || e.Origin.Socket == "" || !speaksOfDM(m.Metadata) {
		return
	}
	g.opts.Joins(memory.Join{
		EntityID: m.AuthorID, ChannelID: m.ChannelID, ServerID: m.ServerID, Name: m.AuthorName, Source: sourceSend,
		Direct: true, Target: target(m.Metadata),
	})
}

// speaksOfDM reports whether metadata speaks of a direct conversation.
func speaksOfDM(m domain.Metadata) bool {
	return m.True("isDm") || m.String("channelType") == string(messaging.TypeDM) || m.String("channel_type") == string(messaging.TypeDM)
}

// target is the other party of a direct conversation, "" if metadata names none.
func target(m domain.Metadata) domain.EntityID {
	for _, key := range []string{"targetUserId", "recipientId"} {
		if id, err := domain.ParseID[domain.EntityID](m.String(key)); err == nil {
			return id
		}
	}
	return ""
}

// memoryCreated is the payload of the event memoryCreated.
type memoryCreated struct {
	AgentID domain.AgentID `json:"agentId"`
	Memory  memoryBrief    `json:"memory"`
}

// memoryBrief is a memory without what it says.
type memoryBrief struct {
	ID        domain.MemoryID `json:"id"`
	RoomID    domain.RoomID   `json:"roomId"`
	EntityID  domain.EntityID `json:"entityId"`
	Type      string          `json:"type"`
	CreatedAt int64           `json:"createdAt"`
}

// MemoryCreated tells those who watch an agent of a new memory.
func (g *Gateway) MemoryCreated(m memory.Memory) {
	g.toRooms([]string{agentRoom(m.AgentID)}, "memoryCreated", "", memoryCreated{AgentID: m.AgentID, Memory: memoryBrief{
		ID: m.ID, RoomID: m.RoomID, EntityID: m.EntityID, Type: m.Table, CreatedAt: domain.Millis(m.CreatedAt)}})
}

// memoryDeleted is the payload of the event memoryDeleted. Of memories that went together
// the first one is memoryId, and all are listed: an event for each of a thousand would end
// the connection of who watches.
type memoryDeleted struct {
	AgentID   domain.AgentID    `json:"agentId"`
	MemoryID  domain.MemoryID   `json:"memoryId"`
	MemoryIDs []domain.MemoryID `json:"memoryIds"`
	RoomID    domain.RoomID     `json:"roomId"`
	Type      string            `json:"type"`
	DeletedAt int64             `json:"deletedAt"`
}

// MemoriesDeleted tells those who watch an agent which memories are gone.
func (g *Gateway) MemoriesDeleted(agent domain.AgentID, gone []memory.Ref, at time.Time) {
	g.server.Batch(func() {
		for _, event := range deletions(agent, gone, at) {
			g.toRooms([]string{agentRoom(agent)}, "memoryDeleted", "", event)
		}
	})
}

// deletions are the events of memories that are gone, one per room and table.
func deletions(agent domain.AgentID, gone []memory.Ref, at time.Time) []*memoryDeleted {
	type kind struct {
		room  domain.RoomID
		table string
	}
	by, list := map[kind]*memoryDeleted{}, []*memoryDeleted{}
	for _, ref := range gone {
		k := kind{ref.RoomID, ref.Table}
		if by[k] == nil {
			by[k] = &memoryDeleted{AgentID: agent, MemoryID: ref.ID, RoomID: ref.RoomID, Type: ref.Table, DeletedAt: domain.Millis(at)}
			list = append(list, by[k])
		}
		by[k].MemoryIDs = append(by[k].MemoryIDs, ref.ID)
	}
	return list
}

var _ memory.Watcher = (*Gateway)(nil)
