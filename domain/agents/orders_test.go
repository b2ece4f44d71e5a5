package agents_test

import (
	"encoding/json"
	"testing"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

func TestAnAnswerIsStoppedFromAnyReplicaAndKeepsWhatWasSaid(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m, _ := talker()
		works, asks := c.replica(m, nil, quick), c.replica(echo(), nil)
		c.meet(works, asks)
		asks.hints.dead.Store(true) // it takes nothing, so that the other one works
		channel := c.dm()
		question := works.say(channel, "hello")
		works.say(channel, "and then")
		eventually(t, "some chunks", func() bool { return len(works.signals.streamed()) > 3 })
		asks.hints.dead.Store(false)
		out, err := asks.runner.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel})
		if err != nil || out.Stopped != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		eventually(t, "all duties are done", func() bool { return c.first.duties() == 0 })
		replies := c.first.replies(channel)
		if len(replies) != 1 || replies[0].InReplyTo != question || replies[0].Content != text(t, works.signals.streamed()) ||
			!replies[0].Metadata.True("stopped") {
			t.Errorf("replies %+v", replies)
		}
		if out, err := asks.runner.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel}); err != nil || out.Stopped != 0 {
			t.Errorf("a second time: %+v, %v", out, err)
		}
	})
}

func TestAnAnswerOfADeadReplicaIsStoppedAllTheSame(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m, _ := talker()
		dies, asks := c.replica(m, nil, quick), c.replica(nil, nil)
		channel := c.dm()
		dies.say(channel, "hello")
		eventually(t, "some chunks", func() bool { return len(dies.signals.streamed()) > 3 })
		dies.dead.Store(true)
		dies.stop()
		r := asks.house.runner(echo(), func(o *agents.RunnerOptions) { o.Leases = asks.leases })
		if out, err := r.Stop(t.Context(), admin, agents.StopRequest{ChannelID: channel}); err != nil || out.Stopped != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		run(t, r.Run)
		eventually(t, "all duties are done", func() bool { return c.first.duties() == 0 })
		if replies := c.first.replies(channel); len(replies) != 0 {
			t.Errorf("replies %+v", replies)
		}
	})
}

func TestADeletedQuestionCutsItsAnswerOffOnAnyReplica(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m, _ := talker()
		works, deletes := c.replica(m, nil, quick), c.replica(echo(), nil)
		c.meet(works, deletes)
		deletes.hints.dead.Store(true)
		channel := c.dm()
		question := works.say(channel, "hello")
		eventually(t, "some chunks", func() bool { return len(works.signals.streamed()) > 3 })
		deletes.delete(channel, question)
		eventually(t, "the turn ends", func() bool { return len(works.signals.failed()) == 1 })
		if replies := c.first.replies(channel); len(replies) != 0 {
			t.Errorf("replies %+v", replies)
		}
	})
}

func TestChangesOfAgentsReachAllReplicasAndAreToldOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m, _ := talker()
		one, two := c.replica(m, nil, quick), c.replica(echo(), nil)
		c.meet(one, two)
		two.hints.dead.Store(true)
		channel := c.dm()
		one.say(channel, "hello")
		eventually(t, "some chunks", func() bool { return len(one.signals.streamed()) > 3 })
		name := agents.GetRequest{AgentID: eliza}
		if _, err := two.agents.Halt(t.Context(), admin, name); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the agent falls silent", func() bool { return c.first.duties() == 0 })
		if _, running, known := one.agents.AgentState(eliza); running || !known {
			t.Errorf("running %v, known %v", running, known)
		}
		two.hints.dead.Store(false)
		if _, err := one.agents.Start(t.Context(), admin, name); err != nil {
			t.Fatal(err)
		}
		question := two.say(channel, "hello again") // the next call comes to the other replica
		eventually(t, "it is awaited", func() bool {
			found, err := c.first.store.Messaging.Message(t.Context(), channel, question)
			return err == nil && (len(found.Awaiting) > 0 || len(c.first.replies(channel)) > 0)
		})
		view, err := one.agents.Update(t.Context(), admin, agents.UpdateRequest{AgentID: eliza, Body: json.RawMessage(`{"system":"Be brief."}`)})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := two.agents.Get(t.Context(), admin, name); err != nil || got.System != view.System || got.System != "Be brief." {
			t.Errorf("%+v, %v", got, err)
		}
		for _, r := range []*replica{one, two} {
			r.signals.mu.Lock()
			n := len(r.signals.agents)
			r.signals.mu.Unlock()
			if want := map[*replica]int{one: 2, two: 1}[r]; n != want {
				t.Errorf("a replica told of %d changes instead of %d", n, want)
			}
		}
	})
}

func TestAnAgentThatIsDeletedIsGoneOnAllReplicas(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		one, two := c.replica(echo(), nil), c.replica(echo(), nil)
		c.meet(one, two)
		made, err := one.agents.Create(t.Context(), admin, agents.CreateRequest{CharacterJSON: json.RawMessage(`{"name":"Ada","bio":"A visitor."}`)})
		if err != nil {
			t.Fatal(err)
		}
		name := agents.GetRequest{AgentID: made.ID}
		if _, err := two.agents.Get(t.Context(), admin, name); err != nil {
			t.Fatalf("an agent that another replica has made: %v", err)
		}
		for _, r := range []*replica{one, two} {
			remover := agents.NewRemover(agents.RemoverOptions{Agents: r.agents, Store: r.store.Agents, Logs: r.store.AgentLogs, Leases: r.leases})
			run(t, remover.Run)
		}
		if _, err := two.agents.Delete(t.Context(), admin, name); err != nil {
			t.Fatal(err)
		}
		if _, err := one.agents.Get(t.Context(), admin, name); !domain.IsCode(err, domain.NotFound) {
			t.Errorf("a deleted agent: %v", err)
		}
		if _, err := c.first.store.Agents.Agent(t.Context(), made.ID); !domain.IsCode(err, domain.NotFound) {
			t.Errorf("a deleted agent in the store: %v", err)
		}
	})
}

func TestALogIsFollowedOnAnyReplica(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		writes, reads := c.replica(echo(), nil), c.replica(nil, nil)
		run(t, writes.journal.Run)
		run(t, reads.journal.Run)
		woken, end := reads.journal.Watch(eliza)
		defer end()
		channel := c.first.channel(messaging.TypeDM, eliza)
		eventually(t, "who follows the log is woken", func() bool {
			writes.say(channel, "hello")
			eventually(t, "it is answered", func() bool { return c.first.duties() == 0 })
			select {
			case <-woken:
				return true
			default:
				return false
			}
		})
	})
}
