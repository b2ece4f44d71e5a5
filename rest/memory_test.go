package rest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/op"
	"parley/rest"
	"parley/storage/sqlite"
)

// mindID is the agent of the tests of memory.
const mindID = "b850bc30-45f8-0041-a00a-83df46d8555d"

// onlyEliza is a server of one agent.
type onlyEliza struct{}

// AgentState knows Eliza, who runs.
func (onlyEliza) AgentState(id domain.AgentID) (name string, running, known bool) {
	return "Eliza", id == mindID, id == mindID
}

// FirstRunning is Eliza.
func (onlyEliza) FirstRunning() domain.AgentID { return mindID }

// unwatched hears nothing of memories.
type unwatched struct{}

// MemoryCreated does nothing.
func (unwatched) MemoryCreated(memory.Memory) {}

// MemoriesDeleted does nothing.
func (unwatched) MemoriesDeleted(domain.AgentID, []memory.Ref, time.Time) {}

// mind returns a registry with memory's operations on an empty store.
func mind(t *testing.T) *op.Registry {
	t.Helper()
	set, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	r := op.NewRegistry(op.Options{})
	memory.Ops(r, memory.New(memory.Options{Store: set.Memory, Agents: onlyEliza{}, Log: set.Messaging, Watcher: unwatched{},
		Now: func() time.Time { return now }, Logger: zerolog.Nop()}))
	return r
}

func TestMemoryThroughREST(t *testing.T) {
	server := serve(t, rest.Options{Registry: mind(t)})
	const fact = "55555555-5555-4555-8555-555555555555"
	const group = "/api/memory/groups/44444444-4444-4444-8444-444444444444"
	body := `{"content":"likes tea","id":"` + fact + `","createdAt":5}`
	row := `{"id":"` + fact + `","type":"messages","createdAt":5,"content":{"text":"likes tea"},"entityId":"` + mindID + `","agentId":"` + mindID +
		`","roomId":"` + mindID + `","worldId":"` + mindID + `","unique":true,"metadata":{"type":"message"}}`
	list := `{"success":true,"data":{"memories":[` + row + `]}}`
	noEndpoint := failure("NOT_FOUND", "API endpoint not found")
	noAgent := failure("NOT_FOUND", "Agent not found")
	one := map[string]string{"X-Total-Count": "1"}
	steps := []exchange{
		{name: "made", method: "POST", path: "/api/agents/" + mindID + "/memories", body: body, status: 201,
			want: `{"success":true,"data":{"memory":` + row + `,"id":"` + fact + `","created":true}}`},
		{name: "made again", method: "POST", path: "/api/memory/" + mindID + "/memories", body: body, status: 200,
			want: `{"success":true,"data":{"memory":` + row + `,"id":"` + fact + `","created":false}}`},
		{name: "unknown agent", method: "GET", path: "/api/memory/" + fact + "/memories", status: 404, want: noAgent},
		{name: "malformed agent", method: "GET", path: "/api/memory/x/memories", status: 400},
		{name: "before by ISO", method: "GET", path: "/api/memory/" + mindID + "/memories?before=1970-01-01T00:00:01.000Z", status: 200, want: list},
		{name: "before by number", method: "GET", path: "/api/memory/" + mindID + "/memories?before=5", status: 200,
			want: `{"success":true,"data":{"memories":[]}}`, wantHeader: map[string]string{"X-Total-Count": "0"}},
		{name: "malformed bound", method: "GET", path: "/api/memory/" + mindID + "/memories?before=soon", status: 400},
		{name: "clear of a room", method: "DELETE", path: "/api/memory/" + mindID + "/memories/all/" + fact, status: 204},
		{name: "worlds of all", method: "GET", path: "/api/agents/worlds", status: 200},
		{name: "no agent at all for a group", method: "POST", path: group, body: `{"agentIds":["x"]}`, status: 500,
			want: `{"success":false,"error":{"code":"CREATE_ERROR","message":"Failed to create the group for any agent","details":"Invalid ID: not a UUID"},` +
				`"errors":[{"agentId":"x","code":"INVALID_ID","message":"Invalid ID: not a UUID","details":"Invalid ID: not a UUID"}]}`},
		{name: "group", method: "POST", path: group, body: `{"agentIds":["` + mindID + `","x"],"name":"Round"}`, status: 207,
			want: `{"success":false,"data":[{"id":"34e613a3-73c8-00f5-89e1-049e6c0e4795","name":"Round","source":"client","worldId":"34e613a3-73c8-00f5-89e1-049e6c0e4795","type":"API"}],` +
				`"error":{"code":"PARTIAL_FAILURE","message":"The group lacks 1 of its agents"},"errors":[{"agentId":"x","code":"INVALID_ID","message":"Invalid ID: not a UUID","details":"Invalid ID: not a UUID"}]}`},
		{name: "groups", method: "GET", path: "/api/memory/groups", status: 200, wantHeader: one},
		{name: "group's memories", method: "GET", path: group + "/memories", status: 200, want: `{"success":true,"data":{"memories":[]}}`},
		{name: "group cleared", method: "DELETE", path: group + "/memories", status: 204},
		{name: "group deleted", method: "DELETE", path: group, status: 204},
		{name: "group gone", method: "GET", path: group, status: 404, want: failure("NOT_FOUND", "Group not found")},
	}
	for _, prefix := range []string{"/api/agents/", "/api/memory/", "/api/memory/agents/"} {
		at := prefix + mindID
		steps = append(steps,
			exchange{name: prefix + " list", method: "GET", path: at + "/memories", status: 200, want: list, wantHeader: one},
			exchange{name: prefix + " one", method: "GET", path: at + "/memories/" + fact, status: 200, want: `{"success":true,"data":{"memory":` + row + `}}`},
			exchange{name: prefix + " search", method: "GET", path: at + "/memories/search?q=tea", status: 404, want: noEndpoint},
			exchange{name: prefix + " stats", method: "GET", path: at + "/stats", status: 404, want: noEndpoint},
			exchange{name: prefix + " room", method: "GET", path: at + "/rooms/" + mindID + "/memories", status: 200, want: list},
			exchange{name: prefix + " change", method: "PATCH", path: at + "/memories/" + fact, body: `{"content":{"text":"likes tea"}}`, status: 200},
			exchange{name: prefix + " rooms", method: "GET", path: at + "/rooms", status: 200},
			exchange{name: prefix + " new room", method: "POST", path: at + "/rooms", body: `{"name":"Den"}`, status: 201},
		)
	}
	steps = append(steps, exchange{name: "removed", method: "DELETE", path: "/api/memory/" + mindID + "/memories/" + fact, status: 200,
		want: `{"success":true,"data":{"message":"Memory deleted successfully"}}`},
		exchange{name: "cleared", method: "DELETE", path: "/api/agents/" + mindID + "/memories", status: 200,
			want: `{"success":true,"data":{"deletedCount":0,"message":"All agent memories cleared successfully"}}`})
	for _, e := range steps {
		e.run(t, server)
	}
}

func TestEveryExampleOfMemoryHasAKnownAgent(t *testing.T) {
	for _, o := range mind(t).Ops() {
		data, err := json.Marshal(o.Example)
		if err != nil {
			t.Fatal(err)
		}
		if _, failure := o.Call(t.Context(), domain.Actor{Role: domain.Admin}, op.Input{Body: data}); failure != nil && failure.Code != domain.NotFound {
			t.Errorf("%s: %v", o.Name, failure)
		}
	}
}
