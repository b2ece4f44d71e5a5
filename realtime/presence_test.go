package realtime_test

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/domain/presence"
	"parley/realtime"
	"parley/realtime/sio/siotest"
)

// bob is somebody beside ann.
const bob = "33333333-3333-4333-8333-333333333333"

// present is who is in the channel, as a caller of presence:list sees it.
func present(t *testing.T, c *siotest.Client) []fields {
	t.Helper()
	answer := ask(t, c, "presence:list", fields{"channelId": channelID})
	data := within(answer, "data")
	entities, ok := data["entities"].([]any)
	missing, okToo := data["missing"].([]any)
	if answer["success"] != true || data["channelId"] != channelID || !ok || !okToo || len(missing) != 0 {
		t.Fatalf("presence:list: %v", answer)
	}
	list := make([]fields, len(entities))
	for i, entity := range entities {
		list[i], _ = entity.(fields)
	}
	return list
}

// wantPresence waits for the next presence event and checks it.
func wantPresence(t *testing.T, c *siotest.Client, entity, name, state string) {
	t.Helper()
	e, err := c.Next("presence", patience)
	if err != nil {
		t.Fatal(err)
	}
	got := first(t, e)
	if got["channelId"] != channelID || got["roomId"] != channelID || got["entityId"] != entity || got["name"] != name || got["state"] != state {
		t.Fatalf("presence: %v, want %s %s", got, name, state)
	}
	if len(e.Args) != 1 {
		t.Errorf("presence has %d arguments, and no place in the channel's numbers", len(e.Args))
	}
}

func TestAPersonWhoReloadsDoesNotFlicker(t *testing.T) {
	var passed atomic.Int64 // nothing settles but when the test lets time pass
	began := time.Now()
	d := openDoor(t, func(o *realtime.Options) {
		o.Presence = presence.NewLocal(func() time.Time { return began.Add(time.Duration(passed.Load())) })
	})
	aMoment := func() { passed.Add(int64(2 * time.Second)) }
	watcher := d.dial()
	ask(t, watcher, "channels:join", fields{"channelId": channelID})
	page := d.dial()
	ask(t, page, "channels:join", fields{"channelId": channelID, "entityId": ann, "name": "Ann"})
	aMoment()
	wantPresence(t, watcher, ann, "Ann", "joined")
	page.Close()
	for len(present(t, watcher)) > 0 {
		runtime.Gosched()
	}
	page = d.dial()
	ask(t, page, "channels:join", fields{"channelId": channelID, "entityId": ann, "name": "Ann"})
	other := d.dial()
	ask(t, other, "channels:join", fields{"channelId": channelID, "entityId": bob, "name": "Bob"})
	aMoment()
	// Changes are told in their order, so a word of ann would come first.
	wantPresence(t, watcher, bob, "Bob", "joined")
	page.Close()
	for len(present(t, watcher)) > 1 {
		runtime.Gosched()
	}
	aMoment()
	wantPresence(t, watcher, ann, "Ann", "left")
}

func TestAPersonWithTwoTabsIsThereOnce(t *testing.T) {
	d := openDoor(t, nil)
	watcher := d.dial()
	ask(t, watcher, "channels:join", fields{"channelId": channelID})
	if list := present(t, watcher); len(list) != 0 {
		t.Fatalf("a socket without a name is listed: %v", list)
	}
	first, second := d.dial(), d.dial()
	ask(t, first, "channels:join", fields{"channelId": channelID, "entityId": ann, "username": "Ann"})
	wantPresence(t, watcher, ann, "Ann", "joined")
	ask(t, second, "channels:join", fields{"channelId": channelID, "entityId": ann, "displayName": "Ann"})
	list := present(t, watcher)
	if len(list) != 1 || list[0]["entityId"] != ann || list[0]["name"] != "Ann" || list[0]["sockets"] != 2.0 {
		t.Fatalf("listed: %v", list)
	}
	if since, _ := list[0]["since"].(float64); since < 1e12 {
		t.Errorf("since %v", list[0]["since"])
	}
	ask(t, first, "channels:leave", fields{"channelId": channelID})
	if list := present(t, watcher); len(list) != 1 || list[0]["sockets"] != 1.0 {
		t.Fatalf("listed after a leave: %v", list)
	}
	ask(t, second, "channels:leave", fields{"channelId": channelID})
	if list := present(t, watcher); len(list) != 0 {
		t.Fatalf("listed after both left: %v", list)
	}
	wantPresence(t, watcher, ann, "Ann", "left")
}

func TestTheHandshakeAndTheReferencesJoinMakePresentToo(t *testing.T) {
	d := openDoor(t, nil)
	named := d.dialAs(ann)
	ask(t, named, "channels:join", fields{"channelId": channelID})
	reference := d.dial()
	emit(t, reference, "message", fields{"type": 1, "payload": fields{"roomId": channelID, "entityId": bob, "senderName": "Bob"}})
	next(t, reference, "channel_joined")
	outside := d.dial() // listing needs no membership
	list := present(t, outside)
	if len(list) != 2 || list[0]["entityId"] != ann || list[0]["name"] != "" || list[1]["entityId"] != bob || list[1]["name"] != "Bob" {
		t.Fatalf("listed: %v", list)
	}
}

func TestBadPresenceIsRefused(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	for _, tt := range []struct {
		event, field, message, code string
		payload                     any
	}{
		{"presence:list", "channelId", "is required", "INVALID_REQUEST", fields{}},
		{"presence:list", "channelId", "must be a UUID", "INVALID_ID", fields{"channelId": 7}},
		{"channels:join", "entityId", "must be a UUID", "INVALID_ID", fields{"channelId": channelID, "entityId": "me"}},
		{"channels:join", "name", "must be a string", "INVALID_REQUEST", fields{"channelId": channelID, "entityId": ann, "username": 7}},
		{"channels:join", "name", "is too long", "INVALID_REQUEST", fields{"channelId": channelID, "entityId": ann, "name": strings.Repeat("x", 257)}},
	} {
		wantFault(t, ask(t, c, tt.event, tt.payload), tt.code, tt.field, tt.message)
	}
	if list := present(t, c); len(list) != 0 {
		t.Errorf("listed after refused joins: %v", list)
	}
}

// wantFault fails the test unless an answer refuses one field of the request.
func wantFault(t *testing.T, answer fields, code, field, message string) {
	t.Helper()
	failure := within(answer, "error")
	issues, _ := failure["issues"].([]any)
	if answer["success"] != false || failure["code"] != code || failure["message"] != field+" "+message || len(issues) != 1 {
		t.Errorf("got %v, want %s: %s %s", answer, code, field, message)
		return
	}
	if issue, _ := issues[0].(fields); issue["path"] != field || issue["message"] != message {
		t.Errorf("issue: %v, want %s %s", issue, field, message)
	}
}
