package agents_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/models"
)

func TestAThousandMessagesOverThreeReplicasAreAnsweredOnceAndInOrder(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m := echo()
		all := []*replica{c.replica(m, nil), c.replica(m, nil), c.replica(m, nil)}
		const channels, each = 25, 40
		questions := make([][]domain.MessageID, channels)
		ids := make([]domain.ChannelID, channels)
		for i := range ids {
			ids[i] = c.dm()
		}
		var group sync.WaitGroup
		for i := range channels {
			group.Go(func() {
				for n := range each {
					questions[i] = append(questions[i], all[rand.IntN(len(all))].say(ids[i], fmt.Sprint("message ", n)))
				}
			})
		}
		group.Wait()
		for i := range channels {
			c.answered(ids[i], questions[i]...)
		}
		if n := m.called(); n != channels*each {
			t.Errorf("the model was asked %d times for %d answers", n, channels*each)
		}
		eventually(t, "all ends were told", func() bool {
			n := 0
			for _, r := range all {
				n += len(r.signals.completed())
			}
			return n >= channels*each
		})
		seen := map[domain.MessageID]int{}
		for _, r := range all {
			for _, e := range r.signals.completed() {
				seen[e.MessageID]++
			}
		}
		for _, in := range questions {
			for _, q := range in {
				if seen[q] != 1 {
					t.Errorf("the end of %s was told %d times", q, seen[q])
				}
			}
		}
	})
}

func TestAReplicaThatDiesAtAnyStepIsReplacedByAnother(t *testing.T) {
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			onEach(t, func(t *testing.T, c *cluster) {
				dies := c.replica(echo(), func(r *replica, at string) error {
					if at == step {
						r.dead.Store(true)
						return errKilled
					}
					return nil
				})
				channel := c.dm()
				first := dies.say(channel, "first")
				eventually(t, "it dies", dies.dead.Load)
				lives := c.replica(echo(), nil)
				second := lives.say(channel, "second")
				c.answered(channel, first, second)
			})
		})
	}
}

func TestTheWorkOfADeadReplicaIsTakenOverWithoutASweep(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m, _ := stuck()
		dies := c.replica(m, nil)
		channel := c.dm()
		question := dies.say(channel, "hello")
		eventually(t, "it thinks", func() bool { return m.called() == 1 })
		lives := c.replica(echo(), nil)
		dies.dead.Store(true)
		c.answered(channel, question)
		eventually(t, "the channel hears of the end", func() bool { return len(lives.signals.completed()) == 1 })
	})
}

func TestAReplicaThatWakesAfterItsLeaseRanOutIsFencedOff(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		// It does not hear that its work is canceled, as if its process stood still.
		let := make(chan struct{})
		m := &model{reply: func(_ context.Context, p models.Prompt) (models.Completion, error) {
			<-let
			return models.Completion{Text: "Late: " + p.Question.Text}, nil
		}}
		zombie := c.replica(m, nil)
		channel := c.dm()
		question := zombie.say(channel, "hello")
		eventually(t, "the zombie thinks", func() bool { return m.called() == 1 })
		zombie.dead.Store(true)
		c.replica(echo(), nil)
		c.answered(channel, question)
		zombie.dead.Store(false)
		close(let)
		eventually(t, "the zombie has ended its turn", func() bool { return zombie.agents.Lanes() == 0 })
		replies := c.first.replies(channel)
		if len(replies) != 1 || replies[0].Content != "You said: hello" || len(zombie.signals.completed()) != 0 {
			t.Errorf("replies %+v, the zombie told %+v", replies, zombie.signals.completed())
		}
	})
}

func TestALostLeaseEndsTheWork(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m, _ := stuck()
		slow := c.replica(m, nil)
		channel := c.dm()
		question := slow.say(channel, "hello")
		eventually(t, "it thinks", func() bool { return m.called() == 1 })
		slow.dead.Store(true) // it renews nothing
		other := c.replica(echo(), nil)
		lane := agents.Lane{Agent: eliza, Channel: channel}
		c.answered(channel, question)
		var lease agents.Lease
		eventually(t, "somebody else has the lease", func() bool {
			var err error
			lease, err = other.leases.Acquire(t.Context(), lane)
			return err == nil
		})
		slow.dead.Store(false)
		eventually(t, "it gives up", func() bool {
			_ = lease.Renew(t.Context())
			return slow.agents.Lanes() == 0
		})
	})
}

func TestWithoutLeasesTheStoreAloneGuardsTheAnswers(t *testing.T) {
	c := overRedis(t)
	two := []*replica{c.replica(echo(), nil), c.replica(echo(), nil)}
	c.server.Kill()
	channel := c.dm()
	var questions []domain.MessageID
	for i := range 20 {
		questions = append(questions, two[i%2].say(channel, fmt.Sprint("message ", i)))
	}
	c.answered(channel, questions...)
	c.server.Restart()
	questions = append(questions, two[0].say(channel, "after"))
	c.answered(channel, questions...)
}

func TestRedisThatComesAndGoesLosesAndDoublesNothing(t *testing.T) {
	c := overRedis(t)
	sweep := func(o *agents.RunnerOptions) { o.Sweep = 200 * time.Millisecond }
	all := []*replica{c.replica(echo(), nil, sweep), c.replica(echo(), nil, sweep), c.replica(echo(), nil, sweep)}
	channels := []domain.ChannelID{c.dm(), c.dm(), c.dm(), c.dm()}
	questions := make([][]domain.MessageID, len(channels))
	var done atomic.Bool
	var group sync.WaitGroup
	for i, channel := range channels {
		group.Go(func() {
			for n := 0; !done.Load() && n < 400; n++ {
				questions[i] = append(questions[i], all[rand.IntN(len(all))].say(channel, fmt.Sprint("message ", n)))
			}
		})
	}
	for range 3 { // each restart also loses all that was in it
		c.server.Restart()
		said := len(c.first.page(channels[0]))
		eventually(t, "talk goes on", func() bool { return len(c.first.page(channels[0])) > said || done.Load() })
	}
	done.Store(true)
	group.Wait()
	for i, channel := range channels {
		c.answered(channel, questions[i]...)
	}
}

func TestLostHintsAreFoundByTheSweep(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		silent := c.replica(nil, nil) // it takes messages and has no runner, as if it had died after the append
		channel := c.dm()
		question := silent.say(channel, "hello")
		c.replica(echo(), nil, func(o *agents.RunnerOptions) { o.Sweep = 10 * time.Millisecond })
		c.answered(channel, question)
		next := silent.say(channel, "and again")
		c.answered(channel, question, next)
	})
}

func TestAStopHandsOverWhatIsOpen(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		m, _ := stuck()
		goes := c.replica(m, nil, func(o *agents.RunnerOptions) { o.Workers = 1 })
		goes.hints.lose.Store(true) // so that nobody hears of it before
		channels := []domain.ChannelID{c.dm(), c.dm(), c.dm()}
		for _, channel := range channels {
			goes.say(channel, "hello")
		}
		eventually(t, "it thinks", func() bool { return m.called() == 1 })
		stays := c.replica(echo(), nil)
		eventually(t, "the sweep has left the lane that is worked on", func() bool { return c.first.duties() == 1 })
		eventually(t, "two answers", func() bool { return len(stays.signals.completed()) == 2 })
		for range 3 {
			goes.say(channels[0], "and then")
		}
		goes.hints.lose.Store(false)
		goes.stop()
		eventually(t, "all is answered", func() bool { return c.first.duties() == 0 })
		for i, channel := range channels {
			if want := []int{4, 1, 1}[i]; len(c.first.replies(channel)) != want {
				t.Errorf("channel %d has %d replies", i, len(c.first.replies(channel)))
			}
		}
	})
}

func TestAnAgentWithMuchToDoDoesNotKeepOthersWaiting(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		one := func(o *agents.RunnerOptions) { o.Workers = 1 }
		var order sync.Map
		var n atomic.Int64
		m := &model{reply: func(_ context.Context, p models.Prompt) (models.Completion, error) {
			order.Store(p.Question.Text, n.Add(1))
			return models.Completion{Text: "You said: " + p.Question.Text}, nil
		}}
		r := c.replica(m, nil, one)
		flooded, quiet := c.dm(), c.dm()
		for i := range 30 {
			r.say(flooded, fmt.Sprint("flood ", i))
		}
		r.say(quiet, "quiet")
		eventually(t, "all is answered", func() bool { return c.first.duties() == 0 })
		last, _ := order.Load("flood 29")
		at, _ := order.Load("quiet")
		if at.(int64) >= last.(int64) { //nolint:forcetypeassert // what was stored
			t.Errorf("the quiet channel came %v-th, the flood ended %v-th", at, last)
		}
	})
}
