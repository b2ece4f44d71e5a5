package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/system"
	"parley/realtime"
	"parley/realtime/sio/siotest"
)

func TestWhatASocketWasInComesBack(t *testing.T) {
	const agent = "66666666-6666-4666-8666-666666666666"
	logs := system.NewLogs()
	d := openDoor(t, func(o *realtime.Options) { o.Logs = logs })
	c := d.enter("", channelID)
	if a := ask(t, c, "agents:join", fields{"agentId": agent}); a["success"] != true {
		t.Fatal(a)
	}
	emit(t, c, "subscribe_logs")
	emit(t, c, "update_log_filters", fields{"level": "warn"})
	next(t, c, "log_filters_updated")
	c.Close()
	d.eventually("the socket is gone", func() bool { return d.gateway.Stats().Sockets == 0 })
	if d.gateway.Listens(agent) {
		t.Fatal("the agent's room is not empty")
	}

	again := d.back("", c)
	d.eventually("the rooms are entered", func() bool { return d.in(channelID) == 1 && d.gateway.Listens(agent) })
	there := within(ask(t, again, "presence:list", fields{"channelId": channelID}), "data")
	if list, _ := there["entities"].([]any); len(list) != 1 {
		t.Fatal(there)
	}
	for _, level := range []string{"info", "warn"} {
		if _, err := fmt.Fprintf(logs, `{"level":%q,"message":"a line of %s"}`+"\n", level, level); err != nil {
			t.Fatal(err)
		}
	}
	if e := next(t, again, "log_stream"); within(e, "payload")["msg"] != "a line of warn" {
		t.Fatal(e)
	}
	d.gateway.TurnChanged(agents.TurnStep{At: agents.At{AgentID: agent, ChannelID: channelID, MessageID: asking}, State: agents.StateTaken})
	if e := next(t, again, "agentTurn"); e["agentId"] != agent || e["state"] != "taken" {
		t.Fatal(e)
	}
	d.gateway.ChannelUpdated(messaging.ChannelRow{ID: otherChannel, MessageServerID: domain.DefaultServer, Type: messaging.TypeGroup}, []domain.EntityID{ann})
	if e := next(t, again, "channelUpdated"); e["channelId"] != otherChannel {
		t.Fatal(e)
	}
}

// flaky is a store whose reads fail while it is told so.
type flaky struct {
	messaging.Store
	down atomic.Bool
}

// Since fails while the store is down.
func (f *flaky) Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]messaging.Message, error) {
	if f.down.Load() {
		return nil, domain.Errorf(domain.Unavailable, "The store is away")
	}
	return f.Store.Since(ctx, channel, after, upto, limit)
}

func TestAStoreThatIsAwayDoesNotCostTheSession(t *testing.T) {
	store := &flaky{}
	d := openDoorOn(t, nil, func(s messaging.Store) messaging.Store { store.Store = s; return store })
	c := d.enter("", channelID)
	c.Close()
	d.say(channelID, "missed")
	store.down.Store(true)
	if refused, err := d.sockets.Dial(d.url, siotest.Options{Auth: c.Back(fields{"entityId": ann})}); err == nil {
		t.Fatal("it was let in as ", refused.ID())
	} else if _, ok := errors.AsType[siotest.Refused](err); ok {
		t.Fatal("official clients do not come again after a refusal: ", err)
	}
	store.down.Store(false)
	again := d.back("", c)
	if again.ID() != c.ID() {
		t.Fatal("the session did not come back")
	}
	same(t, d.story(again, "missed"), "missed")
}

func TestMemorySessionsAreBounded(t *testing.T) {
	now := time.Now()
	store := realtime.NewMemorySessions(func() time.Time { return now })
	save := func(pid string, rooms int) {
		if err := store.Save(t.Context(), realtime.SavedSession{PID: pid, Identity: "me", Until: now.Add(time.Minute),
			Rooms: make([]realtime.SavedRoom, rooms)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20_010 {
		save(fmt.Sprint(i), 1)
	}
	if n := store.Len(); n != 20_000 {
		t.Fatalf("%d are kept", n)
	}
	save("large", 199_000)
	if n := store.Len(); n > 1_001 {
		t.Fatalf("%d are kept beside a large one", n)
	}
	if _, found, _ := store.Take(t.Context(), "large", "you", 0); found {
		t.Fatal("somebody else got it")
	}
	for _, want := range []bool{true, false} {
		if _, found, _ := store.Take(t.Context(), "large", "me", 0); found != want {
			t.Fatalf("found is %v", found)
		}
	}
	now = now.Add(2 * time.Minute)
	save("last", 1)
	if n := store.Len(); n != 1 {
		t.Fatalf("%d are kept when all but one are over", n)
	}
}

// TestSessionsAreForgottenWithTheirTime although no other one is saved.
func TestSessionsAreForgottenWithTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := realtime.NewMemorySessions(time.Now)
		for i, lasts := range []time.Duration{time.Minute, 3 * time.Minute} {
			if err := m.Save(t.Context(), realtime.SavedSession{PID: fmt.Sprint(i), Until: time.Now().Add(lasts)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int{1, 0} {
			time.Sleep(2*time.Minute + time.Second) // in the clock of synctest
			if got := m.Len(); got != want {
				t.Errorf("%d sessions are kept, want %d", got, want)
			}
		}
	})
}
