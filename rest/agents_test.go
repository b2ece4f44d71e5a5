package rest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/identity"
	"parley/domain/op"
	"parley/rest"
	"parley/storage/sqlite"
)

// eliza is the agent of these tests.
const eliza = "b850bc30-45f8-0041-a00a-83df46d8555d"

// nobody watches agents.
type nobody struct{}

// AgentChanged does nothing.
func (nobody) AgentChanged(agents.ListItem) {}

// AgentRemoved does nothing.
func (nobody) AgentRemoved(agents.ListItem) {}

// slow is an owner that takes its time.
type slow struct{}

// AgentDeleted waits for the end of the test.
func (slow) AgentDeleted(ctx context.Context, _ domain.AgentID) error {
	<-ctx.Done()
	return ctx.Err()
}

// staff is a registry of the agents' operations over a store with Eliza, and their journal.
func staff(t *testing.T, patience time.Duration, owners ...agents.Owner) (*op.Registry, *agents.Journal) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	service := agents.NewService(agents.ServiceOptions{Store: store.Agents, Now: clock, Watcher: nobody{}, Patience: patience})
	c, err := agents.Builtin("eliza")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Seed(t.Context(), c, true); err != nil {
		t.Fatal(err)
	}
	journal := agents.NewJournal(agents.JournalOptions{Store: store.AgentLogs, Log: store.Messaging, Agents: service, Now: clock})
	remover := agents.NewRemover(agents.RemoverOptions{Agents: service, Store: store.Agents, Logs: store.AgentLogs, Owners: owners})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- journal.Run(ctx) }()
	go func() { ended <- remover.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	r := op.NewRegistry(op.Options{})
	agents.Ops(r, service, agents.NewRunner(agents.RunnerOptions{Agents: service, Store: store.Agents, Log: store.Messaging, Now: clock}), journal)
	return r, journal
}

func TestAgentsOverREST(t *testing.T) {
	r, _ := staff(t, time.Minute)
	server := serve(t, rest.Options{Registry: r}, func(o *identity.Options) { o.Mode = identity.Open })
	const base = "/api/agents/" + eliza
	tests := []struct {
		name   string
		send   exchange
		status int
		want   string
	}{
		{"the seed's example", exchange{method: "POST", path: "/api/agents", body: `{"characterPath":"./characters/example.json"}`}, 201, `"created":true`},
		{"again", exchange{method: "POST", path: "/api/agents", body: `{"characterPath":"./characters/example.json"}`}, 201, `"created":false`},
		{"a wrong character", exchange{method: "POST", path: "/api/agents", body: `{"agent":{"name":"X"}}`}, 400, `"code":"CREATE_ERROR","message":"Character validation failed: bio: Invalid input: Expected string or array, received undefined"`},
		{"no character", exchange{method: "POST", path: "/api/agents", body: `{}`}, 400, `"code":"CREATE_ERROR"`},
		{"a taken name", exchange{method: "POST", path: "/api/agents", body: `{"name":"Eliza","bio":"","id":"22222222-2222-4222-8222-222222222222"}`}, 409, `"code":"CONFLICT"`},
		{"a change", exchange{method: "PATCH", path: base, body: `{"id":"22222222-2222-4222-8222-222222222222","settings":{"avatar":"a.png"}}`}, 200, `"settings":{"avatar":"a.png"}`},
		{"a change by PUT", exchange{method: "PUT", path: base, body: `{"system":"s"}`}, 200, `"system":"s"`},
		{"a wrong change", exchange{method: "PATCH", path: base, body: `{"topics":1}`}, 400, `"code":"INVALID_REQUEST"`},
		{"a change of nobody", exchange{method: "PATCH", path: "/api/agents/22222222-2222-4222-8222-222222222222", body: `{"system":"s"}`}, 404, `"code":"NOT_FOUND"`},
		{"panels", exchange{method: "GET", path: base + "/panels"}, 200, `"data":[]`},
		{"logs", exchange{method: "GET", path: base + "/logs?count=50&excludeTypes=embedding,text_embedding"}, 200, `"data":[]`},
		{"logs of a wrong room", exchange{method: "GET", path: base + "/logs?roomId=x"}, 400, `"code":"INVALID_ID"`},
		{"wrong count", exchange{method: "GET", path: base + "/logs?count=x"}, 400, `"code":"INVALID_REQUEST"`},
		{"a snapshot", exchange{method: "GET", path: base + "/logs/stream"}, 200, `"data":[]`},
		{"no log entry", exchange{method: "DELETE", path: base + "/logs/22222222-2222-4222-8222-222222222222"}, 204, ""},
		{"a wrong log entry", exchange{method: "DELETE", path: base + "/logs/x"}, 400, `"code":"INVALID_ID"`},
		{"all log entries", exchange{method: "DELETE", path: base + "/logs"}, 200, `"deletedCount":0`},
		{"stop", exchange{method: "POST", path: base + "/stop"}, 200, `"status":"inactive"`},
		{"stop again", exchange{method: "POST", path: base + "/stop"}, 404, `"code":"NOT_FOUND"`},
		{"start", exchange{method: "POST", path: base + "/start"}, 200, `"status":"active"`},
		{"delete", exchange{method: "DELETE", path: base}, 204, ""},
		{"delete again", exchange{method: "DELETE", path: base}, 404, `"code":"NOT_FOUND"`},
	}
	for _, tt := range tests {
		if tt.send.body != "" {
			tt.send.header = map[string]string{"Content-Type": "application/json"}
		}
		resp, body := tt.send.do(t, server)
		if resp.StatusCode != tt.status || !strings.Contains(body, tt.want) || tt.status == 204 && body != "" {
			t.Errorf("%s: %d %s", tt.name, resp.StatusCode, body)
		}
	}
}

func TestADeletionThatTakesLongIsPartial(t *testing.T) {
	r, _ := staff(t, time.Millisecond, slow{})
	server := serve(t, rest.Options{Registry: r}, func(o *identity.Options) { o.Mode = identity.Open })
	resp, body := exchange{method: "DELETE", path: "/api/agents/" + eliza}.do(t, server)
	var reply struct {
		Success, Partial bool
		Message          string
		Data             struct {
			Partial bool
			Message string
		}
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil || resp.StatusCode != http.StatusAccepted || !reply.Success || !reply.Partial ||
		!reply.Data.Partial || reply.Message == "" || reply.Message != reply.Data.Message {
		t.Errorf("%d %s, %v", resp.StatusCode, body, err)
	}
}

func TestAnAgentsLogIsStreamed(t *testing.T) {
	r, journal := staff(t, time.Minute)
	server := serve(t, rest.Options{Registry: r}, func(o *identity.Options) { o.Mode = identity.Open })
	record := func(kind string) {
		journal.Record(agents.LogEntry{AgentID: eliza, EntityID: "22222222-2222-4222-8222-222222222222", Type: kind, Body: json.RawMessage("{}")})
	}
	follow := func(last string) (lines func(prefix string) string, end func()) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/agents/"+eliza+"/logs/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/event-stream")
		if last != "" {
			req.Header.Set("Last-Event-ID", last)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		scanner := bufio.NewScanner(resp.Body)
		return func(prefix string) string {
			t.Helper()
			for scanner.Scan() {
				if rest, ok := strings.CutPrefix(scanner.Text(), prefix); ok {
					return rest
				}
			}
			t.Fatalf("the stream ended: %v", scanner.Err())
			return ""
		}, func() { _ = resp.Body.Close() }
	}
	first, end := follow("")
	if got := first("data: "); got != `{"agentId":"`+eliza+`","subscribed":true}` {
		t.Errorf("open: %s", got)
	}
	record("one")
	id := first("id: ")
	if got := first("data: "); !strings.Contains(got, `"type":"one"`) || !strings.Contains(got, id) {
		t.Errorf("log: %s of id %s", got, id)
	}
	end()
	record("two")
	second, end := follow(id)
	defer end()
	second("event: open")
	if second("event: log"); !strings.Contains(second("data: "), `"type":"two"`) {
		t.Error("it did not go on where it ended")
	}
	resp, body := exchange{method: "GET", path: "/api/agents/" + eliza + "/logs", header: map[string]string{
		"X-Entity-Id": "22222222-2222-4222-8222-222222222223"}}.do(t, server)
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, `"data":[]`) {
		t.Errorf("of another entity: %d %s", resp.StatusCode, body)
	}
}
