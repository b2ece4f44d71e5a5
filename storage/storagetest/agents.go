package storagetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"parley/domain"
	"parley/domain/agents"
)

// newAgent returns an agent that is not stored; its name is its own.
func newAgent() agents.Agent {
	id := domain.NewID[domain.AgentID]()
	return agents.Agent{ID: id, Enabled: true, CreatedAt: now(), UpdatedAt: now(), Character: agents.Character{
		ID: id, Name: "Agent " + oddText + string(id), Username: "agent", System: oddText,
		Templates:       map[string]string{"reply": "Say <b>{{name}}</b> & more"},
		Bio:             agents.Bio{Lines: []string{"one line", oddText}},
		MessageExamples: [][]agents.Example{{{Name: "{{user1}}", Content: json.RawMessage(`{"text":"<hi>"}`)}}},
		PostExamples:    []string{"post"}, Topics: []string{"topic"}, Adjectives: []string{"kind"},
		Knowledge: []json.RawMessage{json.RawMessage(`"a fact"`), json.RawMessage(`{"path":"a/b.md"}`)},
		Plugins:   []string{"plugin"},
		Settings:  map[string]json.RawMessage{"model": json.RawMessage(`{"temperature":0.70,"stop":["<end>"]}`)},
		Secrets:   map[string]json.RawMessage{"KEY": json.RawMessage(`"value"`)},
		Style:     agents.Style{All: []string{"short"}, Chat: []string{"warm"}, Post: []string{"dry"}},
	}}
}

// agentCases are the cases of agents.
func agentCases() []testCase {
	return []testCase{
		{"agent keeps every field", agentRoundTrip},
		{"agent whose bio is one text keeps its form", agentBio},
		{"agent is created once", agentOnce},
		{"name of another agent is a conflict", agentName},
		{"unknown agent is not found", agentAbsent},
		{"agents are listed by name", agentOrder},
		{"desired state is stored", agentDesired},
		{"of many who ensure an agent one creates it", agentRace},
		{"of many agents of one name one is created", agentNameRace},
	}
}

func agentRoundTrip(k *kit) {
	want := newAgent()
	stored, created, err := k.agents().EnsureAgent(k.Context(), want)
	k.must(err)
	if !created || !reflect.DeepEqual(stored, want) {
		k.Fatalf("created %v\n got %+v\nwant %+v", created, stored, want)
	}
	read, err := k.agents().Agent(k.Context(), want.ID)
	k.must(err)
	if !reflect.DeepEqual(read, want) {
		k.Fatalf(" got %+v\nwant %+v", read, want)
	}
}

func agentBio(k *kit) {
	want := newAgent()
	want.Character = agents.Character{ID: want.ID, Name: want.Character.Name, Bio: agents.Bio{Lines: []string{"just this"}, Single: true}}
	want.Enabled, want.Desired = false, true
	stored, _, err := k.agents().EnsureAgent(k.Context(), want)
	k.must(err)
	if !reflect.DeepEqual(stored, want) {
		k.Fatalf(" got %+v\nwant %+v", stored, want)
	}
}

func agentOnce(k *kit) {
	first := newAgent()
	_, _, err := k.agents().EnsureAgent(k.Context(), first)
	k.must(err)
	second := newAgent()
	second.ID = first.ID
	for _, again := range []agents.Agent{first, second} {
		stored, created, err := k.agents().EnsureAgent(k.Context(), again)
		k.must(err)
		if created || !reflect.DeepEqual(stored, first) {
			k.Fatalf("created %v\n got %+v\nwant %+v", created, stored, first)
		}
	}
}

func agentName(k *kit) {
	first, second := newAgent(), newAgent()
	_, _, err := k.agents().EnsureAgent(k.Context(), first)
	k.must(err)
	second.Character.Name = first.Character.Name
	_, _, err = k.agents().EnsureAgent(k.Context(), second)
	k.wantCode(err, domain.Conflict)
	_, err = k.agents().Agent(k.Context(), second.ID)
	k.wantCode(err, domain.NotFound)
}

func agentAbsent(k *kit) {
	id := domain.NewID[domain.AgentID]()
	_, err := k.agents().Agent(k.Context(), id)
	k.wantCode(err, domain.NotFound)
	k.wantCode(k.agents().SetDesired(k.Context(), id, true), domain.NotFound)
}

func agentOrder(k *kit) {
	prefix := string(domain.NewID[domain.AgentID]())
	for _, name := range []string{"c", "a", "é", "b"} {
		a := newAgent()
		a.Character.Name = prefix + name
		_, _, err := k.agents().EnsureAgent(k.Context(), a)
		k.must(err)
	}
	list, err := k.agents().Agents(k.Context())
	k.must(err)
	var names []string
	for _, a := range list {
		if name, ours := strings.CutPrefix(a.Character.Name, prefix); ours {
			names = append(names, name)
		}
	}
	if want := []string{"a", "b", "c", "é"}; !slices.Equal(names, want) {
		k.Errorf("names are %v, want %v", names, want)
	}
}

func agentDesired(k *kit) {
	want, _, err := k.agents().EnsureAgent(k.Context(), newAgent())
	k.must(err)
	for _, desired := range []bool{true, true, false} {
		k.must(k.agents().SetDesired(k.Context(), want.ID, desired))
		read, err := k.agents().Agent(k.Context(), want.ID)
		k.must(err)
		if read.UpdatedAt.Before(want.UpdatedAt) {
			k.Errorf("updated %s before %s", read.UpdatedAt, want.UpdatedAt)
		}
		want.Desired, want.UpdatedAt = desired, read.UpdatedAt
		if !reflect.DeepEqual(read, want) {
			k.Fatalf(" got %+v\nwant %+v", read, want)
		}
	}
}

func agentRace(k *kit) {
	id := domain.NewID[domain.AgentID]()
	k.oneWinner(func() (bool, error) {
		a := newAgent()
		a.ID = id
		_, created, err := k.agents().EnsureAgent(k.Context(), a)
		return created, err
	})
}

func agentNameRace(k *kit) {
	name := "Agent " + string(domain.NewID[domain.AgentID]())
	k.oneWinner(func() (bool, error) {
		a := newAgent()
		a.Character.Name = name
		_, created, err := k.agents().EnsureAgent(k.Context(), a)
		if known := domain.AsError(err); known != nil && known.Code == domain.Conflict {
			return false, nil
		}
		return created, err
	})
}

// newTurn returns a turn that is not stored.
func newTurn() agents.Turn {
	agent, message := domain.NewID[domain.AgentID](), domain.NewID[domain.MessageID]()
	return agents.Turn{
		ID: agents.NewTurnID(agent, message), AgentID: agent, ChannelID: domain.NewID[domain.ChannelID](), MessageID: message,
		State: agents.StateTaken, CreatedAt: now(), UpdatedAt: now(),
	}
}

// newOutcome returns an outcome with every field set.
func newOutcome() agents.Outcome {
	return agents.Outcome{Error: "the model said <no> & left", Replies: []agents.Reply{
		{ID: domain.NewID[domain.MessageID](), Text: oddText, Thought: "hm " + oddText, Actions: []string{"REPLY", "IGNORE"}},
		{ID: domain.NewID[domain.MessageID](), Text: "second"},
	}}
}

// turnCases are the cases of turns.
func turnCases() []testCase {
	return []testCase{
		{"turn is created with fence 1 and keeps every field", turnCreated},
		{"turn taken again has a higher fence", turnTaken},
		{"unknown turn is not found", turnAbsent},
		{"outcome keeps every field", turnOutcome},
		{"outcome without replies", turnSilent},
		{"outcome is written once and under its fence only", turnConflicts},
		{"turn that is done keeps its fence", turnDone},
		{"turn taken at once gets different fences", turnRace},
		{"of many who commit an outcome one does", outcomeRace},
	}
}

// take takes a turn.
func (k *kit) take(t agents.Turn) agents.Turn {
	k.Helper()
	taken, err := k.agents().TakeTurn(k.Context(), t)
	k.must(err)
	return taken
}

// turn reads a turn.
func (k *kit) turn(id agents.TurnID) agents.Turn {
	k.Helper()
	t, err := k.agents().Turn(k.Context(), id)
	k.must(err)
	return t
}

func turnCreated(k *kit) {
	want := newTurn()
	got := k.take(want)
	want.Fence = 1
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(k.turn(want.ID), want) {
		k.Fatalf(" got %+v\nwant %+v", got, want)
	}
}

func turnTaken(k *kit) {
	t := newTurn()
	for fence := int64(1); fence <= 3; fence++ {
		if got := k.take(t); got.Fence != fence || got.State != agents.StateTaken || got.Outcome != nil || !got.CreatedAt.Equal(t.CreatedAt) {
			k.Fatalf("take %d gave %+v", fence, got)
		}
	}
	outcome := newOutcome()
	k.must(k.agents().CommitOutcome(k.Context(), t.ID, 3, outcome))
	got := k.take(t)
	if got.Fence != 4 || got.State != agents.StateDecided || !reflect.DeepEqual(got.Outcome, &outcome) {
		k.Fatalf("after the outcome: %+v", got)
	}
}

func turnAbsent(k *kit) {
	id := newTurn().ID
	_, err := k.agents().Turn(k.Context(), id)
	k.wantCode(err, domain.NotFound)
	k.wantCode(k.agents().CommitOutcome(k.Context(), id, 1, newOutcome()), domain.Conflict)
	k.wantCode(k.agents().FinishTurn(k.Context(), id, 1), domain.Conflict)
}

func turnOutcome(k *kit) {
	t := k.take(newTurn())
	want := newOutcome()
	k.must(k.agents().CommitOutcome(k.Context(), t.ID, t.Fence, want))
	got := k.turn(t.ID)
	if got.State != agents.StateDecided || !reflect.DeepEqual(got.Outcome, &want) || got.UpdatedAt.Before(t.UpdatedAt) {
		k.Fatalf("got %+v with outcome %+v", got, got.Outcome)
	}
}

func turnSilent(k *kit) {
	t := k.take(newTurn())
	k.must(k.agents().CommitOutcome(k.Context(), t.ID, t.Fence, agents.Outcome{}))
	got := k.turn(t.ID)
	if got.Outcome == nil || len(got.Outcome.Replies) != 0 || got.Outcome.Error != "" {
		k.Fatalf("outcome is %+v", got.Outcome)
	}
	k.wantCode(k.agents().CommitOutcome(k.Context(), t.ID, t.Fence, newOutcome()), domain.Conflict)
}

func turnConflicts(k *kit) {
	t := newTurn()
	k.take(t)
	k.take(t)
	for _, fence := range []int64{0, 1, 3} {
		k.wantCode(k.agents().CommitOutcome(k.Context(), t.ID, fence, newOutcome()), domain.Conflict)
		k.wantCode(k.agents().FinishTurn(k.Context(), t.ID, fence), domain.Conflict)
	}
	if got := k.turn(t.ID); got.Outcome != nil || got.State != agents.StateTaken {
		k.Fatalf("a refused write left %+v", got)
	}
	first := newOutcome()
	k.must(k.agents().CommitOutcome(k.Context(), t.ID, 2, first))
	k.wantCode(k.agents().CommitOutcome(k.Context(), t.ID, 2, newOutcome()), domain.Conflict)
	if got := k.turn(t.ID); !reflect.DeepEqual(got.Outcome, &first) {
		k.Errorf("outcome is %+v", got.Outcome)
	}
}

func turnDone(k *kit) {
	t, outcome := k.take(newTurn()), newOutcome()
	k.must(k.agents().CommitOutcome(k.Context(), t.ID, 1, outcome))
	k.must(k.agents().FinishTurn(k.Context(), t.ID, 1))
	want, bare := k.turn(t.ID), outcome.Bare()
	if want.State != agents.StateDone || want.Fence != 1 || !reflect.DeepEqual(want.Outcome, &bare) {
		k.Fatalf("got %+v with %+v", want, want.Outcome)
	}
	if got := k.take(t); !reflect.DeepEqual(got, want) {
		k.Errorf("taking a done turn\n got %+v\nwant %+v", got, want)
	}
	k.wantCode(k.agents().CommitOutcome(k.Context(), t.ID, 1, newOutcome()), domain.Conflict)
}

func turnRace(k *kit) {
	t := newTurn()
	fences := make([]int64, racers)
	var all sync.WaitGroup
	for i := range fences {
		all.Go(func() {
			taken, err := k.agents().TakeTurn(k.Context(), t)
			if err != nil {
				k.Error(err)
			}
			fences[i] = taken.Fence
		})
	}
	all.Wait()
	slices.Sort(fences)
	for i, fence := range fences {
		if fence != int64(i+1) {
			k.Fatalf("fences are %v", fences)
		}
	}
}

func outcomeRace(k *kit) {
	t := k.take(newTurn())
	var n atomic.Int32
	var won atomic.Value
	k.oneWinner(func() (bool, error) {
		outcome := agents.Outcome{Error: fmt.Sprint(n.Add(1))}
		err := k.agents().CommitOutcome(k.Context(), t.ID, t.Fence, outcome)
		if known := domain.AsError(err); known != nil && known.Code == domain.Conflict {
			return false, nil
		}
		won.Store(outcome.Error)
		return true, err
	})
	if got := k.turn(t.ID); got.Outcome == nil || got.Outcome.Error != won.Load() {
		k.Errorf("outcome is %+v, the winner's is %v", got.Outcome, won.Load())
	}
}
