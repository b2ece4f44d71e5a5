package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// peer is a client with an open Engine.IO session on any transport. Packets are
// strings in the notation of long-polling: a binary one is "b" and base64.
type peer interface {
	// send sends packets which the server must accept.
	send(packets ...string)
	// offend sends packets to which the server may react as it likes.
	offend(packets ...string)
	// next returns the next packet that is no ping.
	next() string
	// expectClosed fails unless the server ends the session without another message.
	expectClosed()
	// age returns the time since the client began to connect.
	age() time.Duration
	// engineID returns the Engine.IO session id.
	engineID() string
}

// onEachTransport runs a test over WebSocket, over long-polling, and on a session that
// was upgraded from the one to the other.
func onEachTransport(t *testing.T, s server, run func(t *testing.T, open func(testing.TB) peer)) {
	t.Helper()
	openers := []struct {
		name string
		open func(testing.TB, server) peer
	}{
		{"over WebSocket", func(t testing.TB, s server) peer { return openWebSocket(t, s) }},
		{"over long-polling", func(t testing.TB, s server) peer { return openPolling(t, s) }},
		{"after an upgrade", func(t testing.TB, s server) peer { return openUpgraded(t, s) }},
	}
	for _, opener := range openers {
		t.Run(opener.name, func(t *testing.T) {
			t.Parallel()
			run(t, func(t testing.TB) peer { return opener.open(t, s) })
		})
	}
}

// openUpgraded opens a session over long-polling and upgrades it.
func openUpgraded(t testing.TB, s server) *webSocketPeer {
	t.Helper()
	session := openPolling(t, s)
	socket := probe(t, session)
	finishUpgrade(t, session, socket)
	return socket
}

// probe opens a WebSocket for a long-polling session and probes it.
func probe(t testing.TB, session *pollingPeer) *webSocketPeer {
	t.Helper()
	socket := dialWebSocket(t, session.server, upgradeQuery(session.sid))
	socket.sid = session.sid
	socket.send("2probe")
	if answer := socket.next(); answer != "3probe" {
		t.Fatalf("the probe got %s, want 3probe", brief(answer))
	}
	return socket
}

// finishUpgrade ends the polling of an idle session and completes its upgrade.
func finishUpgrade(t testing.TB, session *pollingPeer, socket *webSocketPeer) {
	t.Helper()
	for answer := session.get(); answer.body != "6"; answer = session.get() {
		if answer.body != "2" { // a ping may come first
			t.Fatalf("a poll during the upgrade got %d %q, want a noop", answer.status, answer.body)
		}
		session.send("3")
	}
	socket.send("5")
}

// upgradeQuery is the query of a WebSocket that upgrades a session.
func upgradeQuery(sid string) string { return "EIO=4&transport=websocket&sid=" + sid }

// openPacket is the payload of the open packet.
type openPacket struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int      `json:"pingInterval"`
	PingTimeout  int      `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
}

// parseOpen reads an open packet, which has its five fields and no other.
func parseOpen(t testing.TB, packet string) openPacket {
	t.Helper()
	payload, ok := strings.CutPrefix(packet, "0")
	if !ok {
		t.Fatalf("got %s, want an open packet", brief(packet))
	}
	var open openPacket
	decoder := json.NewDecoder(strings.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&open); err != nil {
		t.Fatalf("open packet %s: %v", brief(packet), err)
	}
	if open.SID == "" {
		t.Fatalf("open packet %s has no sid", brief(packet))
	}
	return open
}

// expect fails unless the next packets are the given ones.
func expect(t testing.TB, p peer, packets ...string) {
	t.Helper()
	for _, want := range packets {
		if got := p.next(); got != want {
			t.Fatalf("got packet %s, want %s", brief(got), brief(want))
		}
	}
}

// expectEcho fails unless the Engine.IO server echoes a message, and nothing else
// comes before it.
func expectEcho(t testing.TB, p peer, message string) {
	t.Helper()
	p.send(message)
	expect(t, p, message)
}

// brief quotes a packet and cuts a long one.
func brief(packet string) string {
	if len(packet) > 200 {
		return fmt.Sprintf("%q... (%d bytes)", packet[:200], len(packet))
	}
	return fmt.Sprintf("%q", packet)
}

// encode returns bytes in base64, as they follow the "b" of a binary packet.
func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
