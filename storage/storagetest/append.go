package storagetest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// appendCases are the cases of one sender at a time.
func appendCases() []testCase {
	return []testCase{
		{"message keeps every field", appendRoundTrip},
		{"message with nothing but what is needed", appendBare},
		{"message of the greatest length", appendLong},
		{"append to an unknown channel is not found", appendAbsent},
		{"unknown message is not found", messageAbsent},
		{"head of an empty or unknown channel is 0", headAbsent},
		{"numbers rise by one and times by a millisecond", appendNumbers},
		{"repeat answers with the first message", appendRepeat},
		{"dedupe key belongs to one channel", dedupePerChannel},
		{"clients' ids of two authors do not collide", dedupePerAuthor},
		{"id of another message is a conflict", appendConflict},
		{"bad message leaves those around it alone", appendBadAmongGood},
	}
}

func appendRoundTrip(k *kit) {
	channel := k.channel()
	m := fullMessage(channel.ID)
	before := now()
	got := k.append(m)
	if got.Seq != 1 || got.Rev != 1 || got.CreatedAt.Before(before) || got.CreatedAt.After(now().Add(time.Second)) {
		k.Fatalf("seq %d, rev %d, created %s", got.Seq, got.Rev, got.CreatedAt)
	}
	if !got.UpdatedAt.Equal(got.CreatedAt) || got.CreatedAt.Location() != time.UTC || got.CreatedAt.Nanosecond()%1e6 != 0 {
		k.Errorf("created %s, updated %s", got.CreatedAt, got.UpdatedAt)
	}
	m.Seq, m.Rev, m.CreatedAt, m.UpdatedAt = 1, 1, got.CreatedAt, got.UpdatedAt
	k.same(got, m)
	read, err := k.log().Message(k.Context(), channel.ID, m.ID)
	k.must(err)
	k.same(read, m)
	for name, list := range k.everyList(channel.ID) {
		if len(list) != 1 {
			k.Fatalf("%s: %d messages", name, len(list))
		}
		k.same(list[0], m)
	}
	if n := k.head(channel.ID); n != 1 {
		k.Errorf("head is %d", n)
	}
}

// everyList reads a channel in each way that gives lists.
func (k *kit) everyList(channel domain.ChannelID) map[string][]messaging.Message {
	k.Helper()
	page, err := k.log().Page(k.Context(), messaging.PageQuery{Channel: channel, Limit: 100})
	k.must(err)
	since, err := k.log().Since(k.Context(), channel, 0, 1000, 100)
	k.must(err)
	return map[string][]messaging.Message{"page": page, "since": since}
}

func appendBare(k *kit) {
	m := newMessage(k.channel().ID)
	m.Content = ""
	got := k.append(m)
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	k.same(read, got)
	if len(read.Raw) != 0 || len(read.Metadata) != 0 || read.Awaiting != nil || read.AuthorID != "" {
		k.Errorf("got %+v", read)
	}
}

func appendLong(k *kit) {
	m := newMessage(k.channel().ID)
	m.Content = strings.Repeat("\U0001F9D1", messaging.MaxContent)
	k.append(m)
	read, err := k.log().Message(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	if read.Content != m.Content {
		k.Errorf("%d bytes came back of %d", len(read.Content), len(m.Content))
	}
}

func appendAbsent(k *kit) {
	_, err := k.try(newMessage(domain.NewID[domain.ChannelID]()))
	k.wantCode(err, domain.NotFound)
}

func messageAbsent(k *kit) {
	m := k.append(newMessage(k.channel().ID))
	other := k.channel().ID
	for name, id := range map[string]domain.ChannelID{"another channel": other, "an unknown channel": domain.NewID[domain.ChannelID]()} {
		if _, err := k.log().Message(k.Context(), id, m.ID); domain.AsError(err) == nil || domain.AsError(err).Code != domain.NotFound {
			k.Errorf("message in %s: %v", name, err)
		}
	}
	_, err := k.log().Message(k.Context(), m.ChannelID, domain.NewID[domain.MessageID]())
	k.wantCode(err, domain.NotFound)
}

func headAbsent(k *kit) {
	if n := k.head(k.channel().ID); n != 0 {
		k.Errorf("head of an empty channel is %d", n)
	}
	if n := k.head(domain.NewID[domain.ChannelID]()); n != 0 {
		k.Errorf("head of an unknown channel is %d", n)
	}
}

func appendNumbers(k *kit) {
	list := k.posts(k.channel().ID, 50)
	for i, m := range list {
		if m.Seq != int64(i+1) || m.Rev != m.Seq {
			k.Fatalf("message %d has seq %d and rev %d", i, m.Seq, m.Rev)
		}
		if i > 0 && m.CreatedAt.Sub(list[i-1].CreatedAt) < time.Millisecond {
			k.Fatalf("message %d was created %s after the one before", i, m.CreatedAt.Sub(list[i-1].CreatedAt))
		}
	}
}

func appendRepeat(k *kit) {
	first := fullMessage(k.channel().ID)
	stored := k.append(first)
	again := fullMessage(first.ChannelID)
	again.Dedupe, again.Content = first.Dedupe, "another text"
	for _, m := range []messaging.Message{first, again} {
		a, err := k.try(m)
		k.must(err)
		if !a.Duplicate {
			k.Fatal("the repeat was stored")
		}
		k.same(a.Message, stored)
	}
	if n := k.head(first.ChannelID); n != 1 {
		k.Errorf("head is %d", n)
	}
	if next := k.append(newMessage(first.ChannelID)); next.Seq != 2 {
		k.Errorf("the next message got %d", next.Seq)
	}
}

func dedupePerChannel(k *kit) {
	a, b := newMessage(k.channel().ID), newMessage(k.channel().ID)
	a.Dedupe = messaging.DedupeSource("test", "1")
	b.Dedupe = a.Dedupe
	k.append(a)
	k.append(b)
}

func dedupePerAuthor(k *kit) {
	channel := k.channel().ID
	for range 2 {
		m := newMessage(channel)
		m.AuthorID = domain.NewID[domain.EntityID]()
		m.Dedupe = messaging.DedupeClient(m.AuthorID, "the same id")
		k.append(m)
	}
	if n := k.head(channel); n != 2 {
		k.Errorf("head is %d", n)
	}
}

func appendConflict(k *kit) {
	first := k.append(newMessage(k.channel().ID))
	for _, channel := range []domain.ChannelID{first.ChannelID, k.channel().ID} {
		m := newMessage(channel)
		m.ID = first.ID
		_, err := k.try(m)
		k.wantCode(err, domain.Conflict)
	}
	if n := k.head(first.ChannelID); n != 1 {
		k.Errorf("head is %d", n)
	}
	k.append(newMessage(first.ChannelID))
}

func appendBadAmongGood(k *kit) {
	channel := k.channel().ID
	taken := k.append(newMessage(channel))
	var pending []<-chan outcome
	for i := range 30 {
		m := newMessage(channel)
		switch i % 3 {
		case 1:
			m.ID = taken.ID
		case 2:
			m.ChannelID = domain.NewID[domain.ChannelID]()
		}
		pending = append(pending, k.submit(k.Context(), m))
	}
	next := int64(2)
	for i, results := range pending {
		o := k.await(results)
		switch i % 3 {
		case 0:
			k.must(o.err)
			if o.Message.Seq != next {
				k.Fatalf("message %d got %d, want %d", i, o.Message.Seq, next)
			}
			next++
		case 1:
			k.wantCode(o.err, domain.Conflict)
		default:
			k.wantCode(o.err, domain.NotFound)
		}
	}
}

// raceCases are the cases of many senders.
func raceCases() []testCase {
	return []testCase{
		{"of many who send the same one is stored", dedupeRace},
		{"one sender's messages stay in order", appendOrder},
	}
}

// floodCases are the cases of many messages.
func floodCases() []testCase {
	return []testCase{{"numbers of many senders have no gaps, and done is called in their order", appendRace}}
}

// heard is one channel as its callbacks told it.
type heard struct {
	mu      sync.Mutex
	numbers []int64
}

func appendRace(k *kit) {
	const senders, each = 50, 20
	channels := make([]domain.ChannelID, 7)
	lines := make([]heard, len(channels))
	for i := range channels {
		channels[i] = k.channel().ID
	}
	var done, all sync.WaitGroup
	done.Add(senders * each)
	for s := range senders {
		all.Go(func() {
			for i := range each {
				n := (s + i) % len(channels)
				err := k.log().Append(k.Context(), newMessage(channels[n]), func(a messaging.Appended, err error) {
					defer done.Done() // panics if it is called more often than submitted
					if err != nil {
						k.Error(err)
					}
					lines[n].mu.Lock()
					defer lines[n].mu.Unlock()
					lines[n].numbers = append(lines[n].numbers, a.Message.Seq)
				})
				if err != nil {
					k.Error(err)
				}
			}
		})
	}
	all.Wait()
	done.Wait()
	for i := range lines {
		k.gapless(channels[i], lines[i].numbers)
	}
}

// gapless checks that the callbacks of a channel came in order, and that the channel
// holds just these numbers.
func (k *kit) gapless(channel domain.ChannelID, numbers []int64) {
	k.Helper()
	for i, n := range numbers {
		if n != int64(i+1) {
			k.Fatalf("callback %d told number %d", i+1, n)
		}
	}
	stored, err := k.log().Since(k.Context(), channel, 0, 1<<31, len(numbers)+1)
	k.must(err)
	k.wantNumbers(seqs(stored), numbers...)
	if n := k.head(channel); n != int64(len(numbers)) {
		k.Errorf("head is %d of %d", n, len(numbers))
	}
}

func dedupeRace(k *kit) {
	channel := k.channel().ID
	key := messaging.DedupeSource("test", oddText)
	results := make([]outcome, racers)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			m := newMessage(channel)
			m.Dedupe, m.Content = key, fmt.Sprint(i)
			results[i] = k.await(k.submit(k.Context(), m))
		})
	}
	all.Wait()
	stored := 0
	for _, o := range results {
		k.must(o.err)
		if !o.Duplicate {
			stored++
		}
		k.same(o.Message, results[0].Message)
	}
	if stored != 1 || k.head(channel) != 1 {
		k.Errorf("%d were stored, head is %d", stored, k.head(channel))
	}
}

func appendOrder(k *kit) {
	channel := k.channel().ID
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			last := int64(0)
			for _, m := range k.posts(channel, 40) {
				if m.Seq <= last {
					k.Errorf("number %d after %d", m.Seq, last)
				}
				last = m.Seq
			}
		})
	}
	all.Wait()
}
