package memory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
)

func TestAgentThatGoesWhileItRemembersLeavesNothing(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	m := h.post(c, ann, "Ann", "hello")
	var all sync.WaitGroup
	var begun atomic.Int64
	for i := range 8 {
		all.Go(func() {
			for begun.Add(1) < 400 {
				m := m
				m.AuthorID = domain.NewID[domain.EntityID]()
				if err := h.service.Ignored(t.Context(), eliza, c, m, fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	h.eventually("some is remembered", func() bool { return begun.Load() > 50 })
	h.cast.dismiss(eliza)
	h.must(h.service.AgentDeleted(t.Context(), eliza))
	all.Wait()
	for table, n := range h.rows(eliza) {
		if n != 0 {
			t.Errorf("%d %s are left", n, table)
		}
	}
}

// gone is a log that tells of a deletion only after the memory was written.
type gone struct {
	memory.Log
	written func()
}

// Message calls written once before it looks.
func (g *gone) Message(ctx context.Context, c domain.ChannelID, id domain.MessageID) (messaging.Message, error) {
	if g.written != nil {
		written := g.written
		g.written = nil
		written()
	}
	return g.Log.Message(ctx, c, id)
}

func TestWhatIsDeletedWhileItIsRememberedIsForgotten(t *testing.T) {
	for name, remove := range map[string]func(*house, messaging.Channel, messaging.Message) error{
		"message": func(h *house, c messaging.Channel, m messaging.Message) error {
			_, _, err := h.set.Messaging.Delete(h.Context(), c.ID, m.ID)
			return err
		},
		"cleared channel": func(h *house, c messaging.Channel, _ messaging.Message) error {
			id := domain.NewID[domain.MessageID]()
			_, _, err := h.set.Messaging.Clear(h.Context(), messaging.Message{ID: id, ChannelID: c.ID, Dedupe: messaging.DedupeID(id)})
			return err
		},
		"channel": func(h *house, c messaging.Channel, _ messaging.Message) error {
			_, err := h.set.Messaging.DeleteChannel(h.Context(), c.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := &gone{}
			h := newHouse(t, func(o *memory.Options) {
				log.Log = o.Log
				o.Log = log
			})
			c := h.channel(messaging.TypeDM)
			m := h.post(c, ann, "Ann", "secret")
			log.written = func() { h.must(remove(h, c, m)) }
			h.hear(eliza, c, m)
			h.wantTexts(h.list(eliza))
			rooms, err := h.set.Memory.Rooms(t.Context(), memory.RoomQuery{Channel: c.ID, Limit: 9})
			if want := map[bool]int{true: 0, false: 1}[name == "channel"]; err != nil || len(rooms) != want {
				t.Errorf("%d rooms, %v", len(rooms), err)
			}
			h.hear(eliza, c, m)
			h.must(h.service.Replied(t.Context(), eliza, c, m, []domain.MessageID{m.ID}))
			h.wantTexts(h.list(eliza))
		})
	}
}

func TestDeletionsReachEveryAgent(t *testing.T) {
	h := newHouse(t)
	c, other := h.channel(messaging.TypeGroup), h.channel(messaging.TypeGroup)
	var messages []messaging.Message
	for _, text := range []string{"one", "two", "three"} {
		messages = append(messages, h.post(c, ann, "Ann", text))
	}
	aside := h.post(other, ann, "Ann", "elsewhere")
	for _, agent := range []domain.AgentID{eliza, smith} {
		for _, m := range messages {
			h.hear(agent, c, m)
		}
		h.hear(agent, other, aside)
		h.call("memories:create", object{"agentId": agent, "content": "a fact", "tableName": "facts", "channelId": c.ID}, nil)
	}
	want := func(texts ...string) {
		t.Helper()
		for _, agent := range []domain.AgentID{eliza, smith} {
			list := h.list(agent) // of two channels, whose messages may be of one moment
			slices.SortFunc(list, func(a, b memory.MemoryRow) int {
				return strings.Compare(a.Content.String("text"), b.Content.String("text"))
			})
			h.wantTexts(list, texts...)
		}
	}
	for range 2 {
		h.must(h.service.MessageDeleted(t.Context(), c.ID, messages[0].ID))
		want("elsewhere", "three", "two")
	}
	for range 2 {
		h.must(h.service.ChannelCleared(t.Context(), c.ID, messages[1].CreatedAt))
		want("elsewhere", "three")
	}
	h.must(h.service.ChannelCleared(t.Context(), c.ID, time.Time{}))
	want("elsewhere", "three")
	h.wantTexts(h.list(eliza, object{"tableName": "facts"}), "a fact")
	for range 2 {
		h.must(h.service.ChannelDeleted(t.Context(), c.ID))
		want("elsewhere")
		h.wantTexts(h.list(eliza, object{"tableName": "facts"}))
	}
	for range 2 {
		h.must(h.service.ServerDeleted(t.Context(), domain.DefaultServer))
		want()
		worlds, err := h.set.Memory.Worlds(t.Context(), memory.WorldQuery{Limit: 9})
		if err != nil || len(worlds) != 0 {
			t.Errorf("worlds are %+v, %v", worlds, err)
		}
	}
	if created, deleted := h.watcher.heard(); created != 10 || deleted != 10 {
		t.Errorf("%d created, %d deleted were told of", created, deleted)
	}
}

func TestDeletedAgentLeavesNothing(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	for i := range 300 { // more than a batch
		m := messaging.Message{ID: domain.NewID[domain.MessageID](), ChannelID: c.ID, AuthorID: domain.NewID[domain.EntityID](),
			Content: "x", CreatedAt: time.UnixMilli(int64(i))}
		if _, err := h.set.Memory.Put(t.Context(), memory.Scene{
			Memories:     []memory.Memory{{ID: memory.MemoryID(eliza, m.ID), AgentID: eliza, Table: "facts"}},
			Entities:     []memory.Entity{{ID: m.AuthorID, AgentID: eliza}},
			Participants: []memory.Participant{{AgentID: eliza, RoomID: domain.RoomID(c.ID), EntityID: m.AuthorID}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, agent := range []domain.AgentID{eliza, smith} {
		h.hear(agent, c, h.post(c, ann, "Ann", "hello"))
		h.call("rooms:create", object{"agentId": agent, "name": "a room"}, nil)
		h.call("worlds:create", object{"agentId": agent, "name": "a world"}, nil)
		h.call("memories:create", object{"agentId": agent, "content": "own", "tableName": "facts"}, nil)
		h.call("groups:create", object{"agentIds": []domain.AgentID{agent}, "serverId": stranger}, nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.cast.dismiss(eliza)
	if err := h.service.AgentDeleted(ctx, eliza); err == nil {
		t.Error("a canceled call did not fail")
	}
	for range 2 {
		h.must(h.service.AgentDeleted(t.Context(), eliza))
	}
	h.hear(eliza, c, h.post(c, ann, "Ann", "late")) // it knows nobody any more
	counts := h.rows(eliza)
	for table, n := range counts {
		if n != 0 {
			t.Errorf("%s has %d rows of the agent", table, n)
		}
	}
	for table, n := range h.rows(smith) {
		if n == 0 {
			t.Errorf("%s has no row of the other agent", table)
		}
	}
	if left, err := h.set.Memory.EraseAgent(t.Context(), eliza, 1); left || err != nil {
		t.Errorf("something is left: %v, %v", left, err)
	}
}

// rows counts what the store has of an agent.
func (h *house) rows(agent domain.AgentID) map[string]int {
	h.Helper()
	rooms, err := h.set.Memory.Rooms(h.Context(), memory.RoomQuery{Agent: agent, Limit: 1000})
	h.must(err)
	worlds, err := h.set.Memory.Worlds(h.Context(), memory.WorldQuery{Agent: agent, Limit: 1000})
	h.must(err)
	memories, err := h.set.Memory.Count(h.Context(), memory.Query{Agent: agent}, 1000)
	h.must(err)
	return map[string]int{"rooms": len(rooms), "worlds": len(worlds), "memories": memories}
}

// diary notes of which rooms the logs are to go.
type diary struct{ rooms []domain.RoomID }

// RoomDeleted notes the room.
func (d *diary) RoomDeleted(_ context.Context, _ domain.AgentID, room domain.RoomID) error {
	d.rooms = append(d.rooms, room)
	return nil
}

func TestLogsOfARoomGoWithTheRoom(t *testing.T) {
	logs := &diary{}
	h := newHouse(t, func(o *memory.Options) { o.RoomLogs = logs })
	c := h.channel(messaging.TypeDM)
	h.hear(eliza, c, h.post(c, ann, "Ann", "hello"))
	h.must(h.service.ChannelDeleted(t.Context(), c.ID))
	if want := domain.UniqueUUID[domain.RoomID](eliza, string(c.ID)); !slices.Equal(logs.rooms, []domain.RoomID{want}) {
		t.Errorf("logs of %v went", logs.rooms)
	}
}

func TestMemoryOfAnEditedMessageTellsTheNewText(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	m := h.post(c, ann, "Ann", "my cat is called Tiger", func(m *messaging.Message) {
		m.Raw, m.Metadata = json.RawMessage(`{"text":"my cat is called Tiger"}`), domain.Metadata{}
		m.Metadata.Set("attachments", []object{{"url": "/old.png"}})
	})
	reply := h.post(c, domain.EntityID(eliza), "Eliza", "hello Tiger")
	for _, agent := range []domain.AgentID{eliza, smith} {
		h.hear(agent, c, m)
	}
	h.must(h.service.Ignored(t.Context(), smith, c, m, "not for me"))
	h.must(h.service.Replied(t.Context(), eliza, c, m, []domain.MessageID{reply.ID}))
	id := memory.MemoryID(eliza, m.ID)
	h.call("memories:update", object{"agentId": eliza, "memoryId": id, "embedding": []float32{1, 2}}, nil)
	edit := func(id domain.MessageID, text string) {
		t.Helper()
		_, err := h.set.Messaging.Edit(t.Context(), c.ID, id, func(m messaging.Message) (messaging.Message, error) {
			m.Content, m.Raw, m.Metadata = text, json.RawMessage(`{"text":"`+text+`"}`), nil
			return m, nil
		})
		h.must(err)
	}
	edit(m.ID, "my dog is called Rex")
	edit(reply.ID, "hello Rex")
	for range 2 {
		h.must(h.service.MessageEdited(t.Context(), c.ID, m.ID))
		h.must(h.service.MessageEdited(t.Context(), c.ID, reply.ID))
	}
	h.wantTexts(h.list(eliza), "hello Rex", "my dog is called Rex")
	for _, agent := range []domain.AgentID{eliza, smith} {
		got, err := h.set.Memory.Memory(t.Context(), agent, memory.MemoryID(agent, m.ID))
		h.must(err)
		if whole := fmt.Sprint(got); strings.Contains(string(got.Metadata["raw"]), "Tiger") || got.Embedding != nil ||
			got.Content["attachments"] != nil || got.Content["source"] == nil {
			t.Errorf("memory is %s", whole)
		}
	}
	said, err := h.set.Memory.Memory(t.Context(), eliza, memory.MemoryID(eliza, reply.ID))
	h.must(err)
	if said.Content.String("inReplyTo") != string(id) {
		t.Errorf("what was said is %+v", said.Content)
	}
	h.must(h.service.MessageEdited(t.Context(), c.ID, domain.NewID[domain.MessageID]()))
}

func TestMessageEditedWhileItIsRememberedIsRememberedAsItIs(t *testing.T) {
	log := &gone{}
	h := newHouse(t, func(o *memory.Options) { log.Log, o.Log = o.Log, log })
	c := h.channel(messaging.TypeGroup)
	m := h.post(c, ann, "Ann", "old")
	log.written = func() {
		_, err := h.set.Messaging.Edit(t.Context(), c.ID, m.ID, func(m messaging.Message) (messaging.Message, error) {
			m.Content = "new"
			return m, nil
		})
		h.must(err)
		h.must(h.service.MessageEdited(t.Context(), c.ID, m.ID))
		_, err = h.set.Memory.UpdateMemory(t.Context(), eliza, memory.MemoryID(eliza, m.ID), func(m memory.Memory) (memory.Memory, error) {
			m.Content.Set("text", "old") // as if the edit had been told before the memory was written
			return m, nil
		})
		h.must(err)
	}
	h.hear(eliza, c, m)
	h.wantTexts(h.list(eliza), "new")
}
