package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
)

// maxGroupAgents bounds the agents of a new group.
const maxGroupAgents = 1000

// CreateGroupRequest makes a group: a room per agent for one server id.
type CreateGroupRequest struct {
	// ServerID names the group; a new one unless given.
	ServerID domain.ServerID `json:"serverId"`
	// Agents are ids; one that is no id, or that nobody has, fails alone.
	Agents []string `json:"agentIds"`
	Name   string   `json:"name"`
	// WorldID is one of each agent's own unless given.
	WorldID domain.WorldID `json:"worldId"`
	// Source is the name of a world that is made for it.
	Source   string          `json:"source"`
	Metadata domain.Metadata `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *CreateGroupRequest) Validate() error {
	var f domain.Faults
	switch {
	case len(r.Agents) == 0:
		f.Add("agentIds", "is required")
	case len(r.Agents) > maxGroupAgents:
		f.Add("agentIds", "has more than %d entries", maxGroupAgents)
	}
	checkText(&f, "name", r.Name, maxName)
	checkText(&f, "source", r.Source, maxName)
	return f.Err()
}

// GroupRoom is the room of one agent in a new group.
type GroupRoom struct {
	ID      domain.RoomID         `json:"id"`
	Name    string                `json:"name"`
	Source  string                `json:"source"`
	WorldID domain.WorldID        `json:"worldId"`
	Type    messaging.ChannelType `json:"type"`
}

// GroupFault says why an agent has no room in a new group.
type GroupFault struct {
	AgentID string `json:"agentId"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Details string `json:"details,omitempty"`
}

// GroupRooms answers the creation of a group: the rooms, in the order of the agents, as a
// list.
type GroupRooms struct {
	rooms  []GroupRoom
	faults []GroupFault
}

var _ op.Mixed = GroupRooms{}

// Forms are those in which it may stand on the wire.
func (GroupRooms) Forms() []any { return []any{[]GroupRoom{}} }

// MarshalJSON writes the list of rooms.
func (g GroupRooms) MarshalJSON() ([]byte, error) {
	return domain.PlainJSON(append([]GroupRoom{}, g.rooms...))
}

// UnmarshalJSON reads a list of rooms.
func (g *GroupRooms) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &g.rooms) }

// HTTPStatus is 207 if some agents failed, 500 if all did.
func (g GroupRooms) HTTPStatus() int {
	switch {
	case len(g.faults) == 0:
		return 0
	case len(g.rooms) > 0:
		return 207
	default:
		return 500
	}
}

// Failure is that of some or all agents, nil if none failed.
func (g GroupRooms) Failure() (failure *domain.Error, errors any, whole bool) {
	switch {
	case len(g.faults) == 0:
		return nil, nil, false
	case len(g.rooms) > 0:
		return &domain.Error{Code: domain.Internal, Reason: "PARTIAL_FAILURE",
			Message: fmt.Sprintf("The group lacks %d of its agents", len(g.faults))}, g.faults, false
	default:
		return &domain.Error{Code: domain.Internal, Reason: "CREATE_ERROR", Message: "Failed to create the group for any agent",
			Details: g.faults[0].Message}, g.faults, true
	}
}

// CreateGroup makes a room of the group for each agent, and its world. What exists stays
// as it is. Agents fail one by one; see GroupRooms. Codes: invalid.
func (s *Service) CreateGroup(ctx context.Context, _ domain.Actor, r CreateGroupRequest) (GroupRooms, error) {
	if r.ServerID == "" {
		r.ServerID = domain.NewID[domain.ServerID]()
	}
	r.Name = cmp.Or(r.Name, "Chat "+s.now().UTC().Format(time.RFC1123))
	var out GroupRooms
	for _, text := range r.Agents {
		room, err := s.createGroupRoom(ctx, text, &r)
		if failure := domain.AsError(err); failure != nil {
			out.faults = append(out.faults, GroupFault{AgentID: text, Code: failure.WireCode(), Message: failure.Message,
				Details: cmp.Or(failure.Details, failure.Message)})
			continue
		}
		out.rooms = append(out.rooms, room)
	}
	return out, nil
}

// createGroupRoom makes the room of one agent in a group.
func (s *Service) createGroupRoom(ctx context.Context, text string, r *CreateGroupRequest) (GroupRoom, error) {
	agent, err := domain.ParseID[domain.AgentID](text)
	if err != nil {
		return GroupRoom{}, err
	}
	name, release, known := s.hold(agent)
	if !known {
		return GroupRoom{}, errNoAgent()
	}
	defer release()
	const source = "client"
	now, id := s.stamp(), domain.UniqueUUID[domain.RoomID](agent, string(r.ServerID))
	room := Room{
		ID: id, AgentID: agent, WorldID: cmp.Or(r.WorldID, domain.UniqueUUID[domain.WorldID](agent, string(r.ServerID))),
		ServerID: string(r.ServerID), ChannelID: domain.ChannelID(id), Group: r.ServerID, Name: r.Name, Source: source,
		Type: messaging.TypeAPI, Metadata: r.Metadata, CreatedAt: now,
	}
	_, err = s.put(ctx, Scene{
		Worlds: []World{{ID: room.WorldID, AgentID: agent, ServerID: string(r.ServerID), Name: cmp.Or(r.Source, source), CreatedAt: now}},
		Rooms:  []Room{room}, Entities: []Entity{s.self(agent, name)},
		Participants: []Participant{{AgentID: agent, RoomID: id, EntityID: domain.EntityID(agent), State: Followed}},
	})
	if err != nil {
		return GroupRoom{}, err
	}
	room, err = s.store.Room(ctx, agent, id) // the one that was there, of a group made twice
	return GroupRoom{ID: room.ID, Name: room.Name, Source: room.Source, WorldID: room.WorldID, Type: room.Type}, err
}

// ListGroupsRequest selects groups.
type ListGroupsRequest struct {
	// Limit is 50 unless given, at most 200: each group is counted.
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// GroupAgent is an agent of a group.
type GroupAgent struct {
	ID   domain.AgentID `json:"id"`
	Name string         `json:"name"`
}

// GroupRow is a group on the wire.
type GroupRow struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	ServerID    string         `json:"serverId"`
	WorldID     domain.WorldID `json:"worldId"`
	Agents      []GroupAgent   `json:"agents"`
	Rooms       []RoomRow      `json:"rooms"`
	MemoryCount int            `json:"memoryCount"`
}

// GroupList is a list of groups.
type GroupList struct {
	Groups     []GroupRow        `json:"groups"`
	Pagination domain.Pagination `json:"pagination"`
}

// TotalCount is how many groups there are in all.
func (l GroupList) TotalCount() (int, bool) { return l.Pagination.Total, l.Pagination.Total < maxList }

// ListGroups returns the groups, the newest first. Codes: unavailable.
func (s *Service) ListGroups(ctx context.Context, _ domain.Actor, r ListGroupsRequest) (GroupList, error) {
	heads, err := s.store.Groups(ctx, maxList)
	if err != nil {
		return GroupList{}, err
	}
	slices.SortFunc(heads, func(a, b GroupHead) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	limit, offset := clamp(r.Limit, 50, 200), max(r.Offset, 0)
	heads, total := page(heads, offset, limit), len(heads)
	out := GroupList{Groups: []GroupRow{}, Pagination: domain.NewPagination(limit, offset, len(heads), total)}
	for _, head := range heads {
		rooms, err := s.store.Rooms(ctx, RoomQuery{Group: head.ID, Limit: maxGroupAgents})
		if err != nil {
			return GroupList{}, err
		}
		if len(rooms) == 0 {
			continue // deleted a moment ago
		}
		row, err := s.groupRow(ctx, string(head.ID), rooms)
		if err != nil {
			return GroupList{}, err
		}
		out.Groups = append(out.Groups, row)
	}
	return out, nil
}

// groupRow is the wire form of a group that has these rooms.
func (s *Service) groupRow(ctx context.Context, id string, rooms []Room) (GroupRow, error) {
	row := GroupRow{ID: id, Name: rooms[0].Name, ServerID: rooms[0].ServerID, WorldID: rooms[0].WorldID, Rooms: newRoomRows(rooms)}
	for _, room := range rooms {
		if !slices.ContainsFunc(row.Agents, func(a GroupAgent) bool { return a.ID == room.AgentID }) {
			name, _, _ := s.agents.AgentState(room.AgentID)
			row.Agents = append(row.Agents, GroupAgent{ID: room.AgentID, Name: name})
		}
		n, err := s.store.Count(ctx, Query{Agent: room.AgentID, Room: room.ID}, maxCount)
		if err != nil {
			return GroupRow{}, err
		}
		row.MemoryCount += n
	}
	return row, nil
}

// GroupRequest names a group: by its server, or by the world of its rooms.
type GroupRequest struct {
	GroupID domain.ServerID `json:"serverId" alias:"groupId,id"`
}

// Validate returns every fault of the request.
func (r *GroupRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.GroupID))
	return f.Err()
}

// OneGroup is one group.
type OneGroup struct {
	Group GroupRow `json:"group"`
}

// GetGroup returns one group. Codes: not_found, unavailable.
func (s *Service) GetGroup(ctx context.Context, _ domain.Actor, r GroupRequest) (OneGroup, error) {
	rooms, err := s.groupRooms(ctx, r.GroupID)
	if err != nil {
		return OneGroup{}, err
	}
	row, err := s.groupRow(ctx, string(r.GroupID), rooms)
	return OneGroup{Group: row}, err
}

// groupQueries are the ways in which rooms can belong to the id of a group.
func groupQueries(id domain.ServerID) []RoomQuery {
	return []RoomQuery{
		{Server: string(id), Limit: maxGroupAgents},
		{World: domain.WorldID(id), Limit: maxGroupAgents},
	}
}

// groupRooms returns the rooms of a group, over all agents, or NotFound if it has none.
func (s *Service) groupRooms(ctx context.Context, id domain.ServerID) ([]Room, error) {
	var found []Room
	for _, q := range groupQueries(id) {
		rooms, err := s.store.Rooms(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, room := range rooms {
			same := func(r Room) bool { return r.AgentID == room.AgentID && r.ID == room.ID }
			if !slices.ContainsFunc(found, same) {
				found = append(found, room)
			}
		}
	}
	if len(found) == 0 {
		return nil, domain.Errorf(domain.NotFound, "Group not found")
	}
	return found, nil
}

// GroupMemoriesRequest selects memories of a group.
type GroupMemoriesRequest struct {
	GroupID domain.ServerID `json:"serverId" alias:"groupId,id"`
	// Table is messages unless given.
	Table            string         `json:"tableName" alias:"table"`
	Before           domain.Instant `json:"before"`
	IncludeEmbedding bool           `json:"includeEmbedding"`
	// Limit is 50 unless given, at most 1000.
	Limit int `json:"limit"`
}

// Validate returns every fault of the request.
func (r *GroupMemoriesRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.GroupID))
	checkTable(&f, r.Table)
	return f.Err()
}

// GroupMemories returns memories of a group over all its agents, the newest first. Codes:
// not_found, unavailable.
func (s *Service) GroupMemories(ctx context.Context, _ domain.Actor, r GroupMemoriesRequest) (List, error) {
	rooms, err := s.groupRooms(ctx, r.GroupID)
	if err != nil {
		return List{}, err
	}
	limit := clamp(r.Limit, 50, 1000)
	var all Page
	for _, room := range rooms {
		found, err := s.store.Memories(ctx, Query{Agent: room.AgentID, Table: cmp.Or(r.Table, TableMessages), Room: room.ID,
			Before: r.Before.Time, Embedding: r.IncludeEmbedding, Limit: limit, MaxBytes: maxListBytes})
		if err != nil {
			return List{}, err
		}
		all.Memories, all.Cut = append(all.Memories, found.Memories...), all.Cut || found.Cut
		newestFirst(all.Memories)
		all.Memories = page(all.Memories, 0, limit)
	}
	return List{Memories: newMemoryRows(all.Memories), Truncated: all.Cut}, nil
}

// DeleteGroup removes a group: its rooms, their memories and participants, of all agents;
// one that does not exist is no error. Codes: timeout (repeat it to go on), unavailable.
func (s *Service) DeleteGroup(ctx context.Context, _ domain.Actor, r GroupRequest) (Gone, error) {
	for _, q := range groupQueries(r.GroupID) {
		if _, err := s.dropRooms(ctx, q); err != nil {
			return Gone{}, err
		}
	}
	return Gone{}, nil
}

// ClearGroup removes the messages of a group from the memory of all its agents; none is no
// error. Codes: timeout (repeat it to go on), unavailable.
func (s *Service) ClearGroup(ctx context.Context, _ domain.Actor, r GroupRequest) (Gone, error) {
	rooms, err := s.groupRooms(ctx, r.GroupID)
	if domain.IsCode(err, domain.NotFound) {
		return Gone{}, nil
	}
	if err != nil {
		return Gone{}, err
	}
	for _, room := range rooms {
		if _, err := s.remove(ctx, Selection{Agent: room.AgentID, Room: room.ID, Table: TableMessages}); err != nil {
			return Gone{}, err
		}
	}
	return Gone{}, nil
}
