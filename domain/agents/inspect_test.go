package agents_test

import (
	"sync/atomic"
	"testing"
	"time"

	"parley/domain/agents"
	"parley/domain/messaging"
)

// of returns what the agent of a name does.
func of(t *testing.T, h *house, name string) agents.Activity {
	t.Helper()
	for _, a := range h.agents.Activity() {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("%s is not listed", name)
	return agents.Activity{}
}

func TestActivityShowsWhatWaitsAndWhatIsAnswered(t *testing.T) {
	h := newHouse(t)
	h.seed("Zoe", false)
	first, second := h.channel(messaging.TypeDM, eliza), h.channel(messaging.TypeDM, eliza)
	h.say(first, "one")
	h.say(second, "two")
	h.say(second, "three")
	if a := of(t, h, "Eliza"); a.ID != eliza || a.Status != agents.Active || a.Pending != 2 || a.InFlight != 0 || a.StartedAt.IsZero() {
		t.Errorf("before: %+v", a)
	}
	if a := of(t, h, "Zoe"); a.Status != agents.Inactive || !a.StartedAt.IsZero() || a.Pending != 0 {
		t.Errorf("an inactive one: %+v", a)
	}
	m, let := talker()
	var turns atomic.Int64
	h.run(m, quick, func(o *agents.RunnerOptions) {
		o.Workers = 1
		o.Observe = func(turned agents.Turned) {
			if turned.Code == "ok" && turned.Duration >= 0 {
				turns.Add(1)
			}
		}
	})
	eventually(t, "one is answered", func() bool { a := of(t, h, "Eliza"); return a.InFlight == 1 && a.Pending == 1 })
	close(let)
	h.settle(3)
	eventually(t, "three turns were counted", func() bool { return turns.Load() == 3 })
	eventually(t, "nothing is left", func() bool { a := of(t, h, "Eliza"); return a.InFlight == 0 && a.Pending == 0 })
}

func TestActivityKnowsWhenAnAgentStarted(t *testing.T) {
	h := newHouse(t)
	zoe := h.seed("Zoe", false)
	began := of(t, h, "Eliza").StartedAt
	before := time.Now()
	if _, err := h.agents.Start(t.Context(), admin, agents.GetRequest{AgentID: zoe}); err != nil {
		t.Fatal(err)
	}
	if at := of(t, h, "Zoe").StartedAt; at.Before(before) || !began.Before(before) {
		t.Errorf("Zoe started at %v, the service at %v, now is %v", at, began, before)
	}
	if _, err := h.agents.Halt(t.Context(), admin, agents.GetRequest{AgentID: zoe}); err != nil {
		t.Fatal(err)
	}
	if at := of(t, h, "Zoe").StartedAt; !at.IsZero() {
		t.Errorf("a stopped agent started at %v", at)
	}
}
