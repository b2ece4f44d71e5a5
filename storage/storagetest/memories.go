package storagetest

import (
	"context"
	"reflect"
	"slices"
	"time"

	"parley/domain"
	"parley/domain/memory"
)

// memory is the store of what agents know.
func (k *kit) memory() memory.Store { return k.set.Memory }

// memoryCases are the cases of memories.
func memoryCases() []testCase {
	return []testCase{
		{"memory keeps every field", memoryRoundTrip},
		{"memory that exists stays as it is", memoryOnce},
		{"memory of the same id belongs to each agent apart", memoryPerAgent},
		{"unknown memory is not found", memoryAbsent},
		{"memories are listed newest first, those of one moment in one order", memoryOrder},
		{"memories are found by table, room, world and entity", memoryFilters},
		{"memories are bounded by time, both bounds exclusive", memoryTimes},
		{"page of memories ends early when it is large", memoryBytes},
		{"memories are counted up to a bound", memoryCount},
		{"embedding is read only where it is asked for", memoryEmbedding},
		{"change of a memory keeps the rest of it", memoryUpdate},
		{"of many who store a memory one does", memoryRace},
		{"memories of a message and of a channel up to a time go, whoever has them", memoryOrigins},
		{"memories go batch by batch, of a room and a table", memorySelections},
		{"memory call whose context has ended changes nothing", memoryContext},
	}
}

// newMemory returns a memory with every field set that is not stored.
func newMemory(agent domain.AgentID) memory.Memory {
	return memory.Memory{
		ID: domain.NewID[domain.MemoryID](), AgentID: agent, Table: "messages", RoomID: domain.NewID[domain.RoomID](),
		WorldID: domain.NewID[domain.WorldID](), EntityID: domain.NewID[domain.EntityID](), Content: metadata(),
		Metadata: metadata(), Unique: true, Embedding: []float32{0.1, -2.5e-7, 3}, CreatedAt: now(),
		Origin: memory.Origin{Message: domain.NewID[domain.MessageID](), Channel: domain.NewID[domain.ChannelID](), At: now()},
	}
}

// put stores memories, all of which must be new.
func (k *kit) put(list ...memory.Memory) {
	k.Helper()
	created, err := k.memory().Put(k.Context(), memory.Scene{Memories: list})
	k.must(err)
	if len(created) != len(list) || slices.Contains(created, false) {
		k.Fatalf("created %v of %d", created, len(list))
	}
}

// memoriesOf returns the ids of the memories of a query.
func (k *kit) memoriesOf(q memory.Query) []domain.MemoryID {
	k.Helper()
	page, err := k.memory().Memories(k.Context(), q)
	k.must(err)
	return ids(page.Memories)
}

// ids lists the ids of memories.
func ids(list []memory.Memory) []domain.MemoryID {
	out := []domain.MemoryID{}
	for _, m := range list {
		out = append(out, m.ID)
	}
	return out
}

// count counts the memories of a query.
func (k *kit) count(q memory.Query) int {
	k.Helper()
	n, err := k.memory().Count(k.Context(), q, 1000)
	k.must(err)
	return n
}

func memoryRoundTrip(k *kit) {
	want := newMemory(domain.NewID[domain.AgentID]())
	k.put(want)
	got, err := k.memory().Memory(k.Context(), want.AgentID, want.ID)
	k.must(err)
	if !reflect.DeepEqual(got, want) {
		k.Fatalf(" got %+v\nwant %+v", got, want)
	}
	bare := memory.Memory{ID: domain.NewID[domain.MemoryID](), AgentID: want.AgentID, Table: "facts", CreatedAt: now()}
	k.put(bare)
	got, err = k.memory().Memory(k.Context(), bare.AgentID, bare.ID)
	k.must(err)
	if !reflect.DeepEqual(got, bare) {
		k.Fatalf(" got %+v\nwant %+v", got, bare)
	}
}

func memoryOnce(k *kit) {
	first := newMemory(domain.NewID[domain.AgentID]())
	k.put(first)
	again, other := newMemory(first.AgentID), newMemory(first.AgentID)
	again.ID = first.ID
	created, err := k.memory().Put(k.Context(), memory.Scene{Memories: []memory.Memory{again, other}})
	k.must(err)
	if !slices.Equal(created, []bool{false, true}) {
		k.Errorf("created %v", created)
	}
	got, err := k.memory().Memory(k.Context(), first.AgentID, first.ID)
	k.must(err)
	if !reflect.DeepEqual(got, first) {
		k.Errorf(" got %+v\nwant %+v", got, first)
	}
}

func memoryPerAgent(k *kit) {
	one := newMemory(domain.NewID[domain.AgentID]())
	two := newMemory(domain.NewID[domain.AgentID]())
	two.ID = one.ID
	k.put(one)
	k.put(two)
	gone, err := k.memory().DeleteMemories(k.Context(), memory.Selection{Agent: one.AgentID, ID: one.ID}, 10)
	k.must(err)
	want := []memory.Ref{{AgentID: one.AgentID, ID: one.ID, RoomID: one.RoomID, Table: one.Table}}
	if !reflect.DeepEqual(gone, want) {
		k.Errorf("gone are %+v", gone)
	}
	_, err = k.memory().Memory(k.Context(), two.AgentID, two.ID)
	k.must(err)
}

func memoryAbsent(k *kit) {
	agent, id := domain.NewID[domain.AgentID](), domain.NewID[domain.MemoryID]()
	_, err := k.memory().Memory(k.Context(), agent, id)
	k.wantCode(err, domain.NotFound)
	_, err = k.memory().UpdateMemory(k.Context(), agent, id, func(m memory.Memory) (memory.Memory, error) { return m, nil })
	k.wantCode(err, domain.NotFound)
	gone, err := k.memory().DeleteMemories(k.Context(), memory.Selection{Agent: agent, ID: id}, 10)
	k.must(err)
	if len(gone) != 0 {
		k.Errorf("gone are %+v", gone)
	}
}

func memoryOrder(k *kit) {
	agent, at := domain.NewID[domain.AgentID](), now()
	for i := range 6 {
		m := newMemory(agent)
		m.CreatedAt = at.Add(time.Duration(i/2) * time.Second)
		k.put(m)
	}
	q := memory.Query{Agent: agent, Table: "messages", Limit: 10}
	page, err := k.memory().Memories(k.Context(), q)
	k.must(err)
	for i, m := range page.Memories {
		if want := at.Add(time.Duration((5-i)/2) * time.Second); !m.CreatedAt.Equal(want) {
			k.Errorf("memory %d is of %s, want %s", i, m.CreatedAt, want)
		}
	}
	var parts []domain.MemoryID
	for offset := range 6 {
		q.Limit, q.Offset = 1, offset
		parts = append(parts, k.memoriesOf(q)...)
	}
	if !slices.Equal(parts, ids(page.Memories)) {
		k.Errorf("page by page %v\nat once      %v", parts, ids(page.Memories))
	}
}

func memoryFilters(k *kit) {
	agent, at := domain.NewID[domain.AgentID](), now()
	base := newMemory(agent)
	changes := map[string]func(*memory.Memory){
		"table":  func(m *memory.Memory) { m.Table = "facts" },
		"room":   func(m *memory.Memory) { m.RoomID = domain.NewID[domain.RoomID]() },
		"world":  func(m *memory.Memory) { m.WorldID = domain.NewID[domain.WorldID]() },
		"entity": func(m *memory.Memory) { m.EntityID = domain.NewID[domain.EntityID]() },
		"none":   func(*memory.Memory) {},
	}
	by := map[string]domain.MemoryID{}
	for i, name := range []string{"table", "room", "world", "entity", "none"} {
		m := base
		m.ID, m.CreatedAt = domain.NewID[domain.MemoryID](), at.Add(-time.Duration(i)*time.Second)
		changes[name](&m)
		k.put(m)
		by[name] = m.ID
	}
	k.put(newMemory(domain.NewID[domain.AgentID]()))
	for _, tt := range []struct {
		q    memory.Query
		want []string
	}{
		{memory.Query{Table: "facts"}, []string{"table"}},
		{memory.Query{Table: "messages"}, []string{"room", "world", "entity", "none"}},
		{memory.Query{Table: "messages", Room: base.RoomID}, []string{"world", "entity", "none"}},
		{memory.Query{Table: "messages", World: base.WorldID}, []string{"room", "entity", "none"}},
		{memory.Query{Table: "messages", Entity: base.EntityID}, []string{"room", "world", "none"}},
		{memory.Query{Table: "messages", Room: base.RoomID, World: base.WorldID, Entity: base.EntityID}, []string{"none"}},
		{memory.Query{Table: "messages", Entity: base.EntityID, World: base.WorldID}, []string{"room", "none"}},
		{memory.Query{Table: "nothing"}, nil},
	} {
		tt.q.Agent, tt.q.Limit = agent, 10
		want := []domain.MemoryID{}
		for _, name := range tt.want {
			want = append(want, by[name])
		}
		if got := k.memoriesOf(tt.q); !slices.Equal(got, want) {
			k.Errorf("%+v\n gave %v\n want %v", tt.q, got, want)
		}
		if n := k.count(tt.q); n != len(want) {
			k.Errorf("%+v: counted %d, want %d", tt.q, n, len(want))
		}
	}
	if n := k.count(memory.Query{Agent: agent, Room: base.RoomID}); n != 4 {
		k.Errorf("the room has %d memories of all tables", n)
	}
}

func memoryTimes(k *kit) {
	agent, at := domain.NewID[domain.AgentID](), now()
	list := make([]memory.Memory, 3)
	for i := range list {
		list[i] = newMemory(agent)
		list[i].CreatedAt = at.Add(time.Duration(i) * time.Millisecond)
	}
	k.put(list...)
	for _, tt := range []struct {
		before, after time.Time
		want          []int
	}{
		{time.Time{}, time.Time{}, []int{2, 1, 0}},
		{at.Add(2 * time.Millisecond), time.Time{}, []int{1, 0}},
		{at.Add(time.Millisecond + time.Microsecond), time.Time{}, []int{1, 0}},
		{time.Time{}, at, []int{2, 1}},
		{at.Add(2 * time.Millisecond), at, []int{1}},
		{at, at, nil},
	} {
		want := []domain.MemoryID{}
		for _, i := range tt.want {
			want = append(want, list[i].ID)
		}
		if got := k.memoriesOf(memory.Query{Agent: agent, Table: "messages", Before: tt.before, After: tt.after, Limit: 9}); !slices.Equal(got, want) {
			k.Errorf("before %s, after %s: %v, want %v", tt.before, tt.after, got, want)
		}
	}
}

func memoryBytes(k *kit) {
	agent := domain.NewID[domain.AgentID]()
	for range 3 {
		k.put(newMemory(agent))
	}
	for bytes, want := range map[int]int{0: 3, 1: 1, 1 << 20: 3} {
		page, err := k.memory().Memories(k.Context(), memory.Query{Agent: agent, Table: "messages", Limit: 9, MaxBytes: bytes})
		k.must(err)
		if len(page.Memories) != want || page.Cut != (want < 3) {
			k.Errorf("of %d bytes there are %d memories, cut %v", bytes, len(page.Memories), page.Cut)
		}
	}
}

func memoryCount(k *kit) {
	agent := domain.NewID[domain.AgentID]()
	for range 5 {
		k.put(newMemory(agent))
	}
	for most, want := range map[int]int{3: 3, 5: 5, 9: 5} {
		n, err := k.memory().Count(k.Context(), memory.Query{Agent: agent, Table: "messages"}, most)
		k.must(err)
		if n != want {
			k.Errorf("counted %d up to %d", n, most)
		}
	}
}

func memoryEmbedding(k *kit) {
	m := newMemory(domain.NewID[domain.AgentID]())
	k.put(m)
	for _, asked := range []bool{false, true} {
		page, err := k.memory().Memories(k.Context(), memory.Query{Agent: m.AgentID, Table: m.Table, Limit: 1, Embedding: asked})
		k.must(err)
		if got := page.Memories[0].Embedding; asked && !slices.Equal(got, m.Embedding) || !asked && got != nil {
			k.Errorf("asked %v, got %v", asked, got)
		}
	}
}

func memoryUpdate(k *kit) {
	want := newMemory(domain.NewID[domain.AgentID]())
	k.put(want)
	want.Content = domain.Metadata{"text": []byte(`"other <b>"`)}
	want.Metadata, want.Embedding = domain.Metadata{}, nil
	got, err := k.memory().UpdateMemory(k.Context(), want.AgentID, want.ID, func(m memory.Memory) (memory.Memory, error) {
		m.Content, m.Metadata, m.Embedding, m.Table, m.RoomID = want.Content, want.Metadata, want.Embedding, "stolen", ""
		return m, nil
	})
	k.must(err)
	read, err := k.memory().Memory(k.Context(), want.AgentID, want.ID)
	k.must(err)
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(read, want) {
		k.Errorf(" got %+v\nread %+v\nwant %+v", got, read, want)
	}
	refusal := domain.Errorf(domain.Conflict, "no")
	_, err = k.memory().UpdateMemory(k.Context(), want.AgentID, want.ID, func(m memory.Memory) (memory.Memory, error) { return m, refusal })
	k.wantCode(err, domain.Conflict)
}

func memoryRace(k *kit) {
	m := newMemory(domain.NewID[domain.AgentID]())
	k.oneWinner(func() (bool, error) {
		created, err := k.memory().Put(k.Context(), memory.Scene{Memories: []memory.Memory{m}})
		return err == nil && created[0], err
	})
}

func memoryOrigins(k *kit) {
	at, channel := now(), domain.NewID[domain.ChannelID]()
	one, two := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	message := domain.NewID[domain.MessageID]()
	for _, agent := range []domain.AgentID{one, two} {
		for i, id := range []domain.MessageID{message, domain.NewID[domain.MessageID](), domain.NewID[domain.MessageID]()} {
			m := newMemory(agent)
			m.Origin = memory.Origin{Message: id, Channel: channel, At: at.Add(time.Duration(i) * time.Second)}
			k.put(m)
		}
		m := newMemory(agent)
		m.Origin = memory.Origin{}
		k.put(m)
	}
	left := func() int {
		return k.count(memory.Query{Agent: one, Table: "messages"}) + k.count(memory.Query{Agent: two, Table: "messages"})
	}
	for _, step := range []struct {
		d    memory.Selection
		gone int
	}{
		{memory.Selection{Message: message}, 2},
		{memory.Selection{Message: message}, 0},
		{memory.Selection{Channel: channel, Upto: at}, 0},
		{memory.Selection{Channel: channel, Upto: at.Add(time.Second)}, 2},
		{memory.Selection{Channel: channel}, 2},
		{memory.Selection{Channel: domain.NewID[domain.ChannelID]()}, 0},
	} {
		before := left()
		gone, err := k.memory().DeleteMemories(k.Context(), step.d, 10)
		k.must(err)
		if len(gone) != step.gone || before-left() != step.gone {
			k.Errorf("%+v removed %d, %d fewer are left; want %d", step.d, len(gone), before-left(), step.gone)
		}
	}
	if left() != 2 {
		k.Errorf("%d are left, want those of no message", left())
	}
}

func memorySelections(k *kit) {
	agent, room := domain.NewID[domain.AgentID](), domain.NewID[domain.RoomID]()
	for i := range 9 {
		m := newMemory(agent)
		if i < 6 {
			m.RoomID = room
		}
		m.Table = []string{"messages", "facts", "documents"}[i%3]
		k.put(m)
	}
	for _, step := range []struct {
		d     memory.Selection
		limit int
		gone  int
	}{
		{memory.Selection{Agent: agent, Room: room, Table: "facts"}, 1, 1},
		{memory.Selection{Agent: agent, Room: room, Table: "facts"}, 2, 1},
		{memory.Selection{Agent: agent, Room: room}, 3, 3},
		{memory.Selection{Agent: agent, Room: room}, 3, 1},
		{memory.Selection{Agent: agent, Table: "messages"}, 3, 1},
		{memory.Selection{Agent: agent}, 9, 2},
		{memory.Selection{Agent: agent}, 9, 0},
	} {
		gone, err := k.memory().DeleteMemories(k.Context(), step.d, step.limit)
		k.must(err)
		if len(gone) != step.gone {
			k.Errorf("%+v removed %d, want %d", step.d, len(gone), step.gone)
		}
	}
	_, err := k.memory().DeleteMemories(k.Context(), memory.Selection{}, 9)
	k.wantCode(err, domain.Invalid)
}

func memoryContext(k *kit) {
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	m := newMemory(domain.NewID[domain.AgentID]())
	if _, err := k.memory().Put(ctx, memory.Scene{Memories: []memory.Memory{m}}); !isCanceled(err) {
		k.Errorf("put: %v", err)
	}
	if _, err := k.memory().Memories(ctx, memory.Query{Agent: m.AgentID, Table: m.Table, Limit: 1}); !isCanceled(err) {
		k.Errorf("list: %v", err)
	}
	if _, err := k.memory().DeleteMemories(ctx, memory.Selection{Agent: m.AgentID}, 1); !isCanceled(err) {
		k.Errorf("delete: %v", err)
	}
	_, err := k.memory().Memory(k.Context(), m.AgentID, m.ID)
	k.wantCode(err, domain.NotFound)
}

// isCanceled reports whether err says that the caller went away.
func isCanceled(err error) bool { return domain.IsCode(err, domain.Canceled) }
