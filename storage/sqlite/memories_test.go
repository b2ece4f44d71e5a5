package sqlite_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"parley/domain"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/storage"
	"parley/storage/sqlite"
)

// memoryTables are the tables of what agents know.
var memoryTables = []string{"worlds", "rooms", "entities", "followers", "memories"}

// stageAgent stores n of everything for an agent.
func stageAgent(t *testing.T, set *storage.Set, agent domain.AgentID, n int) {
	t.Helper()
	var s memory.Scene
	for range n {
		world, room, entity := domain.NewID[domain.WorldID](), domain.NewID[domain.RoomID](), domain.NewID[domain.EntityID]()
		s.Worlds = append(s.Worlds, memory.World{ID: world, AgentID: agent})
		s.Rooms = append(s.Rooms, memory.Room{ID: room, AgentID: agent, WorldID: world, Name: "room"})
		s.Entities = append(s.Entities, memory.Entity{ID: entity, AgentID: agent})
		s.Participants = append(s.Participants, memory.Participant{AgentID: agent, RoomID: room, EntityID: entity})
		s.Memories = append(s.Memories, memory.Memory{ID: domain.NewID[domain.MemoryID](), AgentID: agent, Table: "facts", RoomID: room})
	}
	if _, err := set.Memory.Put(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func TestErasedAgentIsInNoTable(t *testing.T) {
	set := open(t)
	defer closeSet(t, set)
	agent, other := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	stageAgent(t, set, agent, 7)
	stageAgent(t, set, other, 3)
	rows := func(table string, of domain.AgentID) int {
		n, err := sqlite.Count(t.Context(), set, fmt.Sprintf(`SELECT count(*) FROM %s WHERE agent = '%s'`, table, of))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, table := range memoryTables {
		if n := rows(table, agent); n != 7 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	for left, calls := true, 0; left; calls++ {
		var err error
		if left, err = set.Memory.EraseAgent(t.Context(), agent, 4); err != nil || calls > 20 {
			t.Fatal(calls, err)
		}
	}
	for _, table := range memoryTables {
		if gone, left := rows(table, agent), rows(table, other); gone != 0 || left != 3 {
			t.Errorf("%s has %d rows of the agent, %d of the other one", table, gone, left)
		}
	}
}

func TestMessagesGoBeforeMemories(t *testing.T) {
	set := open(t)
	defer closeSet(t, set)
	channel := newChannel(t, set)
	release, err := sqlite.Hold(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	const many = 300
	var written atomic.Int64
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			_, err := set.Memory.Put(t.Context(), memory.Scene{Memories: []memory.Memory{{
				ID: domain.NewID[domain.MemoryID](), AgentID: domain.NewID[domain.AgentID](), Table: "messages"}}})
			if err != nil {
				t.Error(err)
			}
			written.Add(1)
		})
	}
	for sqlite.Late(set) < many {
		runtime.Gosched()
	}
	stored := make(chan int64, 1)
	err = set.Messaging.Append(t.Context(), text(channel, "hello"), func(_ messaging.Appended, err error) {
		if err != nil {
			t.Error(err)
		}
		stored <- written.Load()
	})
	if err != nil {
		t.Fatal(err)
	}
	release()
	if n := <-stored; n > 200 {
		t.Errorf("the message waited for %d memories", n)
	}
	all.Wait()
}
