package memory_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/storage"
	"parley/storage/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The cast of the tests. Juniper does not run.
const (
	ann domain.EntityID = "22222222-2222-4222-8222-222222222222"
	bob domain.EntityID = "66666666-6666-4666-8666-666666666666"
	// stranger is nobody's id.
	stranger = "77777777-7777-4777-8777-777777777777"
)

var (
	eliza   = domain.StringToUUID[domain.AgentID]("Eliza")
	smith   = domain.StringToUUID[domain.AgentID]("Agent Smith")
	juniper = domain.StringToUUID[domain.AgentID]("Juniper")
)

// cast are the agents of a house: their names, and which of them run.
type cast struct {
	mu    sync.Mutex
	names map[domain.AgentID]string
}

// AgentState is an agent's name; all run but Juniper.
func (c *cast) AgentState(id domain.AgentID) (name string, running, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, known = c.names[id]
	return name, known && id != juniper, known
}

// FirstRunning is Agent Smith, or Eliza once he is gone.
func (c *cast) FirstRunning() domain.AgentID {
	for _, id := range []domain.AgentID{smith, eliza} {
		if _, running, _ := c.AgentState(id); running {
			return id
		}
	}
	return ""
}

// dismiss makes an agent unknown.
func (c *cast) dismiss(id domain.AgentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.names, id)
}

// watcher records what it hears.
type watcher struct {
	mu      sync.Mutex
	created []memory.Memory
	deleted []memory.Ref
}

// MemoryCreated records a memory.
func (w *watcher) MemoryCreated(m memory.Memory) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.created = append(w.created, m)
}

// MemoriesDeleted records what is gone.
func (w *watcher) MemoriesDeleted(_ domain.AgentID, gone []memory.Ref, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deleted = append(w.deleted, gone...)
}

// heard returns how many memories have come and gone.
func (w *watcher) heard() (created, deleted int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.created), len(w.deleted)
}

// house is a memory over a store in a temporary folder.
type house struct {
	*testing.T
	set      *storage.Set
	cast     *cast
	watcher  *watcher
	service  *memory.Service
	registry *op.Registry
}

// newHouse opens a house; change may replace parts of it.
func newHouse(t *testing.T, change ...func(*memory.Options)) *house {
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
	h := &house{T: t, set: set, watcher: &watcher{}, registry: op.NewRegistry(op.Options{}),
		cast: &cast{names: map[domain.AgentID]string{eliza: "Eliza", smith: "Agent Smith", juniper: "Juniper"}}}
	o := memory.Options{Store: set.Memory, Agents: h.cast, Log: set.Messaging, Watcher: h.watcher, Now: time.Now, Logger: zerolog.Nop()}
	for _, f := range change {
		f(&o)
	}
	h.service = memory.New(o)
	memory.Ops(h.registry, h.service)
	return h
}

// object is a JSON object.
type object = map[string]any

// try runs an operation and returns its answer as a client sees it.
func (h *house) try(name string, request any) (out struct {
	Success bool              `json:"success"`
	Data    json.RawMessage   `json:"data"`
	Error   *domain.ErrorBody `json:"error"`
	Errors  []object          `json:"errors"`
	Status  int               `json:"-"`
}) {
	h.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		h.Fatal(err)
	}
	o := h.registry.Lookup(name)
	result, failure := o.Call(h.Context(), domain.Actor{Role: domain.Admin}, op.Input{Body: body})
	data, err := json.Marshal(op.NewReply(result, failure))
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		h.Fatal(err)
	}
	out.Status = o.Status
	if s, ok := result.(op.Statuser); ok && s.HTTPStatus() != 0 {
		out.Status = s.HTTPStatus()
	}
	if failure != nil {
		out.Status = failure.Code.Info().HTTP
	}
	return out
}

// call is try for what must succeed; the result is decoded into to, if that is not nil.
func (h *house) call(name string, request, to any) {
	h.Helper()
	out := h.try(name, request)
	if !out.Success {
		h.Fatalf("%s %v: %+v", name, request, out.Error)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal(out.Data, to); err != nil {
		h.Fatal(err)
	}
}

// wantCode ends the test unless an operation fails with a wire code.
func (h *house) wantCode(name string, request any, code string) {
	h.Helper()
	if out := h.try(name, request); out.Success || out.Error == nil || out.Error.Code != code {
		h.Errorf("%s %v gave %s %+v, want %s", name, request, out.Data, out.Error, code)
	}
}

// list returns the memories of an agent, as a client sees them.
func (h *house) list(agent domain.AgentID, more ...object) []memory.MemoryRow {
	h.Helper()
	request := object{"agentId": agent}
	for _, m := range more {
		for key, value := range m {
			request[key] = value
		}
	}
	var out memory.List
	h.call("memories:list", request, &out)
	return out.Memories
}

// texts are the texts of memories.
func texts(list []memory.MemoryRow) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Content.String("text"))
	}
	return out
}

// wantTexts ends the test unless memories have these texts.
func (h *house) wantTexts(list []memory.MemoryRow, want ...string) {
	h.Helper()
	if got := texts(list); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		h.Fatalf("memories are %q, want %q", got, want)
	}
}

// must ends the test on an error.
func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// channel makes a channel of a type.
func (h *house) channel(kind messaging.ChannelType, members ...domain.EntityID) messaging.Channel {
	h.Helper()
	c, _, err := h.set.Messaging.EnsureChannel(h.Context(), messaging.Channel{
		ID: domain.NewID[domain.ChannelID](), ServerID: domain.DefaultServer, Name: "Tea room", Type: kind, SourceType: "test",
		CreatedAt: time.Now(), UpdatedAt: time.Now(), Participants: members,
	})
	h.must(err)
	return c
}

// post stores a message.
func (h *house) post(c messaging.Channel, author domain.EntityID, name, text string, change ...func(*messaging.Message)) messaging.Message {
	h.Helper()
	id := domain.NewID[domain.MessageID]()
	m := messaging.Message{ID: id, ChannelID: c.ID, ServerID: c.ServerID, AuthorID: author, AuthorName: name, Content: text,
		SourceType: "client_chat", Dedupe: messaging.DedupeID(id)}
	for _, f := range change {
		f(&m)
	}
	type answer struct {
		m   messaging.Message
		err error
	}
	answers := make(chan answer, 1)
	h.must(h.set.Messaging.Append(h.Context(), m, func(a messaging.Appended, err error) { answers <- answer{a.Message, err} }))
	a := <-answers
	h.must(a.err)
	return a.m
}

// hear lets an agent see a message.
func (h *house) hear(agent domain.AgentID, c messaging.Channel, m messaging.Message) {
	h.Helper()
	h.must(h.service.Received(h.Context(), agent, c, m))
}

// run starts the service's worker and returns what stops it.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.service.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			h.Error(err)
		}
	})
	h.Cleanup(stop)
	return stop
}

// eventually waits for a condition, for a minute at most.
func (h *house) eventually(what string, ok func() bool) {
	h.Helper()
	deadline := time.After(time.Minute)
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-deadline:
			h.Fatalf("it never came to this: %s", what)
		case <-poll.C:
		}
	}
}

// raw is a value as JSON.
func raw(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}
