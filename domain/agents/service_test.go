package agents_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/op"
)

func TestSeedingAgainKeepsTheStoredAgent(t *testing.T) {
	h := newHouse(t)
	changed := character("Eliza")
	changed.Bio = agents.Bio{Lines: []string{"changed"}}
	a, err := h.agents.Seed(t.Context(), changed, false)
	if err != nil || !a.Desired || a.Character.Bio.Lines[0] != "I am Eliza." {
		t.Errorf("got %+v, %v", a, err)
	}
	if total, active := h.again().agents.Counts(); total != 1 || active != 1 {
		t.Errorf("%d agents, %d active after a restart", total, active)
	}
}

func TestSeedingUnderATakenNameIsAConflict(t *testing.T) {
	h := newHouse(t)
	c := character("Eliza")
	c.ID = domain.StringToUUID[domain.AgentID]("somebody else")
	if _, err := h.agents.Seed(t.Context(), c, true); domain.AsError(err) == nil || domain.AsError(err).Code != domain.Conflict {
		t.Errorf("err = %v", err)
	}
}

func TestActiveParticipantsAreAwaited(t *testing.T) {
	h := newHouse(t)
	smith, asleep := h.seed("Agent Smith", true), h.seed("Sleeper", false)
	channel := messaging.Channel{Participants: []domain.EntityID{ann, domain.EntityID(smith), domain.EntityID(asleep), domain.EntityID(eliza)}}
	tests := []struct {
		name   string
		author domain.EntityID
		want   []domain.AgentID
	}{
		{"a human's message", ann, []domain.AgentID{smith, eliza}},
		{"an agent does not hear itself", domain.EntityID(eliza), []domain.AgentID{smith}},
		{"a stopped agent's message", domain.EntityID(asleep), []domain.AgentID{smith, eliza}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := h.agents.Awaiting(t.Context(), channel, messaging.Message{AuthorID: tt.author})
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAgentsAreListed(t *testing.T) {
	h := newHouse(t)
	h.seed("zoe", true)
	h.seed("Adam", false)
	h.seed("bert", true)
	tests := []struct {
		name string
		req  agents.ListRequest
		want string
	}{
		{"active ones first, then by name", agents.ListRequest{}, "bert Eliza zoe Adam"},
		{"active", agents.ListRequest{Status: agents.Active}, "bert Eliza zoe"},
		{"inactive", agents.ListRequest{Status: agents.Inactive}, "Adam"},
		{"by a part of the name", agents.ListRequest{Query: "E"}, "bert Eliza zoe"},
		{"a page", agents.ListRequest{Offset: 1, Limit: 2}, "Eliza zoe"},
		{"beyond the end", agents.ListRequest{Offset: 9}, ""},
		{"numbers out of range", agents.ListRequest{Offset: -3, Limit: -1}, "bert Eliza zoe Adam"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, err := h.agents.List(t.Context(), domain.Actor{Role: domain.Admin}, tt.req)
			if err != nil {
				t.Fatal(err)
			}
			names := make([]string, len(list.Agents))
			for i, a := range list.Agents {
				names[i] = a.Name
			}
			if total, ok := list.TotalCount(); !ok || total < len(names) || tt.req.Query == "" && tt.req.Status == "" && total != 4 {
				t.Errorf("%d in all", total)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// ops returns the registry of this package's operations.
func (h *house) ops() *op.Registry {
	r := op.NewRegistry(op.Options{Logger: zerolog.Nop(), Now: time.Now})
	agents.Ops(r, h.agents, h.runner(echo()), h.journal)
	return r
}

func TestAgentsAreListedAsPeopleOrderNames(t *testing.T) {
	h := newHouse(t)
	// In the order of localeCompare of JavaScript; the Ä is two characters.
	want := []string{"_x", "10", "9", "Ada", "Aeda", "Æda", "Ångström", "A\u0308pfel", "apple", "Banana", "cherry", "éclair", "emile", "Émile",
		"Łódź", "Øre", "resume", "Resume", "résumé", "ss", "ß", "Zoo"}
	for _, name := range slices.Backward(want) {
		h.seed(name, false)
	}
	list, err := h.agents.List(t.Context(), admin, agents.ListRequest{Status: agents.Inactive})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range list.Agents {
		got = append(got, a.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("order is %q", got)
	}
}

func TestOperationsAnswerInTheFormOfTheContract(t *testing.T) {
	h := newHouse(t)
	c := character("Full")
	c.Settings = map[string]json.RawMessage{
		"avatar":  json.RawMessage(`"a.png"`),
		"secrets": json.RawMessage(`{"K":"0123456789abcdef0123456789abcdef:00ff","NUMBER":7}`),
	}
	c.Bio = agents.Bio{Lines: []string{"one line"}, Single: true}
	c.System, c.Topics = "be brief", []string{"x"}
	if _, err := h.agents.Seed(t.Context(), c, false); err != nil {
		t.Fatal(err)
	}
	full := domain.StringToUUID[string]("Full")
	tests := []struct {
		name, op, body string
		// want is the answer without times, or a text of the error.
		want string
	}{
		{"a list", "agents:list", `{}`, `{"agents":[` +
			`{"id":"` + string(eliza) + `","name":"Eliza","characterName":"Eliza","bio":"I am Eliza.","status":"active"},` +
			`{"id":"` + full + `","name":"Full","characterName":"Full","bio":"one line","status":"inactive"}]}`},
		{"a plain agent", "agents:get", `{"agentId":"` + string(eliza) + `"}`, `{"id":"` + string(eliza) + `","enabled":true,` +
			`"name":"Eliza","username":"","bio":["I am Eliza."],"messageExamples":[],"postExamples":[],"topics":[],"adjectives":[],` +
			`"knowledge":[],"plugins":[],"settings":{},"style":{},"status":"active"}`},
		{"a full agent with its encrypted secrets", "agents:get", `{"agentId":"` + strings.ToUpper(full) + `"}`, `{"id":"` + full + `","enabled":true,` +
			`"name":"Full","username":"","system":"be brief","bio":"one line","messageExamples":[],"postExamples":[],"topics":["x"],"adjectives":[],` +
			`"knowledge":[],"plugins":[],"settings":{"avatar":"a.png","secrets":{"K":"0123456789abcdef0123456789abcdef:00ff","NUMBER":7}},"style":{},"status":"inactive"}`},
		{"an unknown agent", "agents:get", `{"agentId":"` + string(ann) + `"}`, "NOT_FOUND"},
		{"a malformed id", "agents:get", `{"agentId":"eliza"}`, "INVALID_ID"},
		{"no id", "agents:get", `{}`, "INVALID_REQUEST"},
		{"a wrong status", "agents:list", `{"status":"sleepy"}`, "INVALID_REQUEST"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, failure := h.ops().Lookup(tt.op).Call(t.Context(), admin, op.Input{Body: json.RawMessage(tt.body)})
			if failure != nil {
				if failure.WireCode() != tt.want {
					t.Errorf("got %v, want %s", failure, tt.want)
				}
				return
			}
			data, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if text := withoutTimes(t, data); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
}

// withoutTimes checks that the times of an agent are numbers and cuts them out.
func withoutTimes(t *testing.T, data []byte) string {
	t.Helper()
	var times struct {
		CreatedAt, UpdatedAt json.RawMessage
	}
	if err := json.Unmarshal(data, &times); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), `"createdAt":`+string(times.CreatedAt)+`,`, "", 1)
	return strings.Replace(text, `"updatedAt":`+string(times.UpdatedAt)+`,`, "", 1)
}
