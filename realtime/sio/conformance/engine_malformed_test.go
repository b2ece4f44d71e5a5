package main

import (
	"testing"

	"github.com/gorilla/websocket"
)

func TestMalformedPacketEndsTheSession(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, packet string }{
		{name: "letters instead of a type", packet: "abc"},
		{name: "a type above the last", packet: "7"},
		{name: "a type above the last, with a payload", packet: "9hello"},
		{name: "nothing at all", packet: ""},
		{name: "a space before the type", packet: " 4hello"},
		{name: "a minus before the type", packet: "-1"},
		{name: "a digit outside ASCII", packet: "٤hello"},
	}
	s := startEngineIO(t, relaxed())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
				p := open(t)
				p.offend(c.packet)
				p.expectClosed()
			})
		})
	}
}

func TestMalformedPayloadEndsTheSession(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, payload string
		// lax is set where the reference guesses what was meant.
		lax bool
	}{
		{name: "only a separator", payload: "\x1e"},
		{name: "a separator at the end", payload: "4a\x1e"},
		{name: "a separator at the start", payload: "\x1e4a"},
		{name: "two separators", payload: "4a\x1e\x1e4b"},
		{name: "a malformed packet after a good one", payload: "4a\x1eabc"},
		{name: "a malformed packet before a good one", payload: "abc\x1e4a"},
		{name: "base64 with letters outside its alphabet", payload: "b!!!!", lax: true},
		{name: "base64 of an impossible length", payload: "bA", lax: true},
		{name: "padding in the middle of base64", payload: "bAQ==AQ==", lax: true},
		{name: "invalid UTF-8", payload: "4\xff\xfe\xfd", lax: true},
		{name: "half a character at the end", payload: "4\xe2\x82", lax: true},
	}
	s := startEngineIO(t, relaxed())
	for _, c := range cases {
		if c.lax && !s.strict {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			session.offend(c.payload)
			expectClosedAfter(t, session, "4a")
		})
	}
}

// expectClosedAfter fails unless the session ends; the good packet that came before
// the malformed one may be answered first.
func expectClosedAfter(t *testing.T, session *pollingPeer, good string) {
	t.Helper()
	for answer := session.get(); answer.status == 200; answer = session.get() {
		switch answer.body {
		case good, good + "\x1e1", "1", "6", "6\x1e1":
		case "2":
			session.offend("3")
		default:
			t.Fatalf("got %s instead of the end of the session", brief(answer.body))
		}
		if session.age() > patience {
			t.Fatal("the session was not closed")
		}
	}
}

func TestWebSocketTextMustBeUTF8(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	for _, text := range []string{"4\xff\xfe", "4\xe2\x82", "4\xed\xa0\x80"} {
		socket := openWebSocket(t, s)
		_ = socket.write(websocket.TextMessage, []byte(text))
		socket.expectClosed()
	}
}

// The page gives these packets to the server or to the upgrade; the reference ignores
// them elsewhere.
func TestPacketsOfTheServerAreIgnoredFromAClient(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		for _, packet := range []string{"0", `0{"sid":"abc"}`, "5", "6"} {
			p := open(t)
			p.send(packet)
			expectEcho(t, p, "4hello")
		}
	})
}

func TestMalformedPacketsHarmNobodyElse(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	bystander := openWebSocket(t, s)
	for _, packet := range []string{"", "abc", "7", "2", "1", "b", "4", "5", "6", "0", "\x1e", "4\x1e", "\xff"} {
		openPolling(t, s).offend(packet)
		socket := openWebSocket(t, s)
		_ = socket.write(websocket.TextMessage, []byte(packet))
		expectEcho(t, bystander, "4still here")
	}
}
