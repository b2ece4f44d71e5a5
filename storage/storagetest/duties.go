package storagetest

import (
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// dutyCases are the cases of agents' duties.
func dutyCases() []testCase {
	return []testCase{
		{"duties come in order, page by page", dutyOrder},
		{"duty is finished one by one", dutyFinish},
		{"duty of an unknown message is not found", dutyAbsent},
		{"duties finished at once are all gone", dutyRace},
		{"next duty is the one with the lowest number", dutyNext},
	}
}

// duties lists the open duties of a channel, read page by page.
func (k *kit) duties(channel domain.ChannelID, limit int) []messaging.Message {
	k.Helper()
	var own []messaging.Message
	var cursor messaging.DutyCursor
	for {
		page, err := k.log().Duties(k.Context(), cursor, limit)
		k.must(err)
		if len(page) == 0 {
			return own
		}
		if len(page) > limit {
			k.Fatalf("%d duties with limit %d", len(page), limit)
		}
		for _, m := range page {
			if cursor.CreatedAt.After(m.CreatedAt) || cursor.CreatedAt.Equal(m.CreatedAt) && cursor.ID >= m.ID {
				k.Fatalf("%s at %s comes after %s at %s", m.ID, m.CreatedAt, cursor.ID, cursor.CreatedAt)
			}
			cursor = messaging.DutyCursor{CreatedAt: m.CreatedAt, ID: m.ID}
			if m.ChannelID == channel {
				own = append(own, m)
			}
		}
	}
}

// owed stores n messages of a channel that await the agents.
func (k *kit) owed(channel domain.ChannelID, n int, agents ...domain.AgentID) []messaging.Message {
	k.Helper()
	list := make([]messaging.Message, n)
	for i := range list {
		m := newMessage(channel)
		m.Awaiting = agents
		list[i] = k.append(m)
	}
	return list
}

func dutyOrder(k *kit) {
	channel := k.channel().ID
	agent := domain.NewID[domain.AgentID]()
	want := k.owed(channel, 7, agent)
	k.posts(channel, 2)
	for _, limit := range []int{1000, 5} {
		got := k.duties(channel, limit)
		if len(got) != len(want) {
			k.Fatalf("%d duties with limit %d, want %d", len(got), limit, len(want))
		}
		for i := range got {
			k.same(got[i], want[i])
		}
	}
	last := want[len(want)-1]
	rest, err := k.log().Duties(k.Context(), messaging.DutyCursor{CreatedAt: last.CreatedAt.Add(time.Hour)}, 10)
	k.must(err)
	if len(rest) != 0 {
		k.Errorf("%d duties of the future", len(rest))
	}
}

func dutyFinish(k *kit) {
	channel := k.channel().ID
	a, b := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	m := k.owed(channel, 1, a, b)[0]
	finish := func(agent domain.AgentID, want int) {
		k.Helper()
		left, err := k.log().FinishDuty(k.Context(), channel, m.ID, agent)
		k.must(err)
		if left != want {
			k.Fatalf("%d are left, want %d", left, want)
		}
	}
	finish(domain.NewID[domain.AgentID](), 2)
	finish(a, 1)
	finish(a, 1)
	open := k.duties(channel, 100)
	if len(open) != 1 || !slices.Equal(open[0].Awaiting, []domain.AgentID{b}) {
		k.Fatalf("open duties are %+v", open)
	}
	finish(b, 0)
	finish(b, 0)
	if open := k.duties(channel, 100); len(open) != 0 {
		k.Errorf("%d duties are left", len(open))
	}
	read, err := k.log().Message(k.Context(), channel, m.ID)
	k.must(err)
	m.Awaiting = nil
	k.same(read, m)
}

func dutyAbsent(k *kit) {
	agent := domain.NewID[domain.AgentID]()
	m := k.owed(k.channel().ID, 1, agent)[0]
	for _, channel := range []domain.ChannelID{k.channel().ID, domain.NewID[domain.ChannelID]()} {
		_, err := k.log().FinishDuty(k.Context(), channel, m.ID, agent)
		k.wantCode(err, domain.NotFound)
	}
	_, err := k.log().FinishDuty(k.Context(), m.ChannelID, domain.NewID[domain.MessageID](), agent)
	k.wantCode(err, domain.NotFound)
}

func dutyRace(k *kit) {
	channel := k.channel().ID
	agents := make([]domain.AgentID, racers)
	for i := range agents {
		agents[i] = domain.NewID[domain.AgentID]()
	}
	m := k.owed(channel, 1, agents...)[0]
	seen := make([]int, racers)
	var all sync.WaitGroup
	for i, agent := range agents {
		all.Go(func() {
			var err error
			if seen[i], err = k.log().FinishDuty(k.Context(), channel, m.ID, agent); err != nil {
				k.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(seen)
	for i, left := range seen {
		if left != i {
			k.Fatalf("what was left is %v", seen)
		}
	}
}

func dutyNext(k *kit) {
	channel, other := k.channel().ID, k.channel().ID
	a, b := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	next := func(agent domain.AgentID, channel domain.ChannelID) (messaging.Message, error) {
		return k.agents().NextDuty(k.Context(), agent, channel)
	}
	_, err := next(a, channel)
	k.wantCode(err, domain.NotFound)
	_, err = next(a, domain.NewID[domain.ChannelID]())
	k.wantCode(err, domain.NotFound)

	k.posts(channel, 2)
	k.owed(channel, 1, b)
	list := k.owed(channel, 3, a, b)
	elsewhere := k.owed(other, 1, a)[0]
	for _, want := range list {
		got, err := next(a, channel)
		k.must(err)
		k.same(got, want)
		_, err = k.log().FinishDuty(k.Context(), channel, want.ID, a)
		k.must(err)
	}
	_, err = next(a, channel)
	k.wantCode(err, domain.NotFound)
	got, err := next(a, other)
	k.must(err)
	k.same(got, elsewhere)
	got, err = next(b, channel)
	k.must(err)
	if got.Seq != 3 {
		k.Errorf("the other agent's next duty is %d", got.Seq)
	}
}
