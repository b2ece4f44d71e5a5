package agents_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/domain/models"
)

// noWatcher hears nothing of memories.
type noWatcher struct{}

// MemoryCreated does nothing.
func (noWatcher) MemoryCreated(memory.Memory) {}

// MemoriesDeleted does nothing.
func (noWatcher) MemoriesDeleted(domain.AgentID, []memory.Ref, time.Time) {}

// memories is the memory of the agents of a house.
func (h *house) memories() *memory.Service {
	return memory.New(memory.Options{Store: h.store.Memory, Agents: h.agents, Log: h.store.Messaging, Watcher: noWatcher{},
		Now: time.Now, Logger: zerolog.Nop()})
}

// remembering lets a runner use a memory.
func remembering(m agents.Memories) func(*agents.RunnerOptions) {
	return func(o *agents.RunnerOptions) { o.Memories = m }
}

// remembered are the memories of Eliza's messages, oldest first.
func (h *house) remembered() []memory.Memory {
	h.t.Helper()
	page, err := h.store.Memory.Memories(h.t.Context(), memory.Query{Agent: eliza, Table: memory.TableMessages, Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Reverse(page.Memories)
	return page.Memories
}

// remembers are the texts of Eliza's memories, oldest first; what she ignored is "-".
func (h *house) remembers() []string {
	out := []string{}
	for _, m := range h.remembered() {
		text := m.Content.String("text")
		if string(m.Content["actions"]) == `["IGNORE"]` {
			text = "-"
		}
		out = append(out, text)
	}
	return out
}

func TestTurnIsRemembered(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	h.run(echo(), remembering(h.memories()))
	question := h.say(channel, "hello")
	h.settle(1)
	list := h.remembered()
	if want := []string{"hello", "You said: hello"}; !slices.Equal(h.remembers(), want) {
		t.Fatalf("memories are %q", h.remembers())
	}
	if list[0].ID != memory.MemoryID(eliza, question) || list[1].Content.String("inReplyTo") != string(list[0].ID) ||
		list[1].Content.String("thought") != "an echo" || list[1].EntityID != domain.EntityID(eliza) {
		t.Errorf("memories are %+v", list)
	}
}

func TestIgnoredAndFailedTurnsAreRemembered(t *testing.T) {
	h := newHouse(t)
	h.seed("Smith", true)
	channel := h.channel(messaging.TypeGroup, eliza)
	broken := &model{reply: func(context.Context, models.Prompt) (models.Completion, error) {
		return models.Completion{}, errors.New("no")
	}}
	h.run(broken, remembering(h.memories()))
	other := domain.NewID[domain.EntityID]()
	id := domain.NewID[domain.MessageID]()
	done := make(chan struct{})
	err := h.store.Messaging.Append(t.Context(), messaging.Message{ID: id, ChannelID: channel, AuthorID: other, Content: "I am here too",
		Dedupe: messaging.DedupeID(id)}, func(messaging.Appended, error) { close(done) })
	if err != nil {
		t.Fatal(err)
	}
	<-done
	h.say(channel, "hello Bob")
	h.settle(1)
	if want := []string{"hello Bob", "-"}; !slices.Equal(h.remembers(), want) {
		t.Fatalf("memories are %q, want %q", h.remembers(), want)
	}
	if why := h.remembered()[1].Content.String("thought"); why != "others are talking" {
		t.Errorf("thought is %q", why)
	}
	h.say(channel, "Eliza?")
	h.settle(2)
	if want := []string{"hello Bob", "-", "Eliza?"}; !slices.Equal(h.remembers(), want) {
		t.Errorf("memories are %q, want %q", h.remembers(), want)
	}
}

func TestCrashLosesAndDoublesNoMemory(t *testing.T) {
	for _, step := range steps[:len(steps)-1] { // at the last one the duty is done
		t.Run(step, func(t *testing.T) {
			h := newHouse(t)
			channel := h.channel(messaging.TypeDM, eliza)
			h.say(channel, "hello")
			var dead atomic.Bool
			_, stop := h.runWith(echo(), func(at string) error {
				if at == step {
					dead.Store(true)
				}
				if dead.Load() {
					return errKilled
				}
				return nil
			}, remembering(h.memories()))
			eventually(t, "the process dies", dead.Load)
			stop()
			after := h.again()
			after.run(echo(), remembering(after.memories()))
			after.settle(1)
			if want := []string{"hello", "You said: hello"}; !slices.Equal(h.remembers(), want) {
				t.Errorf("memories are %q", h.remembers())
			}
		})
	}
}

// forgetful is a memory that fails.
type forgetful struct{ agents.Memories }

// errForgotten is what it fails with.
var errForgotten = errors.New("forgotten")

// Received fails.
func (forgetful) Received(context.Context, domain.AgentID, messaging.Channel, messaging.Message) error {
	return errForgotten
}

// Replied fails.
func (forgetful) Replied(context.Context, domain.AgentID, messaging.Channel, messaging.Message, []domain.MessageID) error {
	return errForgotten
}

func TestAnswerIsNotLostWithItsMemory(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	h.run(echo(), remembering(forgetful{}))
	h.say(channel, "hello")
	h.settle(1)
	if n := len(h.replies(channel)); n != 1 || len(h.remembered()) != 0 {
		t.Errorf("%d replies, memories are %q", n, h.remembers())
	}
}

func TestDeletedQuestionIsNotRemembered(t *testing.T) {
	h := newHouse(t)
	channel := h.channel(messaging.TypeDM, eliza)
	m, let := stuck()
	service := h.memories()
	h.run(m, remembering(service))
	question := h.say(channel, "secret")
	eventually(t, "the model thinks", func() bool { return m.called() == 1 })
	h.delete(channel, question)
	if err := service.MessageDeleted(t.Context(), channel, question); err != nil {
		t.Fatal(err)
	}
	close(let)
	h.settle(2) // of the deletion, and of the turn
	if got := h.remembers(); len(got) != 0 {
		t.Errorf("memories are %q", got)
	}
}

func TestDeletedAgentTakesItsMemoriesWithIt(t *testing.T) {
	h := newHouse(t)
	service := h.memories()
	h.run(echo(), remembering(service))
	h.remover(service)
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	h.settle(1)
	h.say(channel, "and what now")
	if len(h.remembered()) == 0 {
		t.Fatal("nothing is remembered")
	}
	if _, failure := h.call("agents:delete", `{"agentId":"`+string(eliza)+`"}`); failure != nil {
		t.Fatal(failure)
	}
	if left, err := h.store.Memory.EraseAgent(t.Context(), eliza, 1); left || err != nil {
		t.Errorf("something is left: %v, %v", left, err)
	}
}
