package realtime_test

import (
	"testing"

	"parley/realtime/sio/siotest"
)

// wantRead waits for the next readUpdated and checks it.
func wantRead(t *testing.T, c *siotest.Client, entity string, seq float64) {
	t.Helper()
	e, err := c.Next("readUpdated", patience)
	if err != nil {
		t.Fatal(err)
	}
	got := first(t, e)
	if got["channelId"] != channelID || got["roomId"] != channelID || got["entityId"] != entity || got["seq"] != seq {
		t.Fatalf("readUpdated: %v, want %s at %v", got, entity, seq)
	}
	if len(e.Args) != 1 {
		t.Errorf("readUpdated has %d arguments, and no place in the channel's numbers", len(e.Args))
	}
}

func TestTheRoomHearsHowFarPeopleRead(t *testing.T) {
	d := openDoor(t, nil)
	for _, id := range []string{"m-1", "m-2", "m-3"} {
		d.call("messages:send", send(fields{"messageId": id}))
	}
	c := d.dial()
	ask(t, c, "channels:join", fields{"channelId": channelID, "entityId": bob})
	for _, step := range []struct{ seq, now float64 }{{2, 2}, {1, 2}, {2, 2}, {77, 3}} {
		answer := ask(t, c, "reads:set", fields{"channelId": channelID, "entityId": bob, "seq": step.seq})
		data := within(answer, "data")
		if answer["success"] != true || data["channelId"] != channelID || data["entityId"] != bob || data["seq"] != step.now {
			t.Fatalf("reads:set %v: %v", step.seq, answer)
		}
	}
	wantRead(t, c, bob, 2)
	wantRead(t, c, bob, 3) // nothing in between
	d.call("messages:send", send(fields{"messageId": "m-4"}))
	listed := within(ask(t, c, "reads:list", fields{"channelId": channelID, "entityId": bob}), "data")
	reads, _ := listed["reads"].([]any)
	if len(reads) != 1 || listed["unread"] != 1.0 {
		t.Errorf("reads:list: %v", listed)
	}
	answer := ask(t, c, "reads:unread", fields{"entityId": bob, "channelIds": []string{bob, channelID}})
	channels, _ := within(answer, "data")["channels"].([]any)
	if len(channels) != 1 {
		t.Fatalf("reads:unread: %v", answer)
	}
	if row, _ := channels[0].(fields); row["channelId"] != channelID || row["seq"] != 3.0 || row["unread"] != 1.0 || row["head"] != 4.0 {
		t.Errorf("reads:unread: %v", row)
	}
}

func TestBadReadsAreRefused(t *testing.T) {
	d := openDoor(t, nil)
	d.call("messages:send", send(nil))
	c := d.dial()
	many := make([]string, 201)
	for i := range many {
		many[i] = channelID
	}
	for _, tt := range []struct {
		event, field, message, code string
		payload                     any
	}{
		{"reads:set", "channelId", "is required", "INVALID_REQUEST", fields{"entityId": ann, "seq": 1}},
		{"reads:set", "entityId", "is required", "INVALID_REQUEST", fields{"channelId": channelID, "seq": 1}},
		{"reads:set", "entityId", "must be a UUID", "INVALID_ID", fields{"channelId": channelID, "entityId": 7, "seq": 1}},
		{"reads:set", "seq", "is required", "INVALID_REQUEST", fields{"channelId": channelID, "entityId": ann}},
		{"reads:set", "seq", "must not be negative", "INVALID_REQUEST", fields{"channelId": channelID, "entityId": ann, "seq": -1}},
		{"reads:set", "seq", "must be an integer", "INVALID_REQUEST", fields{"channelId": channelID, "entityId": ann, "seq": 1.5}},
		{"reads:set", "seq", "must be an integer", "INVALID_REQUEST", fields{"channelId": channelID, "entityId": ann, "seq": fields{}}},
		{"reads:list", "channelId", "is required", "INVALID_REQUEST", fields{}},
		{"reads:list", "channelId", "must be a UUID", "INVALID_ID", fields{"channelId": "hall"}},
		{"reads:unread", "entityId", "is required", "INVALID_REQUEST", fields{"channelIds": []string{channelID}}},
		{"reads:unread", "channelIds", "is required", "INVALID_REQUEST", fields{"entityId": ann}},
		{"reads:unread", "channelIds", "must be a list", "INVALID_REQUEST", fields{"entityId": ann, "channelIds": channelID}},
		{"reads:unread", "channelIds", "must be a UUID", "INVALID_ID", fields{"entityId": ann, "channelIds": []any{7}}},
		{"reads:unread", "channelIds", "must name at most 200 channels", "INVALID_REQUEST", fields{"entityId": ann, "channelIds": many}},
	} {
		wantFault(t, ask(t, c, tt.event, tt.payload), tt.code, tt.field, tt.message)
	}
	unknown := ask(t, c, "reads:set", fields{"channelId": bob, "entityId": ann, "seq": 1})
	if unknown["success"] != false || within(unknown, "error")["code"] != "NOT_FOUND" {
		t.Errorf("an unknown channel: %v", unknown)
	}
	for _, payload := range []any{nil, "text", []int{1}, 7} {
		answer := ask(t, c, "reads:set", payload)
		if answer["success"] != false || within(answer, "error")["code"] != "INVALID_REQUEST" {
			t.Errorf("payload %v: %v", payload, answer)
		}
	}
	emit(t, c, "reads:set", fields{"channelId": channelID, "entityId": ann, "seq": -1})
	if refused := next(t, c, "messageError"); refused["code"] != "INVALID_REQUEST" || refused["channelId"] != channelID {
		t.Errorf("without an ack: %v", refused)
	}
}
