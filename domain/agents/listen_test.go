package agents_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// eavesdropper notes what it is told of one agent.
type eavesdropper struct {
	of domain.AgentID

	mu   sync.Mutex
	told []string
	last agents.At
}

// note keeps a word about something that happened.
func (e *eavesdropper) note(at agents.At, word ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told, e.last = append(e.told, fmt.Sprint(word...)), at
}

func (e *eavesdropper) Listens(agent domain.AgentID) bool { return agent == e.of }
func (e *eavesdropper) TurnChanged(s agents.TurnStep)     { e.note(s.At, s.State) }
func (e *eavesdropper) Thought(t agents.Thought)          { e.note(t.At, "thought ", t.Text) }
func (e *eavesdropper) Acted(a agents.Action)             { e.note(a.At, "action ", a.Name, " ", a.Text) }

// heard is what it was told so far.
func (e *eavesdropper) heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.told)
}

func TestAListenerHearsTheStepsOfATurn(t *testing.T) {
	h := newHouse(t)
	ear := &eavesdropper{of: eliza}
	h.run(echo(), func(o *agents.RunnerOptions) { o.Listener = ear })
	question := h.say(h.channel(messaging.TypeDM, eliza), "hello")
	want := []string{"taken", "decided", "thought an echo", "action REPLY You said: hello", "done"}
	eventually(t, "the turn is told", func() bool { return slices.Equal(ear.heard(), want) })
	if at := ear.last; at.AgentID != eliza || at.MessageID != question || at.RunID != agents.NewTurnID(eliza, question) || at.Attempt != 1 || at.Time.IsZero() {
		t.Errorf("the end is at %+v", at)
	}
}

func TestAListenerHearsOfATurnThatIsLeft(t *testing.T) {
	h := newHouse(t)
	ear := &eavesdropper{of: eliza}
	h.runWith(echo(), func(step string) error {
		if step == "append 0" {
			return errors.New("the process died")
		}
		return nil
	}, func(o *agents.RunnerOptions) { o.Listener = ear })
	h.say(h.channel(messaging.TypeDM, eliza), "hello")
	eventually(t, "the turn is left", func() bool { return slices.Contains(ear.heard(), "left") })
}

func TestWhatNobodyHearsIsNotTold(t *testing.T) {
	h := newHouse(t)
	ear := &eavesdropper{of: "somebody else"}
	h.run(echo(), func(o *agents.RunnerOptions) { o.Listener = ear })
	h.say(h.channel(messaging.TypeDM, eliza), "hello")
	h.settle(1)
	if told := ear.heard(); len(told) != 0 {
		t.Error(told)
	}
}
