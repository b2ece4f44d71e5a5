package agents_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/models"
)

// gossip answers by calling the other agents by name, as models do.
func gossip(names ...string) *model {
	return &model{reply: func(_ context.Context, p models.Prompt) (models.Completion, error) {
		return models.Completion{Text: fmt.Sprintf("%s asks %v: what do you think?", p.Character.Name, names)}, nil
	}}
}

// authors are who wrote the channel's messages, oldest first.
func (h *house) authors(channel domain.ChannelID) []domain.EntityID {
	var list []domain.EntityID
	for _, m := range slices.Backward(h.page(channel)) {
		list = append(list, m.AuthorID)
	}
	return list
}

func TestSeveralAgentsInAGroupDoNotTalkInChorus(t *testing.T) {
	h := newHouse(t)
	smith := h.seed("Smith", true)
	h.run(echo())
	channel := h.channel(messaging.TypeGroup, eliza, smith)
	want := []domain.EntityID{ann}
	expect := func(answers int, who ...domain.AgentID) {
		t.Helper()
		for _, id := range who {
			want = append(want, domain.EntityID(id))
		}
		eventually(t, "all duties are done", func() bool { return h.duties() == 0 })
		if got := h.authors(channel); !slices.Equal(got, want) || len(who) != answers {
			t.Fatalf("authors %v, want %v", got, want)
		}
		want = append(want, ann)
	}
	h.say(channel, "Good morning")
	expect(1, eliza) // the first of the channel
	h.say(channel, "@Smith how are you")
	expect(1, smith)
	h.say(channel, "And the weather")
	expect(1, smith) // who spoke last
	h.say(channel, "What does eliza think of it")
	expect(1, eliza)
	h.say(channel, "Eliza, be quiet")
	expect(1, eliza) // it was called
	h.say(channel, "So then")
	expect(1, smith) // the other one was told to be quiet
	h.say(channel, "You too, Smith, be quiet")
	expect(1, smith)
	h.say(channel, "At last")
	expect(0)
}

func TestAgentsThatCallOneAnotherComeToAnEnd(t *testing.T) {
	h := newHouse(t)
	smith, jones := h.seed("Smith", true), h.seed("Jones", true)
	h.run(gossip("Eliza", "Smith", "Jones"), func(o *agents.RunnerOptions) { o.Workers = 1 })
	channel := h.channel(messaging.TypeGroup, eliza, smith, jones)
	for round := range 2 {
		h.say(channel, fmt.Sprintf("Eliza, Smith, Jones: round %d", round))
		eventually(t, "all duties are done", func() bool { return h.duties() == 0 })
	}
	run, longest := 0, 0
	for _, author := range h.authors(channel) {
		if run++; author == ann {
			run = 0
		}
		longest = max(longest, run)
	}
	if longest < 3 || longest > 6 {
		t.Errorf("%d agent messages in a row", longest)
	}
}
