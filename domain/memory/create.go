package memory

import (
	"cmp"
	"context"
	"encoding/json"

	"parley/domain"
	"parley/domain/messaging"
)

// CreateRequest makes a memory.
type CreateRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// Content is an object, or a text that becomes {text}.
	Content content `json:"content"`
	// RoomID may also be the id of a channel; without both it is the agent's own room.
	RoomID    domain.RoomID    `json:"roomId"`
	ChannelID domain.ChannelID `json:"channelId"`
	// EntityID is the agent unless given.
	EntityID domain.EntityID `json:"entityId"`
	// WorldID is that of the room unless given.
	WorldID domain.WorldID `json:"worldId"`
	// Table is messages unless given.
	Table    string          `json:"tableName" alias:"table"`
	Metadata domain.Metadata `json:"metadata"`
	// ID is a new one unless given; one that exists is left as it is.
	ID        domain.MemoryID `json:"id"`
	CreatedAt domain.Instant  `json:"createdAt"`
	// Unique says that there is no memory like it; true unless given.
	Unique    *bool     `json:"unique"`
	Embedding []float32 `json:"embedding"`
}

// Validate returns every fault of the request.
func (r *CreateRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	if r.Content.Metadata == nil {
		f.Require("content", "")
	}
	checkContent(&f, r.Content.Metadata)
	checkTable(&f, r.Table)
	checkEmbedding(&f, r.Embedding)
	if r.Metadata.String("type") == "fragment" {
		if !domain.IsUUID(r.Metadata.String("documentId")) {
			f.Add("metadata.documentId", "must be a UUID")
		}
		var position float64
		if r.Metadata["position"] == nil || json.Unmarshal(r.Metadata["position"], &position) != nil {
			f.Add("metadata.position", "must be a number")
		}
	}
	return f.Err()
}

// Created answers the creation of a memory.
type Created struct {
	Memory  MemoryRow       `json:"memory"`
	ID      domain.MemoryID `json:"id"`
	Created bool            `json:"created"`
}

// HTTPStatus is 200 for a memory that existed.
func (c Created) HTTPStatus() int {
	if c.Created {
		return 0
	}
	return 200
}

// Create makes a memory. A room that is named must exist, or be a channel. Codes: invalid,
// not_found (agent, room), unavailable.
func (s *Service) Create(ctx context.Context, _ domain.Actor, r CreateRequest) (Created, error) {
	name, release, known := s.hold(r.AgentID)
	if !known {
		return Created{}, errNoAgent()
	}
	defer release()
	room, scene, err := s.roomFor(ctx, name, &r)
	if err != nil {
		return Created{}, err
	}
	m := s.newMemory(&r, room)
	scene.Memories = []Memory{m}
	created, err := s.put(ctx, scene)
	if err != nil {
		return Created{}, err
	}
	if !created[0] {
		if m, err = s.store.Memory(ctx, m.AgentID, m.ID); err != nil {
			return Created{}, err
		}
	}
	return Created{Memory: newMemoryRow(m), ID: m.ID, Created: created[0]}, nil
}

// newMemory builds the document of a request.
func (s *Service) newMemory(r *CreateRequest, room Room) Memory {
	m := Memory{
		ID: r.ID, AgentID: r.AgentID, Table: cmp.Or(r.Table, TableMessages), RoomID: room.ID,
		WorldID: cmp.Or(r.WorldID, room.WorldID), EntityID: cmp.Or(r.EntityID, domain.EntityID(r.AgentID)),
		Content: r.Content.Metadata, Metadata: r.Metadata.Clone(), Unique: r.Unique == nil || *r.Unique, Embedding: r.Embedding,
		CreatedAt: r.CreatedAt.Time,
	}
	if m.ID == "" {
		m.ID = domain.NewID[domain.MemoryID]()
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = s.stamp()
	}
	if m.Metadata.String("type") == "" {
		kind := "custom"
		if m.Table == TableMessages {
			kind = "message"
		}
		m.Metadata.Set("type", kind)
	}
	if m.Metadata.String("type") == "document" && m.Metadata["timestamp"] == nil {
		m.Metadata.Set("timestamp", domain.Millis(s.now()))
	}
	return m
}

// roomFor returns the room of a new memory, and the scene that it needs to exist.
func (s *Service) roomFor(ctx context.Context, agentName string, r *CreateRequest) (Room, Scene, error) {
	named := cmp.Or(string(r.ChannelID), string(r.RoomID))
	if named == "" || named == string(r.AgentID) {
		scene := s.ownRoom(r.AgentID, agentName)
		return scene.Rooms[0], scene, nil
	}
	id, err := s.roomID(ctx, r.AgentID, r.RoomID, r.ChannelID)
	if err != nil {
		return Room{}, Scene{}, err
	}
	room, err := s.store.Room(ctx, r.AgentID, id)
	if !domain.IsCode(err, domain.NotFound) {
		return room, Scene{}, err
	}
	c, err := s.log.Channel(ctx, domain.ChannelID(named))
	if err != nil {
		return Room{}, Scene{}, notFoundAs(err, "Room not found")
	}
	scene := s.setting(r.AgentID, agentName, c, "", place{source: c.SourceType})
	return scene.Rooms[0], scene, nil
}

// ownRoom is the room that an agent has for itself, with its world. As in the reference,
// all of their ids are the agent's.
func (s *Service) ownRoom(agent domain.AgentID, name string) Scene {
	now, id := s.stamp(), string(agent)
	return Scene{
		Worlds: []World{{ID: domain.WorldID(id), AgentID: agent, ServerID: id, Name: name, CreatedAt: now}},
		Rooms: []Room{{ID: domain.RoomID(id), AgentID: agent, WorldID: domain.WorldID(id), ServerID: id, ChannelID: domain.ChannelID(id),
			Name: name, Source: "agent", Type: messaging.TypeSelf, CreatedAt: now}},
		Entities:     []Entity{s.self(agent, name)},
		Participants: []Participant{{AgentID: agent, RoomID: domain.RoomID(id), EntityID: domain.EntityID(id), State: Followed}},
	}
}

// self is the agent as an entity that it knows.
func (s *Service) self(agent domain.AgentID, name string) Entity {
	return Entity{ID: domain.EntityID(agent), AgentID: agent, Names: []string{name}, CreatedAt: s.stamp()}
}

// put stores a scene and tells of the memories that are new.
func (s *Service) put(ctx context.Context, scene Scene) ([]bool, error) {
	created, err := s.store.Put(ctx, scene)
	if err != nil {
		return nil, err
	}
	for i, m := range scene.Memories {
		if created[i] {
			s.watcher.MemoryCreated(m)
		}
	}
	return created, nil
}
