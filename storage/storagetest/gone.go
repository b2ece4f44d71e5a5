package storagetest

import (
	"sync"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// goneCases are the cases of deleted channels.
func goneCases() []testCase {
	return []testCase{
		{"deleted channel is gone at once", deleteChannel},
		{"channel made anew has nothing of the old one", deleteAnew},
		{"of many who delete a channel one does it", deleteChannelRace},
		{"deletion of a channel against posts ends defined", deletePostRace},
	}
}

// inChannel stores a message with a turn in a channel.
func (k *kit) inChannel(channel domain.ChannelID) (messaging.Message, agents.Turn) {
	k.Helper()
	m := k.append(fullMessage(channel))
	turn := newTurn()
	turn.ChannelID, turn.MessageID, turn.AgentID = channel, m.ID, m.Awaiting[0]
	return m, k.take(turn)
}

func deleteChannel(k *kit) {
	person := domain.NewID[domain.EntityID]()
	channel := k.channel(person)
	m, turn := k.inChannel(channel.ID)
	k.posts(channel.ID, 4)
	existed, err := k.log().DeleteChannel(k.Context(), channel.ID)
	k.must(err)
	if !existed || !k.unswept(channel.ID) {
		k.Errorf("existed %v", existed)
	}
	for range 2 { // before and after the sweep
		k.gone(channel.ID, m, person)
		k.sweep(channel.ID, 2)
	}
	_, err = k.agents().Turn(k.Context(), turn.ID)
	k.wantCode(err, domain.NotFound)
	existed, err = k.log().DeleteChannel(k.Context(), channel.ID)
	k.must(err)
	if existed || k.unswept(channel.ID) {
		k.Errorf("existed %v after the deletion", existed)
	}
}

// gone checks that nothing shows a deleted channel, its message and its participant.
func (k *kit) gone(channel domain.ChannelID, m messaging.Message, person domain.EntityID) {
	k.Helper()
	_, err := k.log().Channel(k.Context(), channel)
	k.wantCode(err, domain.NotFound)
	_, err = k.log().Message(k.Context(), channel, m.ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.log().Lookup(k.Context(), m.ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.edit(m, "changed")
	k.wantCode(err, domain.NotFound)
	_, err = k.log().FinishDuty(k.Context(), channel, m.ID, m.Awaiting[0])
	k.wantCode(err, domain.NotFound)
	_, err = k.agents().NextDuty(k.Context(), m.Awaiting[0], channel)
	k.wantCode(err, domain.NotFound)
	_, err = k.try(newMessage(channel))
	k.wantCode(err, domain.NotFound)
	found, err := k.log().Channels(k.Context(), messaging.ChannelQuery{Participant: person})
	k.must(err)
	for name, list := range k.everyList(channel) {
		if len(list) != 0 {
			k.Errorf("%s has %d messages", name, len(list))
		}
	}
	if len(found) != 0 || len(k.duties(channel, 100)) != 0 || k.head(channel) != 0 {
		k.Errorf("%d channels, %d duties, head %d", len(found), len(k.duties(channel, 100)), k.head(channel))
	}
}

func deleteAnew(k *kit) {
	old := k.channel(domain.NewID[domain.EntityID]())
	m, _ := k.inChannel(old.ID)
	k.posts(old.ID, 5)
	for round := range 3 { // the remains of several channels of the id lie side by side
		_, err := k.log().DeleteChannel(k.Context(), old.ID)
		k.must(err)
		anew := newChannel()
		anew.ID = old.ID
		stored, created, err := k.log().EnsureChannel(k.Context(), anew)
		k.must(err)
		if !created || len(stored.Participants) != 0 {
			k.Fatalf("round %d: created %v, participants %v", round, created, stored.Participants)
		}
		repeat := newMessage(old.ID)
		repeat.Dedupe = m.Dedupe
		if got := k.append(repeat); got.Seq != 1 || len(k.everyList(old.ID)["since"]) != 1 || k.head(old.ID) != 1 {
			k.Errorf("round %d: the first message has number %d", round, got.Seq)
		}
		k.posts(old.ID, 2)
	}
	k.sweep(old.ID, 2)
	lists := k.everyList(old.ID)
	k.wantNumbers(seqs(lists["page"]), 3, 2, 1)
	k.wantNumbers(revs(lists["since"]), 1, 2, 3)
}

func deleteChannelRace(k *kit) {
	channel := k.posts(k.channel().ID, 10)[0].ChannelID
	k.oneWinner(func() (bool, error) { return k.log().DeleteChannel(k.Context(), channel) })
	k.sweep(channel, 3)
}

func deletePostRace(k *kit) {
	channel := k.channel()
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			if i == racers/2 {
				if _, err := k.log().DeleteChannel(k.Context(), channel.ID); err != nil {
					k.Error(err)
				}
				return
			}
			if o := k.await(k.submit(k.Context(), newMessage(channel.ID))); o.err != nil && !domain.IsCode(o.err, domain.NotFound) {
				k.Error(o.err)
			}
		})
	}
	all.Wait()
	k.sweep(channel.ID, 4)
	if lists := k.everyList(channel.ID); len(lists["page"]) != 0 || len(lists["since"]) != 0 || k.head(channel.ID) != 0 {
		k.Errorf("page %d, since %d, head %d", len(lists["page"]), len(lists["since"]), k.head(channel.ID))
	}
}
