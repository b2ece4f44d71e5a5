package memory_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

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
