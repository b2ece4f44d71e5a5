package main

import (
	"strings"
	"testing"
)

func TestMalformedPacketEndsTheConnection(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, packet string
		// lax is set where the page is clear, but the reference goes on.
		lax bool
	}{
		{name: "a letter as type", packet: `4abc`},
		{name: "no type", packet: `4`},
		{name: "a type above the last", packet: `47["message"]`},
		{name: "a type of several digits", packet: `4999`},
		{name: "a negative type", packet: `4-1`},
		{name: "an array without a type", packet: `4["message"]`},
		{name: "an event without a payload", packet: `42`, lax: true},
		{name: "an event with an id and no payload", packet: `421`, lax: true},
		{name: "an event with a namespace and no payload", packet: `42/,`, lax: true},
		{name: "an event with an empty array", packet: `42[]`},
		{name: "an event with an empty array and an id", packet: `421[]`},
		{name: "an event with an object", packet: `42{}`},
		{name: "an event with an object that looks like one", packet: `42{"0":"message","length":1}`},
		{name: "an event with a text", packet: `42"message"`},
		{name: "an event with null", packet: `42null`},
		{name: "an event with true", packet: `42true`},
		{name: "an event with a word", packet: `42message`},
		{name: "an event with broken JSON", packet: `42["message"`},
		{name: "an event with half an array", packet: `42[`},
		{name: "an event with a trailing comma", packet: `42["message",]`},
		{name: "an event with something behind the payload", packet: `42["message"]x`},
		{name: "an event with two payloads", packet: `42["message"]["message"]`},
		{name: "an event with single quotes", packet: `42['message']`},
		{name: "an event with a bare NUL in a text", packet: "42[\"message\",\"\x00\"]"},
		{name: "an event with a bare line break in a text", packet: "42[\"message\",\"\n\"]"},
		{name: "an event with a half escape", packet: `42["message","\u12"]`},
		{name: "an event named by null", packet: `42[null]`},
		{name: "an event named by true", packet: `42[true,"message"]`},
		{name: "an event named by an object", packet: `42[{"name":"message"}]`},
		{name: "an event named by an array", packet: `42[["message"]]`},
		{name: "an event with letters as id", packet: `42abc["message-with-ack",1,"2",{"3":[false]}]`},
		{name: "an event with a negative id", packet: `42-1["message-with-ack"]`},
		{name: "an event with a fraction as id", packet: `421.5["message-with-ack"]`},
		{name: "the reserved event connect", packet: `42["connect"]`},
		{name: "the reserved event connect_error", packet: `42["connect_error"]`},
		{name: "the reserved event disconnect", packet: `42["disconnect"]`},
		{name: "the reserved event disconnecting", packet: `42["disconnecting","x"]`},
		{name: "the reserved event newListener", packet: `42["newListener"]`},
		{name: "the reserved event removeListener", packet: `42["removeListener"]`},
		{name: "an acknowledgement with an object", packet: `431{}`},
		{name: "an acknowledgement with a text", packet: `431"bar"`},
		{name: "an acknowledgement with broken JSON", packet: `431[`},
		{name: "a disconnect with a payload", packet: `41{}`},
		{name: "a disconnect with an array", packet: `41["bye"]`},
		{name: "a connect error from the client", packet: `44{"message":"no"}`},
		{name: "a connect with broken JSON for another namespace", packet: `40/custom,{`},
		{name: "a connect with an array for another namespace", packet: `40/custom,[]`},
	}
	s := startSocketIO(t, relaxed())
	for _, c := range cases {
		if c.lax && !s.strict {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
				p := connected(t, open)
				p.offend(c.packet)
				p.expectClosed()
			})
		})
	}
}

// hostile returns packets for which the page has no rule: the server may close the
// connection or go on, but must live.
func hostile(s server) []string {
	packets := []string{
		`42` + strings.Repeat("9", 400) + `["message-with-ack"]`,
		`4299999999999999999999["message-with-ack"]`,
		`43` + strings.Repeat("9", 400) + `[]`, `43`, `431`, `43/,`,
		`42 ["message"]`, `42["message-with-ack"]`, `421e3["message-with-ack"]`,
		`40123`, `42/["message"]`, `42/custom["message"]`, `42/,,["message"]`,
		`40/` + strings.Repeat("a", 100_000) + `,`,
		`40/custom,{"__proto__":{"a":1},"constructor":null}`,
		`42["` + strings.Repeat("e", 100_000) + `"]`,
		`42["nobody",` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `]`,
		`42["nobody",` + strings.Repeat(`{"a":`, 100_000) + `1` + strings.Repeat("}", 100_000) + `]`,
		`42["nobody",1e999999]`, `42["nobody",-0]`, `42["nobody","\ud800"]`,
		`451e0-["message",{"_placeholder":true,"num":0}]`, `4501-["message",{"_placeholder":true,"num":0}]`,
	}
	if s.strict {
		// The reference dies of these: its search for bytes in an answer recurses.
		packets = append(packets,
			`40/custom,`+strings.Repeat(`{"a":`, 100_000)+`1`+strings.Repeat("}", 100_000),
			`42["message",`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`]`,
			`421["message-with-ack",`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`]`)
	}
	return packets
}

func TestHostilePacketsHarmNobodyElse(t *testing.T) {
	t.Parallel()
	s := startSocketIO(t, relaxed())
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		bystander := connected(t, func(t testing.TB) peer { return openWebSocket(t, s) })
		for _, packet := range hostile(s) {
			connected(t, open).offend(packet)
			open(t).offend(packet)
			expectAlive(t, bystander)
		}
		expectAlive(t, connected(t, open))
	})
}

func TestConnectionMayEndAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := startSocketIO(t, relaxed())
	bystander := connected(t, func(t testing.TB) peer { return openWebSocket(t, s) })
	beginnings := [][]string{
		nil,
		{`40`},
		{`40`, `42["message","x"]`},
		{`40`, `42["message","x"]`, `452-["message",` + placeholder(0) + `,` + placeholder(1) + `]`, "b" + one},
		{`40`, `41`},
		{`40`, `40/custom,`, `421["message-with-ack"]`},
	}
	for _, beginning := range beginnings {
		socket := openWebSocket(t, s)
		socket.send(beginning...)
		_ = socket.conn.NetConn().Close()
		session := openPolling(t, s)
		if len(beginning) > 0 {
			session.send(beginning...)
		}
		session.offend("1")
		expectAlive(t, bystander)
	}
}
