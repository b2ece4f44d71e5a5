package storagetest

import (
	"slices"
	"sync"
	"sync/atomic"

	"parley/domain"
	"parley/domain/messaging"
)

// readCases are the cases of read positions.
func readCases() []testCase {
	return []testCase{
		{"read position rises and never goes back", readRises},
		{"read position ends at the head", readClamped},
		{"read position of an unknown channel is not found", readAbsent},
		{"read position of 0 is none", readNothing},
		{"of many who read on each step moves once", readRace},
		{"read positions are listed by their last move", readList},
		{"unread are the messages of others that are not deleted", unreadCounts},
		{"unread leaves unknown channels out", unreadAbsent},
	}
}

// unreadCases are the cases of long channels.
func unreadCases() []testCase {
	return []testCase{
		{"unread count ends at its bound", unreadBound},
		{"unread looks only so far beyond the position", unreadDepth},
	}
}

// setRead moves a position, which must succeed.
func (k *kit) setRead(channel domain.ChannelID, entity domain.EntityID, seq int64) (int64, bool) {
	k.Helper()
	now, moved, err := k.log().SetRead(k.Context(), channel, entity, seq)
	k.must(err)
	return now, moved
}

// wantRead ends the case unless setting a position gives this.
func (k *kit) wantRead(channel domain.ChannelID, entity domain.EntityID, seq, now int64, moved bool) {
	k.Helper()
	if n, m := k.setRead(channel, entity, seq); n != now || m != moved {
		k.Fatalf("reading to %d gives %d, moved %v; want %d, %v", seq, n, m, now, moved)
	}
}

// unread is what an entity has not read of one channel.
func (k *kit) unread(entity domain.EntityID, channel domain.ChannelID) messaging.Unread {
	k.Helper()
	list, err := k.log().Unread(k.Context(), entity, []domain.ChannelID{channel})
	k.must(err)
	if len(list) != 1 {
		k.Fatalf("%d channels instead of one", len(list))
	}
	return list[0]
}

// postsOf stores n messages of one author in a channel.
func (k *kit) postsOf(author domain.EntityID, channel domain.ChannelID, n int) []messaging.Message {
	k.Helper()
	pending := make([]<-chan outcome, n)
	for i := range pending {
		m := newMessage(channel)
		m.AuthorID = author
		pending[i] = k.submit(k.Context(), m)
	}
	stored := make([]messaging.Message, n)
	for i, results := range pending {
		o := k.await(results)
		k.must(o.err)
		stored[i] = o.Message
	}
	return stored
}

func readRises(k *kit) {
	channel, other, reader := k.channel().ID, k.channel().ID, domain.NewID[domain.EntityID]()
	k.posts(channel, 5)
	k.posts(other, 5)
	k.wantRead(channel, reader, 2, 2, true)
	k.wantRead(channel, reader, 2, 2, false)
	k.wantRead(channel, reader, 1, 2, false)
	k.wantRead(channel, reader, 0, 2, false)
	k.wantRead(channel, reader, 4, 4, true)
	k.wantRead(other, reader, 1, 1, true)
	k.wantRead(channel, domain.NewID[domain.EntityID](), 3, 3, true)
	if u := k.unread(reader, channel); u != (messaging.Unread{ChannelID: channel, Seq: 4, Unread: 1, Head: 5}) {
		k.Errorf("got %+v", u)
	}
}

func readClamped(k *kit) {
	channel, reader := k.channel().ID, domain.NewID[domain.EntityID]()
	k.wantRead(channel, reader, 7, 0, false) // nothing is there to be read
	list := k.posts(channel, 3)
	k.wantRead(channel, reader, 1<<60, 3, true)
	k.wantRead(channel, reader, 1<<60, 3, false)
	k.delete(list[0])
	k.wantRead(channel, reader, 9, 4, true)
}

func readAbsent(k *kit) {
	for _, seq := range []int64{0, 1} {
		_, _, err := k.log().SetRead(k.Context(), domain.NewID[domain.ChannelID](), domain.NewID[domain.EntityID](), seq)
		k.wantCode(err, domain.NotFound)
	}
	list, err := k.log().Reads(k.Context(), domain.NewID[domain.ChannelID](), 10)
	k.must(err)
	if len(list) != 0 {
		k.Errorf("an unknown channel has the positions %v", list)
	}
}

func readNothing(k *kit) {
	channel, reader := k.channel().ID, domain.NewID[domain.EntityID]()
	k.posts(channel, 1)
	k.wantRead(channel, reader, 0, 0, false)
	list, err := k.log().Reads(k.Context(), channel, 10)
	k.must(err)
	if len(list) != 0 {
		k.Errorf("positions are %v", list)
	}
}

func readRace(k *kit) {
	const writers, steps = 20, 10
	channel, reader := k.channel().ID, domain.NewID[domain.EntityID]()
	k.posts(channel, writers*steps)
	var moves atomic.Int64
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for step := range steps {
				seq := int64(step*writers + writer + 1)
				now, moved, err := k.log().SetRead(k.Context(), channel, reader, seq)
				if err != nil || now < seq || moved && now != seq {
					k.Errorf("reading to %d gives %d, moved %v, %v", seq, now, moved, err)
				}
				if moved {
					moves.Add(1)
				}
			}
		})
	}
	all.Wait()
	if u := k.unread(reader, channel); u.Seq != writers*steps || u.Unread != 0 {
		k.Errorf("the position ends at %d with %d unread", u.Seq, u.Unread)
	}
	if n := moves.Load(); n < 1 || n > writers*steps {
		k.Errorf("the position moved %d times", n)
	}
}

func readList(k *kit) {
	channel, readers := k.channel().ID, make([]domain.EntityID, 5)
	k.posts(channel, 9)
	for i := range readers {
		readers[i] = domain.NewID[domain.EntityID]()
		k.setRead(channel, readers[i], int64(i+1))
		k.tick()
	}
	k.setRead(channel, readers[0], 9)
	want := []messaging.ReadPosition{{EntityID: readers[0], Seq: 9}, {EntityID: readers[4], Seq: 5},
		{EntityID: readers[3], Seq: 4}, {EntityID: readers[2], Seq: 3}, {EntityID: readers[1], Seq: 2}}
	for _, limit := range []int{1, 3, 5, 100} {
		list, err := k.log().Reads(k.Context(), channel, limit)
		k.must(err)
		if !slices.Equal(list, want[:min(limit, len(want))]) {
			k.Errorf("the first %d positions are %v, want %v", limit, list, want)
		}
	}
}

// tick waits until the clock of the stores has moved on.
func (k *kit) tick() {
	for before := now(); !now().After(before); {
		k.posts(k.channel().ID, 1)
	}
}

func unreadCounts(k *kit) {
	channel, reader, other := k.channel().ID, domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID]()
	if u := k.unread(reader, channel); u != (messaging.Unread{ChannelID: channel}) {
		k.Errorf("of an empty channel: %+v", u)
	}
	theirs := k.postsOf(other, channel, 4)
	k.postsOf(reader, channel, 3)
	k.posts(channel, 1) // of nobody
	if u := k.unread(reader, channel); u.Unread != 5 || u.Head != 8 {
		k.Errorf("with nothing read: %+v", u)
	}
	k.setRead(channel, reader, 2)
	k.delete(theirs[0])
	k.delete(theirs[3])
	if u := k.unread(reader, channel); u != (messaging.Unread{ChannelID: channel, Seq: 2, Unread: 2, Head: 10}) {
		k.Errorf("beyond 2, one deleted: %+v", u)
	}
	if u := k.unread(other, channel); u.Unread != 4 || u.Seq != 0 {
		k.Errorf("for the other: %+v", u)
	}
	k.setRead(channel, reader, 10)
	if u := k.unread(reader, channel); u.Unread != 0 {
		k.Errorf("at the head: %+v", u)
	}
	k.clear(channel)
	if u := k.unread(other, channel); u.Unread != 0 || u.Head != 11 {
		k.Errorf("after a clear, before it is swept: %+v", u)
	}
	k.postsOf(reader, channel, 2)
	if u := k.unread(other, channel); u.Unread != 2 {
		k.Errorf("after the clear: %+v", u)
	}
}

func unreadBound(k *kit) {
	channel, reader := k.channel().ID, domain.NewID[domain.EntityID]()
	k.posts(channel, messaging.MaxUnread+51)
	if u := k.unread(reader, channel); u.Unread != messaging.MaxUnread {
		k.Errorf("%d are unread", u.Unread)
	}
	k.setRead(channel, reader, 52)
	if u := k.unread(reader, channel); u.Unread != messaging.MaxUnread-1 {
		k.Errorf("%d are unread", u.Unread)
	}
}

func unreadDepth(k *kit) {
	channel, reader := k.channel().ID, domain.NewID[domain.EntityID]()
	k.posts(channel, 10)
	k.postsOf(reader, channel, 1995)
	if u := k.unread(reader, channel); u.Unread != 5 {
		k.Errorf("%d of the newest 2,000 are unread", u.Unread)
	}
	k.setRead(channel, reader, 8)
	if u := k.unread(reader, channel); u.Unread != 2 {
		k.Errorf("%d are unread beyond 8", u.Unread)
	}
}

func unreadAbsent(k *kit) {
	first, second, reader := k.channel().ID, k.channel().ID, domain.NewID[domain.EntityID]()
	k.posts(second, 1)
	list, err := k.log().Unread(k.Context(), reader,
		[]domain.ChannelID{second, domain.NewID[domain.ChannelID](), first})
	k.must(err)
	want := []messaging.Unread{{ChannelID: second, Unread: 1, Head: 1}, {ChannelID: first}}
	if !slices.Equal(list, want) {
		k.Errorf("got %+v, want %+v", list, want)
	}
	if list, err = k.log().Unread(k.Context(), reader, nil); err != nil || len(list) != 0 {
		k.Errorf("of no channels: %+v, %v", list, err)
	}
}
