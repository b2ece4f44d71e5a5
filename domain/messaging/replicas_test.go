package messaging_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/bus"
	"parley/domain/messaging"
)

// twoTowns are two replicas on one store, which know each other.
func twoTowns(t *testing.T) (one, two *town, rosters []*messaging.Roster) {
	t.Helper()
	local := &bus.Local{}
	var all []*bus.Caches
	join := func(o *messaging.Options) {
		c := bus.NewCaches(local, zerolog.Nop())
		all = append(all, c)
		rosters = append(rosters, messaging.NewRoster(o.Store, c))
		o.Bus, o.Caches, o.Roster = local, c, rosters[len(rosters)-1]
	}
	one = openTown(t, join)
	two = openTownOn(t, one.store, join)
	for i, h := range []*town{one, two} {
		background(t, h.service.Run)
		background(t, all[i].Run)
	}
	for deadline := time.Now().Add(30 * time.Second); all[0].Peers() != 1 || all[1].Peers() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the replicas do not know each other")
		}
	}
	return one, two, rosters
}

// background runs something until the test ends.
func background(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

func TestAnAnswerOfAnotherReplicaIsHeard(t *testing.T) {
	for _, told := range []bool{true, false} {
		t.Run(fmt.Sprint("told by the bus ", told), func(t *testing.T) {
			one, two, _ := twoTowns(t)
			c := one.channelOn(domain.DefaultServer, domain.EntityID(eliza))
			done := one.agentsDo(func(_ *town, m messaging.Message) {
				if told {
					two.answer(m)
					return
				}
				// The answer is in the store and nobody has said so.
				id := domain.DerivedID[domain.MessageID](eliza, string(m.ID))
				alone := openTownOn(t, one.store, nil)
				if err := alone.service.PostReply(context.Background(), messaging.Message{ID: id, ChannelID: m.ChannelID,
					AuthorID: domain.EntityID(eliza), Content: "hello back", SourceType: messaging.SourceAgent, InReplyTo: m.ID}); err != nil {
					t.Error(err)
				}
				alone.end(m, messaging.ResultAnswered)
			})
			out, failure := one.try("messages:send", ask(c, "transport", "http")...)
			done(1)
			if failure != nil {
				t.Fatal(failure)
			}
			response, _ := out["agentResponse"].(map[string]any)
			if response["text"] != "hello back" {
				t.Errorf("answered %+v", out)
			}
		})
	}
}

func TestChannelsAndServersAreTheSameOnAllReplicas(t *testing.T) {
	one, two, rosters := twoTowns(t)
	c := domain.ChannelID(one.channelOn(domain.DefaultServer, ann))
	takesPart := func(h *town, e domain.EntityID) bool {
		in, err := h.service.TakesPart(t.Context(), c, e)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	if takesPart(one, bob) || takesPart(two, bob) { // both remember the channel now
		t.Fatal("bob takes part already")
	}
	admin := domain.Actor{Role: domain.Admin}
	if _, err := one.service.Invite(t.Context(), admin, messaging.InviteRequest{ChannelID: c, UserIDs: []domain.EntityID{bob}}); err != nil {
		t.Fatal(err)
	}
	if !takesPart(two, bob) {
		t.Error("the other replica does not know of an invitation")
	}
	if _, err := two.service.DeleteChannel(t.Context(), admin, messaging.ChannelRequest{ChannelID: c}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.service.Channel(t.Context(), c); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("a channel that the other replica has deleted: %v", err)
	}
	made, err := one.service.CreateServer(t.Context(), admin, messaging.CreateServerRequest{Name: "s", SourceType: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := rosters[0].Add(t.Context(), made.Server.ID, eliza); err != nil {
		t.Fatal(err)
	}
	if !rosters[1].Belongs(made.Server.ID, eliza) {
		t.Error("the other replica does not know which agents belong to a server")
	}
}
