package storagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"parley/domain"
	"parley/domain/messaging"
)

// editCases are the cases of changed messages and channels.
func editCases() []testCase {
	return []testCase{
		{"edit keeps the place and takes the next number", editPlace},
		{"edit keeps the duties", editDuties},
		{"edit of an absent or deleted message is not found", editAbsent},
		{"edit that is refused changes nothing", editRefused},
		{"edits at once all count, the last one stays", editRace},
		{"edit against deletion ends deleted", editDeleteRace},
		{"message is found by its id alone", lookupMessage},
		{"channel is updated in what the change says", updateChannel},
		{"update of an unknown channel is not found", updateAbsent},
		{"updates of a channel at once all count", updateRace},
	}
}

// edit gives m another text.
func (k *kit) edit(m messaging.Message, text string) (messaging.Message, error) {
	return k.log().Edit(k.Context(), m.ChannelID, m.ID, func(old messaging.Message) (messaging.Message, error) {
		old.Content, old.Raw = text, json.RawMessage(`{"text":"`+text+`"}`)
		old.Metadata = domain.Metadata{"edited": json.RawMessage("true")}
		old.AuthorID, old.Seq, old.ID = "", 99, "" // not its business
		return old, nil
	})
}

func editPlace(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	next := k.append(newMessage(m.ChannelID))
	got, err := k.edit(m, "changed")
	k.must(err)
	want := m
	want.Content, want.Raw, want.Metadata = "changed", json.RawMessage(`{"text":"changed"}`), domain.Metadata{"edited": json.RawMessage("true")}
	want.Rev, want.UpdatedAt = 3, got.UpdatedAt
	k.same(got, want)
	if got.UpdatedAt.Before(m.UpdatedAt) || !got.Edited() || m.Edited() {
		k.Errorf("updated %s, then %s; edited %v", m.UpdatedAt, got.UpdatedAt, got.Edited())
	}
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	k.same(read, want)
	lists := k.everyList(m.ChannelID)
	k.wantNumbers(seqs(lists["page"]), 2, 1)
	k.wantNumbers(revs(lists["since"]), 2, 3)
	k.same(lists["since"][1], want)
	a, err := k.try(next)
	k.must(err)
	if last := k.append(newMessage(m.ChannelID)); !a.Duplicate || last.Seq != 4 {
		k.Errorf("duplicate %v, the next number is %d", a.Duplicate, last.Seq)
	}
}

func editDuties(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	got, err := k.edit(m, "changed")
	k.must(err)
	open := k.duties(m.ChannelID, 100)
	if len(open) != 1 || !slices.Equal(open[0].Awaiting, m.Awaiting) || open[0].Content != "changed" {
		k.Fatalf("duties are %+v", open)
	}
	for _, agent := range m.Awaiting {
		duty, err := k.agents().NextDuty(k.Context(), agent, m.ChannelID)
		k.must(err)
		k.same(duty, got)
	}
}

func editAbsent(k *kit) {
	m := k.append(newMessage(k.channel().ID))
	other, unknown := m, m
	other.ChannelID, unknown.ID = k.channel().ID, domain.NewID[domain.MessageID]()
	for _, absent := range []messaging.Message{other, unknown} {
		_, err := k.edit(absent, "changed")
		k.wantCode(err, domain.NotFound)
	}
	k.delete(m)
	_, err := k.edit(m, "changed")
	k.wantCode(err, domain.NotFound)
	if n := k.head(m.ChannelID); n != 2 {
		k.Errorf("head is %d", n)
	}
}

func editRefused(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	refusal := errors.New("no")
	_, err := k.log().Edit(k.Context(), m.ChannelID, m.ID, func(old messaging.Message) (messaging.Message, error) {
		return messaging.Message{}, domain.Wrap(domain.Forbidden, refusal, "no")
	})
	k.wantCode(err, domain.Forbidden)
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	k.same(read, m)
}

func editRace(k *kit) {
	m := k.append(newMessage(k.channel().ID))
	var mu sync.Mutex
	byRev := map[int64]string{}
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			got, err := k.edit(m, fmt.Sprint(i))
			if err != nil {
				k.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			byRev[got.Rev] = got.Content
		})
	}
	all.Wait()
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	if len(byRev) != racers || read.Rev != racers+1 || read.Content != byRev[read.Rev] {
		k.Errorf("%d numbers, the last is %d with %q, not %q", len(byRev), read.Rev, read.Content, byRev[read.Rev])
	}
}

func editDeleteRace(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	var all sync.WaitGroup
	var edits atomic.Int64
	var tomb messaging.Message
	for i := range racers {
		all.Go(func() {
			if i == racers/2 {
				tomb = k.delete(m)
				return
			}
			if _, err := k.edit(m, fmt.Sprint(i)); err == nil {
				edits.Add(1)
			} else if !domain.IsCode(err, domain.NotFound) {
				k.Error(err)
			}
		})
	}
	all.Wait()
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	k.same(read, tomb)
	if want := edits.Load() + 2; tomb.Rev != want || k.head(m.ChannelID) != want || read.Content != "" {
		k.Errorf("rev %d and head %d after %d edits", tomb.Rev, k.head(m.ChannelID), edits.Load())
	}
}

func lookupMessage(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	got, err := k.log().Lookup(k.Context(), m.ID)
	k.must(err)
	k.same(got, m)
	tomb := k.delete(m)
	got, err = k.log().Lookup(k.Context(), m.ID)
	k.must(err)
	k.same(got, tomb)
	_, err = k.log().Lookup(k.Context(), domain.NewID[domain.MessageID]())
	k.wantCode(err, domain.NotFound)
}

func updateChannel(k *kit) {
	a, b, c := domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID]()
	want := k.channel(a, b)
	got, err := k.log().UpdateChannel(k.Context(), want.ID, func(old messaging.Channel) (messaging.Channel, error) {
		old.Name, old.Metadata, old.Participants = "New "+oddText, domain.Metadata{"k": json.RawMessage(`1`)}, []domain.EntityID{c, a}
		old.Topic, old.ID = "not its business", ""
		return old, nil
	})
	k.must(err)
	want.Name, want.Metadata, want.Participants = "New "+oddText, domain.Metadata{"k": json.RawMessage(`1`)}, []domain.EntityID{c, a}
	if got.UpdatedAt.Before(want.UpdatedAt) {
		k.Errorf("updated %s before %s", got.UpdatedAt, want.UpdatedAt)
	}
	want.UpdatedAt = got.UpdatedAt
	read, err := k.log().Channel(k.Context(), want.ID)
	k.must(err)
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(read, want) {
		k.Fatalf(" got %+v\nread %+v\nwant %+v", got, read, want)
	}
}

func updateAbsent(k *kit) {
	_, err := k.log().UpdateChannel(k.Context(), domain.NewID[domain.ChannelID](),
		func(c messaging.Channel) (messaging.Channel, error) { return c, nil })
	k.wantCode(err, domain.NotFound)
}

func updateRace(k *kit) {
	channel := k.channel()
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			_, err := k.log().UpdateChannel(k.Context(), channel.ID, func(c messaging.Channel) (messaging.Channel, error) {
				c.Name += "+"
				c.Participants = append(slices.Clone(c.Participants), domain.NewID[domain.EntityID]())
				return c, nil
			})
			if err != nil {
				k.Error(err)
			}
		})
	}
	all.Wait()
	read, err := k.log().Channel(k.Context(), channel.ID)
	k.must(err)
	if len(read.Participants) != racers || len(read.Name) != len(channel.Name)+racers {
		k.Errorf("%d participants, name %q", len(read.Participants), read.Name)
	}
}
