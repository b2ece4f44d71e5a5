package agents_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// owner is a feature that keeps something of agents.
type owner struct {
	mu      sync.Mutex
	asked   []domain.AgentID
	deleted func(ctx context.Context, asked int) error
}

// AgentDeleted takes note and does what the test wants.
func (o *owner) AgentDeleted(ctx context.Context, id domain.AgentID) error {
	o.mu.Lock()
	o.asked = append(o.asked, id)
	n := len(o.asked)
	o.mu.Unlock()
	if o.deleted == nil {
		return nil
	}
	return o.deleted(ctx, n)
}

// times is how often the owner was asked.
func (o *owner) times() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

// remover starts a remover, and returns what stops it.
func (h *house) remover(owners ...agents.Owner) (stop func()) {
	h.t.Helper()
	return h.start(agents.NewRemover(agents.RemoverOptions{
		Agents: h.agents, Store: h.store.Agents, Logs: h.store.AgentLogs, Owners: owners, Logger: zerolog.Nop(),
		Pause: time.Millisecond, Again: 20 * time.Millisecond,
	}).Run)
}

// start runs a component until the test ends or it is stopped.
func (h *house) start(run func(context.Context) error) (stop func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	})
	h.t.Cleanup(stop)
	return stop
}

// hidden ends the test unless callers do not see Eliza.
func (h *house) hidden() {
	h.t.Helper()
	name := agents.GetRequest{AgentID: eliza}
	list, err := h.agents.List(h.t.Context(), admin, agents.ListRequest{})
	if err != nil || len(list.Agents) != 0 {
		h.t.Errorf("list %+v, %v", list, err)
	}
	_, get := h.agents.Get(h.t.Context(), admin, name)
	_, start := h.agents.Start(h.t.Context(), admin, name)
	_, halt := h.agents.Halt(h.t.Context(), admin, name)
	_, update := h.agents.Update(h.t.Context(), admin, agents.UpdateRequest{AgentID: eliza, Body: []byte(`{"system":"x"}`)})
	for _, err := range []error{get, start, halt, update} {
		if !domain.IsCode(err, domain.NotFound) {
			h.t.Errorf("err = %v", err)
		}
	}
	if total, active := h.agents.Counts(); total != 0 || active != 0 {
		h.t.Errorf("%d agents, %d active", total, active)
	}
}

func TestADeletedAgentIsGoneWithAllThatItDid(t *testing.T) {
	h := newHouse(t)
	m, _ := talker()
	h.run(m, quick)
	h.start(h.journal.Run)
	memory := &owner{}
	h.remover(memory)
	channel := h.channel(messaging.TypeDM, eliza)
	first := h.say(channel, "hello")
	h.say(channel, "and hello again")
	eventually(t, "it talks", func() bool { return len(h.signals.streamed()) > 3 })
	if err := h.store.AgentLogs.AppendLogs(t.Context(), []agents.LogEntry{{ID: domain.NewID[domain.LogID](), AgentID: eliza, Body: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	deleted, failure := h.call("agents:delete", `{"agentId":"`+string(eliza)+`"}`)
	if failure != nil || deleted.(agents.Deleted).HTTPStatus() != 0 {
		t.Fatalf("%+v, %v", deleted, failure)
	}
	h.hidden()
	h.settle(2) // nobody waits for an answer any more
	for _, f := range h.signals.failed() {
		if f.Error != "The agent was deleted" {
			t.Errorf("failure %+v", f)
		}
	}
	if _, err := h.store.Agents.Turn(t.Context(), agents.NewTurnID(eliza, first)); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("its turn: %v", err)
	}
	if logs, err := h.store.AgentLogs.Logs(t.Context(), agents.LogQuery{AgentID: eliza, Limit: 10}); err != nil || len(logs) != 0 {
		t.Errorf("its log: %+v, %v", logs, err)
	}
	if _, err := h.store.Agents.Agent(t.Context(), eliza); !domain.IsCode(err, domain.NotFound) || memory.times() != 1 || memory.asked[0] != eliza {
		t.Errorf("the agent: %v; asked %v", err, memory.asked)
	}
	if want := []string{"removed Eliza inactive"}; !slices.Equal(h.signals.told(), want) {
		t.Errorf("told %q", h.signals.told())
	}
	if _, failure := h.call("agents:delete", `{"agentId":"`+string(eliza)+`"}`); failure == nil || failure.WireCode() != "NOT_FOUND" {
		t.Errorf("again: %v", failure)
	}
	if result, failure := h.call("agents:create", `{"name":"Eliza","bio":"x"}`); failure != nil || !result.(agents.Created).Created {
		t.Errorf("a new one: %+v, %v", result, failure)
	}
}

func TestADeletionThatTakesLongGoesOn(t *testing.T) {
	h := newHouse(t)
	h = enter(t, h.store, agents.ServiceOptions{Patience: time.Millisecond})
	h.run(echo())
	let := make(chan struct{})
	slow := &owner{deleted: func(ctx context.Context, _ int) error {
		select {
		case <-let:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	h.remover(slow)
	for range 2 { // asking again waits for the same
		deleted, failure := h.call("agents:delete", `{"agentId":"`+string(eliza)+`"}`)
		if d, ok := deleted.(agents.Deleted); failure != nil || !ok || d.HTTPStatus() != http.StatusAccepted || !d.Partial || d.Message == "" {
			t.Fatalf("%+v, %v", deleted, failure)
		}
	}
	h.hidden()
	if _, failure := h.call("agents:create", `{"name":"Eliza","bio":"x"}`); failure == nil || failure.WireCode() != "CONFLICT" {
		t.Errorf("a new one: %v", failure)
	}
	close(let)
	eventually(t, "it is gone", func() bool {
		_, err := h.store.Agents.Agent(context.Background(), eliza)
		return domain.IsCode(err, domain.NotFound)
	})
	if slow.times() != 1 || len(h.signals.told()) != 0 { // the first event is left out
		t.Errorf("asked %d times, told %q", slow.times(), h.signals.told())
	}
}

func TestADeletionIsResumedAfterARestart(t *testing.T) {
	h := newHouse(t)
	h.run(echo())
	blocked := make(chan struct{})
	stop := h.remover(&owner{deleted: func(ctx context.Context, _ int) error {
		close(blocked)
		<-ctx.Done()
		return ctx.Err()
	}})
	answers := make(chan agents.Deleted, 1)
	go func() {
		d, err := h.agents.Delete(context.Background(), admin, agents.GetRequest{AgentID: eliza})
		if err != nil {
			t.Error(err)
		}
		answers <- d
	}()
	<-blocked
	stop()
	if d := <-answers; !d.Partial {
		t.Errorf("answer %+v", d)
	}
	again := h.again()
	again.hidden()
	again.run(echo())
	memory := &owner{}
	again.remover(memory)
	eventually(t, "it is gone", func() bool {
		_, err := h.store.Agents.Agent(context.Background(), eliza)
		return domain.IsCode(err, domain.NotFound)
	})
	if memory.times() != 1 {
		t.Errorf("asked %d times", memory.times())
	}
}

func TestADeletionThatFailsIsTriedAgain(t *testing.T) {
	tests := []struct {
		name string
		// fails is how often the owner fails, and with what.
		fails         int
		err           error
		code, message string
	}{
		{"twice", 2, errors.New("hiccup"), "", ""},
		{"for long", 5, errors.New("database statement"), "DELETE_ERROR", "Error deleting agent"},
		{"being needed", 3, domain.Errorf(domain.Conflict, "needed"), "DELETE_ERROR", "active references"},
		{"without a store", 3, domain.Errorf(domain.Unavailable, "The store is away"), "DB_ERROR", "The store is away"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			h.run(echo())
			memory := &owner{deleted: func(_ context.Context, asked int) error {
				if asked <= tt.fails {
					return tt.err
				}
				return nil
			}}
			h.remover(memory)
			_, failure := h.call("agents:delete", `{"agentId":"`+string(eliza)+`"}`)
			if tt.code == "" && failure != nil || tt.code != "" && (failure == nil || failure.WireCode() != tt.code) {
				t.Fatalf("failure %v", failure)
			}
			if failure != nil && !contains(failure.Message, tt.message) {
				t.Errorf("message %q", failure.Message)
			}
			eventually(t, "it is gone", func() bool {
				_, err := h.store.Agents.Agent(context.Background(), eliza)
				return domain.IsCode(err, domain.NotFound)
			})
			if memory.times() != tt.fails+1 {
				t.Errorf("asked %d times", memory.times())
			}
		})
	}
}
