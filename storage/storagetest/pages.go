package storagetest

import (
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// pageCases are the cases of history.
func pageCases() []testCase {
	return []testCase{
		{"page is bounded by time, number, author and limit", pageBounds},
		{"pages by number and by time cover the history", pageWalk},
		{"page of an unknown channel is empty", pageAbsent},
		{"page does not show another channel", pageOthers},
	}
}

// history stores ten messages of two authors in turn and deletes numbers 4 and 9.
func (k *kit) history() (list []messaging.Message, authors [2]domain.EntityID) {
	channel := k.channel().ID
	authors = [2]domain.EntityID{domain.NewID[domain.EntityID](), domain.NewID[domain.EntityID]()}
	for i := range 10 {
		m := newMessage(channel)
		m.AuthorID = authors[i%2]
		list = append(list, k.append(m))
	}
	k.delete(list[3])
	k.delete(list[8])
	return list, authors
}

func pageBounds(k *kit) {
	list, authors := k.history()
	at := func(seq int) time.Time { return list[seq-1].CreatedAt }
	tests := []struct {
		name string
		q    messaging.PageQuery
		want []int64
	}{
		{"all", messaging.PageQuery{Limit: 100}, []int64{10, 8, 7, 6, 5, 3, 2, 1}},
		{"limit", messaging.PageQuery{Limit: 3}, []int64{10, 8, 7}},
		{"before", messaging.PageQuery{Limit: 3, Before: at(8)}, []int64{7, 6, 5}},
		{"before a moment later", messaging.PageQuery{Limit: 2, Before: at(8).Add(time.Microsecond)}, []int64{8, 7}},
		{"after", messaging.PageQuery{Limit: 100, After: at(6)}, []int64{10, 8, 7}},
		{"after with limit gives the newest", messaging.PageQuery{Limit: 2, After: at(2)}, []int64{10, 8}},
		{"between", messaging.PageQuery{Limit: 100, After: at(2), Before: at(7)}, []int64{6, 5, 3}},
		{"nothing between", messaging.PageQuery{Limit: 100, After: at(5), Before: at(6)}, nil},
		{"before number", messaging.PageQuery{Limit: 3, BeforeSeq: 6}, []int64{5, 3, 2}},
		{"before the number of a tombstone", messaging.PageQuery{Limit: 2, BeforeSeq: 4}, []int64{3, 2}},
		{"before the number of a deletion", messaging.PageQuery{Limit: 2, BeforeSeq: 12}, []int64{10, 8}},
		{"before the first", messaging.PageQuery{Limit: 3, BeforeSeq: 1}, nil},
		{"before a number to come", messaging.PageQuery{Limit: 2, BeforeSeq: 1000}, []int64{10, 8}},
		{"before number and time", messaging.PageQuery{Limit: 100, BeforeSeq: 8, Before: at(6)}, []int64{5, 3, 2, 1}},
		{"before time and number", messaging.PageQuery{Limit: 100, BeforeSeq: 3, Before: at(6)}, []int64{2, 1}},
		{"after number", messaging.PageQuery{Limit: 3, AfterSeq: 5}, []int64{10, 8, 7}},
		{"oldest after number", messaging.PageQuery{Limit: 3, AfterSeq: 2, Oldest: true}, []int64{6, 5, 3}},
		{"oldest after the number of a tombstone", messaging.PageQuery{Limit: 2, AfterSeq: 4, Oldest: true}, []int64{6, 5}},
		{"oldest after the number of a deletion", messaging.PageQuery{Limit: 2, AfterSeq: 11, Oldest: true}, nil},
		{"oldest between numbers", messaging.PageQuery{Limit: 9, AfterSeq: 2, BeforeSeq: 8, Oldest: true}, []int64{7, 6, 5, 3}},
		{"oldest of all", messaging.PageQuery{Limit: 2, Oldest: true}, []int64{2, 1}},
		{"after a number to come", messaging.PageQuery{Limit: 2, AfterSeq: 1000, Oldest: true}, nil},
		{"oldest of an author after number", messaging.PageQuery{Limit: 2, AfterSeq: 2, Oldest: true, Author: authors[1]}, []int64{8, 6}},
		{"author", messaging.PageQuery{Limit: 100, Author: authors[1]}, []int64{10, 8, 6, 2}},
		{"author before number", messaging.PageQuery{Limit: 2, Author: authors[0], BeforeSeq: 7}, []int64{5, 3}},
		{"unknown author", messaging.PageQuery{Limit: 100, Author: domain.NewID[domain.EntityID]()}, nil},
	}
	for _, tt := range tests {
		tt.q.Channel = list[0].ChannelID
		page, err := k.log().Page(k.Context(), tt.q)
		k.must(err)
		if got := seqs(page); len(got) != len(tt.want) {
			k.Errorf("%s: numbers are %v, want %v", tt.name, got, tt.want)
			continue
		}
		k.wantNumbers(seqs(page), tt.want...)
	}
}

func pageWalk(k *kit) {
	list, _ := k.history()
	steps := map[string]func(*messaging.PageQuery, messaging.Message){
		"number": func(q *messaging.PageQuery, last messaging.Message) { q.BeforeSeq = last.Seq },
		"time":   func(q *messaging.PageQuery, last messaging.Message) { q.Before = last.CreatedAt },
	}
	for name, step := range steps {
		q := messaging.PageQuery{Channel: list[0].ChannelID, Limit: 3}
		var got []int64
		for {
			page, err := k.log().Page(k.Context(), q)
			k.must(err)
			if len(page) == 0 {
				break
			}
			got = append(got, seqs(page)...)
			step(&q, page[len(page)-1])
		}
		k.Log("pages by", name)
		k.wantNumbers(got, 10, 8, 7, 6, 5, 3, 2, 1)
	}
}

func pageAbsent(k *kit) {
	for name, list := range k.everyList(domain.NewID[domain.ChannelID]()) {
		if len(list) != 0 {
			k.Errorf("%s has %d messages", name, len(list))
		}
	}
}

func pageOthers(k *kit) {
	before, own, after := k.channel().ID, k.channel().ID, k.channel().ID
	for _, channel := range []domain.ChannelID{after, own, before} {
		k.posts(channel, 3)
	}
	for name, list := range k.everyList(own) {
		if len(list) != 3 {
			k.Errorf("%s has %d messages", name, len(list))
		}
		for _, m := range list {
			if m.ChannelID != own {
				k.Errorf("%s shows a message of channel %s", name, m.ChannelID)
			}
		}
	}
}

// sinceCases are the cases of catch-up.
func sinceCases() []testCase {
	return []testCase{
		{"since is bounded by numbers and limit", sinceBounds},
		{"since in steps misses nothing", sinceWalk},
	}
}

func sinceBounds(k *kit) {
	list, _ := k.history() // numbers 4 and 9 became 11 and 12
	tests := []struct {
		name        string
		after, upto int64
		limit       int
		want        []int64
	}{
		{"all", 0, 12, 100, []int64{1, 2, 3, 5, 6, 7, 8, 10, 11, 12}},
		{"limit", 0, 12, 3, []int64{1, 2, 3}},
		{"after", 8, 12, 100, []int64{10, 11, 12}},
		{"up to", 5, 11, 100, []int64{6, 7, 8, 10, 11}},
		{"superseded only", 3, 4, 100, nil},
		{"empty window", 5, 5, 100, nil},
		{"window the wrong way round", 8, 5, 100, nil},
		{"behind the head", 12, 100, 100, nil},
		{"beyond all numbers", 11, 1 << 40, 100, []int64{12}},
		{"below all numbers", -5, 2, 100, []int64{1, 2}},
	}
	for _, tt := range tests {
		events, err := k.log().Since(k.Context(), list[0].ChannelID, tt.after, tt.upto, tt.limit)
		k.must(err)
		if len(events) != len(tt.want) {
			k.Errorf("%s: numbers are %v, want %v", tt.name, revs(events), tt.want)
			continue
		}
		k.wantNumbers(revs(events), tt.want...)
	}
}

func sinceWalk(k *kit) {
	list, _ := k.history()
	var got []int64
	for after := int64(0); ; {
		events, err := k.log().Since(k.Context(), list[0].ChannelID, after, k.head(list[0].ChannelID), 4)
		k.must(err)
		if len(events) == 0 {
			break
		}
		got = append(got, revs(events)...)
		after = events[len(events)-1].Rev
	}
	k.wantNumbers(got, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12)
}
