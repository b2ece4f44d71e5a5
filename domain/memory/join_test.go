package memory_test

import (
	"slices"
	"testing"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
)

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
