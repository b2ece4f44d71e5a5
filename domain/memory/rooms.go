package memory

import (
	"cmp"
	"context"
	"fmt"

	"parley/domain"
	"parley/domain/messaging"
)

// participantsShown is how many participants of a room are told.
const participantsShown = 1000

// CreateRoomRequest makes a room.
type CreateRoomRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	Name    string         `json:"name"`
	// Type is DM unless given.
	Type messaging.ChannelType `json:"type"`
	// Source is client unless given.
	Source string `json:"source"`
	// WorldID is that of a new world unless given.
	WorldID  domain.WorldID  `json:"worldId"`
	ServerID string          `json:"serverId"`
	Metadata domain.Metadata `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *CreateRoomRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	f.Require("name", r.Name)
	checkText(&f, "name", r.Name, maxName)
	checkText(&f, "source", r.Source, maxName)
	checkText(&f, "serverId", r.ServerID, maxName)
	if r.Type != "" && !r.Type.Valid() {
		f.Add("type", "is not a channel type")
	}
	return f.Err()
}

// CreateRoom makes a room in which the agent takes part, and its world if none is given.
// Codes: invalid, not_found (agent, world), unavailable.
func (s *Service) CreateRoom(ctx context.Context, _ domain.Actor, r CreateRoomRequest) (RoomRow, error) {
	name, release, known := s.hold(r.AgentID)
	if !known {
		return RoomRow{}, errNoAgent()
	}
	defer release()
	now := s.tick()
	id := domain.UniqueUUID[domain.RoomID](r.AgentID, fmt.Sprintf("room-%d%s", now, s.mark))
	room := Room{
		ID: id, AgentID: r.AgentID, WorldID: r.WorldID, ServerID: cmp.Or(r.ServerID, fmt.Sprintf("server-%d", now)),
		ChannelID: domain.ChannelID(id), Name: r.Name, Source: cmp.Or(r.Source, "client"),
		Type: cmp.Or(r.Type, messaging.TypeDM), Metadata: r.Metadata, CreatedAt: domain.FromMillis(now),
	}
	scene := Scene{
		Entities:     []Entity{s.self(r.AgentID, name)},
		Participants: []Participant{{AgentID: r.AgentID, RoomID: id, EntityID: domain.EntityID(r.AgentID), State: Followed}},
	}
	if room.WorldID == "" {
		room.WorldID = domain.UniqueUUID[domain.WorldID](r.AgentID, fmt.Sprintf("world-%d%s", now, s.mark))
		scene.Worlds = []World{{ID: room.WorldID, AgentID: r.AgentID, ServerID: room.ServerID, Name: "World for " + r.Name,
			Metadata: r.Metadata, CreatedAt: room.CreatedAt}}
	} else if _, err := s.store.World(ctx, r.AgentID, room.WorldID); err != nil {
		return RoomRow{}, notFoundAs(err, "World not found")
	}
	scene.Rooms = []Room{room}
	_, err := s.put(ctx, scene)
	return newRoomRow(room), err
}

// AgentRequest names an agent and a part of a list.
type AgentRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// Limit is 10,000 unless given, and at most that.
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// Validate returns every fault of the request.
func (r *AgentRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// RoomList is a list of rooms.
type RoomList struct {
	Rooms []RoomRow `json:"rooms"`

	total int
}

// TotalCount is how many rooms there are in all.
func (l RoomList) TotalCount() (int, bool) { return l.total, l.total < maxList }

// ListRooms returns the rooms of an agent, the newest first; it takes part in all of them.
// Codes: not_found (the agent), unavailable.
func (s *Service) ListRooms(ctx context.Context, _ domain.Actor, r AgentRequest) (RoomList, error) {
	if err := s.requireAgent(r.AgentID); err != nil {
		return RoomList{}, err
	}
	rooms, err := s.store.Rooms(ctx, RoomQuery{Agent: r.AgentID, Limit: maxList})
	return RoomList{Rooms: newRoomRows(page(rooms, r.Offset, clamp(r.Limit, maxList, maxList))), total: len(rooms)}, err
}

// ParticipantRow is somebody who takes part in a room.
type ParticipantRow struct {
	EntityID domain.EntityID `json:"entityId"`
	// State says whether the agent follows the room or has muted it.
	State State `json:"state"`
}

// RoomDetail is a room with what lies around it.
type RoomDetail struct {
	RoomRow
	WorldName    string           `json:"worldName,omitempty"`
	Participants []ParticipantRow `json:"participants"`
}

// GetRoom returns one room, with at most 1,000 of its participants. Codes: not_found, unavailable.
func (s *Service) GetRoom(ctx context.Context, _ domain.Actor, r RoomRequest) (RoomDetail, error) {
	room, err := s.room(ctx, r.AgentID, r.RoomID)
	if err != nil {
		return RoomDetail{}, err
	}
	out := RoomDetail{RoomRow: newRoomRow(room)}
	world, err := s.store.World(ctx, r.AgentID, room.WorldID)
	if err != nil && !domain.IsCode(err, domain.NotFound) {
		return RoomDetail{}, err
	}
	out.WorldName = world.Name
	members, err := s.store.Participants(ctx, r.AgentID, room.ID, participantsShown)
	out.Participants = make([]ParticipantRow, len(members))
	for i, p := range members {
		out.Participants[i] = ParticipantRow{EntityID: p.EntityID, State: p.State}
	}
	return out, err
}

// UpdateRoomRequest changes what is given of a room.
type UpdateRoomRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// RoomID may also be the id of a channel.
	RoomID domain.RoomID `json:"roomId" alias:"channelId"`
	Name   *string       `json:"name"`
	// Metadata replaces all of it.
	Metadata *domain.Metadata `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *UpdateRoomRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	f.Require("roomId", string(r.RoomID))
	if r.Name != nil {
		f.Require("name", *r.Name)
		checkText(&f, "name", *r.Name, maxName)
	}
	return f.Err()
}

// UpdateRoom changes a room as the agent sees it, not the channel. Codes: invalid,
// not_found, unavailable.
func (s *Service) UpdateRoom(ctx context.Context, _ domain.Actor, r UpdateRoomRequest) (RoomRow, error) {
	found, err := s.room(ctx, r.AgentID, r.RoomID)
	if err != nil {
		return RoomRow{}, err
	}
	room, err := s.store.UpdateRoom(ctx, r.AgentID, found.ID, func(room Room) (Room, error) {
		if r.Name != nil {
			room.Name = *r.Name
		}
		if r.Metadata != nil {
			room.Metadata = *r.Metadata
		}
		return room, nil
	})
	return newRoomRow(room), notFoundAs(err, "Room not found")
}

// DeleteRoom removes a room with its memories, logs and participants from an agent's memory;
// the channel stays, and the next message in it makes the room anew. Codes: not_found,
// timeout (repeat it to go on), unavailable.
func (s *Service) DeleteRoom(ctx context.Context, _ domain.Actor, r RoomRequest) (Gone, error) {
	room, err := s.room(ctx, r.AgentID, r.RoomID)
	if err != nil {
		return Gone{}, err
	}
	return Gone{}, s.dropRoom(ctx, r.AgentID, room.ID)
}

// dropRoom removes a room: its memories and logs first, so that what is left after a
// failure is still found by the room.
func (s *Service) dropRoom(ctx context.Context, agent domain.AgentID, id domain.RoomID) error {
	if _, err := s.remove(ctx, Selection{Agent: agent, Room: id}); err != nil {
		return err
	}
	if s.logs != nil {
		if err := s.logs.RoomDeleted(ctx, agent, id); err != nil {
			return err
		}
	}
	for {
		left, err := s.store.DeleteRoom(ctx, agent, id, deleteBatch)
		if err != nil || !left {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// dropRooms removes all rooms of a query, and returns how many there were.
func (s *Service) dropRooms(ctx context.Context, q RoomQuery) (n int, err error) {
	q.Limit = deleteBatch
	for {
		rooms, err := s.store.Rooms(ctx, q)
		if err != nil || len(rooms) == 0 {
			return n, err
		}
		for _, r := range rooms {
			if err := s.dropRoom(ctx, r.AgentID, r.ID); err != nil {
				return n, err
			}
			n++
		}
	}
}
