package realtime_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime"
	"parley/realtime/sio/siotest"
)

// otherChannel is a second channel.
const otherChannel = "33333333-3333-4333-8333-333333333333"

// ways are all transports.
var ways = []string{siotest.WebSocket, siotest.Polling, siotest.Upgrade}

// dialBy connects by a transport, with some auth.
func (d *door) dialBy(transport string, auth fields) *siotest.Client {
	d.t.Helper()
	c, err := d.sockets.Dial(d.url, siotest.Options{Transport: transport, Auth: auth})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(c.Close)
	return c
}

// enter connects and joins channels.
func (d *door) enter(transport string, channels ...string) *siotest.Client {
	d.t.Helper()
	c := d.dialBy(transport, fields{"entityId": ann})
	next(d.t, c, "connection_established")
	for _, channel := range channels {
		if answer := ask(d.t, c, "channels:join", fields{"channelId": channel, "name": "Ann"}); answer["success"] != true {
			d.t.Fatal(answer)
		}
	}
	return c
}

// back is the client once more, after its connection was lost.
func (d *door) back(transport string, c *siotest.Client) *siotest.Client {
	d.t.Helper()
	return d.dialBy(transport, c.Back(fields{"entityId": ann}))
}

// say sends a message as somebody else and returns its id.
func (d *door) say(channel, text string) string {
	d.t.Helper()
	posted, failure := d.try("messages:send", fields{"channelId": channel, "serverId": domain.DefaultServer,
		"senderId": "44444444-4444-4444-8444-444444444444", "message": text})
	if failure != nil {
		d.t.Fatal(failure)
	}
	p, _ := posted.(messaging.Posted)
	return string(p.ID)
}

// story waits for the event messageBroadcast of a text and returns, one word each, all
// channel events up to it.
func (d *door) story(c *siotest.Client, last string) []string {
	d.t.Helper()
	var told []string
	for deadline := time.Now().Add(patience); ; {
		e, err := c.Next("", time.Until(deadline))
		if err != nil {
			d.t.Fatalf("%v; so far %v", err, told)
		}
		switch e.Name {
		case "messageBroadcast":
			m := first(d.t, e)
			text, _ := m["text"].(string)
			if at := m["clientMessageId"]; at != nil {
				text += fmt.Sprint("@", at)
			}
			told = append(told, text)
			if text == last {
				return told
			}
		case "messageDeleted", "channelCleared", "channelDeleted":
			word := e.Name
			if first(d.t, e)["channelId"] == otherChannel {
				word = "other " + word
			}
			told = append(told, word)
			if word == last {
				return told
			}
		}
	}
}

// same fails the test unless two stories are the same.
func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// fresh fails the test unless a client has a session of its own.
func fresh(t *testing.T, before, c *siotest.Client) {
	t.Helper()
	if c.ID() == before.ID() || c.Back(nil)["pid"] == before.Back(nil)["pid"] {
		t.Fatal("the session came back")
	}
}

func TestWhoComesBackHearsWhatItMissed(t *testing.T) {
	for _, way := range ways {
		for name, lose := range map[string]func(*siotest.Client){"closed": (*siotest.Client).Close, "still open": (*siotest.Client).Freeze} {
			t.Run(way+", old connection "+name, func(t *testing.T) {
				d := openDoor(t, nil)
				c := d.enter(way, channelID, otherChannel)
				d.say(channelID, "one")
				edited := d.say(otherChannel, "other one")
				doomed := d.say(channelID, "two")
				same(t, d.story(c, "two"), "one", "other one", "two")
				lose(c)

				d.call("messages:update", fields{"channelId": otherChannel, "messageId": edited, "content": "other one, edited"})
				d.call("messages:delete", fields{"channelId": channelID, "messageId": doomed})
				d.say(channelID, "three")
				d.call("messages:clear", fields{"channelId": otherChannel})
				d.say(otherChannel, "other two")

				again := d.back(way, c)
				if again.ID() != c.ID() || again.Back(nil)["pid"] != c.Back(nil)["pid"] {
					t.Fatal("the session did not come back")
				}
				d.eventually("the socket is in both rooms", func() bool {
					return d.gateway.Stats().Sockets == 1 && d.in(channelID) == 1 && d.in(otherChannel) == 1
				})
				d.say(channelID, "live")
				d.say(otherChannel, "other live")
				var ones, others []string
				for _, word := range d.story(again, "other live") {
					if strings.HasPrefix(word, "other") {
						others = append(others, word)
					} else {
						ones = append(ones, word)
					}
				}
				same(t, ones, "messageDeleted", "three", "live")
				// What was changed before it was cleared is told as deleted.
				same(t, others, "other messageDeleted", "other channelCleared", "other two", "other live")
			})
		}
	}
}

func TestASecondLossWhileTheMissedComesGoesOnWhereItStopped(t *testing.T) {
	d := openDoor(t, nil)
	c := d.enter(siotest.WebSocket, channelID)
	d.say(channelID, "one")
	same(t, d.story(c, "one"), "one")
	for round := range 5 {
		c.Close()
		want := []string{}
		for i := range 3 {
			want = append(want, fmt.Sprint(round, i))
			d.say(channelID, want[i])
		}
		lost := d.back(siotest.WebSocket, c)
		lost.Freeze() // it may have heard some of it
		back := lost.Back(nil)
		if back["offset"] == "" {
			lost = c
		}
		var heard []string
		for _, e := range lost.Events() {
			if e.Name == "messageBroadcast" && lost != c {
				text, _ := first(t, e)["text"].(string)
				heard = append(heard, text)
			}
		}
		c = d.back(siotest.WebSocket, lost)
		d.say(channelID, fmt.Sprint(round, "end"))
		heard = append(heard, d.story(c, fmt.Sprint(round, "end"))...)
		same(t, heard, append(want, fmt.Sprint(round, "end"))...)
	}
}

func TestASessionIsOnlyForWhoItWas(t *testing.T) {
	d := openDoor(t, nil)
	for name, test := range map[string]struct {
		auth      func(fields) fields
		transport string
	}{
		"a wrong private id":  {auth: func(f fields) fields { f["pid"] = "nobody"; return f }},
		"the public id":       {auth: func(f fields) fields { f["pid"] = "x"; return f }},
		"no offset":           {auth: func(f fields) fields { delete(f, "offset"); return f }},
		"an offset of number": {auth: func(f fields) fields { f["offset"] = 7; return f }},
		"another identity":    {auth: func(f fields) fields { f["entityId"] = "55555555-5555-4555-8555-555555555555"; return f }},
		"no identity":         {auth: func(f fields) fields { delete(f, "entityId"); return f }},
	} {
		for _, lose := range []func(*siotest.Client){(*siotest.Client).Close, (*siotest.Client).Freeze} {
			t.Run(name, func(t *testing.T) {
				c := d.enter(siotest.WebSocket, channelID)
				lose(c)
				stranger := d.dialBy("", test.auth(c.Back(fields{"entityId": ann})))
				fresh(t, c, stranger)
				if e, err := stranger.Next("connection_established", patience); err != nil || len(e.Args) != 2 || string(e.Args[1]) != `"-"` {
					t.Fatal(e, err)
				}
				if again := d.back("", c); again.ID() != c.ID() { // nobody took it
					t.Fatal("the session was lost")
				}
			})
		}
	}
}

func TestASessionComesBackOnce(t *testing.T) {
	d := openDoor(t, nil)
	c := d.enter("", channelID)
	c.Close()
	again := d.back("", c)
	third := d.back("", c) // takes it over, with an old offset
	if again.ID() != c.ID() || third.ID() != c.ID() {
		t.Fatal("the session did not come back")
	}
	<-again.Done()
	if n := d.gateway.Stats().Sockets; n != 1 {
		t.Fatalf("%d sockets", n)
	}
}

func TestAnotherProcessGivesAFreshSession(t *testing.T) {
	before, after := openDoor(t, nil), openDoor(t, nil)
	c := before.enter("", channelID)
	c.Close()
	again := after.back("", c)
	fresh(t, c, again)
	if a := ask(t, again, "channels:join", fields{"channelId": channelID}); a["success"] != true {
		t.Fatal(a)
	}
}

func TestALeaveByTheClientEndsItsSession(t *testing.T) {
	d := openDoor(t, nil)
	c := d.enter("", channelID)
	if err := c.SendRaw("1"); err != nil { // the packet DISCONNECT
		t.Fatal(err)
	}
	d.eventually("the socket is gone", func() bool { return d.gateway.Stats().Sockets == 0 })
	fresh(t, c, d.back("", c))
}

func TestASessionEndsAfterTwoMinutes(t *testing.T) {
	var ahead atomic.Int64
	began := time.Now() // and no time passes but what the test lets pass
	d := openDoor(t, func(o *realtime.Options) {
		o.Now = func() time.Time { return began.Add(time.Duration(ahead.Load())) }
	})
	c := d.enter("", channelID)
	c.Close()
	d.eventually("the socket is gone", func() bool { return d.gateway.Stats().Sockets == 0 })
	ahead.Add(int64(119 * time.Second))
	c = d.back("", c)
	next(t, c, "connection_established")
	d.eventually("the room is entered", func() bool { return d.in(channelID) == 1 })
	c.Close()
	d.eventually("the socket is gone", func() bool { return d.gateway.Stats().Sockets == 0 })
	ahead.Add(int64(121 * time.Second))
	fresh(t, c, d.back("", c))
}

func TestWhoMissedTooMuchGetsAFreshSession(t *testing.T) {
	d := openDoor(t, nil)
	c := d.enter("", channelID)
	c.Close()
	for range 30 {
		d.say(channelID, strings.Repeat("x", 90_000))
	}
	fresh(t, c, d.back("", c))
}

func TestAChannelDeletedMeanwhileIsTold(t *testing.T) {
	gone := func(d *door) {
		d.eventually("the socket is gone", func() bool { return d.gateway.Stats().Sockets == 0 })
	}
	for name, lose := range map[string]func(*door, *siotest.Client){
		"noticed":   func(d *door, c *siotest.Client) { c.Close(); gone(d) },
		"unnoticed": func(_ *door, c *siotest.Client) { c.Freeze() }, // the event goes out over the dead connection
		"meanwhile": func(_ *door, c *siotest.Client) { c.Close() },
	} {
		for _, anew := range []bool{false, true} {
			t.Run(fmt.Sprintf("the loss is %s, the channel made anew: %v", name, anew), func(t *testing.T) {
				d := openDoor(t, nil)
				c := d.enter("", channelID, otherChannel)
				d.say(channelID, "one")
				d.say(channelID, "two")
				same(t, d.story(c, "two"), "one", "two")
				lose(d, c)
				d.call("channels:delete", fields{"channelId": channelID})
				if anew {
					d.say(channelID, "another one")
				}
				lost := d.back("", c)
				lost.Freeze() // before it has heard of it, perhaps
				again := d.back("", lost)
				same(t, d.story(again, "channelDeleted"), "channelDeleted")
				d.eventually("the other room is entered", func() bool { return d.in(otherChannel) == 1 })
				d.say(otherChannel, "live")
				same(t, d.story(again, "live"), "live")
			})
		}
	}
}

func TestADeletionThatWasHeardIsForgottenWithTheChannelMadeAnew(t *testing.T) {
	d := openDoor(t, nil)
	c := d.enter("", channelID)
	d.say(channelID, "one")
	same(t, d.story(c, "one"), "one")
	d.call("channels:delete", fields{"channelId": channelID})
	same(t, d.story(c, "channelDeleted"), "channelDeleted")
	if answer := ask(t, c, "channels:join", fields{"channelId": channelID, "name": "Ann"}); answer["success"] != true {
		t.Fatal(answer)
	}
	d.say(channelID, "anew")
	same(t, d.story(c, "anew"), "anew")
	c.Freeze()
	d.say(channelID, "missed")
	same(t, d.story(d.back("", c), "missed"), "missed")
}

func TestTheOwnMessageComesBackWithItsOwnID(t *testing.T) {
	d := openDoor(t, nil)
	c := d.enter("", channelID)
	c.Freeze()
	emit(t, c, "message", fields{"type": 2, "payload": send(fields{"messageId": "m-7", "message": "mine"})})
	d.eventually("it is stored", func() bool { return d.head(channelID) == 1 })
	again := d.back("", c)
	same(t, d.story(again, "mine@m-7"), "mine@m-7")
	if done := next(t, again, "messageComplete"); done["channelId"] != channelID {
		t.Fatal(done)
	}
	// A repeat answers with the same, and does not take the offset back.
	d.say(channelID, "two")
	same(t, d.story(again, "two"), "two")
	emit(t, again, "message", fields{"type": 2, "payload": send(fields{"messageId": "m-7", "message": "mine"})})
	same(t, d.story(again, "mine@m-7"), "mine@m-7")
	if at := again.Back(nil)["offset"]; at != channelID+":2" {
		t.Fatal(at)
	}
}

// eventually polls a condition.
func (d *door) eventually(what string, condition func() bool) {
	d.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			d.t.Fatal("not in time: " + what)
		}
	}
}

// in is how many sockets are present in a channel.
func (d *door) in(channel string) int {
	res, failure := d.try("presence:list", fields{"channelId": channel})
	if failure != nil {
		d.t.Fatal(failure)
	}
	data, err := json.Marshal(res)
	if err != nil {
		d.t.Fatal(err)
	}
	var there struct {
		Entities []struct{ Sockets int }
	}
	if err := json.Unmarshal(data, &there); err != nil {
		d.t.Fatal(err)
	}
	n := 0
	for _, e := range there.Entities {
		n += e.Sockets
	}
	return n
}

// head is a channel's last number.
func (d *door) head(channel string) int64 {
	head, err := d.service.Head(d.t.Context(), domain.ChannelID(channel))
	if err != nil {
		d.t.Fatal(err)
	}
	return head
}

// TestALateAttemptOverAnOlderConnectionChangesNothing has a client open two connections to
// come back, as it does when the first one breaks: on long-polling the server does not see
// that. The CONNECT of the first is handled when the client is back over the second.
func TestALateAttemptOverAnOlderConnectionChangesNothing(t *testing.T) {
	for name, lost := range map[string]bool{"the second stands": false, "the second is lost too": true} {
		t.Run(name, func(t *testing.T) {
			d := openDoor(t, nil)
			c := d.enter(siotest.Upgrade, channelID, otherChannel)
			d.say(channelID, "one")
			same(t, d.story(c, "one"), "one")
			c.Freeze()
			late, err := d.sockets.Dial(d.url, siotest.Options{Transport: siotest.Polling, NoConnect: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(late.Close)
			stale, err := json.Marshal(c.Back(fields{"entityId": ann}))
			if err != nil {
				t.Fatal(err)
			}
			again := d.back(siotest.Polling, c)
			d.eventually("both rooms are entered", func() bool { return d.in(channelID) == 1 && d.in(otherChannel) == 1 })
			d.say(otherChannel, "other two")
			d.say(channelID, "three")
			same(t, d.story(again, "three"), "other two", "three")
			if lost {
				again.Freeze()
				again.Close()
				d.eventually("the socket is gone", func() bool { return d.gateway.Stats().Sockets == 0 })
			}
			if err := late.SendRaw("0" + string(stale)); err != nil {
				t.Fatal(err)
			}
			d.eventually("the late attempt is answered", func() bool { return late.ID() != "" })
			fresh(t, c, late)
			if !lost {
				d.say(otherChannel, "other four")
				same(t, d.story(again, "other four"), "other four")
				again.Freeze()
			}
			d.say(otherChannel, "other five")
			d.say(channelID, "six")
			last := d.back(siotest.Polling, again)
			if last.ID() != c.ID() {
				t.Fatal("the session did not come back")
			}
			d.eventually("both rooms are entered once more", func() bool { return d.in(channelID) == 1 && d.in(otherChannel) == 1 })
			d.say(channelID, "end")
			told := d.story(last, "end")
			slices.Sort(told)
			same(t, told, "end", "other five", "six")
		})
	}
}
