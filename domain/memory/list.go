package memory

import (
	"cmp"
	"context"
	"slices"

	"parley/domain"
)

// ListRequest selects memories of an agent.
type ListRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// Table is messages unless given.
	Table string `json:"tableName" alias:"table"`
	// RoomID may also be the id of a channel.
	RoomID    domain.RoomID    `json:"roomId"`
	ChannelID domain.ChannelID `json:"channelId"`
	WorldID   domain.WorldID   `json:"worldId"`
	// EntityID may also be the id under which somebody writes to channels.
	EntityID domain.EntityID `json:"entityId"`
	// Before and After bound the time, both exclusive.
	Before           domain.Instant `json:"before"`
	After            domain.Instant `json:"after"`
	IncludeEmbedding bool           `json:"includeEmbedding"`
	// Limit is 10,000 unless given, and at most that.
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// Validate returns every fault of the request.
func (r *ListRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	checkTable(&f, r.Table)
	return f.Err()
}

// List is a list of memories.
type List struct {
	Memories []MemoryRow `json:"memories"`
	// Truncated says that the memories were too large for one answer; ask for fewer.
	Truncated bool `json:"truncated,omitempty"`

	total int
	known bool
}

// TotalCount is how many memories there are in all, if that was counted to the end.
func (l List) TotalCount() (int, bool) { return l.total, l.known }

// List returns memories of an agent, the newest first. Codes: not_found (the agent),
// unavailable.
func (s *Service) List(ctx context.Context, _ domain.Actor, r ListRequest) (List, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return List{}, err
	}
	room, err := s.roomID(ctx, r.AgentID, r.RoomID, r.ChannelID)
	if err != nil {
		return List{}, err
	}
	q := Query{
		Agent: r.AgentID, Table: cmp.Or(r.Table, TableMessages), Room: room, World: r.WorldID, Entity: r.EntityID,
		Before: r.Before.Time, After: r.After.Time, Embedding: r.IncludeEmbedding,
		Limit: clamp(r.Limit, maxList, maxList), Offset: max(r.Offset, 0), MaxBytes: maxListBytes,
	}
	return s.list(ctx, q)
}

// list answers a query. An entity is looked for under its own id and under that which it
// has in the eyes of the agent: a memory may have either.
func (s *Service) list(ctx context.Context, q Query) (out List, err error) {
	var found Page
	if seen := domain.UniqueUUID[domain.EntityID](q.Agent, string(q.Entity)); q.Entity == "" || seen == q.Entity {
		found, err = s.store.Memories(ctx, q)
	} else {
		found, err = s.ofTwo(ctx, q, seen)
	}
	if err != nil {
		return List{}, err
	}
	out = List{Memories: newMemoryRows(found.Memories), Truncated: found.Cut}
	if n := len(found.Memories); n < q.Limit && !found.Cut && (n > 0 || q.Offset == 0) {
		out.total, out.known = q.Offset+n, true // this is the end of it
		return out, nil
	}
	out.total, err = s.count(ctx, q)
	out.known = out.total < maxCount
	return out, err
}

// ofTwo is a page of the memories of an entity that has two ids.
func (s *Service) ofTwo(ctx context.Context, q Query, other domain.EntityID) (out Page, err error) {
	queries := []Query{q, q}
	queries[1].Entity = other
	for _, one := range queries {
		one.Limit, one.Offset = q.Offset+q.Limit, 0
		found, err := s.store.Memories(ctx, one)
		if err != nil {
			return Page{}, err
		}
		out.Memories, out.Cut = append(out.Memories, found.Memories...), out.Cut || found.Cut
	}
	newestFirst(out.Memories)
	out.Memories = page(out.Memories, q.Offset, q.Limit)
	return out, nil
}

// count counts the memories of a query, up to maxCount.
func (s *Service) count(ctx context.Context, q Query) (int, error) {
	n, err := s.store.Count(ctx, q, maxCount)
	seen := domain.UniqueUUID[domain.EntityID](q.Agent, string(q.Entity))
	if err != nil || q.Entity == "" || seen == q.Entity {
		return n, err
	}
	q.Entity = seen
	more, err := s.store.Count(ctx, q, maxCount)
	return n + more, err
}

// newestFirst sorts memories that came from several queries.
func newestFirst(list []Memory) {
	slices.SortStableFunc(list, func(a, b Memory) int { return b.CreatedAt.Compare(a.CreatedAt) })
}

// GetRequest names a memory.
type GetRequest struct {
	AgentID          domain.AgentID `json:"agentId"`
	MemoryID         memoryRef      `json:"memoryId"`
	IncludeEmbedding bool           `json:"includeEmbedding"`
}

// Validate returns every fault of the request.
func (r *GetRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	return r.MemoryID.check(&f)
}

// One is one memory.
type One struct {
	Memory MemoryRow `json:"memory"`
}

// Get returns one memory. Codes: not_found, unavailable.
func (s *Service) Get(ctx context.Context, _ domain.Actor, r GetRequest) (One, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return One{}, err
	}
	id, err := r.MemoryID.parse()
	if err != nil {
		return One{}, err
	}
	m, err := s.store.Memory(ctx, r.AgentID, id)
	if err != nil {
		return One{}, notFoundAs(err, "Memory not found")
	}
	if !r.IncludeEmbedding {
		m.Embedding = nil
	}
	return One{Memory: newMemoryRow(m)}, nil
}

// notFoundAs gives a NotFound of the store its words.
func notFoundAs(err error, message string) error {
	if domain.IsCode(err, domain.NotFound) {
		return domain.Errorf(domain.NotFound, "%s", message)
	}
	return err
}

// RoomMemoriesRequest selects memories of one room.
type RoomMemoriesRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// RoomID may also be the id of a channel.
	RoomID domain.RoomID `json:"roomId" alias:"channelId"`
	// Table is messages unless given.
	Table            string         `json:"tableName" alias:"table"`
	Before           domain.Instant `json:"before"`
	After            domain.Instant `json:"after"`
	IncludeEmbedding bool           `json:"includeEmbedding"`
	// Limit is 20 unless given, at most 10,000.
	Limit  int `json:"limit" alias:"count"`
	Offset int `json:"offset"`
}

// Validate returns every fault of the request.
func (r *RoomMemoriesRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	f.Require("roomId", string(r.RoomID))
	checkTable(&f, r.Table)
	return f.Err()
}

// RoomMemories returns memories of one room, the newest first; none if there is no such
// room. Codes: not_found (the agent), unavailable.
func (s *Service) RoomMemories(ctx context.Context, a domain.Actor, r RoomMemoriesRequest) (List, error) {
	return s.List(ctx, a, ListRequest{
		AgentID: r.AgentID, Table: r.Table, RoomID: r.RoomID, Before: r.Before, After: r.After,
		IncludeEmbedding: r.IncludeEmbedding, Limit: clamp(r.Limit, 20, maxList), Offset: r.Offset,
	})
}
