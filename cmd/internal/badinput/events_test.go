package badinput_test

import (
	"strings"
	"testing"
	"time"

	"parley/realtime/sio/siotest"
)

func TestEventsThatNobodyDeclaredAreAnsweredAndHarmless(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		c, err := s.sockets.Dial(s.url, siotest.Options{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"", " ", "__proto__", "hasOwnProperty", "constructor", "toString", "valueOf", "prototype", "ping", "data", "end", "close",
			"reconnect", "open", "packet", "messages", ":", "messages:", ":send", "messages:send ", "MESSAGES:SEND", "messages:send\n", "messages:senD",
			"../messages:send", "*", "messages:*", "null", "undefined", "0", "7", "99999999999999999999", "ünï", "\u202emessages:send", "\x00", "a\x00b",
			strings.Repeat("x", 500_000), strings.Repeat("\U0001F600", 100_000), "messages:send" + strings.Repeat(" ", 1000)} {
			a, err := s.ask(c, name, map[string]any{"channelId": stranger})
			var out outcome
			if err == nil {
				out, err = a.read(false)
			}
			if err != nil || out.code != "NOT_FOUND" {
				t.Errorf("%s: event %.40q: %s %q, %v", transport, name, out.code, out.message, err)
			}
			if len(a.body) > 2000 {
				t.Errorf("%s: the name comes back in %d bytes", transport, len(a.body))
			}
		}
		c.Close()
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("what was refused has changed %v", changed)
	}
}

func TestReservedEventsEndOnlyTheirConnection(t *testing.T) {
	s := serve(t)
	bystander := s.dial()
	for _, name := range []string{"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"} {
		c := s.dial()
		if err := c.Emit(name, "x"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-c.Done():
		case <-time.After(patience):
			t.Errorf("%s: the connection lives on", name)
		}
	}
	if a, err := s.ask(bystander, "system:ping", map[string]any{}); err != nil || !strings.Contains(string(a.body), "pong") {
		t.Errorf("the bystander: %s, %v", a.body, err)
	}
}

// TestBinaryDataIsRefusedWhereverItStands sends attachments in place of fields.
func TestBinaryDataIsRefusedWhereverItStands(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	c := s.dial()
	for _, name := range []string{"messages:send", "2", "message"} {
		for _, args := range []string{`{"channelId":"` + stranger + `","senderId":"` + stranger + `","serverId":"` + stranger + `","message":{"_placeholder":true,"num":0}}`,
			`{"type":2,"payload":{"channelId":"` + stranger + `","metadata":{"a":[{"_placeholder":true,"num":0}]}}}`, `{"x":{"_placeholder":true,"num":0}}`} {
			if err := c.SendRaw(`51-["`+name+`",`+args+`]`, []byte{1, 2, 3}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if a, err := s.ask(c, "system:ping", map[string]any{}); err != nil || !strings.Contains(string(a.body), "pong") {
		t.Errorf("the socket afterwards: %s, %v", a, err)
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("what was refused has changed %v", changed)
	}
}

func TestErrorIsAnEventLikeAnyOther(t *testing.T) {
	s := serve(t)
	c := s.dial()
	a, err := s.ask(c, "error", "x")
	if out, fault := a.read(false); err != nil || fault != nil || out.code != "NOT_FOUND" {
		t.Errorf("%s, %v, %v", a.body, err, fault)
	}
}

// TestTheReferencesEventsRefuseBadPayloads checks that who asks for no ack is told as well.
func TestTheReferencesEventsRefuseBadPayloads(t *testing.T) {
	s := serve(t)
	c := s.dial()
	for name, args := range map[string][]any{
		"1": {}, "2": {}, "join": {}, "leave": {}, "typing": {}, "request-world-state": {},
		"update_log_filters": {7}, "message": {map[string]any{"type": 2, "payload": []int{}}},
	} {
		if s.Registry().Lookup(name) == nil && (name == "typing" || name == "request-world-state") {
			continue
		}
		a, err := s.ask(c, name, args...)
		var out outcome
		if err == nil {
			out, err = a.read(false)
		}
		if err != nil || out.success {
			t.Errorf("%s with %v: %s, %v", name, args, a.body, err)
		}
	}
	for _, args := range [][]any{nil, {nil}, {7}, {"text"}, {[]int{1}}, {[]byte{1}}, {map[string]any{}, 1, 2}} {
		for _, name := range []string{"1", "2"} {
			if err := c.Emit(name, args...); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Next("messageError", patience); err != nil {
				t.Errorf("%s with %v: %v", name, args, err)
			}
		}
	}
}
