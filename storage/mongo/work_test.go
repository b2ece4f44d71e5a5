package mongo

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.mongodb.org/mongo-driver/v2/bson"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/media"
	"parley/domain/memory"
	"parley/storage/mongo/mongotest"
)

// openTest opens a store until the test ends, on a database of its own unless the options
// name one.
func openTest(t *testing.T, o Options) *Store {
	t.Helper()
	uri := mongotest.URI(t)
	if o.Database == "" {
		o.Database = mongotest.Database(t, uri)
	}
	o.URI, o.Logger = domain.Secret(uri), zerolog.New(zerolog.NewTestWriter(t))
	s, err := open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openReplicas opens two stores on one database, as two processes do.
func openReplicas(t *testing.T) []*Store {
	t.Helper()
	database := mongotest.Database(t, mongotest.URI(t))
	return []*Store{openTest(t, Options{Database: database}), openTest(t, Options{Database: database})}
}

// race lets both stores do something n times each, all at once.
func race(stores []*Store, n int, do func(s *Store, i int)) {
	var all sync.WaitGroup
	for i := range n * len(stores) {
		all.Go(func() { do(stores[i%len(stores)], i) })
	}
	all.Wait()
}

// testAgent is an agent that is not stored.
func testAgent() agents.Agent {
	id := domain.NewID[domain.AgentID]()
	at := floor(time.Now())
	return agents.Agent{ID: id, Character: agents.Character{ID: id, Name: "Agent " + string(id)}, CreatedAt: at, UpdatedAt: at}
}

func TestReplicasLoseNoChangeOfAnAgent(t *testing.T) {
	stores := openReplicas(t)
	a, _, err := stores[0].EnsureAgent(t.Context(), testAgent())
	if err != nil {
		t.Fatal(err)
	}
	race(stores, 10, func(s *Store, i int) {
		_, err := s.UpdateAgent(t.Context(), a.ID, func(a agents.Agent) (agents.Agent, error) {
			settings := map[string]json.RawMessage{fmt.Sprint(i): json.RawMessage("true")}
			for key, value := range a.Character.Settings {
				settings[key] = value
			}
			a.Character.Settings = settings
			return a, nil
		})
		if err == nil && i%5 == 0 {
			err = s.SetDesired(t.Context(), a.ID, true)
		}
		if err != nil {
			t.Error(err)
		}
	})
	got, err := stores[1].Agent(t.Context(), a.ID)
	if err != nil || len(got.Character.Settings) != 20 || !got.Desired {
		t.Errorf("%d of 20 changes are there, desired %v, %v", len(got.Character.Settings), got.Desired, err)
	}
}

func TestReplicasGiveANameToOneAgent(t *testing.T) {
	stores := openReplicas(t)
	var created, refused atomic.Int32
	race(stores, 5, func(s *Store, _ int) {
		a := testAgent()
		a.Character.Name = "Ann"
		_, isNew, err := s.EnsureAgent(t.Context(), a)
		switch {
		case domain.IsCode(err, domain.Conflict):
			refused.Add(1)
		case err != nil || !isNew:
			t.Errorf("created %v, %v", isNew, err)
		default:
			created.Add(1)
		}
	})
	if created.Load() != 1 || refused.Load() != 9 {
		t.Errorf("%d created, %d refused", created.Load(), refused.Load())
	}
}

func TestTurnHasOneWinnerAndTheOthersLateWritesAreRefused(t *testing.T) {
	stores := openReplicas(t)
	agent, message := domain.NewID[domain.AgentID](), domain.NewID[domain.MessageID]()
	turn := agents.Turn{ID: agents.NewTurnID(agent, message), AgentID: agent, MessageID: message, ChannelID: domain.NewID[domain.ChannelID](),
		CreatedAt: time.Now(), UpdatedAt: time.Now()}
	fences := make([]int64, 10)
	var won atomic.Int64
	var winners atomic.Int32
	race(stores, 5, func(s *Store, i int) {
		taken, err := s.TakeTurn(t.Context(), turn)
		if err != nil {
			t.Error(err)
			return
		}
		fences[i] = taken.Fence
		switch err := s.CommitOutcome(t.Context(), turn.ID, taken.Fence, agents.Outcome{Why: fmt.Sprint(taken.Fence)}); {
		case err == nil:
			winners.Add(1)
			won.Store(taken.Fence)
		case !domain.IsCode(err, domain.Conflict):
			t.Error(err)
		}
	})
	seen := map[int64]bool{}
	for _, f := range fences {
		seen[f] = true
	}
	if len(seen) != len(fences) || winners.Load() != 1 {
		t.Fatalf("fences %v, %d winners", fences, winners.Load())
	}
	last, err := stores[0].TakeTurn(t.Context(), turn)
	if err != nil || last.Outcome == nil || last.Outcome.Why != fmt.Sprint(won.Load()) {
		t.Fatalf("%+v with %+v, %v; the outcome is not that of fence %d", last, last.Outcome, err, won.Load())
	}
	if err := stores[1].FinishTurn(t.Context(), turn.ID, won.Load()); !domain.IsCode(err, domain.Conflict) {
		t.Errorf("a late end: %v", err)
	}
	if err := stores[0].FinishTurn(t.Context(), turn.ID, last.Fence); err != nil {
		t.Error(err)
	}
	if err := stores[1].CommitOutcome(t.Context(), turn.ID, last.Fence, agents.Outcome{}); !domain.IsCode(err, domain.Conflict) {
		t.Errorf("an outcome after the end: %v", err)
	}
}

func TestReplicasThatStoreTheSameSceneStoreItOnce(t *testing.T) {
	stores := openReplicas(t)
	agent, at := domain.NewID[domain.AgentID](), floor(time.Now())
	world := memory.World{ID: domain.NewID[domain.WorldID](), AgentID: agent, ServerID: "s", CreatedAt: at}
	room := memory.Room{ID: domain.NewID[domain.RoomID](), AgentID: agent, WorldID: world.ID, ChannelID: domain.NewID[domain.ChannelID](), CreatedAt: at}
	entity := memory.Entity{ID: domain.NewID[domain.EntityID](), AgentID: agent, CreatedAt: at}
	m := memory.Memory{ID: domain.NewID[domain.MemoryID](), AgentID: agent, Table: memory.TableMessages, RoomID: room.ID, CreatedAt: at}
	var created atomic.Int32
	race(stores, 6, func(s *Store, i int) {
		e, r := entity, room
		e.Names = []string{fmt.Sprint("name ", i)}
		if i > 5 {
			r.Name = "named"
		}
		stored, err := s.Put(t.Context(), memory.Scene{Worlds: []memory.World{world}, Rooms: []memory.Room{r}, Entities: []memory.Entity{e},
			Participants: []memory.Participant{{AgentID: agent, RoomID: room.ID, EntityID: e.ID, State: memory.Followed}}, Memories: []memory.Memory{m}})
		if err != nil {
			t.Error(err)
		} else if stored[0] {
			created.Add(1)
		}
	})
	if created.Load() != 1 {
		t.Errorf("the memory was stored %d times", created.Load())
	}
	for _, name := range []string{worldsName, roomsName, entitiesName, followersName, memoriesName} {
		wantDocuments(t, stores[1], name, 1)
	}
	e, errEntity := stores[0].Entity(t.Context(), agent, entity.ID)
	r, errRoom := stores[0].Room(t.Context(), agent, room.ID)
	if errEntity != nil || errRoom != nil || len(e.Names) != 12 || r.Name != "named" {
		t.Errorf("names %q, %v; room %q, %v", e.Names, errEntity, r.Name, errRoom)
	}
}

func TestReplicasThatTakeMessagesOffAFileLetItLeaveOnce(t *testing.T) {
	stores := openReplicas(t)
	f := media.File{ID: domain.NewID[domain.FileID](), Owner: media.Owner{Kind: media.OfChannel, ID: "c"}, Filename: "a", State: media.Stored, CreatedAt: floor(time.Now())}
	if err := stores[0].AddFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	messages := make([]domain.MessageID, 12)
	for i := range messages {
		messages[i] = domain.NewID[domain.MessageID]()
	}
	race(stores, 6, func(s *Store, i int) {
		if found, err := s.AttachFile(t.Context(), f.Owner, f.Filename, media.Ref{MessageID: messages[i], Since: f.CreatedAt}); err != nil || !found {
			t.Error(found, err)
		}
	})
	var left atomic.Int32
	race(stores, 6, func(s *Store, i int) {
		gone, err := s.DetachFile(t.Context(), f.ID, messages[i:i+1])
		if err != nil {
			t.Error(err)
		} else if gone {
			left.Add(1)
		}
	})
	n, err := stores[0].in(filesName).count(t.Context(), bson.D{{Key: "state", Value: media.Leaving}}, 0)
	if left.Load() != 1 || n != 1 || err != nil {
		t.Errorf("%d were told that it left, %d files are leaving, %v", left.Load(), n, err)
	}
}
