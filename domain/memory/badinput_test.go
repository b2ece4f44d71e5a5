package memory_test

import (
	"strings"
	"testing"

	"parley/domain/messaging"
)

func TestBadInputIsRefusedByEveryOperation(t *testing.T) {
	h := newHouse(t)
	agent := object{"agentId": eliza}
	with := func(more object) object {
		out := object{"agentId": eliza}
		for key, value := range more {
			out[key] = value
		}
		return out
	}
	const invalid, id, absent = "INVALID_REQUEST", "INVALID_ID", "NOT_FOUND"
	long := strings.Repeat("x", 201)
	tests := []struct {
		op      string
		request object
		code    string
	}{
		{"memories:list", object{}, invalid},
		{"memories:list", object{"agentId": "x"}, id},
		{"memories:list", object{"agentId": stranger}, absent},
		{"memories:list", with(object{"roomId": "x"}), id},
		{"memories:list", with(object{"channelId": 7}), id},
		{"memories:list", with(object{"entityId": "x"}), id},
		{"memories:list", with(object{"worldId": "x"}), id},
		{"memories:list", with(object{"before": "yesterday"}), invalid},
		{"memories:list", with(object{"after": object{}}), invalid},
		{"memories:list", with(object{"limit": "many"}), invalid},
		{"memories:list", with(object{"tableName": "a b"}), invalid},
		{"memories:list", with(object{"tableName": strings.Repeat("x", 65)}), invalid},
		{"memories:create", agent, invalid},
		{"memories:create", object{"agentId": stranger, "content": "x"}, absent},
		{"memories:create", with(object{"content": 7}), invalid},
		{"memories:create", with(object{"content": []string{"x"}}), invalid},
		{"memories:create", with(object{"content": "a\x00b"}), invalid},
		{"memories:create", with(object{"content": strings.Repeat("x", messaging.MaxContent+1)}), invalid},
		{"memories:create", with(object{"content": "x", "id": "x"}), id},
		{"memories:create", with(object{"content": "x", "roomId": stranger}), absent},
		{"memories:create", with(object{"content": "x", "channelId": stranger}), absent},
		{"memories:create", with(object{"content": "x", "tableName": "a\nb"}), invalid},
		{"memories:create", with(object{"content": "x", "metadata": "x"}), invalid},
		{"memories:create", with(object{"content": "x", "metadata": object{"type": "fragment"}}), invalid},
		{"memories:create", with(object{"content": "x", "metadata": object{"type": "fragment", "documentId": stranger, "position": "a"}}), invalid},
		{"memories:create", with(object{"content": "x", "embedding": "x"}), invalid},
		{"memories:create", with(object{"content": "x", "embedding": make([]int, 5000)}), invalid},
		{"memories:clear", object{}, invalid},
		{"memories:clear", object{"agentId": stranger}, absent},
		{"memories:clear", with(object{"tableName": " "}), invalid},
		{"memories:get", agent, invalid},
		{"memories:get", with(object{"memoryId": "x"}), id},
		{"memories:get", with(object{"memoryId": stranger}), absent},
		{"memories:get", object{"agentId": stranger, "memoryId": stranger}, absent},
		{"memories:update", with(object{"memoryId": "x", "content": "x"}), id},
		{"memories:update", with(object{"memoryId": stranger, "content": "x"}), absent},
		{"memories:update", with(object{"memoryId": stranger, "content": 7}), invalid},
		{"memories:update", with(object{"memoryId": stranger, "content": object{"text": "a\x00"}}), invalid},
		{"memories:update", with(object{"memoryId": stranger, "embedding": []string{"x"}}), invalid},
		{"memories:update", object{"agentId": stranger, "memoryId": stranger, "content": "x"}, absent},
		{"memories:delete", with(object{"memoryId": "x"}), id},
		{"memories:delete", object{"agentId": stranger, "memoryId": stranger}, absent},
		{"memories:clear-room", agent, invalid},
		{"memories:clear-room", with(object{"roomId": "x"}), id},
		{"memories:clear-room", object{"agentId": stranger, "roomId": stranger}, absent},
		{"rooms:memories", with(object{"roomId": "x"}), id},
		{"rooms:memories", object{"agentId": stranger, "roomId": stranger}, absent},
		{"rooms:create", agent, invalid},
		{"rooms:create", with(object{"name": long}), invalid},
		{"rooms:create", with(object{"name": "a\x00"}), invalid},
		{"rooms:create", with(object{"name": "x", "type": "PARTY"}), invalid},
		{"rooms:create", with(object{"name": "x", "worldId": "x"}), id},
		{"rooms:create", with(object{"name": "x", "worldId": stranger}), absent},
		{"rooms:create", object{"agentId": stranger, "name": "x"}, absent},
		{"rooms:list", object{}, invalid},
		{"rooms:list", object{"agentId": stranger}, absent},
		{"rooms:get", with(object{"roomId": "x"}), id},
		{"rooms:get", with(object{"roomId": stranger}), absent},
		{"rooms:update", with(object{"roomId": stranger, "name": "x"}), absent},
		{"rooms:update", with(object{"roomId": stranger, "name": ""}), invalid},
		{"rooms:update", with(object{"roomId": stranger, "name": 7}), invalid},
		{"rooms:delete", with(object{"roomId": stranger}), absent},
		{"rooms:delete", object{"agentId": stranger, "roomId": stranger}, absent},
		{"worlds:list", object{"agentId": "x"}, id},
		{"worlds:list", object{"agentId": stranger}, absent},
		{"worlds:create", agent, invalid},
		{"worlds:create", with(object{"name": long}), invalid},
		{"worlds:create", with(object{"worldId": stranger}), absent},
		{"worlds:create", object{"agentId": stranger, "name": "x"}, absent},
		{"worlds:update", with(object{"name": "x"}), invalid},
		{"worlds:update", with(object{"worldId": stranger, "name": "x"}), absent},
		{"worlds:update", with(object{"worldId": stranger, "settings": "x"}), invalid},
		{"worlds:update", object{"agentId": stranger, "worldId": stranger}, absent},
		{"worlds:delete", with(object{"worldId": stranger}), absent},
		{"worlds:delete", with(object{"worldId": "x"}), id},
		{"groups:create", object{}, invalid},
		{"groups:create", object{"agentIds": []string{}}, invalid},
		{"groups:create", object{"agentIds": "x"}, invalid},
		{"groups:create", object{"agentIds": make([]string, 1001)}, invalid},
		{"groups:create", object{"agentIds": []string{string(eliza)}, "serverId": "x"}, id},
		{"groups:create", object{"agentIds": []string{string(eliza)}, "name": long}, invalid},
		{"groups:create", object{"agentIds": []string{stranger}}, "CREATE_ERROR"},
		{"groups:list", object{"limit": "x"}, invalid},
		{"groups:get", object{"serverId": "x"}, id},
		{"groups:get", object{"serverId": stranger}, absent},
		{"groups:memories", object{"serverId": stranger}, absent},
		{"groups:memories", object{"serverId": stranger, "before": "x"}, invalid},
		{"groups:delete", object{}, invalid},
		{"groups:clear", object{"serverId": "x"}, id},
	}
	tested := map[string]bool{}
	for _, tt := range tests {
		tested[tt.op] = true
		h.wantCode(tt.op, tt.request, tt.code)
	}
	for _, o := range h.registry.Ops() {
		if !tested[o.Name] {
			t.Errorf("%s was given no bad input", o.Name)
		}
	}
	for table, n := range h.rows(eliza) {
		if n != 0 {
			t.Errorf("bad input left %d %s", n, table)
		}
	}
}

func TestWordsThatNameOperationsAreNoMemories(t *testing.T) {
	h := newHouse(t)
	for _, word := range []string{"search", "stats", "all"} {
		for _, name := range []string{"memories:get", "memories:update", "memories:delete"} {
			out := h.try(name, object{"agentId": eliza, "memoryId": word})
			if out.Error == nil || out.Error.Code != "NOT_FOUND" || out.Error.Message != "API endpoint not found" {
				t.Errorf("%s %s: %+v", name, word, out.Error)
			}
		}
	}
}
