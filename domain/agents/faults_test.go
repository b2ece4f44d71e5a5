package agents_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// away is the error of a store that does not answer.
func away() error { return domain.Errorf(domain.Unavailable, "The store is away") }

// flakyStore is a store whose writes on turns fail now and then.
type flakyStore struct {
	agents.Store
	// left is how many calls still fail; forgetful lets a commit through before it fails.
	left      atomic.Int64
	forgetful bool
	calls     atomic.Int64
}

// fails counts a call and reports whether it fails.
func (s *flakyStore) fails() bool {
	s.calls.Add(1)
	return s.left.Add(-1) >= 0
}

// NextDuty fails while it is told to.
func (s *flakyStore) NextDuty(ctx context.Context, a domain.AgentID, c domain.ChannelID) (messaging.Message, error) {
	if !s.forgetful && s.fails() {
		return messaging.Message{}, away()
	}
	return s.Store.NextDuty(ctx, a, c)
}

// TakeTurn fails while it is told to.
func (s *flakyStore) TakeTurn(ctx context.Context, t agents.Turn) (agents.Turn, error) {
	if !s.forgetful && s.fails() {
		return agents.Turn{}, away()
	}
	return s.Store.TakeTurn(ctx, t)
}

// CommitOutcome fails while it is told to; a forgetful store has written it all the same.
func (s *flakyStore) CommitOutcome(ctx context.Context, id agents.TurnID, fence int64, o agents.Outcome) error {
	fails := s.fails()
	if fails && !s.forgetful {
		return away()
	}
	err := s.Store.CommitOutcome(ctx, id, fence, o)
	if fails {
		return away()
	}
	return err
}

func TestAStoreThatFailsForAMomentIsAskedAgain(t *testing.T) {
	h := newHouse(t)
	store := &flakyStore{Store: h.store.Agents}
	store.left.Store(4)
	m := echo()
	h.run(m, func(o *agents.RunnerOptions) { o.Store = store })
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	h.settle(1)
	if len(h.replies(channel)) != 1 || m.called() != 1 {
		t.Errorf("%d replies, %d calls", len(h.replies(channel)), m.called())
	}
}

func TestAnOutcomeThatWasWrittenWithoutOurHearingIsOurs(t *testing.T) {
	h := newHouse(t)
	store := &flakyStore{Store: h.store.Agents, forgetful: true}
	store.left.Store(1)
	m := echo()
	h.run(m, func(o *agents.RunnerOptions) { o.Store = store })
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	h.settle(1)
	if len(h.replies(channel)) != 1 || m.called() != 1 || store.calls.Load() != 2 {
		t.Errorf("%d replies, %d calls of the model, %d of the store", len(h.replies(channel)), m.called(), store.calls.Load())
	}
}

func TestAStoreThatStaysAwayIsLeftToTheSweep(t *testing.T) {
	h := newHouse(t)
	store := &flakyStore{Store: h.store.Agents}
	store.left.Store(1 << 40)
	_, stop := h.run(echo(), func(o *agents.RunnerOptions) { o.Store = store })
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	eventually(t, "it gives up", func() bool { return store.calls.Load() > 0 && h.agents.Lanes() == 0 })
	if n := store.calls.Load(); n > 10 {
		t.Errorf("the store was asked %d times", n)
	}
	stop()
	after := h.again()
	store.left.Store(0)
	after.run(echo(), func(o *agents.RunnerOptions) { o.Store, o.Sweep = store, time.Millisecond })
	after.settle(1)
	if len(h.replies(channel)) != 1 {
		t.Errorf("%d replies", len(h.replies(channel)))
	}
}

// lostChannels is a messaging service that has lost its channels.
type lostChannels struct{ agents.Channels }

// PostReply finds no channel.
func (lostChannels) PostReply(context.Context, messaging.Message) error {
	return domain.Errorf(domain.NotFound, "Channel not found")
}

func TestAReplyThatCannotBePostedDoesNotBlockTheLane(t *testing.T) {
	h := newHouse(t)
	h.run(echo(), func(o *agents.RunnerOptions) { o.Channels = lostChannels{h.messaging} })
	channel := h.channel(messaging.TypeDM, eliza)
	h.say(channel, "hello")
	h.say(channel, "again")
	h.settle(2)
}
