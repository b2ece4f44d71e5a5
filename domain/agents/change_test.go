package agents_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/op"
)

// call runs an operation of this package; the failure's code is "" if there is none.
func (h *house) call(name, body string) (result any, failure *domain.Error) {
	h.t.Helper()
	return h.ops().Lookup(name).Call(h.t.Context(), admin, op.Input{Body: json.RawMessage(body)})
}

// get reads an agent.
func (h *house) get(id domain.AgentID) agents.View {
	h.t.Helper()
	view, err := h.agents.Get(h.t.Context(), admin, agents.GetRequest{AgentID: id})
	if err != nil {
		h.t.Fatal(err)
	}
	return view
}

// patch changes an agent.
func (h *house) patch(id domain.AgentID, body string) agents.View {
	h.t.Helper()
	view, err := h.agents.Update(h.t.Context(), admin, agents.UpdateRequest{AgentID: id, Body: json.RawMessage(body)})
	if err != nil {
		h.t.Fatal(err)
	}
	return view
}

func TestAgentsAreCreated(t *testing.T) {
	const own = "5a1f2c3d-0000-4000-8000-00000000000a"
	tests := []struct {
		name, body string
		// want is the id, or the error's code and a part of its message.
		want, message string
	}{
		{"from an object", `{"characterJson":{"name":"New","bio":"x"}}`, domain.StringToUUID[string]("New"), ""},
		{"from a text", `{"characterJson":"{\"name\":\"New\",\"bio\":\"x\"}"}`, domain.StringToUUID[string]("New"), ""},
		{"as the web client does", `{"agent":{"name":"New","bio":["x"],"style":{"all":[]}}}`, domain.StringToUUID[string]("New"), ""},
		{"from the bare character", `{"name":"New","bio":"x"}`, domain.StringToUUID[string]("New"), ""},
		{"with an id of its own", `{"agent":{"name":"New","bio":"x","id":"` + strings.ToUpper(own) + `"}}`, own, ""},
		{"the first choice wins", `{"characterJson":{"name":"First","bio":"x"},"agent":{"name":"Second","bio":"x"},"characterPath":"no"}`,
			domain.StringToUUID[string]("First"), ""},
		{"what is empty is no choice", `{"characterJson":"","characterPath":"","agent":{"name":"New","bio":"x"}}`, domain.StringToUUID[string]("New"), ""},
		{"from a file of the program", `{"characterPath":"./characters/example.json"}`, "2f6c1a44-9d3e-4b7a-8c51-0e6d7b9a3f12", ""},
		{"from nothing", `{}`, "CREATE_ERROR", "No character configuration provided"},
		{"from a number", `{"agent":5}`, "CREATE_ERROR", "Character validation failed: expected one JSON object, received number"},
		{"from a broken text", `{"characterJson":"{"}`, "CREATE_ERROR", "Character validation failed: expected one JSON object (line 1"},
		{"with a field that a character has not", `{"agent":{"name":"New","bio":"x","status":"active"}}`, "CREATE_ERROR", "Unrecognized key(s) in object: 'status'"},
		{"without what it needs", `{"agent":{"bio":[]}}`, "CREATE_ERROR", "Character validation failed: name: Required"},
		{"from a file that is not there", `{"characterPath":"nobody"}`, "CREATE_ERROR", "Character 'nobody' not found"},
		{"from an address", `{"characterPath":"https://example.com/x.json"}`, "CREATE_ERROR", "ALLOW_REMOTE_CHARACTERS"},
		{"under a taken name", `{"agent":{"name":"Eliza","bio":"x","id":"` + own + `"}}`, "CONFLICT", "exists already"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			result, failure := h.call("agents:create", tt.body)
			if failure != nil {
				if failure.WireCode() != tt.want || !strings.Contains(failure.Message, tt.message) {
					t.Fatalf("failure %s: %s", failure.WireCode(), failure.Message)
				}
				return
			}
			created := result.(agents.Created)
			if string(created.ID) != tt.want || !created.Created || created.Character.Name == "" {
				t.Fatalf("created %+v", created)
			}
			if view := h.get(created.ID); view.Status != agents.Inactive || view.Name != created.Character.Name || !view.Enabled {
				t.Errorf("agent %+v", view)
			}
			if want := []string{"updated " + created.Character.Name + " inactive"}; !slices.Equal(h.signals.told(), want) {
				t.Errorf("told %q", h.signals.told())
			}
			again, failure := h.call("agents:create", tt.body)
			if failure != nil || again.(agents.Created).Created || again.(agents.Created).ID != created.ID || len(h.signals.told()) != 1 {
				t.Errorf("again: %+v, %v, %q", again, failure, h.signals.told())
			}
		})
	}
}

func TestTheEnvironmentGivesSecretsToANewAgent(t *testing.T) {
	h := newHouse(t)
	h.env = map[string]domain.Secret{
		"CHARACTER.AGENT_SMITH.A": "env", "CHARACTER.AGENT_SMITH.B": "env", "CHARACTER.AGENT_SMITH.C": "env", "CHARACTER.AGENT.D": "env",
		"CHARACTER.5A1F2C3D-0000-4000-8000-00000000000A.A": "by id",
	}
	h = h.again()
	result, failure := h.call("agents:create", `{"agent":{"name":"Agent Smith","bio":"x","secrets":{"B":"own"},"settings":{"secrets":{"C":"own"}}}}`)
	if failure != nil {
		t.Fatal(failure)
	}
	id := result.(agents.Created).ID
	for key, want := range map[string]any{"A": "env", "B": "own", "C": "own", "D": nil} {
		if got := h.agents.Setting(id, key); got != want {
			t.Errorf("%s is %v", key, got)
		}
	}
	result, failure = h.call("agents:create", `{"agent":{"name":"Other","bio":"x","id":"5a1f2c3d-0000-4000-8000-00000000000a"}}`)
	if failure != nil || h.agents.Setting(result.(agents.Created).ID, "A") != "by id" {
		t.Errorf("%+v, %v", result, failure)
	}
}

func TestOfManyCreationsOneCreates(t *testing.T) {
	h := newHouse(t)
	var mu sync.Mutex
	made := 0
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			result, failure := h.call("agents:create", `{"agent":{"name":"New","bio":"x"}}`)
			mu.Lock()
			defer mu.Unlock()
			if failure != nil {
				t.Error(failure)
			} else if result.(agents.Created).Created {
				made++
			}
		})
	}
	group.Wait()
	if made != 1 {
		t.Errorf("%d were created", made)
	}
}

func TestChangesAreMerged(t *testing.T) {
	const begin = `{"system":"old","topics":["a"],"settings":{"avatar":"a.png","voice":{"model":"m","pitch":1},"list":[1,2],"flag":true}}`
	tests := []struct{ name, change, want string }{
		{"a field replaces", `{"topics":["b","c"]}`, `"topics":["b","c"]`},
		{"null takes a field away", `{"system":null,"topics":null}`, `"topics":[]`},
		{"null as bio", `{"bio":null}`, `"bio":""`},
		{"settings are merged", `{"settings":{"new":1}}`, `"settings":{"avatar":"a.png","flag":true,"list":[1,2],"new":1,"voice":{"model":"m","pitch":1}}`},
		{"also those within", `{"settings":{"voice":{"pitch":2.50}}}`, `"voice":{"model":"m","pitch":2.50}`},
		{"a list replaces", `{"settings":{"list":[3],"voice":[]}}`, `"settings":{"avatar":"a.png","flag":true,"list":[3],"voice":[]}`},
		{"an object replaces what is none", `{"settings":{"list":{"a":{"b":1}}}}`, `"list":{"a":{"b":1}}`},
		{"null deletes", `{"settings":{"avatar":null,"voice":{"pitch":null},"nothing":null}}`, `"settings":{"flag":true,"list":[1,2],"voice":{"model":"m"}}`},
		{"what becomes empty disappears", `{"settings":{"voice":{"model":null,"pitch":null}}}`, `"settings":{"avatar":"a.png","flag":true,"list":[1,2]}`},
		{"what is empty stays", `{"settings":{"empty":{}}}`, `"empty":{}`},
		{"all is deleted", `{"settings":{"avatar":null,"voice":null,"list":null,"flag":null}}`, `"settings":{}`},
		{"null as settings", `{"settings":null}`, `"settings":{}`},
		{"id, status and times are not changed", `{"id":"22222222-2222-4222-8222-222222222222","status":"inactive","createdAt":1,"agentId":"x","foo":2}`,
			`"id":"` + string(eliza) + `","enabled":true`},
		{"enabled", `{"enabled":false}`, `"enabled":false`},
		{"texts are kept", `{"system":"<b> & \u2028"}`, `"system":"\u003cb\u003e \u0026 \u2028"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			before := h.patch(eliza, begin)
			view := h.patch(eliza, tt.change)
			for _, v := range []agents.View{view, h.get(eliza), h.again().get(eliza)} {
				data, err := json.Marshal(v)
				if err != nil || !strings.Contains(string(data), tt.want) {
					t.Errorf("got %s, %v", data, err)
				}
				if v.Status != agents.Active || v.CreatedAt != before.CreatedAt || v.UpdatedAt < before.UpdatedAt {
					t.Errorf("status %s, times %d, %d", v.Status, v.CreatedAt, v.UpdatedAt)
				}
			}
		})
	}
}

func TestSecretsOfAChangeAreEncrypted(t *testing.T) {
	h := newHouse(t)
	v := agents.NewVault(agents.DefaultSalt)
	h.patch(eliza, `{"settings":{"secrets":{"A":"one","B":"two","N":5,"E":""}}}`)
	kept := object1(t, h.get(eliza).Settings["secrets"])
	back, err := json.Marshal(map[string]any{"settings": map[string]any{"secrets": map[string]any{"A": kept["A"], "B": nil, "C": "three"}}})
	if err != nil {
		t.Fatal(err)
	}
	got := object1(t, h.patch(eliza, string(back)).Settings["secrets"])
	if string(got["A"]) != string(kept["A"]) || got["B"] != nil || v.Decrypt(text1(t, got["C"])) != "three" || string(got["N"]) != "5" ||
		text1(t, got["E"]) == "" || v.Decrypt(text1(t, got["E"])) != "" {
		t.Errorf("before %s, after %s", kept, got)
	}
	if got := h.patch(eliza, `{"settings":{"secrets":null}}`).Settings["secrets"]; got != nil {
		t.Errorf("secrets %s", got)
	}
}

// object1 is a JSON object.
func object1(t *testing.T, raw json.RawMessage) map[string]json.RawMessage {
	t.Helper()
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return o
}

func TestWrongChangesChangeNothing(t *testing.T) {
	h := newHouse(t)
	h.seed("Other", false)
	before := h.get(eliza)
	tests := []struct{ name, body, code, message string }{
		{"wrong type", `{"agentId":"` + string(eliza) + `","topics":5,"system":"x"}`, "INVALID_REQUEST", "topics: Expected array, received number"},
		{"no name", `{"agentId":"` + string(eliza) + `","name":null}`, "INVALID_REQUEST", "name: Expected string, received null"},
		{"empty name", `{"agentId":"` + string(eliza) + `","name":""}`, "INVALID_REQUEST", "name: Character name is required"},
		{"key twice", `{"agentId":"` + string(eliza) + `","settings":{"a":1,"a":2}}`, "INVALID_REQUEST", "settings.a: Duplicate key"},
		{"name in use", `{"agentId":"` + string(eliza) + `","name":"Other","system":"x"}`, "CONFLICT", "exists already"},
		{"unknown agent", `{"agentId":"` + string(ann) + `","system":"x"}`, "NOT_FOUND", "Agent not found"},
		{"malformed id", `{"agentId":"eliza"}`, "INVALID_ID", ""},
		{"nothing", `{"agentId":"` + string(eliza) + `"}`, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, failure := h.call("agents:update", tt.body)
			if tt.code == "" && failure != nil || tt.code != "" && (failure == nil || failure.WireCode() != tt.code || !strings.Contains(failure.Message, tt.message)) {
				t.Errorf("failure %v", failure)
			}
			if got := h.get(eliza); fmt.Sprint(got) != fmt.Sprint(before) {
				t.Errorf("agent %+v", got)
			}
		})
	}
}

func TestChangesAtOnceDoNotLoseOneAnother(t *testing.T) {
	h := newHouse(t)
	other := h.again() // a second process has a cache of its own
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			at := []*house{h, other}[i%2]
			at.patch(eliza, fmt.Sprintf(`{"settings":{"key%d":%d}}`, i, i))
		})
	}
	group.Wait()
	if got := h.again().get(eliza).Settings; len(got) != 20 {
		t.Errorf("settings %s", got)
	}
}

func TestARunningAgentUsesNewDataInItsNextTurn(t *testing.T) {
	h := newHouse(t)
	m := echo()
	h.run(m)
	channel := h.channel(messaging.TypeDM, eliza)
	h.patch(eliza, `{"name":"Elsa"}`)
	h.say(channel, "hello")
	h.settle(1)
	if replies := h.replies(channel); len(replies) != 1 || replies[0].AuthorName != "Elsa" {
		t.Errorf("replies %+v", replies)
	}
	if want := []string{"updated Elsa active"}; !slices.Equal(h.signals.told(), want) {
		t.Errorf("told %q", h.signals.told())
	}
}

// desk offers panels for an agent, or fails.
type desk struct{ err error }

// Panels returns one panel.
func (d desk) Panels(_ context.Context, id domain.AgentID) ([]agents.Panel, error) {
	if d.err != nil {
		return nil, d.err
	}
	return []agents.Panel{{Name: "Desk", Path: "/api/desk?agentId=" + string(id)}}, nil
}

func TestPanelsAreThoseOfThePlugins(t *testing.T) {
	h := newHouse(t)
	body := `{"agentId":"` + string(eliza) + `"}`
	h = enter(t, h.store, agents.ServiceOptions{Panels: desk{}})
	if got, failure := h.call("agents:panels", body); failure != nil || fmt.Sprint(got) != "[{Desk /api/desk?agentId="+string(eliza)+"}]" {
		t.Errorf("got %v, %v", got, failure)
	}
	h = enter(t, h.store, agents.ServiceOptions{Panels: desk{err: errKilled}})
	if _, failure := h.call("agents:panels", body); failure == nil || failure.WireCode() != "PANEL_ERROR" {
		t.Errorf("failure %v", failure)
	}
}
