package main

import (
	"fmt"
	"strings"
	"testing"
)

// payloads are the arguments of events, in JSON.
var payloads = []struct{ name, json string }{
	{"nothing", ``},
	{"numbers", `0,1,-1.5,1e3,9007199254740991`},
	{"texts", `"","a","\"quoted\"","\\","\n\t","\u0000","é€漢字","😀"`},
	{"a text that looks like a packet", `"42[\"message\"]"`},
	{"booleans and null", `true,false,null`},
	{"empty containers", `[],{}`},
	{"nested containers", `[[1,[2,[3]]],{"a":{"b":[{"c":null}]}}]`},
	{"an object with strange keys", `{"":1,"a b":2,"__proto__x":3,"漢":4}`},
	{"the example of the test suite", `1,"2",{"3":[true]}`},
	{"a placeholder in a packet without attachments", `{"_placeholder":true,"num":0}`},
	{"a text that looks like a namespace", `"/custom,"`},
	{"many arguments", strings.Repeat(`1,`, 500) + `1`},
	{"a long text", `"` + strings.Repeat("x", 100_000) + `"`},
}

// list returns a JSON array of the event's name and its arguments.
func list(name, arguments string) string {
	quoted := `"` + name + `"`
	if name == "" {
		return `[` + arguments + `]`
	}
	if arguments == "" {
		return `[` + quoted + `]`
	}
	return `[` + quoted + `,` + arguments + `]`
}

func TestEventCarriesAnyJSON(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, namespace := range []string{"", "/custom"} {
			for _, c := range payloads {
				t.Run(c.name+" on /"+strings.TrimPrefix(namespace, "/"), func(t *testing.T) {
					p := open(t)
					connect(t, p, namespace)
					p.send(packet{kind: eventPacket, namespace: namespace, payload: list("message", c.json)}.wire()...)
					expectPacket(t, p, packet{
						kind: eventPacket, namespace: namespace, payload: list("message-back", c.json),
					})
				})
			}
		}
	})
}

func TestEventIsEncodedAsThePageShows(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name          string
		sent, answers []string
	}{
		{"an event", []string{`42["message",1,"2",{"3":[true]}]`}, []string{`42["message-back",1,"2",{"3":[true]}]`}},
		{"an event on a namespace", []string{`42/custom,["message","foo"]`}, []string{`42/custom,["message-back","foo"]`}},
		{"an event on the main namespace by name", []string{`42/,["message","foo"]`}, []string{`42["message-back","foo"]`}},
		{"an acknowledgement", []string{`42456["message-with-ack",1,"2",{"3":[false]}]`}, []string{`43456[1,"2",{"3":[false]}]`}},
		{"an acknowledgement on a namespace", []string{`42/custom,13["message-with-ack","bar"]`}, []string{`43/custom,13["bar"]`}},
		{"an empty acknowledgement", []string{`4212["message-with-ack"]`}, []string{`4312[]`}},
		{
			"attachments",
			[]string{`452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "bAQID", "bBAUG"},
			[]string{`452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "bAQID", "bBAUG"},
		},
		{
			"attachments on a namespace",
			[]string{`451-/custom,["message","baz",{"_placeholder":true,"num":0}]`, "bAQIDBA=="},
			[]string{`451-/custom,["message-back","baz",{"_placeholder":true,"num":0}]`, "bAQIDBA=="},
		},
		{
			"an acknowledgement with attachments",
			[]string{`452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "bAQID", "bBAUG"},
			[]string{`462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "bAQID", "bBAUG"},
		},
		{
			"an acknowledgement with attachments on a namespace",
			[]string{`451-/custom,1["message-with-ack",{"_placeholder":true,"num":0}]`, "bAQID"},
			[]string{`461-/custom,1[{"_placeholder":true,"num":0}]`, "bAQID"},
		},
	}
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				p := connected(t, open)
				connect(t, p, "/custom")
				p.send(c.sent...)
				expect(t, p, c.answers...)
			})
		}
	})
}

func TestAcknowledgementHasTheIDOfItsEvent(t *testing.T) {
	t.Parallel()
	ids := []string{"0", "1", "456", "2147483648", "4294967296", "9007199254740991"}
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, namespace := range []string{"", "/custom"} {
			p := open(t)
			connect(t, p, namespace)
			for _, id := range ids {
				event := packet{kind: eventPacket, namespace: namespace, id: id, payload: `["message-with-ack","é",2]`}
				p.send(event.wire()...)
				expectPacket(t, p, packet{kind: ackPacket, namespace: namespace, id: id, payload: `["é",2]`})
			}
		}
	})
}

func TestAcknowledgementCarriesAnyJSON(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for i, c := range payloads {
			t.Run(c.name, func(t *testing.T) {
				p := connected(t, open)
				id := fmt.Sprint(i)
				p.send(packet{kind: eventPacket, id: id, payload: list("message-with-ack", c.json)}.wire()...)
				expectPacket(t, p, packet{kind: ackPacket, id: id, payload: list("", c.json)})
			})
		}
	})
}

func TestEventsAndAcknowledgementsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const count = 300
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		var sent, answers []string
		for i := range count {
			sent = append(sent, fmt.Sprintf(`42["message",%d]`, i), fmt.Sprintf(`42%d["message-with-ack",%d]`, i, i))
			answers = append(answers, fmt.Sprintf(`42["message-back",%d]`, i), fmt.Sprintf(`43%d[%d]`, i, i))
		}
		p.send(sent...)
		expect(t, p, answers...)
	})
}

func TestEventNobodyHandlesIsIgnored(t *testing.T) {
	t.Parallel()
	packets := []string{
		`42["nobody"]`, `42["nobody",1,{"a":2}]`, `427["nobody"]`, `42[""]`, `42["__proto__"]`, `42["constructor",1]`,
		// The reference takes numbers as event names.
		`42[1]`, `42[2,{"a":1}]`, `42["1",{"a":1}]`,
		// Events of the engine's own objects must not be reachable from outside.
		`42["error","x"]`, `42["close"]`, `42["data","x"]`, `42["connection"]`, `42["message-back"]`,
	}
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		for _, packet := range packets {
			p.send(packet)
			expectAlive(t, p)
		}
	})
}

func TestAcknowledgementNobodyWaitsForIsIgnored(t *testing.T) {
	t.Parallel()
	packets := []packet{
		{kind: ackPacket, id: "0", payload: `[]`},
		{kind: ackPacket, id: "12", payload: `["bar"]`},
		{kind: ackPacket, id: "9007199254740991", payload: `[null]`},
		{kind: binaryAckPacket, id: "15", payload: `["bar",{"_placeholder":true,"num":0}]`, attachments: []string{"AQID"}},
	}
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		for _, c := range packets {
			p.send(c.wire()...)
			expectAlive(t, p)
		}
	})
}

func TestEventsDuringAnUpgradeArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	s := startSocketIO(t, relaxed())
	for round := range 10 {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			session.send("40")
			expectConnected(t, session, "")
			expect(t, session, `42["auth",{}]`)
			session.send(events(0, 20)...)
			socket := probe(t, session)
			session.send(events(20, 40)...)
			got := session.queue
			if round%2 == 0 {
				got = append(got, pollUntilNoop(t, session)...)
			}
			socket.send("5")
			socket.send(events(40, 60)...)
			for i := range 60 {
				var packet string
				if i < len(got) {
					packet = got[i]
				} else {
					packet = socket.next()
				}
				if want := fmt.Sprintf(`42["message-back",%d]`, i); packet != want {
					t.Fatalf("got %s, want %s", brief(packet), want)
				}
			}
			expectAlive(t, socket)
		})
	}
}

// events returns message events that carry their number.
func events(from, to int) []string {
	packets := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		packets = append(packets, fmt.Sprintf(`42["message",%d]`, i))
	}
	return packets
}
