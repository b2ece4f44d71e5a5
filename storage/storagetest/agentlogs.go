package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/agents"
)

// newEntry returns an entry of an agent's log with every field set.
func newEntry(agent domain.AgentID) agents.LogEntry {
	body, _ := json.Marshal(map[string]string{"text": oddText})
	return agents.LogEntry{
		ID: domain.NewID[domain.LogID](), AgentID: agent, EntityID: domain.NewID[domain.EntityID](), AuthorID: domain.NewID[domain.EntityID](),
		RoomID: domain.NewID[domain.RoomID](), Type: "useModel:TEXT_LARGE", Model: "TEXT_LARGE", Failed: true, Body: body, CreatedAt: now(),
		Origin: agents.LogOrigin{Message: domain.NewID[domain.MessageID](), Channel: domain.NewID[domain.ChannelID](), At: now().Add(-time.Second)},
	}
}

// agentLogCases are the cases of agents' logs.
func agentLogCases() []testCase {
	return []testCase{
		{"log entry keeps every field", logRoundTrip},
		{"log is paged from both ends", logPages},
		{"log is filtered", logFilters},
		{"log entry is deleted, of its own agent only", logDeleted},
		{"log is trimmed from its old end, in pieces", logTrimmed},
		{"log entries about a channel are erased by time, in pieces", logErased},
		{"log entries of many writers are all there", logRace},
		{"log entries without a caller are not stored", logCanceled},
	}
}

// entries stores entries of an agent, which are returned oldest first.
func (k *kit) entries(agent domain.AgentID, n int, change func(i int, e *agents.LogEntry)) []agents.LogEntry {
	k.Helper()
	list := make([]agents.LogEntry, n)
	for i := range list {
		list[i] = newEntry(agent)
		if change != nil {
			change(i, &list[i])
		}
	}
	k.must(k.logs().AppendLogs(k.Context(), list))
	return list
}

// found reads entries and ends the case unless they are the wanted ones, in order.
func (k *kit) found(q agents.LogQuery, want ...agents.LogEntry) {
	k.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	got, err := k.logs().Logs(k.Context(), q)
	k.must(err)
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		k.Fatalf(" got %+v\nwant %+v", got, want)
	}
}

func logRoundTrip(k *kit) {
	id := domain.NewID[domain.AgentID]()
	list := k.entries(id, 1, nil)
	k.found(agents.LogQuery{AgentID: id}, list...)
	k.found(agents.LogQuery{AgentID: domain.NewID[domain.AgentID]()})
	k.must(k.logs().AppendLogs(k.Context(), nil))
	k.must(k.logs().AppendLogs(k.Context(), list)) // a repeat stores nothing
	k.found(agents.LogQuery{AgentID: id}, list...)
}

func logPages(k *kit) {
	id := domain.NewID[domain.AgentID]()
	list := k.entries(id, 5, nil)
	newest := slices.Clone(list)
	slices.Reverse(newest)
	k.found(agents.LogQuery{AgentID: id}, newest...)
	k.found(agents.LogQuery{AgentID: id, Limit: 2}, newest[:2]...)
	k.found(agents.LogQuery{AgentID: id, Limit: 2, Before: newest[1].ID}, newest[2:4]...)
	k.found(agents.LogQuery{AgentID: id, Before: list[0].ID})
	k.found(agents.LogQuery{AgentID: id, Limit: 2, After: list[1].ID}, list[2:4]...)
	k.found(agents.LogQuery{AgentID: id, After: list[4].ID})
}

func logFilters(k *kit) {
	id := domain.NewID[domain.AgentID]()
	began := now()
	list := k.entries(id, 4, func(i int, e *agents.LogEntry) {
		e.CreatedAt = began.Add(time.Duration(i) * time.Second)
		if i == 1 {
			e.Type = "action"
		}
	})
	nowhere, nobody := domain.NewID[domain.RoomID](), domain.NewID[domain.EntityID]()
	k.found(agents.LogQuery{AgentID: id, Type: "action"}, list[1])
	k.found(agents.LogQuery{AgentID: id, Type: "act"})
	k.found(agents.LogQuery{AgentID: id, Rooms: []domain.RoomID{nowhere, list[2].RoomID}}, list[2])
	k.found(agents.LogQuery{AgentID: id, Rooms: []domain.RoomID{nowhere}})
	k.found(agents.LogQuery{AgentID: id, Entities: []domain.EntityID{list[3].EntityID, nobody}}, list[3])
	k.found(agents.LogQuery{AgentID: id, Entities: []domain.EntityID{list[3].AuthorID}}, list[3])
	k.found(agents.LogQuery{AgentID: id, From: list[1].CreatedAt, To: list[2].CreatedAt}, list[2], list[1])
	k.found(agents.LogQuery{AgentID: id, From: list[1].CreatedAt, After: list[1].ID, Type: list[2].Type, Limit: 1}, list[2])
}

func logDeleted(k *kit) {
	id := domain.NewID[domain.AgentID]()
	list := k.entries(id, 2, nil)
	k.must(k.logs().DeleteLog(k.Context(), domain.NewID[domain.AgentID](), list[0].ID))
	k.found(agents.LogQuery{AgentID: id}, list[1], list[0])
	for range 2 {
		k.must(k.logs().DeleteLog(k.Context(), id, list[0].ID))
		k.found(agents.LogQuery{AgentID: id}, list[1])
	}
}

func logTrimmed(k *kit) {
	id, other := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	list, others := k.entries(id, 7, nil), k.entries(other, 1, nil)
	for _, want := range []int{3, 2, 0} {
		if n, err := k.logs().TrimLogs(k.Context(), id, 2, 3); err != nil || n != want {
			k.Fatalf("%d entries trimmed, want %d, %v", n, want, err)
		}
		if want == 3 {
			k.found(agents.LogQuery{AgentID: id}, list[6], list[5], list[4], list[3])
		}
	}
	k.found(agents.LogQuery{AgentID: id}, list[6], list[5])
	if n, err := k.logs().TrimLogs(k.Context(), id, 0, 10); err != nil || n != 2 {
		k.Fatalf("%d entries trimmed, %v", n, err)
	}
	k.found(agents.LogQuery{AgentID: id})
	k.found(agents.LogQuery{AgentID: other}, others...)
}

func logRace(k *kit) {
	id := domain.NewID[domain.AgentID]()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if err := k.logs().AppendLogs(k.Context(), []agents.LogEntry{newEntry(id), newEntry(id)}); err != nil {
				k.Error(err)
			}
		})
	}
	group.Wait()
	got, err := k.logs().Logs(k.Context(), agents.LogQuery{AgentID: id, Limit: 100})
	if err != nil || len(got) != 40 {
		k.Fatalf("%d entries, %v", len(got), err)
	}
}

func logCanceled(k *kit) {
	id := domain.NewID[domain.AgentID]()
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	if err := k.logs().AppendLogs(ctx, []agents.LogEntry{newEntry(id)}); !errors.Is(err, context.Canceled) {
		k.Fatalf("error is %v", err)
	}
	k.found(agents.LogQuery{AgentID: id})
}

func logErased(k *kit) {
	id, channel, start := domain.NewID[domain.AgentID](), domain.NewID[domain.ChannelID](), now()
	about := func(i int, e *agents.LogEntry) {
		e.CreatedAt = start.Add(time.Duration(i) * time.Minute)
		e.Origin = agents.LogOrigin{Message: e.Origin.Message, Channel: channel, At: e.CreatedAt.Add(-time.Second)}
	}
	list := k.entries(id, 6, about)
	other := k.entries(id, 1, nil)
	bare := k.entries(id, 1, func(_ int, e *agents.LogEntry) { e.Origin = agents.LogOrigin{} })
	erase := func(want int, limit int, d agents.LogSelection) {
		k.Helper()
		if n, err := k.logs().EraseLogs(k.Context(), d, limit); err != nil || n != want {
			k.Fatalf("%+v erased %d, %v; want %d", d, n, err, want)
		}
	}
	erase(0, 10, agents.LogSelection{})
	erase(0, 10, agents.LogSelection{Channel: domain.NewID[domain.ChannelID]()})
	erase(1, 10, agents.LogSelection{Channel: channel, Since: list[5].CreatedAt})
	erase(1, 10, agents.LogSelection{Channel: channel, Upto: list[0].Origin.At})
	k.found(agents.LogQuery{AgentID: id}, slices.Concat(bare, other, []agents.LogEntry{list[4], list[3], list[2], list[1]})...)
	erase(3, 3, agents.LogSelection{Channel: channel})
	erase(1, 3, agents.LogSelection{Channel: channel})
	k.found(agents.LogQuery{AgentID: id}, slices.Concat(bare, other)...)
}
