package realtime_test

import (
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/identity"
	"parley/realtime"
)

const (
	watched = "66666666-6666-4666-8666-666666666666"
	asking  = "7a7a7a7a-1111-4111-8111-111111111111" // the message of a turn
	reply   = "8b8b8b8b-1111-4111-8111-111111111111" // what answers it
)

func TestTheRoomOfAnAgentHearsOfItsTurns(t *testing.T) {
	d := openDoor(t, nil)
	if d.gateway.Listens(watched) {
		t.Fatal("somebody listens")
	}
	c := d.dial()
	if a := ask(t, c, "agents:join", fields{"agentId": watched}); within(a, "data")["joined"] != true {
		t.Fatal(a)
	}
	if a := ask(t, c, "agents:join", fields{"agentId": watched}); a["success"] != true { // once more
		t.Fatal(a)
	}
	at := agents.At{AgentID: watched, ChannelID: channelID, MessageID: asking, RunID: "r", Attempt: 2, Time: time.UnixMilli(1234)}
	d.gateway.TurnChanged(agents.TurnStep{At: at, State: agents.StateDecided, Outcome: &agents.Outcome{Error: "no words", Replies: []agents.Reply{{ID: reply}}}})
	d.gateway.Thought(agents.Thought{At: at, ReplyID: reply, Text: "hm"})
	d.gateway.Acted(agents.Action{At: at, ReplyID: reply, Name: "REPLY", Text: "hello"})
	for _, test := range []struct {
		event string
		want  fields
	}{
		{"agentTurn", fields{"state": "decided", "error": "no words"}},
		{"agentThought", fields{"thought": "hm", "replyId": reply}},
		{"agentAction", fields{"action": "REPLY", "text": "hello", "replyId": reply}},
	} {
		e := next(t, c, test.event)
		for key, value := range map[string]any{"agentId": watched, "channelId": channelID, "messageId": asking, "runId": "r", "attempt": 2.0, "createdAt": 1234.0} {
			test.want[key] = value
		}
		for key, value := range test.want {
			if e[key] != value {
				t.Errorf("%s: %s is %v, want %v", test.event, key, e[key], value)
			}
		}
	}
	if a := ask(t, c, "agents:leave", fields{"agentId": watched}); a["success"] != true || d.gateway.Listens(watched) {
		t.Fatal(a)
	}
}

func TestTheRoomOfADeletedAgentIsEmptied(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	if a := ask(t, c, "agents:join", fields{"agentId": watched}); a["success"] != true {
		t.Fatal(a)
	}
	d.gateway.AgentRemoved(agents.ListItem{ID: watched, Name: "Ann", Status: agents.Inactive})
	if e := next(t, c, "agentRemoved"); e["agentId"] != watched {
		t.Fatal(e)
	}
	if d.gateway.Listens(watched) {
		t.Error("somebody listens to the next agent of this id")
	}
	if a := ask(t, c, "agents:join", fields{"agentId": watched}); a["success"] != true || !d.gateway.Listens(watched) {
		t.Errorf("whoever wants to does not hear of the next one: %v", a)
	}
}

func TestOnlyAdministratorsEnterAnAgentsRoom(t *testing.T) {
	d := openDoor(t, func(o *realtime.Options) {
		auth, err := identity.New(identity.Options{Mode: identity.Key, Key: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		o.Identity = auth
	})
	for key, want := range map[string]any{"": "FORBIDDEN", "secret": nil} {
		c := d.dialBy("", fields{"apiKey": key})
		if a := ask(t, c, "agents:join", fields{"agentId": watched}); within(a, "error")["code"] != want {
			t.Errorf("with key %q: %v", key, a)
		}
	}
	c := d.dialBy("", fields{"apiKey": "secret"})
	for name, request := range map[string]any{"nothing": nil, "no id": fields{}, "not an id": fields{"agentId": "x"}, "a number": fields{"agentId": 7}} {
		if a := ask(t, c, "agents:join", request); a["success"] != false {
			t.Errorf("%s: %v", name, a)
		}
	}
	for i := range 100 {
		id := domain.StringToUUID[domain.AgentID](time.Duration(i).String())
		if a := ask(t, c, "agents:join", fields{"agentId": id}); a["success"] != true {
			t.Fatal(a)
		}
	}
	if a := ask(t, c, "agents:join", fields{"agentId": watched}); within(a, "error")["code"] != "RATE_LIMITED" {
		t.Fatal(a)
	}
}
