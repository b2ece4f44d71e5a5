package memory

import (
	"context"

	"parley/domain"
)

// deleteBatch is how many memories are removed at once. Each batch is a write of its own;
// others have their turn in between.
const deleteBatch = 200

// UpdateRequest changes what is given of a memory.
type UpdateRequest struct {
	AgentID  domain.AgentID `json:"agentId"`
	MemoryID memoryRef      `json:"memoryId"`
	// Content, Metadata and Embedding each replace what is stored.
	Content   *content         `json:"content"`
	Metadata  *domain.Metadata `json:"metadata"`
	Embedding *[]float32       `json:"embedding"`
}

// Validate returns every fault of the request.
func (r *UpdateRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	if r.Content != nil {
		checkContent(&f, r.Content.Metadata)
	}
	if r.Embedding != nil {
		checkEmbedding(&f, *r.Embedding)
	}
	return r.MemoryID.check(&f)
}

// apply returns m with what the request gives.
func (r *UpdateRequest) apply(m Memory) (Memory, error) {
	if r.Content != nil {
		m.Content = r.Content.Metadata
	}
	if r.Metadata != nil {
		m.Metadata = *r.Metadata
	}
	if r.Embedding != nil {
		m.Embedding = *r.Embedding
	}
	return m, nil
}

// Updated answers the change of a memory.
type Updated struct {
	ID      domain.MemoryID `json:"id"`
	Message string          `json:"message"`
	RoomID  domain.RoomID   `json:"roomId"`
	Memory  MemoryRow       `json:"memory"`
}

// Update changes a memory. Codes: invalid, not_found, unavailable.
func (s *Service) Update(ctx context.Context, _ domain.Actor, r UpdateRequest) (Updated, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return Updated{}, err
	}
	id, err := r.MemoryID.parse()
	if err != nil {
		return Updated{}, err
	}
	m, err := s.store.UpdateMemory(ctx, r.AgentID, id, r.apply)
	if err != nil {
		return Updated{}, notFoundAs(err, "Memory not found")
	}
	row := newMemoryRow(m)
	row.Embedding = nil
	return Updated{ID: m.ID, Message: "Memory updated successfully", RoomID: m.RoomID, Memory: row}, nil
}

// DeleteRequest names a memory to be removed.
type DeleteRequest struct {
	AgentID  domain.AgentID `json:"agentId"`
	MemoryID memoryRef      `json:"memoryId"`
}

// Validate returns every fault of the request.
func (r *DeleteRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	return r.MemoryID.check(&f)
}

// Deleted answers the deletion of a memory.
type Deleted struct {
	Message string `json:"message"`
}

// Delete removes one memory; one that does not exist is no error. Codes: invalid,
// not_found (the agent), unavailable.
func (s *Service) Delete(ctx context.Context, _ domain.Actor, r DeleteRequest) (Deleted, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return Deleted{}, err
	}
	id, err := r.MemoryID.parse()
	if err != nil {
		return Deleted{}, err
	}
	_, err = s.remove(ctx, Selection{Agent: r.AgentID, ID: id})
	return Deleted{Message: "Memory deleted successfully"}, err
}

// ClearRequest selects memories of an agent to be removed.
type ClearRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// Table is every table unless given.
	Table string `json:"tableName" alias:"table"`
}

// Validate returns every fault of the request.
func (r *ClearRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	checkTable(&f, r.Table)
	return f.Err()
}

// Cleared answers the removal of an agent's memories.
type Cleared struct {
	DeletedCount int    `json:"deletedCount"`
	Message      string `json:"message"`
}

// Clear removes the memories of an agent. Codes: invalid, not_found (the agent), timeout
// (repeat it to go on), unavailable.
func (s *Service) Clear(ctx context.Context, _ domain.Actor, r ClearRequest) (Cleared, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return Cleared{}, err
	}
	n, err := s.remove(ctx, Selection{Agent: r.AgentID, Table: r.Table})
	return Cleared{DeletedCount: n, Message: "All agent memories cleared successfully"}, err
}

// RoomRequest names a room of an agent.
type RoomRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// RoomID may also be the id of a channel.
	RoomID domain.RoomID `json:"roomId" alias:"channelId"`
}

// Validate returns every fault of the request.
func (r *RoomRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	f.Require("roomId", string(r.RoomID))
	return f.Err()
}

// Gone answers what leaves nothing to say.
type Gone struct{}

// ClearRoom removes the messages and documents of a room from an agent's memory; none is
// no error. Codes: invalid, not_found (the agent), timeout (repeat it to go on), unavailable.
func (s *Service) ClearRoom(ctx context.Context, _ domain.Actor, r RoomRequest) (Gone, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return Gone{}, err
	}
	room, err := s.roomID(ctx, r.AgentID, r.RoomID, "")
	if err != nil {
		return Gone{}, err
	}
	for _, table := range []string{TableMessages, TableDocuments} {
		if _, err := s.remove(ctx, Selection{Agent: r.AgentID, Room: room, Table: table}); err != nil {
			return Gone{}, err
		}
	}
	return Gone{}, nil
}

// remove removes memories batch by batch, tells of it, and returns how many there were.
func (s *Service) remove(ctx context.Context, d Selection) (n int, err error) {
	for {
		gone, err := s.store.DeleteMemories(ctx, d, deleteBatch)
		if err != nil {
			return n, err
		}
		n += len(gone)
		s.tellDeleted(gone)
		if len(gone) < deleteBatch {
			return n, nil
		}
		if err := ctx.Err(); err != nil {
			return n, err
		}
	}
}

// tellDeleted tells of memories that are gone, agent by agent.
func (s *Service) tellDeleted(gone []Ref) {
	by := map[domain.AgentID][]Ref{}
	for _, ref := range gone {
		by[ref.AgentID] = append(by[ref.AgentID], ref)
	}
	now := s.stamp()
	for agent, refs := range by {
		s.watcher.MemoriesDeleted(agent, refs, now)
	}
}
