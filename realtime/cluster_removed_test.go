package realtime_test

import (
	"testing"

	"parley/domain/agents"
	"parley/storage/redis/redistest"
)

func TestTheRoomOfAnAgentIsEmptiedOnceRedisIsBack(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two")
	old := doors[1].enter("")
	if a := ask(t, old, "agents:join", fields{"agentId": watched}); a["success"] != true {
		t.Fatal(a)
	}
	server.Kill()
	doors[0].gateway.AgentRemoved(agents.ListItem{ID: watched, Name: "Ann", Status: agents.Inactive})
	next := doors[1].enter("")
	if a := ask(t, next, "agents:join", fields{"agentId": watched}); a["success"] != true {
		t.Fatal(a)
	}
	server.Restart()
	doors[1].eventually("who watched the old agent is out, and who watches the new one is in", func() bool {
		return doors[1].gateway.Watchers(watched) == 1
	})
}
