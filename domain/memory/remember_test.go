package memory_test

import (
	"context"
	"fmt"
	"reflect"
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

func TestAgentRemembersWhatItSees(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeDM, ann, domain.EntityID(eliza))
	first := h.post(c, ann, "Ann", "hello")
	m := h.post(c, ann, "Ann", "more", func(m *messaging.Message) {
		m.InReplyTo = first.ID
		m.Raw = []byte(`{"message":"more","senderName":"forged"}`)
		m.Metadata = domain.Metadata{"attachments": []byte(`[{"id":"a","url":"/x.png"}]`), "serverName": []byte(`"Home"`)}
	})
	h.hear(eliza, c, m)

	room := domain.UniqueUUID[domain.RoomID](eliza, string(c.ID))
	world := domain.UniqueUUID[domain.WorldID](eliza, string(domain.DefaultServer))
	author := domain.UniqueUUID[domain.EntityID](eliza, string(ann))
	want := memory.MemoryRow{
		ID: domain.UniqueUUID[domain.MemoryID](eliza, string(m.ID)), Type: "messages", CreatedAt: domain.Millis(m.CreatedAt),
		EntityID: author, AgentID: eliza, RoomID: room, WorldID: world, Unique: true,
		Content: domain.Metadata{"text": raw("more"), "source": raw("client_chat"),
			"attachments": []byte(`[{"id":"a","url":"/x.png"}]`),
			"inReplyTo":   raw(domain.UniqueUUID[domain.MemoryID](eliza, string(first.ID)))},
		Metadata: domain.Metadata{"type": raw("message"), "source": raw("client_chat"), "sourceId": raw(m.ID),
			"raw": []byte(`{"message":"more","senderId":"` + string(ann) + `","senderName":"Ann"}`)},
	}
	got := h.list(eliza)
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Fatalf(" got %s\nwant %s", raw(got), raw(want))
	}
	var detail memory.RoomDetail
	h.call("rooms:get", object{"agentId": eliza, "roomId": room}, &detail)
	if detail.Type != messaging.TypeDM || detail.Name != "Tea room" || detail.ChannelID != c.ID || detail.WorldName != "Home" ||
		detail.ServerID != string(domain.DefaultServer) || detail.WorldID != world || len(detail.Participants) != 2 {
		t.Errorf("room is %+v", detail)
	}
	for _, p := range detail.Participants {
		if p.State != memory.Followed || p.EntityID != author && p.EntityID != domain.EntityID(eliza) {
			t.Errorf("participant %+v", p)
		}
	}
	e, err := h.set.Memory.Entity(t.Context(), eliza, author)
	if err != nil || !slices.Equal(e.Names, []string{"Ann"}) ||
		string(e.Metadata["client_chat"]) != `{"id":"`+string(ann)+`","name":"Ann","userName":"Ann"}` {
		t.Errorf("author is %+v, %v", e, err)
	}
	w, err := h.set.Memory.World(t.Context(), eliza, world)
	if err != nil || string(w.Metadata["roles"]) != `{"`+string(ann)+`":"OWNER"}` ||
		string(w.Metadata["ownership"]) != `{"ownerId":"`+string(ann)+`"}` {
		t.Errorf("world is %+v, %v", w, err)
	}
}

func TestWhatAMessageTellsOfItsServerAndChannelIsKept(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	c.Name = ""
	h.hear(eliza, c, h.post(c, ann, "Ann", "hello", func(m *messaging.Message) {
		m.Metadata = domain.Metadata{"serverName": raw("Home"), "channelName": raw("Den"), "serverMetadata": raw(object{"a": 1}),
			"channelMetadata": raw(object{"b": 2})}
		m.Raw, m.SourceType = raw(`{"x":1}`), ""
	}))
	var detail memory.RoomDetail
	h.call("rooms:get", object{"agentId": eliza, "roomId": c.ID}, &detail)
	if detail.Name != "Den" || detail.WorldName != "Home" || string(raw(detail.Metadata)) != `{"b":2}` || detail.Source != "central-bus" {
		t.Errorf("room is %+v", detail)
	}
	w, err := h.set.Memory.World(t.Context(), eliza, detail.WorldID)
	if err != nil || string(raw(w.Metadata)) != `{"a":1}` {
		t.Errorf("world is %+v, %v", w, err)
	}
	if got := h.list(eliza)[0]; got.Metadata.String("source") != "central-bus" ||
		string(got.Metadata["raw"]) != `{"senderId":"`+string(ann)+`","senderName":"Ann","x":1}` {
		t.Errorf("memory is %s", raw(got))
	}
}

func TestSceneOfAGroupHasNoOwnerAndNamesOfItsOwn(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	c.Name = ""
	h.hear(eliza, c, h.post(c, ann, "", "hello"))
	var detail memory.RoomDetail
	h.call("rooms:get", object{"agentId": eliza, "roomId": c.ID}, &detail) // a channel's id
	if detail.Name != "Channel "+string(c.ID)[:8] || detail.WorldName != "Server 00000000" || detail.Type != messaging.TypeGroup {
		t.Errorf("room is %+v", detail)
	}
	w, err := h.set.Memory.World(t.Context(), eliza, detail.WorldID)
	if err != nil || len(w.Metadata) != 0 {
		t.Errorf("world is %+v, %v", w, err)
	}
	author := domain.UniqueUUID[domain.EntityID](eliza, string(ann))
	e, err := h.set.Memory.Entity(t.Context(), eliza, author)
	if err != nil || !slices.Equal(e.Names, []string{"User-22222222"}) {
		t.Errorf("author is %+v, %v", e, err)
	}
	h.hear(eliza, c, h.post(c, ann, "Ann", "it is me"))
	h.hear(eliza, c, h.post(c, ann, "", "again"))
	e, err = h.set.Memory.Entity(t.Context(), eliza, author)
	if err != nil || !slices.Equal(e.Names, []string{"User-22222222", "Ann"}) {
		t.Errorf("author is %+v, %v", e, err)
	}
}

func TestDirectConversationGivesAWorldItsOwner(t *testing.T) {
	h := newHouse(t)
	group, direct := h.channel(messaging.TypeGroup), h.channel(messaging.TypeDM)
	owner := func() string {
		w, err := h.set.Memory.World(t.Context(), eliza, domain.UniqueUUID[domain.WorldID](eliza, string(domain.DefaultServer)))
		h.must(err)
		return string(w.Metadata["ownership"])
	}
	h.hear(eliza, group, h.post(group, ann, "Ann", "hello all"))
	if got := owner(); got != "" {
		t.Errorf("the world of a group is owned: %s", got)
	}
	for _, who := range []domain.EntityID{bob, ann} {
		h.hear(eliza, direct, h.post(direct, who, "", "hello you"))
		if got := owner(); got != `{"ownerId":"`+string(bob)+`"}` {
			t.Errorf("ownership is %s", got)
		}
	}
}

func TestRememberingTwiceChangesNothing(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeDM)
	question := h.post(c, ann, "Ann", "hello")
	answer := h.post(c, domain.EntityID(eliza), "Eliza", "hi", func(m *messaging.Message) {
		m.SourceType, m.InReplyTo = "agent_response", question.ID
		m.Raw = []byte(`{"text":"hi","thought":"polite","actions":["REPLY"]}`)
	})
	for range 3 {
		h.hear(eliza, c, question)
		h.must(h.service.Replied(t.Context(), eliza, c, question, []domain.MessageID{answer.ID}))
	}
	list := h.list(eliza)
	h.wantTexts(list, "hi", "hello")
	reply := list[0]
	if reply.EntityID != domain.EntityID(eliza) || reply.Content.String("thought") != "polite" || string(reply.Content["actions"]) != `["REPLY"]` ||
		reply.Content.String("inReplyTo") != string(list[1].ID) || reply.CreatedAt != domain.Millis(answer.CreatedAt) ||
		reply.Metadata.String("sourceId") != string(answer.ID) {
		t.Errorf("reply is %s", raw(reply))
	}
	if created, _ := h.watcher.heard(); created != 2 {
		t.Errorf("%d memories were told of", created)
	}
}

func TestIgnoredMessageLeavesOneMemoryOfThat(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeGroup)
	m := h.post(c, ann, "Ann", "to Bob")
	h.hear(eliza, c, m)
	for range 2 {
		h.must(h.service.Ignored(t.Context(), eliza, c, m, "others are talking"))
	}
	var ignored []memory.MemoryRow
	for _, row := range h.list(eliza) {
		if string(row.Content["actions"]) == `["IGNORE"]` {
			ignored = append(ignored, row)
		}
	}
	if len(ignored) != 1 || len(h.list(eliza)) != 2 || ignored[0].EntityID != domain.EntityID(eliza) ||
		ignored[0].Content.String("thought") != "others are talking" ||
		ignored[0].Content.String("inReplyTo") != string(memory.MemoryID(eliza, m.ID)) {
		t.Fatalf("memories are %s", raw(h.list(eliza)))
	}
	h.must(h.service.MessageDeleted(t.Context(), c.ID, m.ID))
	h.wantTexts(h.list(eliza))
}

func TestLargePayloadIsLeftOutOfTheMemory(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeDM)
	for _, payload := range []string{`{"x":"` + strings.Repeat("y", 70_000) + `"}`, `[1]`, `null`, ``} {
		m := h.post(c, ann, "Ann", "hello", func(m *messaging.Message) { m.Raw = []byte(payload) })
		h.hear(eliza, c, m)
		if got := string(h.list(eliza)[0].Metadata["raw"]); got != `{"senderId":"`+string(ann)+`","senderName":"Ann"}` {
			t.Errorf("raw is %.200s", got)
		}
	}
}

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

func TestUnknownAgentRemembersNothing(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeDM)
	m := h.post(c, ann, "Ann", "hello")
	h.cast.dismiss(eliza)
	h.hear(eliza, c, m)
	h.must(h.service.Replied(t.Context(), eliza, c, m, []domain.MessageID{m.ID}))
	h.must(h.service.Ignored(t.Context(), eliza, c, m, ""))
	if n, err := h.set.Memory.Count(t.Context(), memory.Query{Agent: eliza}, 10); n != 0 || err != nil {
		t.Errorf("%d memories, %v", n, err)
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
		g.written()
		g.written = nil
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

func TestJoinIsRememberedByTheAgentsThatItMattersTo(t *testing.T) {
	h := newHouse(t)
	h.run()
	room := func(agent domain.AgentID, c domain.ChannelID) (memory.Room, bool) {
		r, err := h.set.Memory.Room(t.Context(), agent, domain.UniqueUUID[domain.RoomID](agent, string(c)))
		return r, err == nil
	}
	direct := h.channel(messaging.TypeDM, ann, domain.EntityID(eliza))
	h.service.Joined(memory.Join{EntityID: ann, ChannelID: direct.ID, Name: "Ann", Source: "socketio"})
	group := h.channel(messaging.TypeGroup, ann, domain.EntityID(juniper))
	h.service.Joined(memory.Join{EntityID: bob, ChannelID: group.ID, Source: "socketio"})
	nowhere := domain.NewID[domain.ChannelID]()
	h.service.Joined(memory.Join{EntityID: bob, ChannelID: nowhere, ServerID: domain.DefaultServer, Source: "socketio_message",
		Direct: true, Target: domain.EntityID(eliza)})
	h.eventually("the last join is remembered", func() bool { _, ok := room(eliza, nowhere); return ok })

	r, ok := room(eliza, direct.ID)
	if !ok || r.Type != messaging.TypeDM || r.Name != "Tea room" || r.Source != "socketio" {
		t.Errorf("room is %+v", r)
	}
	e, err := h.set.Memory.Entity(t.Context(), eliza, ann)
	if err != nil || !slices.Equal(e.Names, []string{"Ann"}) ||
		string(e.Metadata["socketio"]) != `{"id":"`+string(ann)+`","name":"Ann","userName":"Ann"}` {
		t.Errorf("entity is %+v, %v", e, err)
	}
	w, err := h.set.Memory.World(t.Context(), eliza, r.WorldID)
	if err != nil || w.Name != "World for server "+string(domain.DefaultServer) || string(w.Metadata["roles"]) != `{"`+string(ann)+`":"OWNER"}` {
		t.Errorf("world is %+v, %v", w, err)
	}
	members, err := h.set.Memory.Participants(t.Context(), eliza, r.ID, 9)
	if err != nil || len(members) != 2 {
		t.Errorf("participants are %+v, %v", members, err)
	}
	if _, ok := room(smith, direct.ID); ok {
		t.Error("a join into the channel of another agent is remembered")
	}
	if r, ok := room(smith, group.ID); !ok || r.Type != messaging.TypeGroup {
		t.Errorf("the first running agent does not know a room that has no running agent: %+v", r)
	}
	if e, err := h.set.Memory.Entity(t.Context(), smith, bob); err != nil || !slices.Equal(e.Names, []string{"User" + string(bob)}) {
		t.Errorf("entity is %+v, %v", e, err)
	}
	if r, _ := room(eliza, nowhere); r.Type != messaging.TypeDM || r.Name != "" {
		t.Errorf("room of a channel to come is %+v", r)
	}
	late := messaging.Channel{ID: nowhere, ServerID: domain.DefaultServer, Name: "Real", Type: messaging.TypeGroup}
	_, _, err = h.set.Messaging.EnsureChannel(t.Context(), late)
	h.must(err)
	h.hear(eliza, late, h.post(late, bob, "Bob", "hello"))
	if r, _ := room(eliza, nowhere); r.Type != messaging.TypeGroup || r.Name != "Real" {
		t.Errorf("room after the first message is %+v", r)
	}
}

func TestFullQueueOfJoinsDropsThem(t *testing.T) {
	h := newHouse(t)
	c := h.channel(messaging.TypeDM, ann, domain.EntityID(eliza))
	for range 5000 {
		h.service.Joined(memory.Join{EntityID: ann, ChannelID: c.ID, Source: "socketio"})
	}
	h.run()
	h.eventually("a join is remembered", func() bool {
		_, err := h.set.Memory.Entity(t.Context(), eliza, ann)
		return err == nil
	})
}
