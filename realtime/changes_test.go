package realtime_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/realtime/sio/siotest"
)

// joined dials a socket and joins the channel.
func (d *door) joined() *siotest.Client {
	d.t.Helper()
	c := d.dial()
	ask(d.t, c, "channels:join", fields{"channelId": channelID})
	return c
}

// told waits for an event and checks its second argument; it returns the first one.
func told(t *testing.T, c *siotest.Client, event string, rev int) fields {
	t.Helper()
	e, err := c.Next(event, patience)
	if err != nil {
		t.Fatal(err)
	}
	var place string
	if len(e.Args) != 2 || json.Unmarshal(e.Args[1], &place) != nil || place != fmt.Sprintf("%s:%d", channelID, rev) {
		t.Fatalf("%s: %s", event, e.Args)
	}
	return first(t, e)
}

// wantFields fails unless f holds the values.
func wantFields(t *testing.T, f, want fields) {
	t.Helper()
	for key, value := range want {
		if f[key] != value {
			t.Errorf("%s is %v, want %v: %v", key, f[key], value, f)
		}
	}
}

func TestAnEditReachesTheRoomUnderTheSameID(t *testing.T) {
	d := openDoor(t, nil)
	c := d.joined()
	posted := within(ask(t, c, "messages:send", send(nil)), "data")
	fresh := told(t, c, "messageBroadcast", 1)
	for _, key := range []string{"updatedAt", "edited"} {
		if _, there := fresh[key]; there {
			t.Errorf("a fresh post has %s: %v", key, fresh)
		}
	}
	row := within(ask(t, d.dial(), "messages:update", fields{"messageId": posted["id"], "content": "changed"}), "data")
	edited := told(t, c, "messageBroadcast", 2)
	wantFields(t, edited, fields{"id": posted["id"], "text": "changed", "seq": 1.0, "rev": 2.0, "edited": true,
		"updatedAt": row["updated_at"], "createdAt": posted["created_at"], "senderId": ann, "channelId": channelID})
	if _, there := edited["clientMessageId"]; there {
		t.Errorf("the edit has the client's id: %v", edited)
	}
	answer := within(ask(t, d.dial(), "channels:join", fields{"channelId": channelID, "after": 1}), "data")
	events, _ := answer["messages"].([]any)
	if len(events) != 1 {
		t.Fatalf("catch-up: %v", answer)
	}
	wantFields(t, events[0].(fields), fields{"id": posted["id"], "text": "changed", "rev": 2.0, "edited": true})
}

func TestAClearReachesTheRoomAndCatchUps(t *testing.T) {
	d := openDoor(t, nil)
	c := d.joined()
	for n := range 3 {
		ask(t, c, "messages:send", send(fields{"messageId": fmt.Sprint(n)}))
	}
	d.call("messages:clear", fields{"channelId": channelID})
	cleared := told(t, c, "channelCleared", 4)
	wantFields(t, cleared, fields{"channelId": channelID, "roomId": channelID, "seq": 4.0, "rev": 4.0, "upto": 3.0})
	ask(t, c, "messages:send", send(fields{"messageId": "after"}))
	told(t, c, "messageBroadcast", 5)
	answer := within(ask(t, d.dial(), "channels:join", fields{"channelId": channelID, "after": 1}), "data")
	events, _ := answer["messages"].([]any)
	if len(events) != 4 || answer["truncated"] != false {
		t.Fatalf("catch-up: %v", answer)
	}
	for i, want := range []fields{
		{"rev": 2.0, "seq": 2.0, "deleted": true}, {"rev": 3.0, "seq": 3.0, "deleted": true},
		{"rev": 4.0, "seq": 4.0, "cleared": true, "upto": 3.0, "channelId": channelID, "roomId": channelID}, {"rev": 5.0, "text": "hello"},
	} {
		wantFields(t, events[i].(fields), want)
	}
	if id, _ := events[2].(fields)["id"].(string); !domain.IsUUID(id) {
		t.Errorf("the clear has the id %q", id)
	}
}

func TestAChangedChannelIsToldToItsRoom(t *testing.T) {
	d := openDoor(t, nil)
	c := d.joined()
	ask(t, c, "messages:send", send(nil))
	ask(t, d.dial(), "channels:update", fields{"channelId": channelID, "name": "Harbour"})
	for _, name := range []string{"update", "invite", "remove"} {
		if name != "update" {
			ask(t, d.dial(), "channels:"+name, fields{"channelId": channelID, "userIds": []string{channelID}, "userId": ann})
		}
		update := next(t, c, "channelUpdated")
		wantFields(t, update, fields{"channelId": channelID, "roomId": channelID})
		updates := within(update, "updates")
		wantFields(t, updates, fields{"id": channelID, "name": "Harbour"})
		people := within(updates, "metadata")["participantCentralUserIds"]
		if want := map[string]string{"update": "[" + ann + "]", "invite": "[" + ann + " " + channelID + "]", "remove": "[" + channelID + "]"}[name]; fmt.Sprint(people) != want {
			t.Errorf("%s: participants %v, want %s", name, people, want)
		}
	}
}

func TestWhoTakesPartHearsOfAChannelBeforeTheyAreInIt(t *testing.T) {
	d := openDoor(t, nil)
	asked, later, stranger := d.dialAs(ann), d.dialAs(bob), d.dialAs(channelID)
	made := within(ask(t, stranger, "channels:create", fields{"serverId": string(domain.DefaultServer), "name": "Harbour", "participantCentralUserIds": []string{ann}}), "data")
	wantFields(t, next(t, asked, "channelUpdated"), fields{"channelId": made["id"], "roomId": made["id"]})
	ask(t, asked, "channels:join", fields{"channelId": made["id"]})
	ask(t, stranger, "channels:invite", fields{"channelId": made["id"], "userIds": []string{bob}})
	wantFields(t, within(next(t, later, "channelUpdated"), "updates"), fields{"id": made["id"], "name": "Harbour"})
	people := within(within(next(t, asked, "channelUpdated"), "updates"), "metadata")["participantCentralUserIds"]
	if fmt.Sprint(people) != "["+ann+" "+bob+"]" {
		t.Errorf("participants %v", people)
	}
	for name, c := range map[string]*siotest.Client{"who takes part": asked, "who was asked": later, "a stranger": stranger} {
		ask(t, c, "presence:list", fields{"channelId": channelID}) // what was sent before has come by then
		if heard, err := c.Next("channelUpdated", time.Millisecond); err == nil {
			t.Errorf("%s hears of it once more: %v", name, heard)
		}
	}
}

func TestADeletedChannelEmptiesItsRoom(t *testing.T) {
	d := openDoor(t, nil)
	a, b, stranger := d.joined(), d.joined(), d.dial()
	for n := range 5 {
		ask(t, a, "messages:send", send(fields{"messageId": fmt.Sprint(n)}))
	}
	ask(t, a, "typing", fields{"channelId": channelID, "isTyping": true})
	d.call("channels:delete", fields{"channelId": channelID})
	for _, c := range []*siotest.Client{a, b} {
		wantFields(t, next(t, c, "channelDeleted"), fields{"channelId": channelID, "roomId": channelID})
	}
	if answer := ask(t, a, "typing", fields{"channelId": channelID, "isTyping": true}); within(answer, "error")["code"] != "FORBIDDEN" {
		t.Errorf("typing in a room that is left: %v", answer)
	}
	ask(t, stranger, "messages:send", send(fields{"messageId": "0"})) // makes the channel anew
	for _, c := range []*siotest.Client{a, b} {
		answer := within(ask(t, c, "channels:join", fields{"channelId": channelID, "after": 5}), "data")
		wantFields(t, answer, fields{"head": 1.0, "truncated": true})
	}
	ask(t, stranger, "messages:send", send(fields{"messageId": "1", "message": "anew"}))
	for _, c := range []*siotest.Client{a, b} {
		// Who had stayed in the room would have heard number 1 first.
		if e, err := c.Next("messageBroadcast", patience); err != nil || first(t, e)["rev"] != 2.0 || first(t, e)["text"] != "anew" {
			t.Errorf("heard %s, %v", e.Args, err)
		}
	}
}

func TestMessagesAreFoundThroughASocket(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	posted := within(ask(t, c, "messages:send", send(fields{"message": "A Needle"})), "data")
	ask(t, c, "messages:send", send(fields{"message": "hay", "messageId": "m-2"}))
	for _, where := range []fields{{"query": "needle"}, {"query": "NEED", "channelId": channelID}} {
		found := within(ask(t, c, "messages:search", where), "data")
		rows, _ := found["messages"].([]any)
		if len(rows) != 1 || rows[0].(fields)["id"] != posted["id"] || found["total"] != 1.0 {
			t.Errorf("%v: %v", where, found)
		}
	}
	if got := within(ask(t, c, "messages:get", fields{"messageId": posted["id"]}), "data"); got["content"] != "A Needle" {
		t.Errorf("got %v", got)
	}
}

// TestNobodyIsStuckAfterAChannelWasDeleted deletes a channel again and again while sockets
// join, leave and post. Whoever is in the room in the end must hear what is posted then.
func TestNobodyIsStuckAfterAChannelWasDeleted(t *testing.T) {
	d := openDoor(t, nil)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	sockets := make([]*siotest.Client, 6)
	var all sync.WaitGroup
	for i := range sockets {
		sockets[i] = d.dial()
		all.Go(func() {
			if err := disturb(sockets[i], rand.New(rand.NewPCG(seed, uint64(i)))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, c := range sockets {
		ask(t, c, "channels:join", fields{"channelId": channelID, "after": 0})
	}
	d.call("messages:send", send(fields{"messageId": nil, "message": "the last one"}))
	for i, c := range sockets {
		for {
			e, err := c.Next("messageBroadcast", patience)
			if err != nil {
				t.Fatalf("socket %d: %v", i, err)
			}
			if first(t, e)["text"] == "the last one" {
				break
			}
		}
	}
}

// disturb does to a channel what comes to mind.
func disturb(c *siotest.Client, dice *rand.Rand) error {
	for range 150 {
		name, body := "messages:send", send(fields{"messageId": nil})
		switch roll := dice.IntN(20); {
		case roll < 3:
			name = "channels:delete"
		case roll < 10:
			name, body = "channels:join", fields{"channelId": channelID}
		case roll < 13:
			name = "channels:leave"
		}
		e, err := c.EmitAck(patience, name, body)
		if err != nil {
			return err
		}
		var answer struct{ Error struct{ Code string } }
		if err := json.Unmarshal(e.Args[0], &answer); err != nil {
			return err
		}
		// A channel may be deleted between its being made and the message's being stored.
		if code := answer.Error.Code; code != "" && code != "NOT_FOUND" {
			return errors.New(name + ": " + code)
		}
	}
	return nil
}
