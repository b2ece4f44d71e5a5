package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/agents"
)

// agentChangeCases are the cases of agents that change and go.
func agentChangeCases() []testCase {
	return []testCase{
		{"change of an agent is stored", agentChanged},
		{"change of an unknown agent is not found", agentChangeAbsent},
		{"change that fails changes nothing", agentChangeFails},
		{"name of another agent cannot be taken by a change", agentRename},
		{"of many changes at once none is lost", agentChangeRace},
		{"change without a caller changes nothing", agentChangeCanceled},
		{"deleted agent is gone, and its name is free", agentDeleted},
		{"duties of an agent are found in all channels", agentDuties},
		{"turns of an agent are erased in pieces", agentTurns},
	}
}

// agent stores a new agent.
func (k *kit) agent() agents.Agent {
	k.Helper()
	a, _, err := k.agents().EnsureAgent(k.Context(), newAgent())
	k.must(err)
	return a
}

func agentChanged(k *kit) {
	a := k.agent()
	want := newAgent()
	want.ID, want.CreatedAt, want.UpdatedAt = a.ID, a.CreatedAt, now().Add(time.Hour)
	want.Enabled, want.Desired, want.Leaving = false, true, true
	stored, err := k.agents().UpdateAgent(k.Context(), a.ID, func(before agents.Agent) (agents.Agent, error) {
		if !reflect.DeepEqual(before, a) {
			k.Errorf("change was given %+v", before)
		}
		return want, nil
	})
	k.must(err)
	read, err := k.agents().Agent(k.Context(), a.ID)
	k.must(err)
	if !reflect.DeepEqual(stored, want) || !reflect.DeepEqual(read, want) {
		k.Fatalf(" got %+v\nread %+v\nwant %+v", stored, read, want)
	}
}

func agentChangeAbsent(k *kit) {
	_, err := k.agents().UpdateAgent(k.Context(), domain.NewID[domain.AgentID](), func(a agents.Agent) (agents.Agent, error) {
		k.Error("change was called")
		return a, nil
	})
	k.wantCode(err, domain.NotFound)
}

func agentChangeFails(k *kit) {
	a := k.agent()
	failure := errors.New("no")
	_, err := k.agents().UpdateAgent(k.Context(), a.ID, func(a agents.Agent) (agents.Agent, error) {
		a.Desired = true
		return a, failure
	})
	if !errors.Is(err, failure) {
		k.Fatalf("error is %v", err)
	}
	if read, err := k.agents().Agent(k.Context(), a.ID); err != nil || !reflect.DeepEqual(read, a) {
		k.Fatalf("got %+v, %v", read, err)
	}
}

func agentRename(k *kit) {
	a, other := k.agent(), k.agent()
	rename := func(to string) error {
		_, err := k.agents().UpdateAgent(k.Context(), a.ID, func(a agents.Agent) (agents.Agent, error) {
			a.Character.Name = to
			return a, nil
		})
		return err
	}
	k.wantCode(rename(other.Character.Name), domain.Conflict)
	k.must(rename(a.Character.Name))
	k.must(rename("New " + a.Character.Name))
	again := newAgent()
	again.Character.Name = a.Character.Name
	if _, created, err := k.agents().EnsureAgent(k.Context(), again); err != nil || !created {
		k.Fatalf("the old name is not free: %v", err)
	}
}

func agentChangeRace(k *kit) {
	a := k.agent()
	const writers = 20
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			_, err := k.agents().UpdateAgent(k.Context(), a.ID, func(a agents.Agent) (agents.Agent, error) {
				settings := map[string]json.RawMessage{strconv.Itoa(i): json.RawMessage("true")}
				for key, value := range a.Character.Settings {
					settings[key] = value
				}
				a.Character.Settings = settings
				return a, nil
			})
			if err != nil {
				k.Error(err)
			}
		})
	}
	group.Wait()
	read, err := k.agents().Agent(k.Context(), a.ID)
	k.must(err)
	if got := len(read.Character.Settings) - len(a.Character.Settings); got != writers {
		k.Fatalf("%d of %d changes are there", got, writers)
	}
}

func agentChangeCanceled(k *kit) {
	a := k.agent()
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	_, err := k.agents().UpdateAgent(ctx, a.ID, func(a agents.Agent) (agents.Agent, error) {
		a.Desired = true
		return a, nil
	})
	if !errors.Is(err, context.Canceled) {
		k.Fatalf("error is %v", err)
	}
	if read, err := k.agents().Agent(k.Context(), a.ID); err != nil || read.Desired {
		k.Fatalf("got %+v, %v", read, err)
	}
}

func agentDeleted(k *kit) {
	a := k.agent()
	for range 2 {
		k.must(k.agents().DeleteAgent(k.Context(), a.ID))
		_, err := k.agents().Agent(k.Context(), a.ID)
		k.wantCode(err, domain.NotFound)
	}
	again := newAgent()
	again.Character.Name = a.Character.Name
	if _, created, err := k.agents().EnsureAgent(k.Context(), again); err != nil || !created {
		k.Fatalf("the name is not free: %v", err)
	}
}

func agentDuties(k *kit) {
	id, other := domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()
	want := map[domain.MessageID]domain.ChannelID{}
	for range 3 {
		c := k.channel()
		m := newMessage(c.ID)
		m.Awaiting = []domain.AgentID{other, id}
		want[k.append(m).ID] = c.ID
		k.append(newMessage(c.ID))
	}
	cleared := k.channel()
	m := newMessage(cleared.ID)
	m.Awaiting = []domain.AgentID{id}
	m = k.append(m)
	k.delete(m)
	got, err := k.agents().AgentDuties(k.Context(), id, 10)
	k.must(err)
	found := map[domain.MessageID]domain.ChannelID{}
	for _, m := range got {
		found[m.ID] = m.ChannelID
	}
	if !reflect.DeepEqual(found, want) {
		k.Fatalf("got %v, want %v", found, want)
	}
	if got, err = k.agents().AgentDuties(k.Context(), id, 2); err != nil || len(got) != 2 {
		k.Fatalf("%d duties, %v", len(got), err)
	}
	if got, err = k.agents().AgentDuties(k.Context(), domain.NewID[domain.AgentID](), 2); err != nil || len(got) != 0 {
		k.Fatalf("%d duties of nobody, %v", len(got), err)
	}
}

func agentTurns(k *kit) {
	id := domain.NewID[domain.AgentID]()
	var turns []agents.Turn
	for range 5 {
		t := newTurn()
		t.AgentID = id
		turns = append(turns, k.take(t))
	}
	other := k.take(newTurn())
	for _, want := range []int{2, 2, 1, 0} {
		if n, err := k.agents().EraseTurns(k.Context(), id, 2); err != nil || n != want {
			k.Fatalf("%d turns erased, want %d, %v", n, want, err)
		}
	}
	_, err := k.agents().Turn(k.Context(), turns[0].ID)
	k.wantCode(err, domain.NotFound)
	k.turn(other.ID)
}
