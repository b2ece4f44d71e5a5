package storagetest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/memory"
)

// placeCases are the cases of worlds, rooms, entities and participants.
func placeCases() []testCase {
	return []testCase{
		{"scene keeps every field, and a second time changes nothing", sceneRoundTrip},
		{"scene of an entity that is known extends it", sceneEntity},
		{"room without a name gets one", sceneName},
		{"world without metadata gets some", sceneWorld},
		{"unknown places are not found", placesAbsent},
		{"rooms are found by what they name", roomQueries},
		{"worlds are found by what they name", worldQueries},
		{"change of a room and of a world keeps the rest", placeUpdate},
		{"room goes after those who take part", roomDelete},
		{"groups are those of the rooms", groupHeads},
		{"of many who extend an entity none is lost", entityRace},
		{"agent is erased batch by batch and leaves others alone", agentErase},
	}
}

// newScene returns a scene with one of everything, every field set.
func newScene(agent domain.AgentID) memory.Scene {
	world := memory.World{ID: domain.NewID[domain.WorldID](), AgentID: agent, ServerID: "server-" + oddText, Name: "World " + oddText,
		Metadata: metadata(), CreatedAt: now()}
	room := memory.Room{ID: domain.NewID[domain.RoomID](), AgentID: agent, WorldID: world.ID, ServerID: world.ServerID,
		ChannelID: domain.NewID[domain.ChannelID](), Group: domain.NewID[domain.ServerID](), Name: "Room " + oddText, Source: "test",
		Type: "GROUP", Metadata: metadata(), CreatedAt: now()}
	entity := memory.Entity{ID: domain.NewID[domain.EntityID](), AgentID: agent, Names: []string{"Zoë", oddText}, Metadata: metadata(), CreatedAt: now()}
	m := newMemory(agent)
	m.RoomID, m.WorldID, m.EntityID = room.ID, world.ID, entity.ID
	return memory.Scene{
		Worlds: []memory.World{world}, Rooms: []memory.Room{room}, Entities: []memory.Entity{entity},
		Participants: []memory.Participant{{AgentID: agent, RoomID: room.ID, EntityID: entity.ID, State: memory.Followed}},
		Memories:     []memory.Memory{m},
	}
}

// stage stores a scene.
func (k *kit) stage(s memory.Scene) {
	k.Helper()
	_, err := k.memory().Put(k.Context(), s)
	k.must(err)
}

// wantScene ends the case unless everything of a scene is stored as it is.
func (k *kit) wantScene(s memory.Scene) {
	k.Helper()
	agent, room := s.Rooms[0].AgentID, s.Rooms[0].ID
	r, err := k.memory().Room(k.Context(), agent, room)
	k.must(err)
	w, err := k.memory().World(k.Context(), agent, s.Worlds[0].ID)
	k.must(err)
	e, err := k.memory().Entity(k.Context(), agent, s.Entities[0].ID)
	k.must(err)
	p, err := k.memory().Participants(k.Context(), agent, room, 10)
	k.must(err)
	got := memory.Scene{Worlds: []memory.World{w}, Rooms: []memory.Room{r}, Entities: []memory.Entity{e}, Participants: p, Memories: s.Memories}
	if !reflect.DeepEqual(got, s) {
		k.Fatalf(" got %+v\nwant %+v", got, s)
	}
}

func sceneRoundTrip(k *kit) {
	want := newScene(domain.NewID[domain.AgentID]())
	k.stage(want)
	k.wantScene(want)
	again := newScene(want.Rooms[0].AgentID)
	again.Worlds[0].ID, again.Rooms[0].ID = want.Worlds[0].ID, want.Rooms[0].ID
	again.Entities, again.Participants, again.Memories = nil, nil, nil
	again.Worlds[0].Name, again.Rooms[0].Name = "other", "other"
	k.stage(again)
	k.wantScene(want)
	k.stage(want)
	k.wantScene(want)
	k.stage(memory.Scene{})
}

func sceneEntity(k *kit) {
	s := newScene(domain.NewID[domain.AgentID]())
	k.stage(s)
	more := s.Entities[0]
	more.Names = []string{"Zed"}
	more.Metadata = domain.Metadata{"plain": []byte(`"changed"`), "other": []byte(`1`)}
	more.CreatedAt = now().Add(time.Hour)
	k.stage(memory.Scene{Entities: []memory.Entity{more}})
	s.Entities[0], _ = s.Entities[0].Merged(more)
	k.wantScene(s)
	more.Names, more.Standin = []string{"User-1"}, true
	k.stage(memory.Scene{Entities: []memory.Entity{more}})
	k.wantScene(s)
}

func sceneName(k *kit) {
	s := newScene(domain.NewID[domain.AgentID]())
	named := s.Rooms[0]
	s.Rooms[0].Name, s.Rooms[0].Source, s.Rooms[0].Type = "", "first", "DM"
	k.stage(s)
	k.wantScene(s)
	k.stage(memory.Scene{Rooms: []memory.Room{named}})
	s.Rooms[0] = named
	k.wantScene(s)
}

func sceneWorld(k *kit) {
	s := newScene(domain.NewID[domain.AgentID]())
	more := s.Worlds[0]
	s.Worlds[0].Metadata = nil
	k.stage(s)
	k.wantScene(s)
	more.Name = "another"
	k.stage(memory.Scene{Worlds: []memory.World{more}})
	s.Worlds[0].Metadata = more.Metadata
	k.wantScene(s)
	more.Metadata = domain.Metadata{}
	k.stage(memory.Scene{Worlds: []memory.World{more}})
	k.wantScene(s)
}

func placesAbsent(k *kit) {
	s := newScene(domain.NewID[domain.AgentID]())
	agent := s.Rooms[0].AgentID
	_, err := k.memory().Room(k.Context(), agent, s.Rooms[0].ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.memory().World(k.Context(), agent, s.Worlds[0].ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.memory().Entity(k.Context(), agent, s.Entities[0].ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.memory().UpdateRoom(k.Context(), agent, s.Rooms[0].ID, func(r memory.Room) (memory.Room, error) { return r, nil })
	k.wantCode(err, domain.NotFound)
	_, err = k.memory().UpdateWorld(k.Context(), agent, s.Worlds[0].ID, func(w memory.World) (memory.World, error) { return w, nil })
	k.wantCode(err, domain.NotFound)
	k.must(k.memory().DeleteWorld(k.Context(), agent, s.Worlds[0].ID))
	left, err := k.memory().DeleteRoom(k.Context(), agent, s.Rooms[0].ID, 5)
	k.must(err)
	if left {
		k.Error("something is left of a room that never was")
	}
	if _, err := k.memory().Rooms(k.Context(), memory.RoomQuery{Limit: 1}); !domain.IsCode(err, domain.Invalid) {
		k.Errorf("a query of all rooms: %v", err)
	}
}

func roomQueries(k *kit) {
	agent, at := domain.NewID[domain.AgentID](), now()
	a, b := newScene(agent), newScene(agent)
	b.Rooms[0].CreatedAt = at.Add(time.Second)
	other := newScene(domain.NewID[domain.AgentID]())
	other.Rooms[0].WorldID, other.Rooms[0].ChannelID = a.Rooms[0].WorldID, a.Rooms[0].ChannelID
	other.Rooms[0].ServerID, other.Rooms[0].Group = string(a.Worlds[0].ID), a.Rooms[0].Group
	a.Rooms[0].ServerID = other.Rooms[0].ServerID
	for _, s := range []memory.Scene{a, b, other} {
		k.stage(s)
	}
	pair := []memory.Room{a.Rooms[0], other.Rooms[0]}
	if a.Rooms[0].AgentID > other.Rooms[0].AgentID {
		slices.Reverse(pair)
	}
	for _, tt := range []struct {
		q    memory.RoomQuery
		want []memory.Room
	}{
		{memory.RoomQuery{Agent: agent}, []memory.Room{b.Rooms[0], a.Rooms[0]}},
		{memory.RoomQuery{Agent: agent, World: a.Rooms[0].WorldID}, a.Rooms},
		{memory.RoomQuery{World: a.Rooms[0].WorldID}, pair},
		{memory.RoomQuery{Channel: a.Rooms[0].ChannelID}, pair},
		{memory.RoomQuery{Server: a.Rooms[0].ServerID}, pair},
		{memory.RoomQuery{Group: a.Rooms[0].Group}, pair},
		{memory.RoomQuery{Channel: domain.NewID[domain.ChannelID]()}, nil},
	} {
		tt.q.Limit = 10
		got, err := k.memory().Rooms(k.Context(), tt.q)
		k.must(err)
		if !reflect.DeepEqual(got, tt.want) {
			k.Errorf("%+v\n gave %+v\n want %+v", tt.q, got, tt.want)
		}
	}
	got, err := k.memory().Rooms(k.Context(), memory.RoomQuery{Agent: agent, Limit: 1})
	k.must(err)
	if len(got) != 1 {
		k.Errorf("limit 1 gave %d", len(got))
	}
}

func worldQueries(k *kit) {
	agent, at := domain.NewID[domain.AgentID](), now()
	a, b, other := newScene(agent), newScene(agent), newScene(domain.NewID[domain.AgentID]())
	b.Worlds[0].CreatedAt = at.Add(time.Second)
	other.Worlds[0].ID = a.Worlds[0].ID
	server := string(domain.NewID[domain.ServerID]())
	a.Worlds[0].ServerID, other.Worlds[0].ServerID = server, server
	for _, s := range []memory.Scene{a, b, other} {
		k.stage(s)
	}
	pair := []memory.World{a.Worlds[0], other.Worlds[0]}
	if a.Worlds[0].AgentID > other.Worlds[0].AgentID {
		slices.Reverse(pair)
	}
	for _, tt := range []struct {
		q    memory.WorldQuery
		want []memory.World
	}{
		{memory.WorldQuery{Agent: agent}, []memory.World{b.Worlds[0], a.Worlds[0]}},
		{memory.WorldQuery{World: a.Worlds[0].ID}, pair},
		{memory.WorldQuery{Server: server}, pair},
	} {
		tt.q.Limit = 10
		got, err := k.memory().Worlds(k.Context(), tt.q)
		k.must(err)
		if !reflect.DeepEqual(got, tt.want) {
			k.Errorf("%+v\n gave %+v\n want %+v", tt.q, got, tt.want)
		}
	}
	all, err := k.memory().Worlds(k.Context(), memory.WorldQuery{Limit: 1000})
	k.must(err)
	if !slices.IsSortedFunc(all, func(a, b memory.World) int { return b.CreatedAt.Compare(a.CreatedAt) }) || len(all) < 3 {
		k.Errorf("%d worlds in all are not sorted", len(all))
	}
}

func placeUpdate(k *kit) {
	s := newScene(domain.NewID[domain.AgentID]())
	k.stage(s)
	agent := s.Rooms[0].AgentID
	s.Rooms[0].Name, s.Rooms[0].Metadata = "new <name>", domain.Metadata{"a": []byte(`1`)}
	s.Worlds[0].Name, s.Worlds[0].Metadata = "new <world>", domain.Metadata{"b": []byte(`2`)}
	room, err := k.memory().UpdateRoom(k.Context(), agent, s.Rooms[0].ID, func(r memory.Room) (memory.Room, error) {
		r.Name, r.Metadata, r.WorldID, r.Type = s.Rooms[0].Name, s.Rooms[0].Metadata, "", "DM"
		return r, nil
	})
	k.must(err)
	world, err := k.memory().UpdateWorld(k.Context(), agent, s.Worlds[0].ID, func(w memory.World) (memory.World, error) {
		w.Name, w.Metadata, w.ServerID = s.Worlds[0].Name, s.Worlds[0].Metadata, ""
		return w, nil
	})
	k.must(err)
	if !reflect.DeepEqual(room, s.Rooms[0]) || !reflect.DeepEqual(world, s.Worlds[0]) {
		k.Errorf("room %+v, world %+v", room, world)
	}
	k.wantScene(s)
	refusal := domain.Errorf(domain.Conflict, "no")
	_, err = k.memory().UpdateRoom(k.Context(), agent, s.Rooms[0].ID, func(r memory.Room) (memory.Room, error) { return r, refusal })
	k.wantCode(err, domain.Conflict)
	k.wantScene(s)
}

func roomDelete(k *kit) {
	s := newScene(domain.NewID[domain.AgentID]())
	agent, room := s.Rooms[0].AgentID, s.Rooms[0].ID
	for range 4 {
		s.Participants = append(s.Participants, memory.Participant{AgentID: agent, RoomID: room, EntityID: domain.NewID[domain.EntityID](), State: memory.Followed})
	}
	k.stage(s)
	for calls := 1; ; calls++ {
		left, err := k.memory().DeleteRoom(k.Context(), agent, room, 2)
		k.must(err)
		if !left {
			if calls != 3 {
				k.Errorf("it took %d calls", calls)
			}
			break
		}
	}
	_, err := k.memory().Room(k.Context(), agent, room)
	k.wantCode(err, domain.NotFound)
	members, err := k.memory().Participants(k.Context(), agent, room, 10)
	k.must(err)
	if len(members) != 0 {
		k.Errorf("%d still take part", len(members))
	}
}

func groupHeads(k *kit) {
	s := newScene(domain.NewID[domain.AgentID]())
	later := newScene(domain.NewID[domain.AgentID]())
	later.Rooms[0].Group, later.Rooms[0].CreatedAt = s.Rooms[0].Group, s.Rooms[0].CreatedAt.Add(time.Minute)
	none := newScene(domain.NewID[domain.AgentID]())
	none.Rooms[0].Group = ""
	for _, scene := range []memory.Scene{s, later, none} {
		k.stage(scene)
	}
	heads, err := k.memory().Groups(k.Context(), 1000)
	k.must(err)
	if !slices.Contains(heads, memory.GroupHead{ID: s.Rooms[0].Group, CreatedAt: later.Rooms[0].CreatedAt}) {
		k.Errorf("the group is not among %+v", heads)
	}
	if slices.ContainsFunc(heads, func(h memory.GroupHead) bool { return h.ID == "" }) {
		k.Error("a room of no group counts as a group")
	}
}

func entityRace(k *kit) {
	e := newScene(domain.NewID[domain.AgentID]()).Entities[0]
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			more := e
			more.Names = []string{fmt.Sprint("name ", i)}
			if _, err := k.memory().Put(k.Context(), memory.Scene{Entities: []memory.Entity{more}}); err != nil {
				k.Error(err)
			}
		})
	}
	all.Wait()
	got, err := k.memory().Entity(k.Context(), e.AgentID, e.ID)
	k.must(err)
	if len(got.Names) != 10 {
		k.Errorf("names are %q", got.Names)
	}
}

func agentErase(k *kit) {
	doomed, other := domain.NewID[domain.AgentID](), newScene(domain.NewID[domain.AgentID]())
	for range 3 {
		k.stage(newScene(doomed))
	}
	k.stage(other)
	for calls := 1; ; calls++ {
		left, err := k.memory().EraseAgent(k.Context(), doomed, 2)
		k.must(err)
		if !left {
			break
		}
		if calls > 100 {
			k.Fatal("it does not end")
		}
	}
	rooms, err := k.memory().Rooms(k.Context(), memory.RoomQuery{Agent: doomed, Limit: 9})
	k.must(err)
	worlds, err := k.memory().Worlds(k.Context(), memory.WorldQuery{Agent: doomed, Limit: 9})
	k.must(err)
	if n := k.count(memory.Query{Agent: doomed}); len(rooms)+len(worlds)+n != 0 {
		k.Errorf("%d rooms, %d worlds, %d memories are left", len(rooms), len(worlds), n)
	}
	k.wantScene(other)
	if k.count(memory.Query{Agent: other.Rooms[0].AgentID}) != 1 {
		k.Error("another agent's memory is gone")
	}
}
