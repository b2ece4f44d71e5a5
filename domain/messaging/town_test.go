package messaging_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/storage/sqlite"
)

// eliza and smith are the agents of a town; smith does not run.
const (
	eliza domain.AgentID = "b850bc30-45f8-0041-a00a-83df46d8555d"
	smith domain.AgentID = "9fb8dd35-266b-032c-b580-cc74f9a6cbd5"
)

// bob is another person.
const bob domain.EntityID = "33333333-2222-4222-8222-222222222222"

// town is a stage with agents, and dependents that write down what they hear.
type town struct {
	*stage
	store messaging.Store
	// hinted is called with each message that awaits agents.
	hinted func(messaging.Message)
	// turns are what the agents do; all have ended before the store is closed.
	turns sync.WaitGroup

	mu    sync.Mutex
	heard []string
	// faults are how many calls of the dependents fail next.
	faults int
}

// openTown returns a town on an empty store; change may set options.
func openTown(t *testing.T, change func(*messaging.Options)) *town {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return openTownOn(t, store.Messaging, change)
}

// openTownOn is openTown on a store, as after a restart.
func openTownOn(t *testing.T, store messaging.Store, change func(*messaging.Options)) *town {
	t.Helper()
	h := &town{store: store, hinted: func(messaging.Message) {},
		stage: &stage{t: t, after: make(chan struct{}, 10_000), registry: op.NewRegistry(op.Options{Logger: zerolog.Nop()})}}
	o := messaging.Options{Store: store, Announcer: h, Signals: h, Duties: h, Now: time.Now, Agents: h,
		Dependents: []messaging.Dependents{dependent{h}, other{h}}}
	if change != nil {
		change(&o)
	}
	h.service = messaging.New(o)
	if _, err := h.service.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	messaging.Ops(h.registry, h.service)
	t.Cleanup(h.turns.Wait)
	return h
}

// agentsDo lets eliza do something, beside the test, with each message that awaits her. It
// returns what waits until she has begun with n messages in all, and has done it.
func (h *town) agentsDo(turn func(h *town, m messaging.Message)) (done func(n int)) {
	begun := make(chan struct{}, cap(h.after))
	h.hinted = func(m messaging.Message) {
		h.turns.Go(func() { turn(h, m) })
		begun <- struct{}{}
	}
	seen := 0
	return func(n int) {
		for ; seen < n; seen++ {
			<-begun
		}
		h.turns.Wait()
	}
}

// AgentState knows the two agents.
func (h *town) AgentState(id domain.AgentID) (name string, running, known bool) {
	switch id {
	case eliza:
		return "Eliza", true, true
	case smith:
		return "Smith", false, true
	default:
		return "", false, false
	}
}

// Awaiting asks eliza where she takes part.
func (h *town) Awaiting(_ context.Context, c messaging.Channel, m messaging.Message) []domain.AgentID {
	for _, p := range c.Participants {
		if p == domain.EntityID(eliza) && m.AuthorID != p {
			return []domain.AgentID{eliza}
		}
	}
	return nil
}

// Hint hands the message on.
func (h *town) Hint(m messaging.Message) {
	h.stage.Hint(m)
	h.hinted(m)
}

// hear writes down what a dependent heard, or fails.
func (h *town) hear(format string, args ...any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.faults > 0 {
		h.faults--
		return domain.Errorf(domain.Unavailable, "not now")
	}
	h.heard = append(h.heard, fmt.Sprintf(format, args...))
	return nil
}

// heardOf returns what the dependents heard so far, and forgets it.
func (h *town) heardOf() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := strings.Join(h.heard, "; ")
	h.heard = nil
	return out
}

// fail lets the next calls of dependents fail.
func (h *town) fail(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = n
}

// dependent is the first dependent of a town.
type dependent struct{ *town }

func (h dependent) MessageDeleted(_ context.Context, channel domain.ChannelID, _ domain.MessageID) error {
	return h.hear("message of %.8s", channel)
}

func (h dependent) ChannelCleared(_ context.Context, channel domain.ChannelID, upto time.Time) error {
	return h.hear("cleared %.8s %v", channel, !upto.IsZero() && !upto.After(time.Now().Add(time.Minute)))
}

func (h dependent) ChannelDeleted(_ context.Context, channel domain.ChannelID) error {
	return h.hear("channel %.8s", channel)
}

func (h dependent) ServerDeleted(_ context.Context, id domain.ServerID) error {
	return h.hear("server %.8s", id)
}

func (h dependent) MessageEdited(_ context.Context, channel domain.ChannelID, _ domain.MessageID) error {
	return h.hear("edited in %.8s", channel)
}

// other is a second dependent.
type other struct{ *town }

func (o other) MessageDeleted(context.Context, domain.ChannelID, domain.MessageID) error {
	return o.hear("too")
}

func (o other) ChannelCleared(context.Context, domain.ChannelID, time.Time) error {
	return o.hear("too")
}

func (o other) MessageEdited(context.Context, domain.ChannelID, domain.MessageID) error {
	return o.hear("too")
}

func (o other) ChannelDeleted(context.Context, domain.ChannelID) error { return o.hear("too") }

func (o other) ServerDeleted(context.Context, domain.ServerID) error { return o.hear("too") }

// do runs an operation that must succeed, with fields given as key, value, ...
func (h *town) do(name string, fields ...any) map[string]any {
	h.t.Helper()
	out, failure := h.try(name, fields...)
	if failure != nil {
		h.t.Fatalf("%s: %v", name, failure)
	}
	return out
}

// try runs an operation and returns its data as JSON, or its failure. A list is returned
// under the key list.
func (h *town) try(name string, fields ...any) (map[string]any, *domain.Error) {
	h.t.Helper()
	return h.tryAs(rest, name, fields...)
}

// tryAs is try for an actor.
func (h *town) tryAs(actor domain.Actor, name string, fields ...any) (map[string]any, *domain.Error) {
	h.t.Helper()
	res, failure := h.registry.Lookup(name).Call(h.t.Context(), actor, input(fields...))
	if failure != nil {
		return nil, failure
	}
	data, err := json.Marshal(map[string]any{"list": res})
	if err != nil {
		h.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		h.t.Fatal(err)
	}
	if object, ok := out["list"].(map[string]any); ok {
		return object, nil
	}
	return out, nil
}

// input is the payload of fields given as key, value, ...
func input(fields ...any) op.Input {
	body := map[string]any{}
	for i := 0; i < len(fields); i += 2 {
		body[fields[i].(string)] = fields[i+1]
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return op.Input{Body: raw}
}

// wantFailure fails unless an operation is refused with a wire code, and words if given.
func (h *town) wantFailure(failure *domain.Error, code, words string) {
	h.t.Helper()
	if failure == nil || failure.WireCode() != code || !strings.Contains(failure.Message+failure.Details, words) {
		h.t.Errorf("failure is %v, want %s %q", failure, code, words)
	}
}

// channel makes a channel with participants and returns its id.
func (h *town) channel(participants ...domain.EntityID) string {
	h.t.Helper()
	return h.channelOn(domain.DefaultServer, participants...)
}

// channelOn is channel on a server.
func (h *town) channelOn(server domain.ServerID, participants ...domain.EntityID) string {
	h.t.Helper()
	out := h.do("channels:create", "name", "Harbour", "serverId", server, "participantCentralUserIds", append([]domain.EntityID{}, participants...))
	return out["id"].(string)
}

// say posts a message by ann.
func (h *town) say(channel, text string) map[string]any {
	h.t.Helper()
	return h.do("messages:send", "channelId", channel, "senderId", ann, "message", text)
}

// texts are those of a channel, newest first.
func (h *town) texts(channel string) []string {
	h.t.Helper()
	texts := []string{}
	for _, m := range h.do("messages:list", "channelId", channel)["messages"].([]any) {
		texts = append(texts, m.(map[string]any)["content"].(string))
	}
	return texts
}

// eventually fails unless is becomes true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not happen", what)
		}
	}
}

// serve runs the service until something is so.
func (h *town) serve(is func() bool) {
	h.t.Helper()
	ctx, stop := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = h.service.Run(ctx) })
	defer running.Wait()
	defer stop()
	eventually(h.t, "what is left to do", is)
}
