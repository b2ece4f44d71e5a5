package memory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
)

func TestMemoryIsMadeChangedAndRemoved(t *testing.T) {
	h := newHouse(t)
	var made memory.Created
	h.call("memories:create", object{"agentId": juniper, "content": "likes tea", "createdAt": 1000, "unique": false, "embedding": []float32{0.25, 1}}, &made)
	m := made.Memory
	if !made.Created || made.ID != m.ID || m.Type != "messages" || m.Content.String("text") != "likes tea" || m.CreatedAt != 1000 ||
		m.RoomID != domain.RoomID(juniper) || m.WorldID != domain.WorldID(juniper) || m.EntityID != domain.EntityID(juniper) || m.Unique ||
		m.Metadata.String("type") != "message" || len(m.Embedding) != 2 {
		t.Fatalf("made %s", raw(made))
	}
	again := h.try("memories:create", object{"agentId": juniper, "id": m.ID, "content": "another"})
	if again.Status != 200 || !strings.Contains(string(again.Data), `"created":false`) || !strings.Contains(string(again.Data), "likes tea") {
		t.Errorf("again gave %d %s", again.Status, again.Data)
	}
	var one memory.One
	h.call("memories:get", object{"agentId": juniper, "memoryId": strings.ToUpper(string(m.ID))}, &one)
	if one.Memory.Embedding != nil || one.Memory.Content.String("text") != "likes tea" {
		t.Errorf("got %s", raw(one))
	}
	h.call("memories:get", object{"agentId": juniper, "memoryId": m.ID, "includeEmbedding": true}, &one)
	if !slices.Equal(one.Memory.Embedding, []float32{0.25, 1}) {
		t.Errorf("embedding is %v", one.Memory.Embedding)
	}
	h.wantCode("memories:get", object{"agentId": eliza, "memoryId": m.ID}, "NOT_FOUND")
	var updated memory.Updated
	h.call("memories:update", object{"agentId": juniper, "memoryId": m.ID, "id": stranger, "tableName": "facts",
		"content": object{"text": "likes coffee"}}, &updated)
	if updated.ID != m.ID || updated.RoomID != m.RoomID || updated.Memory.Type != "messages" || updated.Memory.Content.String("text") != "likes coffee" ||
		updated.Memory.Metadata.String("type") != "message" {
		t.Errorf("updated %s", raw(updated))
	}
	for range 2 {
		h.call("memories:delete", object{"agentId": juniper, "memoryId": m.ID}, nil)
	}
	h.wantTexts(h.list(juniper))
	if created, deleted := h.watcher.heard(); created != 1 || deleted != 1 {
		t.Errorf("%d created, %d deleted were told of", created, deleted)
	}
}

func TestMetadataOfMemoriesIsCompleted(t *testing.T) {
	h := newHouse(t)
	for _, tt := range []struct {
		table    string
		metadata object
		want     string
	}{
		{"messages", nil, `{"type":"message"}`},
		{"facts", object{"source": "me"}, `{"source":"me","type":"custom"}`},
		{"knowledge", object{"type": "fragment", "documentId": stranger, "position": 0},
			`{"documentId":"` + stranger + `","position":0,"type":"fragment"}`},
		{"documents", object{"type": "document", "timestamp": 5}, `{"timestamp":5,"type":"document"}`},
	} {
		var made memory.Created
		h.call("memories:create", object{"agentId": eliza, "content": "x", "tableName": tt.table, "metadata": tt.metadata}, &made)
		if got := string(raw(made.Memory.Metadata)); got != tt.want {
			t.Errorf("metadata is %s, want %s", got, tt.want)
		}
	}
	var made memory.Created
	h.call("memories:create", object{"agentId": eliza, "content": "x", "metadata": object{"type": "document"}}, &made)
	if made.Memory.Metadata["timestamp"] == nil {
		t.Errorf("a document has no timestamp: %s", raw(made.Memory.Metadata))
	}
}

func TestListIsPagedAndBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 5 {
		h.call("memories:create", object{"agentId": eliza, "content": fmt.Sprint(i), "createdAt": 1000 + i}, nil)
	}
	h.wantTexts(h.list(eliza), "4", "3", "2", "1", "0")
	h.wantTexts(h.list(eliza, object{"limit": 2, "offset": 1}), "3", "2")
	h.wantTexts(h.list(eliza, object{"offset": 9}))
	h.wantTexts(h.list(eliza, object{"limit": -1, "offset": -1}), "4", "3", "2", "1", "0")
	h.wantTexts(h.list(eliza, object{"before": 1003, "after": "1000"}), "2", "1")
	h.wantTexts(h.list(eliza, object{"before": "1970-01-01T00:00:01.002Z"}), "1", "0")
	h.wantTexts(h.list(eliza, object{"roomId": eliza}), "4", "3", "2", "1", "0")
	h.wantTexts(h.list(eliza, object{"worldId": eliza, "limit": 1}), "4")
	h.wantTexts(h.list(eliza, object{"worldId": stranger}))
	h.wantTexts(h.list(eliza, object{"tableName": "facts"}))
	h.wantTexts(h.list(smith))
	var room memory.List
	h.call("rooms:memories", object{"agentId": eliza, "roomId": eliza, "limit": 1, "before": 1003}, &room)
	h.wantTexts(room.Memories, "2")
	list, err := h.service.List(t.Context(), domain.Actor{}, memory.ListRequest{AgentID: eliza, Limit: 2})
	if n, known := list.TotalCount(); err != nil || n != 5 || !known {
		t.Errorf("total is %d, %v, %v", n, known, err)
	}
}

func TestEntityIsFoundByBothOfItsIDs(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	h.hear(eliza, c, h.post(c, ann, "Ann", "seen"))
	h.hear(eliza, c, h.post(c, bob, "Bob", "other"))
	h.call("memories:create", object{"agentId": eliza, "content": "given", "entityId": ann, "channelId": c.ID}, nil)
	seen := domain.UniqueUUID[domain.EntityID](eliza, string(ann))
	h.wantTexts(h.list(eliza, object{"entityId": ann}), "given", "seen")
	h.wantTexts(h.list(eliza, object{"entityId": ann, "limit": 1, "offset": 1}), "seen")
	h.wantTexts(h.list(eliza, object{"entityId": seen}), "seen")
	list, err := h.service.List(t.Context(), domain.Actor{}, memory.ListRequest{AgentID: eliza, EntityID: ann, Limit: 1})
	if n, known := list.TotalCount(); err != nil || n != 2 || !known {
		t.Errorf("total is %d, %v, %v", n, known, err)
	}
}

func TestChannelStandsForItsRoom(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	room := domain.UniqueUUID[domain.RoomID](eliza, string(c.ID))
	h.wantTexts(h.list(eliza, object{"roomId": c.ID})) // before anybody spoke
	h.wantCode("rooms:get", object{"agentId": eliza, "roomId": c.ID}, "NOT_FOUND")
	h.call("memories:create", object{"agentId": eliza, "content": "noted", "roomId": c.ID}, nil)
	for _, where := range []object{{"roomId": c.ID}, {"channelId": c.ID}, {"roomId": room}} {
		h.wantTexts(h.list(eliza, where), "noted")
	}
	var got memory.RoomDetail
	h.call("rooms:get", object{"agentId": eliza, "channelId": c.ID}, &got)
	if got.ID != room || got.Name != "Tea room" {
		t.Errorf("room is %+v", got)
	}
	name := "Den"
	h.call("rooms:update", object{"agentId": eliza, "roomId": c.ID, "name": name, "metadata": object{"a": 1}}, &got)
	if got.Name != name || string(raw(got.Metadata)) != `{"a":1}` {
		t.Errorf("room is %+v", got)
	}
	h.call("memories:clear-room", object{"agentId": eliza, "roomId": c.ID}, nil)
	h.wantTexts(h.list(eliza))
	h.call("rooms:delete", object{"agentId": eliza, "roomId": c.ID}, nil)
	h.wantCode("rooms:get", object{"agentId": eliza, "roomId": room}, "NOT_FOUND")
}

func TestClearingKeepsToItsTablesAndRooms(t *testing.T) {
	h := newHouse(t)
	var room memory.RoomRow
	h.call("rooms:create", object{"agentId": eliza, "name": "Den"}, &room)
	for _, table := range []string{"messages", "documents", "facts"} {
		for _, where := range []domain.RoomID{room.ID, domain.RoomID(eliza)} {
			h.call("memories:create", object{"agentId": eliza, "content": table, "tableName": table, "roomId": where}, nil)
		}
	}
	h.call("memories:create", object{"agentId": smith, "content": "other"}, nil)
	left := func(table string) int { return len(h.list(eliza, object{"tableName": table})) }
	h.call("memories:clear-room", object{"agentId": eliza, "roomId": room.ID}, nil)
	if left("messages") != 1 || left("documents") != 1 || left("facts") != 2 {
		t.Errorf("left are %d, %d, %d", left("messages"), left("documents"), left("facts"))
	}
	var cleared memory.Cleared
	h.call("memories:clear", object{"agentId": eliza, "tableName": "facts"}, &cleared)
	if cleared.DeletedCount != 2 || left("facts") != 0 || left("messages") != 1 {
		t.Errorf("cleared %+v", cleared)
	}
	h.call("memories:clear", object{"agentId": eliza}, &cleared)
	if cleared.DeletedCount != 2 || cleared.Message != "All agent memories cleared successfully" || len(h.list(smith)) != 1 {
		t.Errorf("cleared %+v, the other agent has %d", cleared, len(h.list(smith)))
	}
}

func TestManyMemoriesAreClearedInBatches(t *testing.T) {
	h := newHouse(t)
	var all []memory.Memory
	for range 500 {
		all = append(all, memory.Memory{ID: domain.NewID[domain.MemoryID](), AgentID: eliza, Table: "facts", CreatedAt: time.Now()})
	}
	if _, err := h.set.Memory.Put(t.Context(), memory.Scene{Memories: all}); err != nil {
		t.Fatal(err)
	}
	var cleared memory.Cleared
	h.call("memories:clear", object{"agentId": eliza}, &cleared)
	if cleared.DeletedCount != 500 || len(h.list(eliza, object{"tableName": "facts"})) != 0 {
		t.Errorf("cleared %+v", cleared)
	}
}

func TestRoomsAndWorldsAreMade(t *testing.T) {
	h := newHouse(t)
	var first, second memory.RoomRow
	h.call("rooms:create", object{"agentId": eliza, "name": "Den", "metadata": object{"a": 1}}, &first)
	h.call("rooms:create", object{"agentId": eliza, "name": "Attic", "worldId": first.WorldID, "type": "GROUP", "source": "me", "serverId": "s"}, &second)
	if first.Type != messaging.TypeDM || first.Source != "client" || !strings.HasPrefix(first.ServerID, "server-") || first.ChannelID != domain.ChannelID(first.ID) ||
		first.ID != domain.UniqueUUID[domain.RoomID](eliza, fmt.Sprintf("room-%d", first.CreatedAt)) || string(raw(first.Metadata)) != `{"a":1}` {
		t.Errorf("room is %+v", first)
	}
	if second.Type != messaging.TypeGroup || second.Source != "me" || second.ServerID != "s" || second.WorldID != first.WorldID {
		t.Errorf("room is %+v", second)
	}
	var rooms memory.RoomList
	h.call("rooms:list", object{"agentId": eliza}, &rooms)
	if len(rooms.Rooms) != 2 || rooms.Rooms[0].ID != second.ID {
		t.Errorf("rooms are %+v", rooms)
	}
	h.call("rooms:list", object{"agentId": eliza, "offset": 1, "limit": 5}, &rooms)
	if len(rooms.Rooms) != 1 || rooms.Rooms[0].ID != first.ID {
		t.Errorf("rooms are %+v", rooms)
	}
	var detail memory.RoomDetail
	h.call("rooms:get", object{"agentId": eliza, "roomId": first.ID}, &detail)
	if detail.WorldName != "World for Den" || len(detail.Participants) != 1 || detail.Participants[0].State != memory.Followed {
		t.Errorf("room is %+v", detail)
	}

	var world, copied memory.OneWorld
	h.call("worlds:create", object{"agentId": eliza, "name": "Tea house", "metadata": object{"a": 1, "settings": object{"x": 1}}}, &world)
	if !strings.HasPrefix(world.World.ServerID, "server-") || world.World.AgentID != eliza {
		t.Errorf("world is %+v", world)
	}
	h.call("worlds:update", object{"agentId": eliza, "worldId": world.World.ID, "metadata": object{"b": 2}, "settings": object{"y": 2}}, &world)
	if got := string(raw(world.World.Metadata)); got != `{"a":1,"b":2,"settings":{"x":1,"y":2}}` || world.World.Name != "Tea house" {
		t.Errorf("metadata is %s", got)
	}
	for range 2 {
		h.call("worlds:create", object{"agentId": smith, "worldId": world.World.ID}, &copied)
		if copied.World.ID != world.World.ID || copied.World.AgentID != smith || copied.World.Name != "Tea house" {
			t.Errorf("copy is %+v", copied)
		}
	}
	var worlds memory.WorldList
	h.call("worlds:list", object{"agentId": eliza}, &worlds)
	if len(worlds.Worlds) != 2 || worlds.Worlds[0].ID != world.World.ID {
		t.Errorf("worlds are %+v", worlds)
	}
	h.call("worlds:list", object{}, &worlds)
	if len(worlds.Worlds) != 3 {
		t.Errorf("all worlds are %+v", worlds)
	}
	h.call("worlds:delete", object{"agentId": eliza, "worldId": first.WorldID}, nil)
	h.call("rooms:list", object{"agentId": eliza}, &rooms)
	if len(rooms.Rooms) != 0 {
		t.Errorf("a world that is gone has rooms: %+v", rooms)
	}
}

func TestGroupHasARoomPerAgent(t *testing.T) {
	h := newHouse(t)
	const group = "44444444-4444-4444-8444-444444444444"
	const world = "88888888-8888-4888-8888-888888888888"
	var rooms []memory.GroupRoom
	request := object{"serverId": group, "agentIds": []domain.AgentID{eliza, smith}, "name": "Round", "worldId": world, "source": "tea"}
	for range 2 {
		h.call("groups:create", request, &rooms)
		if len(rooms) != 2 || rooms[0] != (memory.GroupRoom{ID: domain.UniqueUUID[domain.RoomID](eliza, group), Name: "Round", Source: "client",
			WorldID: world, Type: messaging.TypeAPI}) {
			t.Fatalf("rooms are %+v", rooms)
		}
	}
	w, err := h.set.Memory.World(t.Context(), smith, world)
	if err != nil || w.Name != "tea" || w.ServerID != group {
		t.Errorf("world is %+v, %v", w, err)
	}
	for i, agent := range []domain.AgentID{eliza, smith} {
		h.call("memories:create", object{"agentId": agent, "content": fmt.Sprint(i), "roomId": rooms[i].ID, "createdAt": 1000 + i}, nil)
	}
	h.call("memories:create", object{"agentId": smith, "content": "fact", "tableName": "facts", "roomId": rooms[1].ID}, nil)
	for _, id := range []string{group, world} {
		var one memory.OneGroup
		h.call("groups:get", object{"serverId": id}, &one)
		if g := one.Group; g.ID != id || g.Name != "Round" || g.ServerID != group || g.WorldID != world || len(g.Agents) != 2 || len(g.Rooms) != 2 || g.MemoryCount != 3 {
			t.Errorf("group is %+v", g)
		}
		var list memory.List
		h.call("groups:memories", object{"serverId": id}, &list)
		h.wantTexts(list.Memories, "1", "0")
		h.call("groups:memories", object{"serverId": id, "limit": 1, "before": 1001}, &list)
		h.wantTexts(list.Memories, "0")
	}
	var all memory.GroupList
	h.call("groups:create", object{"agentIds": []domain.AgentID{juniper}}, &rooms)
	if !strings.HasPrefix(rooms[0].Name, "Chat ") || rooms[0].WorldID == "" {
		t.Errorf("rooms are %+v", rooms)
	}
	h.call("groups:list", object{"limit": 1}, &all)
	if len(all.Groups) != 1 || all.Groups[0].Agents[0].Name != "Juniper" || all.Pagination != (domain.Pagination{Limit: 1, Total: 2, HasMore: true}) {
		t.Errorf("the newest group is %+v", all)
	}
	h.call("groups:list", object{"limit": 1, "offset": 1}, &all)
	if len(all.Groups) != 1 || all.Groups[0].Name != "Round" || all.Pagination != (domain.Pagination{Limit: 1, Offset: 1, Total: 2}) {
		t.Errorf("the other group is %+v", all)
	}
	for range 2 {
		h.call("groups:clear", object{"serverId": world}, nil)
	}
	h.wantTexts(h.list(eliza))
	h.wantTexts(h.list(smith, object{"tableName": "facts"}), "fact")
	for range 2 {
		h.call("groups:delete", object{"serverId": group}, nil)
	}
	h.wantTexts(h.list(smith, object{"tableName": "facts"}))
	h.wantCode("groups:get", object{"serverId": group}, "NOT_FOUND")
	h.call("groups:list", object{}, &all)
	if len(all.Groups) != 1 {
		t.Errorf("groups are %+v", all)
	}
}

func TestGroupIsMadeOfTheAgentsThereAre(t *testing.T) {
	h := newHouse(t)
	out := h.try("groups:create", object{"agentIds": []string{string(eliza), stranger, "x"}})
	var rooms []memory.GroupRoom
	if out.Status != 207 || out.Success || out.Error.Code != "PARTIAL_FAILURE" || len(out.Errors) != 2 ||
		out.Errors[0]["agentId"] != stranger || out.Errors[0]["code"] != "NOT_FOUND" || out.Errors[1]["code"] != "INVALID_ID" {
		t.Errorf("%d %+v %v", out.Status, out.Error, out.Errors)
	}
	if err := json.Unmarshal(out.Data, &rooms); err != nil || len(rooms) != 1 {
		t.Errorf("rooms are %s", out.Data)
	}
	out = h.try("groups:create", object{"agentIds": []string{stranger}})
	if out.Status != 500 || out.Success || out.Error.Code != "CREATE_ERROR" || len(out.Errors) != 1 || out.Data != nil {
		t.Errorf("%d %+v %v %s", out.Status, out.Error, out.Errors, out.Data)
	}
}
