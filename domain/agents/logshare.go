package agents

import (
	"context"

	"parley/domain"
	"parley/domain/bus"
)

const (
	// grownTopic tells that the log of an agent has grown; a note is the agent's id.
	grownTopic = "agentlogs"
	// erasedKind names what each process knows of channels in which a message was deleted.
	erasedKind = "erased"
)

// hearGrown wakes who watches a log here when another process has made it grow, until the
// returned function is called.
func (j *Journal) hearGrown() (end func()) {
	if j.Agents.orders == nil {
		return func() {}
	}
	return j.Agents.orders.bus.Subscribe(grownTopic, bus.Subscriber{
		Receive: func(payload []byte) { j.wake(domain.AgentID(payload)) },
		Lapsed:  j.wakeAll,
	})
}

// tellGrown lets other processes know that an agent's log has grown. Those who do not hear
// it find what is new with the next entry.
func (j *Journal) tellGrown(ctx context.Context, agent domain.AgentID) {
	if j.Agents.orders == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, leaseWait)
	defer cancel()
	if err := j.Agents.orders.bus.Publish(ctx, grownTopic, []byte(agent)); err != nil {
		j.Logger.Debug().Err(err).Msg("who follows an agent's log elsewhere hears late of it")
	}
}

// wakeAll tells all who watch a log that it may have grown.
func (j *Journal) wakeAll() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for w := range j.watchers {
		signal(w.woken)
	}
}

// heardErased notes that a message of a channel was deleted by another process.
func (j *Journal) heardErased(_ context.Context, channel string) error {
	j.noteErased(domain.ChannelID(channel))
	return nil
}

// missedErased notes that messages of any channel may have been deleted up to now: what
// turns under way log may quote them, and is dropped.
func (j *Journal) missedErased(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.unsure = j.Now()
	return nil
}
