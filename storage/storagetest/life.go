package storagetest

import (
	"context"
	"errors"
	"sync"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// call is one method of the ports with some arguments.
type call struct {
	name string
	run  func(ctx context.Context) error
}

// calls are all methods of the ports, on data that exists.
func (k *kit) calls() []call {
	k.Helper()
	channel, agent, turn, server := k.channel(), newAgent(), k.take(newTurn()), k.server()
	_, _, err := k.agents().EnsureAgent(k.Context(), agent)
	k.must(err)
	m := k.append(fullMessage(channel.ID))
	log, store := k.log(), k.agents()
	return append(append(k.fileCalls(), k.reads(channel, m, agent, turn)...), []call{
		{"EnsureServer", func(ctx context.Context) error { _, _, err := log.EnsureServer(ctx, newServer()); return err }},
		{"UpdateServer", func(ctx context.Context) error {
			_, err := log.UpdateServer(ctx, server.ID, func(s messaging.Server) (messaging.Server, error) { return s, nil })
			return err
		}},
		{"RetireServer", func(ctx context.Context) error {
			_, err := log.RetireServer(ctx, domain.NewID[domain.ServerID]())
			return err
		}},
		{"ForgetServer", func(ctx context.Context) error { return log.ForgetServer(ctx, domain.NewID[domain.ServerID]()) }},
		{"EnsureChannel", func(ctx context.Context) error { _, _, err := log.EnsureChannel(ctx, newChannel()); return err }},
		{"AddParticipants", func(ctx context.Context) error {
			_, err := log.AddParticipants(ctx, channel.ID, domain.NewID[domain.EntityID]())
			return err
		}},
		{"RemoveParticipant", func(ctx context.Context) error {
			_, err := log.RemoveParticipant(ctx, channel.ID, domain.NewID[domain.EntityID]())
			return err
		}},
		{"Append", func(ctx context.Context) error {
			return log.Append(ctx, newMessage(channel.ID), func(messaging.Appended, error) {})
		}},
		{"Delete", func(ctx context.Context) error { _, _, err := log.Delete(ctx, channel.ID, m.ID); return err }},
		{"SetRead", func(ctx context.Context) error {
			_, _, err := log.SetRead(ctx, channel.ID, domain.NewID[domain.EntityID](), 1)
			return err
		}},
		{"Edit", func(ctx context.Context) error {
			_, err := log.Edit(ctx, channel.ID, m.ID, func(m messaging.Message) (messaging.Message, error) { return m, nil })
			return err
		}},
		{"UpdateChannel", func(ctx context.Context) error {
			_, err := log.UpdateChannel(ctx, channel.ID, func(c messaging.Channel) (messaging.Channel, error) { return c, nil })
			return err
		}},
		{"Clear", func(ctx context.Context) error { _, _, err := log.Clear(ctx, newMessage(channel.ID)); return err }},
		{"Sweep", func(ctx context.Context) error {
			_, err := log.Sweep(ctx, messaging.Leftover{ChannelID: channel.ID, Mark: 1}, 1)
			return err
		}},
		{"DeleteChannel", func(ctx context.Context) error {
			_, err := log.DeleteChannel(ctx, domain.NewID[domain.ChannelID]())
			return err
		}},
		{"FinishDuty", func(ctx context.Context) error {
			_, err := log.FinishDuty(ctx, channel.ID, m.ID, m.Awaiting[0])
			return err
		}},
		{"EnsureAgent", func(ctx context.Context) error { _, _, err := store.EnsureAgent(ctx, newAgent()); return err }},
		{"SetDesired", func(ctx context.Context) error { return store.SetDesired(ctx, agent.ID, true) }},
		{"TakeTurn", func(ctx context.Context) error { _, err := store.TakeTurn(ctx, newTurn()); return err }},
		{"CommitOutcome", func(ctx context.Context) error { return store.CommitOutcome(ctx, turn.ID, 1, newOutcome()) }},
		{"FinishTurn", func(ctx context.Context) error { return store.FinishTurn(ctx, turn.ID, 1) }},
		{"EraseTurn", func(ctx context.Context) error { return store.EraseTurn(ctx, turn.ID) }},
		{"Told", func(ctx context.Context) error { return log.Told(ctx, channel.ID, m.ID, m.Rev) }},
		{"DropRead", func(ctx context.Context) error { return log.DropRead(ctx, channel.ID, m.AuthorID) }},
		{"EraseLogs", func(ctx context.Context) error {
			_, err := k.logs().EraseLogs(ctx, agents.LogSelection{Channel: channel.ID}, 1)
			return err
		}},
	}...)
}

// reads are the methods that change nothing.
func (k *kit) reads(channel messaging.Channel, m messaging.Message, agent agents.Agent, turn agents.Turn) []call {
	log, store := k.log(), k.agents()
	return []call{
		{"Ping", k.set.Ping},
		{"Server", func(ctx context.Context) error { _, err := log.Server(ctx, channel.ServerID); return err }},
		{"Servers", func(ctx context.Context) error { _, err := log.Servers(ctx); return err }},
		{"Channel", func(ctx context.Context) error { _, err := log.Channel(ctx, channel.ID); return err }},
		{"Channels", func(ctx context.Context) error { _, err := log.Channels(ctx, messaging.ChannelQuery{}); return err }},
		{"CountChannels", func(ctx context.Context) error {
			_, err := log.CountChannels(ctx, messaging.ChannelQuery{})
			return err
		}},
		{"RetiredServers", func(ctx context.Context) error { _, err := log.RetiredServers(ctx); return err }},
		{"DutiesOf", func(ctx context.Context) error { _, err := log.DutiesOf(ctx, agent.ID, 1); return err }},
		{"Head", func(ctx context.Context) error { _, err := log.Head(ctx, channel.ID); return err }},
		{"Message", func(ctx context.Context) error { _, err := log.Message(ctx, channel.ID, m.ID); return err }},
		{"Untold", func(ctx context.Context) error { _, err := log.Untold(ctx, 1); return err }},
		{"MemoriesOf", func(ctx context.Context) error { _, err := k.set.Memory.MemoriesOf(ctx, m.ID, 1); return err }},
		{"Lookup", func(ctx context.Context) error { _, err := log.Lookup(ctx, m.ID); return err }},
		{"Search", func(ctx context.Context) error {
			_, err := log.Search(ctx, messaging.SearchQuery{Words: []string{"x"}, Channel: channel.ID, Limit: 1})
			return err
		}},
		{"Unswept", func(ctx context.Context) error { _, err := log.Unswept(ctx, ""); return err }},
		{"Page", func(ctx context.Context) error {
			_, err := log.Page(ctx, messaging.PageQuery{Channel: channel.ID, Limit: 1})
			return err
		}},
		{"Since", func(ctx context.Context) error { _, err := log.Since(ctx, channel.ID, 0, 1, 1); return err }},
		{"Reads", func(ctx context.Context) error { _, err := log.Reads(ctx, channel.ID, 1); return err }},
		{"Unread", func(ctx context.Context) error {
			_, err := log.Unread(ctx, m.AuthorID, []domain.ChannelID{channel.ID})
			return err
		}},
		{"Duties", func(ctx context.Context) error { _, err := log.Duties(ctx, messaging.DutyCursor{}, 1); return err }},
		{"Agent", func(ctx context.Context) error { _, err := store.Agent(ctx, agent.ID); return err }},
		{"Agents", func(ctx context.Context) error { _, err := store.Agents(ctx); return err }},
		{"NextDuty", func(ctx context.Context) error { _, err := store.NextDuty(ctx, m.Awaiting[0], channel.ID); return err }},
		{"Turn", func(ctx context.Context) error { _, err := store.Turn(ctx, turn.ID); return err }},
	}
}

// contextCases are the cases of callers who go away.
func contextCases() []testCase {
	return []testCase{
		{"canceled context ends every call and changes nothing", contextCanceled},
		{"append goes on when its context ends after it was queued", contextLater},
		{"backend answers a ping", func(k *kit) { k.must(k.set.Ping(k.Context())) }},
	}
}

func contextCanceled(k *kit) {
	canceled, cancel := context.WithCancel(k.Context())
	cancel()
	for _, c := range k.calls() {
		if err := c.run(canceled); !errors.Is(err, context.Canceled) {
			k.Errorf("%s with a canceled context: %v", c.name, err)
		}
	}
	channel := newChannel()
	_, _, err := k.log().EnsureChannel(canceled, channel)
	if !errors.Is(err, context.Canceled) {
		k.Errorf("error is %v", err)
	}
	_, err = k.log().Channel(k.Context(), channel.ID)
	k.wantCode(err, domain.NotFound)
}

func contextLater(k *kit) {
	channel := k.channel().ID
	for range 20 {
		ctx, cancel := context.WithCancel(k.Context())
		results := k.submit(ctx, newMessage(channel))
		cancel()
		k.must(k.await(results).err)
	}
	if n := k.head(channel); n != 20 {
		k.Errorf("head is %d", n)
	}
}

// closeCases are the cases of the end; each has a Set of its own.
func closeCases() []testCase {
	return []testCase{
		{"closed backend says that it is unavailable, and may be closed again", closeTwice},
		{"close waits for what was submitted", closeWaits},
		{"close at any moment answers everybody once", closeRace},
	}
}

func closeTwice(k *kit) {
	calls := k.calls()
	k.must(k.set.Close())
	k.must(k.set.Close())
	for _, c := range calls {
		if err := c.run(k.Context()); domain.AsError(err) == nil || domain.AsError(err).Code != domain.Unavailable {
			k.Errorf("%s after close: %v", c.name, err)
		}
	}
}

func closeWaits(k *kit) {
	channel := k.channel().ID
	pending := make([]<-chan outcome, 200)
	for i := range pending {
		pending[i] = k.submit(k.Context(), newMessage(channel))
	}
	k.must(k.set.Close())
	for i, results := range pending {
		select {
		case o := <-results:
			if o.err != nil || o.Message.Seq != int64(i+1) {
				k.Errorf("message %d: number %d, %v", i+1, o.Message.Seq, o.err)
			}
		default:
			k.Fatalf("message %d was not answered", i+1)
		}
	}
}

func closeRace(k *kit) {
	channel := k.channel().ID
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			for {
				answered := make(chan error, 2)
				err := k.log().Append(k.Context(), newMessage(channel), func(_ messaging.Appended, err error) { answered <- err })
				if err == nil {
					err = <-answered
				}
				if err != nil {
					k.wantUnavailable(err)
					return
				}
			}
		})
	}
	k.posts(channel, 50)
	k.must(k.set.Close())
	all.Wait()
}

// wantUnavailable is wantCode for goroutines.
func (k *kit) wantUnavailable(err error) {
	if known := domain.AsError(err); known.Code != domain.Unavailable {
		k.Errorf("error is %v", err)
	}
}
