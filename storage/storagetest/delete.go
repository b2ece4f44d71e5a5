package storagetest

import (
	"sync"
	"sync/atomic"

	"parley/domain"
	"parley/domain/messaging"
)

// deleteCases are the cases of tombstones.
func deleteCases() []testCase {
	return []testCase{
		{"deletion leaves a tombstone without content", deleteLeaves},
		{"deletion takes the next number, which is not used again", deleteNumbers},
		{"deletion of a tombstone changes nothing", deleteTwice},
		{"deletion of an unknown message is not found", deleteAbsent},
		{"dedupe key of a tombstone still answers", deleteDedupe},
		{"deletion removes the duties", deleteDuties},
		{"of many who delete one changes the message", deleteRace},
		{"cleared channel has no history and goes on", deleteAll},
	}
}

func deleteLeaves(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	tomb := k.delete(m)
	want := messaging.Message{ID: m.ID, ChannelID: m.ChannelID, ServerID: m.ServerID, Seq: 1, Rev: 2, Dedupe: m.Dedupe,
		CreatedAt: m.CreatedAt, UpdatedAt: tomb.UpdatedAt, Deleted: true}
	k.same(tomb, want)
	if tomb.UpdatedAt.Before(m.CreatedAt) {
		k.Errorf("updated %s before created %s", tomb.UpdatedAt, m.CreatedAt)
	}
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	k.same(read, want)
	lists := k.everyList(m.ChannelID)
	if len(lists["page"]) != 0 || len(lists["since"]) != 1 {
		k.Fatalf("page has %d, since has %d", len(lists["page"]), len(lists["since"]))
	}
	k.same(lists["since"][0], want)
}

func deleteNumbers(k *kit) {
	list := k.posts(k.channel().ID, 3)
	channel := list[0].ChannelID
	if tomb := k.delete(list[1]); tomb.Rev != 4 || tomb.Seq != 2 {
		k.Fatalf("seq %d, rev %d", tomb.Seq, tomb.Rev)
	}
	if n := k.head(channel); n != 4 {
		k.Errorf("head is %d", n)
	}
	if m := k.append(newMessage(channel)); m.Seq != 5 || !m.CreatedAt.After(list[2].CreatedAt) {
		k.Errorf("the next message got %d at %s", m.Seq, m.CreatedAt)
	}
	lists := k.everyList(channel)
	k.wantNumbers(seqs(lists["page"]), 5, 3, 1)
	k.wantNumbers(revs(lists["since"]), 1, 3, 4, 5)
	k.wantNumbers(seqs(lists["since"]), 1, 3, 2, 5)
}

func deleteTwice(k *kit) {
	m := k.append(newMessage(k.channel().ID))
	first := k.delete(m)
	again, changed, err := k.log().Delete(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	if changed || k.head(m.ChannelID) != 2 {
		k.Errorf("changed %v, head %d", changed, k.head(m.ChannelID))
	}
	k.same(again, first)
}

func deleteAbsent(k *kit) {
	m := k.append(newMessage(k.channel().ID))
	for _, channel := range []domain.ChannelID{k.channel().ID, domain.NewID[domain.ChannelID]()} {
		_, _, err := k.log().Delete(k.Context(), channel, m.ID)
		k.wantCode(err, domain.NotFound)
	}
	_, _, err := k.log().Delete(k.Context(), m.ChannelID, domain.NewID[domain.MessageID]())
	k.wantCode(err, domain.NotFound)
}

func deleteDedupe(k *kit) {
	m := fullMessage(k.channel().ID)
	k.append(m)
	tomb := k.delete(m)
	a, err := k.try(m)
	k.must(err)
	if !a.Duplicate {
		k.Fatal("a deleted message was stored again")
	}
	k.same(a.Message, tomb)
}

func deleteDuties(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	k.delete(m)
	if open := k.duties(m.ChannelID, 100); len(open) != 0 {
		k.Errorf("%d duties are left", len(open))
	}
	for _, agent := range m.Awaiting {
		_, err := k.agents().NextDuty(k.Context(), agent, m.ChannelID)
		k.wantCode(err, domain.NotFound)
		left, err := k.log().FinishDuty(k.Context(), m.ChannelID, m.ID, agent)
		k.must(err)
		if left != 0 {
			k.Errorf("%d are left", left)
		}
	}
}

func deleteRace(k *kit) {
	m := k.append(newMessage(k.channel().ID))
	k.oneWinner(func() (bool, error) {
		tomb, changed, err := k.log().Delete(k.Context(), m.ChannelID, m.ID)
		if err == nil && (tomb.Rev != 2 || !tomb.Deleted) {
			k.Errorf("got %+v", tomb)
		}
		return changed, err
	})
}

func deleteAll(k *kit) {
	list := k.posts(k.channel().ID, 40)
	channel := list[0].ChannelID
	var highest atomic.Int64
	var all sync.WaitGroup
	for _, m := range list {
		all.Go(func() {
			tomb, _, err := k.log().Delete(k.Context(), channel, m.ID)
			if err != nil {
				k.Error(err)
			}
			for old := highest.Load(); tomb.Rev > old && !highest.CompareAndSwap(old, tomb.Rev); old = highest.Load() {
			}
		})
	}
	all.Wait()
	lists := k.everyList(channel)
	if len(lists["page"]) != 0 || len(lists["since"]) != 40 || highest.Load() != 80 || k.head(channel) != 80 {
		k.Errorf("page %d, since %d, highest %d, head %d", len(lists["page"]), len(lists["since"]), highest.Load(), k.head(channel))
	}
	if m := k.append(newMessage(channel)); m.Seq != 81 {
		k.Errorf("the next message got %d", m.Seq)
	}
}
