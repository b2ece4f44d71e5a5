package agents_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/models"
)

// contains is strings.Contains.
func contains(text, part string) bool { return strings.Contains(text, part) }

// logs reads Eliza's log with a query such as {"count":5}.
func (h *house) logs(query string) agents.LogList {
	h.t.Helper()
	result, failure := h.call("agents:logs", `{"agentId":"`+string(eliza)+`",`+strings.TrimPrefix(query, "{"))
	if failure != nil {
		h.t.Fatal(failure)
	}
	return result.(agents.LogList)
}

// logged waits until Eliza's log has n entries, and returns them, newest first.
func (h *house) logged(n int) agents.LogList {
	h.t.Helper()
	eventually(h.t, fmt.Sprintf("%d entries", n), func() bool { return len(h.logs(`{"count":1000}`)) == n })
	return h.logs(`{"count":1000}`)
}

func TestATurnIsLogged(t *testing.T) {
	h := newHouse(t)
	h.start(h.journal.Run)
	h.run(echo())
	channel := h.channel(messaging.TypeDM, eliza)
	h.patch(eliza, `{"system":"be an echo"}`)
	question := h.say(channel, "hello")
	h.settle(1)
	list := h.logged(2)
	action, use := list[0], list[1]
	var used struct {
		ModelType, ModelKey, Prompt, Provider, Response string
		RunID                                           agents.TurnID
		Params                                          struct{ Prompt, System string }
		Timestamp                                       int64
		ExecutionTime                                   float64
	}
	if err := json.Unmarshal(use.Body, &used); err != nil {
		t.Fatal(err)
	}
	if use.Type != "useModel:TEXT_LARGE" || string(use.EntityID) != string(eliza) || string(use.RoomID) != string(eliza) ||
		used.ModelType != "TEXT_LARGE" || used.ModelKey != "TEXT_LARGE" || used.Prompt != "Ann: hello\nEliza:" || used.Params.Prompt != used.Prompt ||
		used.Params.System != "be an echo" || used.Provider != "builtin" || used.Response != "You said: hello" ||
		used.RunID != agents.NewTurnID(eliza, question) || used.Timestamp == 0 || used.ExecutionTime <= 0 {
		t.Errorf("entry %+v of body %s", use, use.Body)
	}
	var acted struct {
		Action, Message string
		MessageID       domain.MemoryID
		RunID           agents.TurnID
		PromptCount     int
		Prompts         []struct{ ModelType, Prompt string }
		Responses       []struct {
			ID   domain.MessageID
			Text string
		}
		Result struct{ Success bool }
	}
	if err := json.Unmarshal(action.Body, &acted); err != nil {
		t.Fatal(err)
	}
	if action.Type != "action" || action.EntityID != domain.UniqueUUID[domain.EntityID](eliza, string(ann)) ||
		action.RoomID != domain.UniqueUUID[domain.RoomID](eliza, string(channel)) || acted.Action != "REPLY" || acted.Message != "hello" ||
		acted.MessageID != domain.UniqueUUID[domain.MemoryID](eliza, string(question)) || acted.RunID != used.RunID || !acted.Result.Success ||
		acted.PromptCount != 1 || acted.Prompts[0].Prompt != used.Prompt || acted.Responses[0].ID != h.replies(channel)[0].ID {
		t.Errorf("entry %+v of body %s", action, action.Body)
	}
	if list := h.logs(`{"entityId":"` + string(ann) + `"}`); len(list) != 2 {
		t.Errorf("of what Ann wrote: %+v", list)
	}
	if list := h.logs(`{"roomId":"` + string(channel) + `"}`); len(list) != 1 || list[0].ID != action.ID {
		t.Errorf("of the channel: %+v", list)
	}
}

func TestAFailedCallIsLogged(t *testing.T) {
	h := newHouse(t)
	h.start(h.journal.Run)
	h.run(&model{reply: func(context.Context, models.Prompt) (models.Completion, error) {
		return models.Completion{}, errors.New("secret detail")
	}})
	h.say(h.channel(messaging.TypeDM, eliza), "hello")
	entry := h.logged(1)[0]
	if !contains(string(entry.Body), `"error":"Internal error"`) || contains(string(entry.Body), "secret") {
		t.Errorf("body %s", entry.Body)
	}
	if len(h.logs(`{"level":"error"}`)) != 1 || len(h.logs(`{"level":"info"}`)) != 0 {
		t.Error("the level is wrong")
	}
}

// record stores entries of types, oldest first, and waits for them.
func (h *house) record(types ...string) agents.LogList {
	h.t.Helper()
	for i, kind := range types {
		model, _ := strings.CutPrefix(kind, "useModel:")
		if model == kind {
			model = ""
		}
		h.journal.Record(agents.LogEntry{AgentID: eliza, EntityID: ann, RoomID: "77777777-7777-4777-8777-777777777777",
			Type: kind, Model: model, Body: json.RawMessage(fmt.Sprintf(`{"n":%d,"text":"Say %s"}`, i, kind))})
	}
	return h.logged(len(types))
}

func TestLogsAreFilteredBeforeTheyArePaged(t *testing.T) {
	h := newHouse(t)
	h.start(h.journal.Run)
	h.record("action", "useModel:TEXT_EMBEDDING", "useModel:TEXT_LARGE", "embedding", "evaluator", "action")
	tests := []struct{ name, query, want string }{
		{"newest first", `{"count":2}`, "5 4"},
		{"a page", `{"limit":2,"offset":1}`, "4 3"},
		{"by type", `{"type":"action"}`, "5 0"},
		{"by a part of a type", `{"type":"act"}`, ""},
		{"as the web client does", `{"count":50,"excludeTypes":["embedding","text_embedding"]}`, "5 4 2 0"},
		{"excluded first, then counted", `{"count":2,"offset":1,"excludeTypes":["action","embedding"]}`, "2"},
		{"by a text of the body", `{"search":"say EVAL"}`, "4"},
		{"by entity", `{"entityId":"22222222-2222-4222-8222-222222222222","count":1}`, "5"},
		{"by another entity", `{"entityId":"22222222-2222-4222-8222-222222222223"}`, ""},
		{"by room", `{"roomId":"77777777-7777-4777-8777-777777777777","count":1}`, "5"},
		{"before all time", `{"to":1}`, ""},
		{"since long", `{"from":"2020-01-01T00:00:00Z","count":1}`, "5"},
		{"numbers out of range", `{"count":-1,"offset":-1}`, "5 4 3 2 1 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, l := range h.logs(tt.query) {
				var body struct{ N int }
				if err := json.Unmarshal(l.Body, &body); err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprint(body.N))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLogEntriesAreDeleted(t *testing.T) {
	h := newHouse(t)
	h.start(h.journal.Run)
	list := h.record("a", "b", "c")
	for range 2 {
		if _, failure := h.call("agents:delete-log", `{"agentId":"`+string(eliza)+`","logId":"`+string(list[1].ID)+`"}`); failure != nil {
			t.Fatal(failure)
		}
	}
	h.logged(2)
	result, failure := h.call("agents:clear-logs", `{"agentId":"`+string(eliza)+`"}`)
	if failure != nil || result.(agents.LogsCleared).DeletedCount != 2 {
		t.Errorf("%+v, %v", result, failure)
	}
	h.logged(0)
	for _, name := range []string{"agents:logs", "agents:delete-log", "agents:clear-logs", "agents:stream-logs", "agents:panels"} {
		_, failure := h.call(name, `{"agentId":"`+string(ann)+`","logId":"`+string(list[1].ID)+`"}`)
		if failure == nil || failure.WireCode() != "NOT_FOUND" {
			t.Errorf("%s of an unknown agent: %v", name, failure)
		}
	}
}

func TestALogIsBounded(t *testing.T) {
	h := newHouse(t)
	h.start(h.journal.Run)
	var batch []agents.LogEntry
	for range agents.LogsKept + 5 {
		batch = append(batch, agents.LogEntry{ID: domain.NewID[domain.LogID](), AgentID: eliza, Type: "old", Body: json.RawMessage("{}")})
	}
	if err := h.store.AgentLogs.AppendLogs(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for range agents.TrimEvery {
		h.journal.Record(agents.LogEntry{AgentID: eliza, Type: "new", Body: json.RawMessage("{}")})
	}
	eventually(t, "the oldest are gone", func() bool {
		all, err := h.store.AgentLogs.Logs(context.Background(), agents.LogQuery{AgentID: eliza, Limit: 10 * agents.LogsKept})
		return err == nil && len(all) == agents.LogsKept && all[0].Type == "new"
	})
}

// events records the events of a stream.
type events struct {
	mu  sync.Mutex
	all []string
}

// Send records an event.
func (e *events) Send(event, id string, data any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l, ok := data.(agents.LogRow); ok {
		if string(l.ID) != id {
			return errors.New("the id is wrong")
		}
		event += " " + l.Type
	}
	e.all = append(e.all, event)
	return nil
}

// heard is what came so far.
func (e *events) heard() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.all, ", ")
}

func TestALogIsFollowed(t *testing.T) {
	h := newHouse(t)
	h.start(h.journal.Run)
	list := h.record("a", "b", "c")
	tests := []struct {
		name string
		req  agents.StreamLogsRequest
		want string
	}{
		{"from now on", agents.StreamLogsRequest{}, "open, log d, log e"},
		{"with the last ones", agents.StreamLogsRequest{Replay: 2}, "open, log b, log c, log d, log e"},
		{"resumed", agents.StreamLogsRequest{Replay: 1, LastEventID: string(list[2].ID)}, "open, log b, log c, log d, log e"},
		{"of a type", agents.StreamLogsRequest{Replay: 9, Type: "d"}, "open, log d"},
		{"without a type", agents.StreamLogsRequest{Replay: 9, ExcludeTypes: []string{"a", "e"}}, "open, log b, log c, log d"},
	}
	streams := make([]events, len(tests))
	for i, tt := range tests {
		tt.req.AgentID = eliza
		h.start(func(ctx context.Context) error { return h.journal.Stream(ctx, admin, tt.req, &streams[i]) })
	}
	for i := range streams {
		eventually(t, "it is open", func() bool { return contains(streams[i].heard(), "open") })
	}
	for _, kind := range []string{"d", "e"} {
		h.journal.Record(agents.LogEntry{AgentID: eliza, Type: kind, Body: json.RawMessage("{}")})
	}
	for i, tt := range tests {
		eventually(t, tt.name+": "+tt.want, func() bool { return streams[i].heard() == tt.want })
	}
	snapshot, failure := h.call("agents:stream-logs", `{"agentId":"`+string(eliza)+`","count":2}`)
	if failure != nil || len(snapshot.(agents.LogList)) != 2 {
		t.Errorf("%+v, %v", snapshot, failure)
	}
	if err := h.journal.Stream(t.Context(), admin, agents.StreamLogsRequest{AgentID: domain.AgentID(ann)}, &events{}); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("of an unknown agent: %v", err)
	}
}

func TestWhatWaitsIsStoredWhenTheServerStops(t *testing.T) {
	h := newHouse(t)
	for range 200 {
		h.journal.Record(agents.LogEntry{AgentID: eliza, Type: "late", Body: json.RawMessage("{}")})
		h.journal.Record(agents.LogEntry{AgentID: domain.AgentID(ann), Type: "of nobody", Body: json.RawMessage("{}")})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.journal.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(h.logs(`{"count":1000}`)); n != 200 {
		t.Errorf("%d entries", n)
	}
	if all, err := h.store.AgentLogs.Logs(t.Context(), agents.LogQuery{AgentID: domain.AgentID(ann), Limit: 1}); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}
