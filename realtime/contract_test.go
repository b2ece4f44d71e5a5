package realtime_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"parley/realtime/sio/siotest"
)

// The rows of the contract on Socket.IO that no other test of this package shows.

// invalidSend is the reference's sentence about a send that lacks something.
const invalidSend = "For SEND_MESSAGE: channelId, serverId (server_id), senderId (author_id), and message are required."

// forms are the two ways to send what a message type carries.
var forms = map[string]func(number int, payload any) (string, any){
	"event message": func(number int, payload any) (string, any) {
		return "message", fields{"type": number, "payload": payload}
	},
	"event of the number": func(number int, payload any) (string, any) { return fmt.Sprint(number), payload },
}

// quiet fails the test if anything but the answer to a marker comes.
func quiet(t *testing.T, c *siotest.Client) {
	t.Helper()
	before := c.Events()
	if a := ask(t, c, "nobody:knows"); a["success"] != false {
		t.Fatal(a)
	}
	for _, e := range append(before, c.Events()...) {
		if e.Name != "presence" {
			t.Errorf("it was answered with %s %s", e.Name, e.Args)
		}
	}
}

// heardMessage waits for a messageBroadcast.
func heardMessage(t *testing.T, c *siotest.Client) fields {
	t.Helper()
	return next(t, c, "messageBroadcast")
}

func TestGreetingsComeInTheOrderOfTheReference(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dialAs(ann)
	for _, want := range []string{"authenticated", "connection_established"} {
		e, err := c.Next("", patience)
		if err != nil || e.Name != want {
			t.Fatal(e, err)
		}
		if args := len(e.Args); want == "connection_established" && (args != 2 || string(e.Args[1]) != `"-"`) {
			t.Errorf("%s has the arguments %s", e.Name, e.Args)
		}
	}
	plain := d.dial()
	if e, err := plain.Next("", patience); err != nil || e.Name != "connection_established" || first(t, e)["socketId"] != plain.ID() {
		t.Fatal(e, err)
	}
}

func TestJoinsAreAnsweredAsByTheReference(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	next(t, c, "connection_established")
	for name, form := range forms {
		for range 2 { // the second one changes nothing and answers again
			event, payload := form(1, fields{"roomId": channelID, "agentId": watched})
			emit(t, c, event, payload)
			for _, answer := range []string{"channel_joined", "room_joined"} {
				e, err := c.Next("", patience)
				if err != nil || e.Name != answer {
					t.Fatal(name, e, err)
				}
				got := first(t, e)
				want := "Socket " + c.ID() + " successfully joined channel " + channelID + "."
				if got["message"] != want || got["channelId"] != channelID || got["roomId"] != channelID || got["agentId"] != watched {
					t.Errorf("%s: %v", name, got)
				}
			}
		}
	}
}

func TestBadJoinsAreRefused(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	next(t, c, "connection_established")
	const required = "channelId is required for joining."
	for name, test := range map[string]struct {
		payload    any
		code, text string
	}{
		"nothing in it":          {fields{}, "INVALID_REQUEST", required},
		"null":                   {nil, "INVALID_REQUEST", required},
		"a text":                 {"x", "INVALID_REQUEST", required},
		"a list":                 {[]any{}, "INVALID_REQUEST", required},
		"an empty id":            {fields{"channelId": ""}, "INVALID_REQUEST", required},
		"not an id":              {fields{"channelId": "x"}, "INVALID_ID", ""},
		"a number":               {fields{"channelId": 7}, "", ""},
		"after as a text":        {fields{"channelId": channelID, "after": "x"}, "INVALID_REQUEST", ""},
		"after below zero":       {fields{"channelId": channelID, "after": -1}, "INVALID_REQUEST", ""},
		"an entity that is none": {fields{"channelId": channelID, "entityId": "x"}, "INVALID_ID", ""},
		"metadata as a text":     {fields{"channelId": channelID, "metadata": "x"}, "INVALID_REQUEST", ""},
	} {
		for form, build := range forms {
			event, payload := build(1, test.payload)
			emit(t, c, event, payload)
			e := next(t, c, "messageError")
			if text, _ := e["error"].(string); text == "" || test.text != "" && text != test.text || test.code != "" && e["code"] != test.code || e["code"] == nil {
				t.Errorf("%s as %s: %v", name, form, e)
			}
			if a := ask(t, c, event, payload); a["success"] != false || within(a, "error")["code"] != e["code"] {
				t.Errorf("%s as %s: ack %v", name, form, a)
			}
			if more, err := c.Next("messageError", patience); err != nil {
				t.Fatal(more, err)
			}
		}
	}
	quiet(t, c)
}

func TestBadSendsAreRefusedAndEndTheWait(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	nested := func(levels int) any {
		v := any("x")
		for range levels {
			v = []any{v}
		}
		return v
	}
	for name, test := range map[string]struct {
		payload any
		text    string
	}{
		"null":                   {nil, invalidSend},
		"a number":               {7, invalidSend},
		"nothing in it":          {fields{}, invalidSend},
		"no message":             {send(fields{"message": ""}), invalidSend},
		"a number as message":    {send(fields{"message": 5}), invalidSend},
		"an object as message":   {send(fields{"message": fields{}}), invalidSend},
		"null as message":        {send(fields{"message": nil}), invalidSend},
		"no sender":              {send(fields{"senderId": nil}), invalidSend},
		"no channel":             {send(fields{"channelId": nil}), invalidSend},
		"a sender that is none":  {send(fields{"senderId": "x"}), ""},
		"a channel that is none": {send(fields{"channelId": "x"}), ""},
		"an unknown server":      {send(fields{"serverId": "99999999-9999-4999-8999-999999999999"}), "Server 99999999-9999-4999-8999-999999999999 does not exist"},
		"NUL":                    {send(fields{"message": "a\x00b"}), ""},
		"too long a text":        {send(fields{"message": strings.Repeat("x", 100_001)}), ""},
		"attachments as a text":  {send(fields{"attachments": "x"}), ""},
		"metadata as a list":     {send(fields{"metadata": []any{}}), ""},
	} {
		for form, build := range forms {
			event, payload := build(2, test.payload)
			emit(t, c, event, payload)
			e := next(t, c, "messageError")
			text, isText := e["error"].(string)
			if !isText || text == "" || test.text != "" && text != test.text || e["code"] == nil || strings.Contains(strings.ToLower(text), "sql") {
				t.Errorf("%s as %s: %v", name, form, e)
			}
			if f, ok := test.payload.(fields); ok && f["channelId"] == channelID && (e["channelId"] != channelID || e["roomId"] != channelID || e["clientMessageId"] != "m-1") {
				t.Errorf("%s as %s does not name itself: %v", name, form, e)
			}
			next(t, c, "messageComplete") // the web client hears no messageError, and would wait for ever
			if a := ask(t, c, event, payload); a["success"] != false {
				t.Errorf("%s as %s: ack %v", name, form, a)
			}
			next(t, c, "messageComplete")
		}
	}
	if head := d.head(channelID); head != 0 {
		t.Errorf("%d events were stored", head)
	}
	// A lone surrogate is no text.
	emit(t, c, "2", json.RawMessage(`{"channelId":"`+channelID+`","serverId":"00000000-0000-0000-0000-000000000000","senderId":"`+ann+`","message":"a\ud800b"}`))
	if e := next(t, c, "messageError"); e["code"] != "INVALID_REQUEST" {
		t.Error(e)
	}
	emit(t, c, "2", send(fields{"metadata": fields{"deep": nested(2_000)}}))
	if e := next(t, c, "messageError"); e["code"] != "INVALID_REQUEST" {
		t.Error(e)
	}
	emit(t, c, "2", send(fields{"metadata": fields{"deep": nested(100)}}))
	if e, err := c.Next("messageAck", patience); err != nil {
		t.Error(e, err)
	}
}

func TestOtherMessageTypesAreIgnored(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	next(t, c, "connection_established")
	for _, message := range []any{
		fields{"type": 3, "payload": send(nil)}, fields{"type": 4, "payload": send(nil)}, fields{"type": 5, "payload": nil},
		fields{"type": 6, "payload": fields{}}, fields{"type": 99, "payload": fields{}}, fields{"type": "2", "payload": send(nil)},
		fields{"type": 2.5, "payload": send(nil)}, fields{"type": 2}, fields{"payload": send(nil)}, fields{}, nil, 7, "x", []any{}, true,
	} {
		emit(t, c, "message", message)
	}
	emit(t, c, "message")
	for _, event := range []string{"3", "4", "5", "6"} {
		emit(t, c, event, send(nil))
	}
	quiet(t, c)
	if d.head(channelID) != 0 {
		t.Error("something was stored")
	}
}

func TestEveryFormOfASendIsTheSame(t *testing.T) {
	d := openDoor(t, nil)
	d.say(channelID, "first") // the published form names no server, so the channel must exist
	bob := d.enter("", channelID)
	c := d.dial()
	sends := map[string]func(){
		"event message":       func() { emit(t, c, "message", fields{"type": 2, "payload": send(fields{"messageId": "1"})}) },
		"event of the number": func() { emit(t, c, "2", send(fields{"messageId": "2"})) },
		"with roomId": func() {
			p := send(fields{"messageId": "3", "roomId": channelID})
			delete(p, "channelId")
			emit(t, c, "2", p)
		},
		"newer names": func() {
			p := send(fields{"messageId": "4", "messageServerId": "00000000-0000-0000-0000-000000000000"})
			delete(p, "serverId")
			emit(t, c, "2", p)
		},
		"published form": func() {
			emit(t, c, "message", fields{"text": "hello", "roomId": channelID, "userId": ann, "name": "Ann"})
		},
		"the operation": func() { emit(t, c, "messages:send", send(fields{"messageId": "5"})) },
	}
	for name, do := range sends {
		do()
		if m := heardMessage(t, bob); m["text"] != "hello" || m["senderId"] != ann || m["clientMessageId"] != nil || m["channelId"] != channelID ||
			m["roomId"] != channelID || m["serverId"] != m["messageServerId"] || m["source"] != "socketio_client" {
			t.Errorf("%s: others hear %v", name, m)
		}
		if m := heardMessage(t, c); m["text"] != "hello" {
			t.Errorf("%s: the sender hears %v", name, m)
		}
		if name == "the operation" {
			continue
		}
		if a := next(t, c, "messageAck"); a["status"] != "received_by_server_and_processing" || a["channelId"] != channelID || a["roomId"] != channelID {
			t.Errorf("%s: %v", name, a)
		}
	}
}
