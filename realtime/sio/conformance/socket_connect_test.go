package main

import (
	"testing"
	"time"
)

func TestConnectIsAnsweredWithASessionID(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, packet, namespace, auth string }{
		{"main namespace", `40`, "", `{}`},
		{"main namespace by name", `40/,`, "", `{}`},
		{"main namespace with an empty payload", `40{}`, "", `{}`},
		{"main namespace with a payload", `40{"token":"123"}`, "", `{"token":"123"}`},
		{"main namespace with a nested payload", `40{"a":[1,null,{"b":"é€"}],"":false}`, "", `{"a":[1,null,{"b":"é€"}],"":false}`},
		{"custom namespace", `40/custom,`, "/custom", `{}`},
		{"custom namespace without the comma", `40/custom`, "/custom", `{}`},
		{"custom namespace with an empty payload", `40/custom,{}`, "/custom", `{}`},
		{"custom namespace with a payload", `40/custom,{"token":"abc"}`, "/custom", `{"token":"abc"}`},
		{"payload with spaces", `40{ "token" : "123" }`, "", `{"token":"123"}`},
	}
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				p := open(t)
				p.send(c.packet)
				if id := expectConnected(t, p, c.namespace); id == p.engineID() {
					t.Error("the socket's id is that of the Engine.IO session")
				}
				expectPacket(t, p, packet{
					kind: eventPacket, namespace: c.namespace, payload: `["auth",` + c.auth + `]`,
				})
			})
		}
	})
}

func TestSeveralNamespacesShareAConnection(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := open(t)
		custom := connect(t, p, "/custom")
		if main := connect(t, p, ""); main == custom {
			t.Error("two namespaces gave the same id")
		}
		p.send(`42["message","main"]`, `42/custom,["message","custom"]`, `42["message","main again"]`)
		expect(t, p, `42["message-back","main"]`, `42/custom,["message-back","custom"]`,
			`42["message-back","main again"]`)
	})
}

func TestUnknownNamespaceIsRefused(t *testing.T) {
	t.Parallel()
	cases := []struct{ packet, answer string }{
		{`40/random`, `44/random,{"message":"Invalid namespace"}`},
		{`40/random,`, `44/random,{"message":"Invalid namespace"}`},
		{`40/random,{"token":"123"}`, `44/random,{"message":"Invalid namespace"}`},
		{`40/custom/,`, `44/custom/,{"message":"Invalid namespace"}`},
		{`40/Custom,`, `44/Custom,{"message":"Invalid namespace"}`},
		{`40/custom?token=123,`, `44/custom?token=123,{"message":"Invalid namespace"}`},
		{`40/__proto__,`, `44/__proto__,{"message":"Invalid namespace"}`},
		{`40/päron 漢字,`, `44/päron 漢字,{"message":"Invalid namespace"}`},
	}
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, c := range cases {
			t.Run(c.packet, func(t *testing.T) {
				p := open(t)
				p.send(c.packet)
				expect(t, p, c.answer)
				p.send(c.packet)
				expect(t, p, c.answer)
				connect(t, p, "")
				expectAlive(t, p)
			})
		}
	})
}

func TestClientThatDoesNotConnectFirstIsClosedAtOnce(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		packets []string
	}{
		{"an event", []string{`42["message","hello"]`}},
		{"an event with an acknowledgement id", []string{`421["message-with-ack"]`}},
		{"an event for a namespace", []string{`42/custom,["message"]`}},
		{"a disconnect", []string{`41`}},
		{"an acknowledgement", []string{`431[]`}},
		{"a connect error", []string{`44{"message":"no"}`}},
		{"a binary event", []string{`451-["message",{"_placeholder":true,"num":0}]`, `bAQID`}},
		{"bytes", []string{`bAQID`}},
		{"a letter", []string{`4abc`}},
		{"an unknown type", []string{`47`}},
		{"nothing", []string{`4`}},
		{"connect with broken JSON", []string{`40{`}},
		{"connect with an array", []string{`40[]`}},
		{"connect with a text", []string{`40"token"`}},
		{"connect with null", []string{`40null`}},
		{"connect with a boolean", []string{`40true`}},
		{"connect with broken JSON for a namespace", []string{`40/custom,{"token"`}},
		{"connect with two objects", []string{`40{}{}`}},
	}
	s := startSocketIO(t, relaxed())
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				p := open(t)
				p.offend(c.packets...)
				p.expectClosed()
				if p.age() >= s.settings.connectTimeout {
					t.Errorf("closed after %v, which may be the connect timeout", p.age())
				}
			})
		}
	})
}

// impatient are settings with a connect timeout that a test can wait for, and which
// leaves a client on a busy machine the time to connect.
func impatient() settings {
	s := relaxed()
	s.connectTimeout = 5 * time.Second
	return s
}

func TestClientThatNeverConnectsIsClosedAtTheConnectTimeout(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, packet, answer string
	}{
		{name: "says nothing"},
		{"is refused", `40/random,`, `44/random,{"message":"Invalid namespace"}`},
	}
	s := startSocketIO(t, impatient())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
				p := open(t)
				if c.packet != "" {
					p.send(c.packet)
					expect(t, p, c.answer)
				}
				p.expectClosed()
				if age := p.age(); age < s.settings.connectTimeout-early {
					t.Errorf("closed after %v, want %v", age, s.settings.connectTimeout)
				}
			})
		})
	}
}

func TestClientThatConnectedOutlivesTheConnectTimeout(t *testing.T) {
	t.Parallel()
	s := startSocketIO(t, impatient())
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		for p.age() < s.settings.connectTimeout+s.settings.pingInterval {
			expectAlive(t, p)
		}
	})
}

func TestManyClientsConnectAtOnce(t *testing.T) {
	t.Parallel()
	const clients = 100
	s := startSocketIO(t, relaxed())
	sockets := make([]*webSocketPeer, clients)
	for i := range sockets {
		sockets[i] = dialWebSocket(t, s, "EIO=4&transport=websocket")
		sockets[i].send("40") // without waiting for the open packet
	}
	for _, socket := range sockets {
		parseOpen(t, socket.next())
		expectConnected(t, socket, "")
		expect(t, socket, `42["auth",{}]`)
	}
}

func TestConnectingTwiceToANamespaceEndsTheConnection(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, namespace := range []string{"", "/custom"} {
			p := open(t)
			connect(t, p, namespace)
			p.offend(packet{kind: connectPacket, namespace: namespace}.wire()...)
			p.expectClosed()
		}
	})
}

func TestPacketForANamespaceNotConnectedEndsTheConnection(t *testing.T) {
	t.Parallel()
	packets := []packet{
		{kind: eventPacket, payload: `["message"]`},
		{kind: eventPacket, id: "1", payload: `["message-with-ack"]`},
		{kind: ackPacket, id: "1", payload: `[]`},
		{kind: disconnectPacket},
		{kind: connectErrorPacket, payload: `{"message":"no"}`},
		{kind: binaryEventPacket, payload: `["message",{"_placeholder":true,"num":0}]`, attachments: []string{"AQID"}},
	}
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, namespace := range []string{"/custom", "/random"} {
			for _, c := range packets {
				p := connected(t, open)
				c.namespace = namespace
				p.offend(c.wire()...)
				p.expectClosed()
			}
		}
	})
}

func TestDisconnectEndsOneNamespaceAndHasNoAnswer(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		t.Run("the main namespace lives on without the custom one", func(t *testing.T) {
			for _, leave := range []string{`41/custom`, `41/custom,`} {
				p := connected(t, open)
				connect(t, p, "/custom")
				p.send(leave, `42["message","to the main namespace"]`)
				expect(t, p, `42["message-back","to the main namespace"]`)
			}
		})
		t.Run("the custom namespace lives on without the main one", func(t *testing.T) {
			p := connected(t, open)
			connect(t, p, "/custom")
			p.send(`41`, `42/custom,["message","to the custom namespace"]`)
			expect(t, p, `42/custom,["message-back","to the custom namespace"]`)
		})
		t.Run("the client may connect to the namespace again", func(t *testing.T) {
			p := connected(t, open)
			first := connect(t, p, "/custom")
			p.send(`41/custom,`)
			expectAlive(t, p)
			if again := connect(t, p, "/custom"); again == first {
				t.Error("the second socket has the id of the first")
			}
		})
		t.Run("the connection outlives its last namespace", func(t *testing.T) {
			p := connected(t, open)
			p.send(`41`)
			connect(t, p, "/custom")
		})
		t.Run("an event after it ends the connection", func(t *testing.T) {
			p := connected(t, open)
			p.send(`41`)
			connect(t, p, "/custom")
			p.offend(`42["message"]`)
			p.expectClosed()
		})
	})
}

func TestClientMayLeaveAndConnectAgainAtOnce(t *testing.T) {
	t.Parallel()
	s := startSocketIO(t, relaxed())
	if !s.strict {
		return // the reference handles the DISCONNECT late, and then closes the connection
	}
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		for _, namespace := range []string{"", "/custom"} {
			p := open(t)
			first := connect(t, p, namespace)
			p.send(packet{kind: disconnectPacket, namespace: namespace}.wire()...)
			if again := connect(t, p, namespace); again == first {
				t.Error("the second socket has the id of the first")
			}
		}
	})
}
