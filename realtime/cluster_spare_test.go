package realtime_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/realtime"
	"parley/realtime/sio/siotest"
	"parley/storage/redis/redistest"
)

// cut is a way to sessions that can be closed, and notes how many rooms were saved last, and how
// long Take may last.
type cut struct {
	realtime.Sessions
	closed *atomic.Bool
	rooms  *atomic.Int64
	lasts  *atomic.Int64
}

// fault says that the way is closed, if it is.
func (c cut) fault() error {
	if c.closed.Load() {
		return domain.Errorf(domain.Unavailable, "The sessions cannot be reached")
	}
	return nil
}

// Save is part of realtime.Sessions.
func (c cut) Save(ctx context.Context, s realtime.SavedSession) error {
	if err := c.fault(); err != nil {
		return err
	}
	err := c.Sessions.Save(ctx, s)
	if err == nil {
		c.rooms.Store(int64(len(s.Rooms)))
	}
	return err
}

// Look is part of realtime.Sessions.
func (c cut) Look(ctx context.Context, pid, identity string) (realtime.Place, bool, error) {
	if err := c.fault(); err != nil {
		return realtime.Place{}, false, err
	}
	return c.Sessions.Look(ctx, pid, identity)
}

// Take is part of realtime.Sessions.
func (c cut) Take(ctx context.Context, pid, identity string, generation int64) (realtime.SavedSession, bool, error) {
	if ends, ok := ctx.Deadline(); ok {
		c.lasts.Store(int64(time.Until(ends)))
	}
	if err := c.fault(); err != nil {
		return realtime.SavedSession{}, false, err
	}
	return c.Sessions.Take(ctx, pid, identity, generation)
}

// lose ends a client's connection and waits until its replica has seen that.
func (d *door) lose(c *siotest.Client) {
	d.t.Helper()
	c.Close()
	d.eventually("the socket is gone", func() bool { return d.gateway.Stats().Sockets == 0 })
}

func TestWithoutRedisAClientComesBackToItsReplica(t *testing.T) {
	server := redistest.Start(t)
	d := openReplicas(t, server, "one")[0]
	c := d.enter("", channelID)
	d.say(channelID, "heard")
	same(t, texts(t, c, 1), "heard")
	server.Kill()
	for i := range 3 {
		d.lose(c)
		d.say(channelID, fmt.Sprint(i))
		again := d.back("", c)
		if again.ID() != c.ID() {
			t.Fatalf("after %d returns it is socket %s, and was %s", i, again.ID(), c.ID())
		}
		same(t, texts(t, again, 1), fmt.Sprint(i))
		c = again
	}
}

func TestASessionThatWasKeptWithoutRedisIsGivenToItAfterwards(t *testing.T) {
	server := redistest.Start(t)
	doors := openReplicas(t, server, "one", "two")
	c := doors[0].enter("", channelID)
	doors[0].say(channelID, "heard")
	same(t, texts(t, c, 1), "heard")
	server.Kill()
	doors[0].lose(c)
	doors[0].say(channelID, "missed")
	server.Restart() // it has kept nothing
	doors[0].eventually("the session is there", func() bool { return server.Keys("parley:session:*") == 1 })
	again := doors[1].back("", c)
	if again.ID() != c.ID() {
		t.Fatal("the session did not come back")
	}
	same(t, texts(t, again, 1), "missed")
}

func TestASessionThatAnotherReplicaHasTakenIsNotHandedOut(t *testing.T) {
	var closed atomic.Bool
	var rooms, lasts atomic.Int64
	doors := openReplicasOn(t, redistest.Start(t), func(name string, s realtime.Sessions) realtime.Sessions {
		if name == "one" {
			return cut{s, &closed, &rooms, &lasts}
		}
		return s
	}, "one", "two")
	one := doors[0]
	c := one.enter("", channelID)
	one.say(channelID, "0")
	same(t, texts(t, c, 1), "0")
	one.eventually("the session is saved", func() bool { return rooms.Load() == 1 })
	closed.Store(true)
	one.lose(c) // what one keeps of it is of now
	at2 := doors[1].back("", c)
	if at2.ID() != c.ID() {
		t.Fatal("the session did not come to the other replica")
	}
	emit(t, at2, "channels:join", fields{"channelId": otherChannel})
	doors[1].eventually("it is in the other channel", func() bool { return doors[1].in(otherChannel) == 1 })
	doors[1].say(channelID, "1")
	same(t, texts(t, at2, 1), "1")
	doors[1].lose(at2)
	if early, err := one.sockets.Dial(one.url, siotest.Options{Auth: at2.Back(fields{"entityId": ann})}); err == nil {
		early.Close()
		if early.ID() == c.ID() {
			t.Fatal("the session of before was handed out")
		}
	}
	closed.Store(false)
	again := one.back("", at2)
	if again.ID() != c.ID() {
		t.Fatal("the session did not come back")
	}
	one.say(otherChannel, "2")
	same(t, texts(t, again, 1), "2")
	if most := 3 * time.Second; time.Duration(lasts.Load()) > most {
		t.Errorf("a client may wait %v for its session", time.Duration(lasts.Load()))
	}
}
