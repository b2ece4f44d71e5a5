package storagetest

import (
	"slices"
	"sync"

	"parley/domain"
	"parley/domain/messaging"
)

// clearCases are the cases of clears.
func clearCases() []testCase {
	return []testCase{
		{"clear makes tombstones of all before it, swept or not", clearCovers},
		{"clear is an entry that only catch-ups show", clearEntry},
		{"clear of nothing does nothing", clearNothing},
		{"cleared duties are gone, and who waited is told", clearDuties},
		{"cleared message is neither edited nor deleted nor stored again", clearChanges},
		{"clear again goes on where the last one ended", clearAgain},
		{"clear against posts, edits and deletions ends defined", clearRace},
		{"sweep goes in steps", sweepSteps},
	}
}

// clear clears a channel, which must have something to clear.
func (k *kit) clear(channel domain.ChannelID) messaging.Message {
	k.Helper()
	m, changed, err := k.log().Clear(k.Context(), newMessage(channel))
	k.must(err)
	if !changed {
		k.Fatal("there was nothing to clear")
	}
	return m
}

// sweep sweeps a channel to the end in steps, and returns who was awaited.
func (k *kit) sweep(channel domain.ChannelID, limit int) (awaited []messaging.Message) {
	k.Helper()
	for _, l := range k.leftovers(channel) {
		for left := true; left; {
			swept, err := k.log().Sweep(k.Context(), l, limit)
			k.must(err)
			awaited, left = append(awaited, swept.Awaited...), swept.Left
		}
	}
	return awaited
}

// leftovers are what is left to sweep in a channel.
func (k *kit) leftovers(channel domain.ChannelID) []messaging.Leftover {
	k.Helper()
	left, err := k.log().Unswept(k.Context(), channel)
	k.must(err)
	return left
}

// unswept reports whether something is left in a channel.
func (k *kit) unswept(channel domain.ChannelID) bool {
	k.Helper()
	all, err := k.log().Unswept(k.Context(), "")
	k.must(err)
	isOf := func(l messaging.Leftover) bool { return l.ChannelID == channel }
	if slices.ContainsFunc(all, isOf) != (len(k.leftovers(channel)) > 0) {
		k.Errorf("leftovers of the channel %v, of all %v", k.leftovers(channel), all)
	}
	return slices.ContainsFunc(all, isOf)
}

func clearCovers(k *kit) {
	list, authors := k.history() // ten messages, numbers 4 and 9 deleted as 11 and 12
	channel := list[0].ChannelID
	entry := k.clear(channel)
	after := newMessage(channel)
	after.AuthorID = authors[0]
	after = k.append(after)
	for _, swept := range []bool{false, true} {
		if k.unswept(channel) == swept {
			k.Errorf("swept %v, but the list of what is left says otherwise", swept)
		}
		lists := k.everyList(channel)
		k.wantNumbers(seqs(lists["page"]), after.Seq)
		k.wantNumbers(revs(lists["since"]), 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14)
		for _, m := range lists["since"][:10] {
			k.same(m, m.Tombstone())
			read, err := k.log().Message(k.Context(), channel, m.ID)
			k.must(err)
			k.same(read, m)
			read, err = k.log().Lookup(k.Context(), m.ID)
			k.must(err)
			k.same(read, m)
		}
		k.same(lists["since"][10], entry)
		for _, q := range []messaging.PageQuery{{Author: authors[0]}, {BeforeSeq: 15}, {AfterSeq: 2, Oldest: true}, {AfterSeq: 13}} {
			q.Channel, q.Limit = channel, 10
			page, err := k.log().Page(k.Context(), q)
			k.must(err)
			k.wantNumbers(seqs(page), after.Seq)
		}
		k.sweep(channel, 3)
	}
}

func clearEntry(k *kit) {
	channel := k.posts(k.channel().ID, 3)[0].ChannelID
	entry := k.clear(channel)
	if entry.Kind != messaging.KindClear || entry.Seq != 4 || entry.Rev != 4 || entry.Upto != 3 || entry.Deleted || k.head(channel) != 4 {
		k.Fatalf("the entry is %+v, head %d", entry, k.head(channel))
	}
	_, err := k.log().Lookup(k.Context(), entry.ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.log().Message(k.Context(), channel, entry.ID)
	k.wantCode(err, domain.NotFound)
	_, _, err = k.log().Delete(k.Context(), channel, entry.ID)
	k.wantCode(err, domain.NotFound)
	_, err = k.edit(entry, "changed")
	k.wantCode(err, domain.NotFound)
	if m := k.append(newMessage(channel)); m.Seq != 5 || !m.CreatedAt.After(entry.CreatedAt) {
		k.Errorf("the next message has number %d, created %s", m.Seq, m.CreatedAt)
	}
}

func clearNothing(k *kit) {
	channel := k.channel().ID
	deleted := k.append(newMessage(channel))
	k.delete(deleted)
	for range 2 {
		_, changed, err := k.log().Clear(k.Context(), newMessage(channel))
		k.must(err)
		if changed || k.head(channel) != 2 || k.unswept(channel) {
			k.Errorf("changed %v, head %d", changed, k.head(channel))
		}
	}
	k.append(newMessage(channel))
	k.clear(channel)
	if _, changed, err := k.log().Clear(k.Context(), newMessage(channel)); changed || err != nil {
		k.Errorf("clearing twice changed %v, %v", changed, err)
	}
	_, _, err := k.log().Clear(k.Context(), newMessage(domain.NewID[domain.ChannelID]()))
	k.wantCode(err, domain.NotFound)
	if swept, err := k.log().Sweep(k.Context(), messaging.Leftover{ChannelID: domain.NewID[domain.ChannelID](), Mark: 7}, 10); err != nil || swept.Left {
		k.Errorf("sweeping an unknown channel: %+v, %v", swept, err)
	}
}

func clearDuties(k *kit) {
	channel := k.channel().ID
	m := k.append(fullMessage(channel))
	done := k.append(fullMessage(channel))
	_, err := k.log().FinishDuty(k.Context(), channel, done.ID, done.Awaiting[0])
	k.must(err)
	k.clear(channel)
	after := k.append(fullMessage(channel))
	for range 2 { // before and after the sweep
		if open := k.duties(channel, 3); len(open) != 1 || open[0].ID != after.ID {
			k.Fatalf("duties are %+v", open)
		}
		for _, agent := range append(m.Awaiting, done.Awaiting...) {
			_, err := k.agents().NextDuty(k.Context(), agent, channel)
			k.wantCode(err, domain.NotFound)
		}
		if duty, err := k.agents().NextDuty(k.Context(), after.Awaiting[0], channel); err != nil || duty.ID != after.ID {
			k.Errorf("the next duty is %+v, %v", duty, err)
		}
		left, err := k.log().FinishDuty(k.Context(), channel, done.ID, done.Awaiting[1])
		k.must(err)
		if left != 0 {
			k.Errorf("%d are left", left)
		}
		for _, awaited := range k.sweep(channel, 1) {
			if awaited.ID != m.ID || !awaited.Deleted {
				k.Errorf("awaited is %+v", awaited)
			}
			m.ID = "" // once only
		}
	}
	if m.ID != "" {
		k.Error("nobody was told that the wait is over")
	}
}

func clearChanges(k *kit) {
	m := k.append(fullMessage(k.channel().ID))
	k.clear(m.ChannelID)
	for range 2 {
		_, err := k.edit(m, "changed")
		k.wantCode(err, domain.NotFound)
		tomb, changed, err := k.log().Delete(k.Context(), m.ChannelID, m.ID)
		k.must(err)
		if changed {
			k.Error("deleted after the clear")
		}
		k.same(tomb, m.Tombstone())
		a, err := k.try(m)
		k.must(err)
		if !a.Duplicate {
			k.Error("stored again after the clear")
		}
		k.same(a.Message, m.Tombstone())
		k.sweep(m.ChannelID, 10)
	}
	if n := k.head(m.ChannelID); n != 2 {
		k.Errorf("head is %d", n)
	}
}

func clearAgain(k *kit) {
	channel := k.posts(k.channel().ID, 3)[0].ChannelID
	k.clear(channel)
	k.posts(channel, 2)
	second := k.clear(channel)
	k.posts(channel, 1)
	if second.Upto != 6 || second.Seq != 7 {
		k.Errorf("the second clear is %+v", second)
	}
	k.sweep(channel, 2)
	lists := k.everyList(channel)
	k.wantNumbers(seqs(lists["page"]), 8)
	k.wantNumbers(revs(lists["since"]), 1, 2, 3, 4, 5, 6, 7, 8)
	for i, kind := range []messaging.Kind{"", "", "", messaging.KindClear, "", "", messaging.KindClear, ""} {
		if m := lists["since"][i]; m.Kind != kind || m.Deleted != (kind == "" && i < 7) {
			k.Errorf("entry %d is %+v", i+1, m)
		}
	}
}

func clearRace(k *kit) {
	first := k.posts(k.channel().ID, 20)
	channel := first[0].ChannelID
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			k.await(k.submit(k.Context(), newMessage(channel)))
			if _, err := k.edit(first[i%len(first)], "changed"); err != nil && !domain.IsCode(err, domain.NotFound) {
				k.Error(err)
			}
			if _, _, err := k.log().Delete(k.Context(), channel, first[(i+7)%len(first)].ID); err != nil {
				k.Error(err)
			}
			if i%5 == 0 {
				if _, _, err := k.log().Clear(k.Context(), newMessage(channel)); err != nil {
					k.Error(err)
				}
				k.sweep(channel, 4)
			}
		})
	}
	all.Wait()
	k.sweep(channel, 5)
	k.checkCleared(channel)
}

// checkCleared compares a channel's history with its catch-up: the history holds just
// the posts behind the last clear, all numbers of the catch-up are different, and nothing
// behind a clear is lost.
func (k *kit) checkCleared(channel domain.ChannelID) {
	k.Helper()
	events, err := k.log().Since(k.Context(), channel, 0, 1<<31, 1000)
	k.must(err)
	upto := int64(0)
	for _, m := range events {
		upto = max(upto, m.Upto)
	}
	var live []int64
	for i, m := range events {
		if i > 0 && m.Rev <= events[i-1].Rev {
			k.Errorf("number %d comes after %d", m.Rev, events[i-1].Rev)
		}
		if m.Kind == messaging.KindPost && m.Seq <= upto != m.Deleted && m.Seq <= upto {
			k.Errorf("%+v is covered by the clear up to %d", m, upto)
		}
		if m.Kind == messaging.KindPost && !m.Deleted {
			live = append(live, m.Seq)
		}
	}
	slices.Sort(live)
	slices.Reverse(live)
	page, err := k.log().Page(k.Context(), messaging.PageQuery{Channel: channel, Limit: 1000})
	k.must(err)
	k.wantNumbers(seqs(page), live...)
}

func sweepSteps(k *kit) {
	channel := k.posts(k.channel().ID, 7)[0].ChannelID
	k.clear(channel)
	before := k.leftovers(channel)
	for step, left := range []bool{true, true, true, false, false} {
		swept, err := k.log().Sweep(k.Context(), before[0], 2)
		k.must(err)
		if swept.Left != left || k.unswept(channel) != left {
			k.Errorf("step %d: left %v", step, swept.Left)
		}
	}
}
