package storagetest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// searchCases are the cases of looking for messages by their text.
func searchCases() []testCase {
	return []testCase{
		{"search finds all words in any case, newest first", searchWords},
		{"search is bounded by author and time, and comes in pages", searchBounds},
		{"search of a server covers its channels", searchServer},
		{"search among some channels leaves out the others", searchAmong},
		{"search shows nothing deleted or cleared", searchGone},
	}
}

// said stores messages of the texts in a channel.
func (k *kit) said(channel domain.ChannelID, texts ...string) (list []messaging.Message) {
	k.Helper()
	for i, text := range texts {
		m := newMessage(channel)
		m.Content, m.AuthorID = text, domain.EntityID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i%2))
		list = append(list, k.append(m))
	}
	return list
}

// search looks for words in a channel.
func (k *kit) search(q messaging.SearchQuery, words string) messaging.Found {
	k.Helper()
	q.Words = strings.Fields(messaging.Fold(words))
	if q.Limit == 0 {
		q.Limit = 100
	}
	found, err := k.log().Search(k.Context(), q)
	k.must(err)
	return found
}

func searchWords(k *kit) {
	list := k.said(k.channel().ID, "Hello World", "ÄRGER und straße", "100% _under_score", "hello again, Zoë", "Σίσυφος", "back\\slash 'quote'")
	for words, want := range map[string][]int64{
		"hello": {4, 1}, "HELLO world": {1}, "world hell": {1}, "ärger": {2}, "Straße ÄRG": {2}, "zoË": {4}, "%": {3}, "_": {3},
		"ΣΊΣΥΦΟΣ": {5}, "\\": {6}, "'": {6}, "hello missing": {}, "o": {6, 4, 3, 1},
	} {
		found := k.search(messaging.SearchQuery{Channel: list[0].ChannelID}, words)
		k.Log(words)
		k.wantNumbers(seqs(found.Messages), want...)
		if found.Total != len(want) || found.Partial {
			k.Errorf("total %d, partial %v", found.Total, found.Partial)
		}
	}
	k.same(k.search(messaging.SearchQuery{Channel: list[0].ChannelID}, "world").Messages[0], list[0])
	if found := k.search(messaging.SearchQuery{Channel: domain.NewID[domain.ChannelID]()}, "o"); found.Total != 0 || len(found.Messages) != 0 {
		k.Errorf("an unknown channel has %+v", found)
	}
}

func searchBounds(k *kit) {
	texts := make([]string, 10)
	for i := range texts {
		texts[i] = fmt.Sprint("word ", i+1)
	}
	list := k.said(k.channel().ID, texts...)
	at := func(seq int) time.Time { return list[seq-1].CreatedAt }
	tests := []struct {
		name  string
		q     messaging.SearchQuery
		total int
		want  []int64
	}{
		{"limit", messaging.SearchQuery{Limit: 2}, 10, []int64{10, 9}},
		{"offset", messaging.SearchQuery{Limit: 2, Offset: 7}, 10, []int64{3, 2}},
		{"last page", messaging.SearchQuery{Limit: 4, Offset: 8}, 10, []int64{2, 1}},
		{"behind the end", messaging.SearchQuery{Limit: 4, Offset: 80}, 10, nil},
		{"author", messaging.SearchQuery{Author: list[0].AuthorID}, 5, []int64{9, 7, 5, 3, 1}},
		{"from", messaging.SearchQuery{From: at(8)}, 3, []int64{10, 9, 8}},
		{"to", messaging.SearchQuery{To: at(3)}, 2, []int64{2, 1}},
		{"all", messaging.SearchQuery{From: at(2), To: at(7), Author: list[1].AuthorID, Limit: 2}, 3, []int64{6, 4}},
	}
	for _, tt := range tests {
		tt.q.Channel = list[0].ChannelID
		found := k.search(tt.q, "word")
		k.Log(tt.name)
		k.wantNumbers(seqs(found.Messages), tt.want...)
		if found.Total != tt.total {
			k.Errorf("%s: total %d, want %d", tt.name, found.Total, tt.total)
		}
	}
}

func searchServer(k *kit) {
	a, b, other := newChannel(), newChannel(), newChannel()
	b.ServerID = a.ServerID
	for _, c := range []messaging.Channel{a, b, other} {
		_, _, err := k.log().EnsureChannel(k.Context(), c)
		k.must(err)
	}
	first := k.said(a.ID, "one fish", "two fish")
	k.said(other.ID, "no fish")
	for !now().After(first[1].CreatedAt) { // times of different channels rise independently
		runtime.Gosched()
	}
	second := k.said(b.ID, "red fish")
	found := k.search(messaging.SearchQuery{Server: a.ServerID}, "FISH")
	if len(found.Messages) != 3 || found.Total != 3 {
		k.Fatalf("found %+v", found)
	}
	for i, want := range []messaging.Message{second[0], first[1], first[0]} {
		k.same(found.Messages[i], want)
	}
	if found := k.search(messaging.SearchQuery{Server: a.ServerID, Author: first[1].AuthorID}, "fish"); found.Total != 1 {
		k.Errorf("of one author: %+v", found)
	}
	k.clear(a.ID)
	if _, err := k.log().DeleteChannel(k.Context(), b.ID); err != nil {
		k.Fatal(err)
	}
	if found := k.search(messaging.SearchQuery{Server: a.ServerID}, "fish"); found.Total != 0 {
		k.Errorf("after all is gone: %+v", found)
	}
	k.sweep(b.ID, 10)
}

func searchGone(k *kit) {
	list := k.said(k.channel().ID, "a word", "a word", "a word")
	q := messaging.SearchQuery{Channel: list[0].ChannelID}
	k.delete(list[1])
	k.wantNumbers(seqs(k.search(q, "word").Messages), 3, 1)
	k.clear(q.Channel)
	k.said(q.Channel, "another word", "and nothing")
	for range 2 {
		k.wantNumbers(seqs(k.search(q, "word").Messages), 6)
		k.wantNumbers(seqs(k.search(q, "nothing").Messages), 7)
		k.sweep(q.Channel, 10)
	}
}

func searchAmong(k *kit) {
	a, b := newChannel(), newChannel()
	b.ServerID = a.ServerID
	for _, c := range []messaging.Channel{a, b} {
		_, _, err := k.log().EnsureChannel(k.Context(), c)
		k.must(err)
		k.said(c.ID, "one fish", "no bird")
	}
	for name, tt := range map[string]struct {
		among []domain.ChannelID
		want  int
	}{
		"all":       {nil, 2},
		"one":       {[]domain.ChannelID{b.ID}, 1},
		"both":      {[]domain.ChannelID{b.ID, a.ID}, 2},
		"a foreign": {[]domain.ChannelID{domain.NewID[domain.ChannelID]()}, 0},
		"none":      {[]domain.ChannelID{}, 0},
	} {
		found := k.search(messaging.SearchQuery{Server: a.ServerID, Among: tt.among}, "fish")
		if found.Total != tt.want || len(found.Messages) != tt.want {
			k.Errorf("%s: found %+v, want %d", name, found, tt.want)
		}
		for _, m := range found.Messages {
			if tt.among != nil && !slices.Contains(tt.among, m.ChannelID) {
				k.Errorf("%s: found one of channel %s", name, m.ChannelID)
			}
		}
	}
}
