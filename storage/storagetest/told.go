package storagetest

import (
	"slices"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/memory"
	"parley/domain/messaging"
)

// traceCases are the cases of what must follow a message that is changed or deleted.
func traceCases() []testCase {
	return []testCase{
		{"edited and deleted messages are untold until they are told", toldChanges},
		{"message changed meanwhile stays untold", toldMeanwhile},
		{"turns go with their message", turnsGo},
		{"turn is erased", turnErased},
		{"read position is dropped, that of one entity only", readDropped},
		{"memories of a message are found, whoever has them", memoriesFound},
	}
}

// untold lists the untold messages of a channel.
func (k *kit) untold(channel domain.ChannelID) []messaging.Message {
	k.Helper()
	all, err := k.log().Untold(k.Context(), 10_000)
	k.must(err)
	return slices.DeleteFunc(all, func(m messaging.Message) bool { return m.ChannelID != channel })
}

// told notes that a message was told.
func (k *kit) told(m messaging.Message) {
	k.Helper()
	k.must(k.log().Told(k.Context(), m.ChannelID, m.ID, m.Rev))
}

func toldChanges(k *kit) {
	channel := k.channel().ID
	edited, deleted := k.append(fullMessage(channel)), k.append(newMessage(channel))
	k.append(newMessage(channel))
	if found := k.untold(channel); len(found) != 0 {
		k.Fatalf("a post is untold: %+v", found)
	}
	edited, err := k.edit(edited, "changed")
	k.must(err)
	tomb, _, err := k.log().Delete(k.Context(), channel, deleted.ID)
	k.must(err)
	found := k.untold(channel)
	if len(found) != 2 {
		k.Fatalf("untold are %+v", found)
	}
	slices.SortFunc(found, func(a, b messaging.Message) int { return int(a.Seq - b.Seq) })
	k.same(found[0], edited)
	k.same(found[1], tomb)
	if one, err := k.log().Untold(k.Context(), 1); err != nil || len(one) != 1 {
		k.Errorf("one is %+v, %v", one, err)
	}
	for range 2 {
		k.told(edited)
		k.told(tomb)
	}
	if found := k.untold(channel); len(found) != 0 {
		k.Errorf("told ones are untold: %+v", found)
	}
	k.told(messaging.Message{ID: domain.NewID[domain.MessageID](), ChannelID: domain.NewID[domain.ChannelID](), Rev: 1})
}

func toldMeanwhile(k *kit) {
	m := k.append(newMessage(k.channel().ID))
	first, err := k.edit(m, "first")
	k.must(err)
	second, err := k.edit(m, "second")
	k.must(err)
	k.told(first)
	if found := k.untold(m.ChannelID); len(found) != 1 || found[0].Rev != second.Rev {
		k.Fatalf("untold are %+v", found)
	}
	if _, err := k.log().DeleteChannel(k.Context(), m.ChannelID); err != nil {
		k.Fatal(err)
	}
	if found := k.untold(m.ChannelID); len(found) != 0 {
		k.Errorf("a channel that is gone has untold messages: %+v", found)
	}
}

func turnsGo(k *kit) {
	channel := k.channel().ID
	deleted, gone := k.inChannel(channel)
	_, cleared := k.inChannel(channel)
	_, _, err := k.log().Delete(k.Context(), channel, deleted.ID)
	k.must(err)
	_, err = k.agents().Turn(k.Context(), gone.ID)
	k.wantCode(err, domain.NotFound)
	k.turn(cleared.ID)
	_, _, err = k.log().Clear(k.Context(), newMessage(channel))
	k.must(err)
	k.sweep(channel, 10)
	_, err = k.agents().Turn(k.Context(), cleared.ID)
	k.wantCode(err, domain.NotFound)
}

func turnErased(k *kit) {
	t, other := k.take(newTurn()), k.take(newTurn())
	for range 2 {
		k.must(k.agents().EraseTurn(k.Context(), t.ID))
	}
	_, err := k.agents().Turn(k.Context(), t.ID)
	k.wantCode(err, domain.NotFound)
	k.turn(other.ID)
	k.wantCode(k.agents().CommitOutcome(k.Context(), t.ID, 1, newOutcome()), domain.Conflict)
	again := agents.Turn{ID: t.ID, AgentID: t.AgentID, ChannelID: t.ChannelID, MessageID: t.MessageID, State: agents.StateTaken,
		CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt}
	if got := k.take(again); got.Fence != 1 {
		k.Errorf("the turn begins again with fence %d", got.Fence)
	}
}

func readDropped(k *kit) {
	channel := k.channel().ID
	k.posts(channel, 3)
	one, other := domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID]()
	k.wantRead(channel, one, 2, 2, true)
	k.wantRead(channel, other, 3, 3, true)
	for range 2 {
		k.must(k.log().DropRead(k.Context(), channel, one))
	}
	k.must(k.log().DropRead(k.Context(), domain.NewID[domain.ChannelID](), one))
	list, err := k.log().Reads(k.Context(), channel, 10)
	k.must(err)
	if len(list) != 1 || list[0].EntityID != other {
		k.Errorf("positions are %+v", list)
	}
}

func memoriesFound(k *kit) {
	message := domain.NewID[domain.MessageID]()
	want := map[domain.AgentID]memory.Ref{}
	for range 3 {
		m := newMemory(domain.NewID[domain.AgentID]())
		m.Origin.Message = message
		k.put(m, newMemory(m.AgentID))
		want[m.AgentID] = memory.Ref{AgentID: m.AgentID, ID: m.ID, RoomID: m.RoomID, Table: m.Table}
	}
	found, err := k.set.Memory.MemoriesOf(k.Context(), message, 10)
	k.must(err)
	for _, ref := range found {
		if want[ref.AgentID] != ref {
			k.Errorf("found %+v", ref)
		}
	}
	if len(found) != 3 {
		k.Errorf("found %d", len(found))
	}
	if found, err = k.set.Memory.MemoriesOf(k.Context(), message, 2); err != nil || len(found) != 2 {
		k.Errorf("two are %+v, %v", found, err)
	}
	if found, err = k.set.Memory.MemoriesOf(k.Context(), domain.NewID[domain.MessageID](), 2); err != nil || len(found) != 0 {
		k.Errorf("none are %+v, %v", found, err)
	}
}
