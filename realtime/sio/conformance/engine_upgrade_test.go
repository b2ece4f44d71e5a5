package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestUpgradeMovesTheSessionToTheWebSocket(t *testing.T) {
	t.Parallel()
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		session := openPolling(t, s)
		pending := session.getAside()
		socket := probe(t, session)
		answer := <-pending
		if answer.body == "2" { // a ping came first
			session.send("3")
			answer = session.get()
		}
		if answer.status != http.StatusOK || answer.body != "6" {
			t.Errorf("the pending poll got %d %q, want a noop", answer.status, answer.body)
		}
		socket.send("5")
		expectNoPolling(t, session)
	})
}

// expectNoPolling fails unless the long-polling requests of an upgraded session are
// refused. The first may still come before the upgrade packet is read; it then ends
// with a noop.
func expectNoPolling(t *testing.T, session *pollingPeer) {
	t.Helper()
	answer := session.get()
	for answer.status == http.StatusOK && answer.body == "6" {
		answer = session.get()
	}
	if answer.status != http.StatusBadRequest {
		t.Errorf("a poll after the upgrade got %d %q, want 400", answer.status, answer.body)
	}
	if answer := session.post("4late"); answer.status != http.StatusBadRequest {
		t.Errorf("a POST after the upgrade got %d %q, want 400", answer.status, answer.body)
	}
}

func TestUpgradedSessionWorks(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	session := openPolling(t, s)
	expectEcho(t, session, "4before")
	socket := probe(t, session)
	finishUpgrade(t, session, socket)
	expectEcho(t, socket, "4after")
	expectEcho(t, socket, "bAQIDBA==")
	expectNoPolling(t, session)
	expectEcho(t, socket, "4still")
}

func TestEveryPollDuringAnUpgradeEndsSoon(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	session := openPolling(t, s)
	socket := probe(t, session)
	for range 3 {
		answer := session.get()
		if answer.body == "2" {
			session.send("3")
			continue
		}
		if answer.status != http.StatusOK || answer.body != "6" {
			t.Fatalf("a poll got %d %q, want a noop", answer.status, answer.body)
		}
	}
	socket.send("5")
	expectEcho(t, socket, "4after")
}

func TestNothingIsLostOrDoubledByAnUpgrade(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	// fetched says whether the client fetches what waits for it on long-polling
	// before it completes the upgrade, or lets it come over the WebSocket.
	for _, fetched := range []bool{true, false} {
		for round := range 10 {
			t.Run(fmt.Sprintf("fetched %v, round %d", fetched, round), func(t *testing.T) {
				t.Parallel()
				session := openPolling(t, s)
				session.send(numbered(0, 20)...)
				socket := probe(t, session)
				session.send(numbered(20, 40)...)
				if fetched {
					session.queue = append(session.queue, pollUntilNoop(t, session)...)
				}
				socket.send("5")
				socket.send(numbered(40, 60)...)
				expectSequence(t, session.queue, socket, 60)
			})
		}
	}
}

// numbered returns messages whose text is their number.
func numbered(from, to int) []string {
	packets := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		packets = append(packets, fmt.Sprintf("4%d", i))
	}
	return packets
}

// pollUntilNoop polls until the server has nothing but a noop, and returns the rest.
func pollUntilNoop(t *testing.T, session *pollingPeer) []string {
	t.Helper()
	var packets []string
	for {
		answer := session.get()
		if answer.status != http.StatusOK {
			t.Fatalf("a poll got %d %q, want 200", answer.status, answer.body)
		}
		for _, packet := range strings.Split(answer.body, separator) {
			switch packet {
			case "2":
				session.send("3")
			case "6":
				return packets
			default:
				packets = append(packets, packet)
			}
		}
	}
}

// expectSequence fails unless what was fetched and what comes over the WebSocket are
// together the numbered messages, once and in order.
func expectSequence(t *testing.T, got []string, socket *webSocketPeer, count int) {
	t.Helper()
	for len(got) < count {
		packet := socket.next()
		if packet == "6" {
			continue // a noop that was queued for a poll which never came
		}
		got = append(got, packet)
	}
	if want := numbered(0, count); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	expectEcho(t, socket, "4the end")
}

func TestFailedUpgradeLeavesTheSessionOnPolling(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, packet string }{
		{"a probe with another text", "2wrong"},
		{"a probe without text", "2"},
		{"a message instead of the probe", "4hello"},
		{"bytes instead of the probe", "bAQID"},
		{"a pong instead of the probe", "3probe"},
		{"a close packet instead of the probe", "1"},
		{"a malformed packet instead of the probe", "abc"},
		{"nothing instead of the probe", ""},
	}
	s := startEngineIO(t, relaxed())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			socket := dialWebSocket(t, s, upgradeQuery(session.sid))
			socket.offend(c.packet)
			socket.expectClosed()
			expectEcho(t, session, "4the session goes on")
		})
	}
	t.Run("a message instead of the upgrade packet", func(t *testing.T) {
		t.Parallel()
		session := openPolling(t, s)
		socket := probe(t, session)
		socket.offend("4early")
		socket.expectClosed()
		session.send("4the session goes on")
		expectAfterNoops(t, session, "4the session goes on")
	})
	t.Run("the WebSocket ends before the upgrade packet", func(t *testing.T) {
		t.Parallel()
		session := openPolling(t, s)
		_ = probe(t, session).conn.NetConn().Close()
		session.send("4the session goes on")
		expectAfterNoops(t, session, "4the session goes on")
	})
}

// expectAfterNoops is expect for a session whose polls an upgrade may have ended.
func expectAfterNoops(t *testing.T, session *pollingPeer, want string) {
	t.Helper()
	got := session.next()
	for got == "6" {
		got = session.next()
	}
	if got != want {
		t.Errorf("got packet %s, want %s", brief(got), brief(want))
	}
}

func TestSecondUpgradeIsClosedAndTheFirstGoesOn(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	t.Run("while the first is under way", func(t *testing.T) {
		t.Parallel()
		session := openPolling(t, s)
		socket := probe(t, session)
		expectNoWebSocket(t, s, upgradeQuery(session.sid))
		finishUpgrade(t, session, socket)
		expectEcho(t, socket, "4hello")
	})
	t.Run("after the first", func(t *testing.T) {
		t.Parallel()
		socket := openUpgraded(t, s)
		expectEcho(t, socket, "4hello")
		expectNoWebSocket(t, s, upgradeQuery(socket.sid))
		expectEcho(t, socket, "4still here")
	})
	t.Run("on a session that began on WebSocket", func(t *testing.T) {
		t.Parallel()
		socket := openWebSocket(t, s)
		if s.strict { // the reference takes the second WebSocket for an upgrade
			expectNoWebSocket(t, s, upgradeQuery(socket.sid))
		}
		expectEcho(t, socket, "4still here")
	})
}

func TestUpgradeTriedAgainAfterAFailureWorks(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	session := openPolling(t, s)
	socket := dialWebSocket(t, s, upgradeQuery(session.sid))
	socket.offend("2wrong")
	socket.expectClosed()
	second := probe(t, session)
	finishUpgrade(t, session, second)
	expectEcho(t, second, "4hello")
}

func TestSessionThatEndsTakesItsUpgradeAlong(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	session := openPolling(t, s)
	socket := probe(t, session)
	session.offend("1")
	socket.expectClosed()
	session.expectClosed()
}

func TestUpgradePacketMayFollowTheProbeAtOnce(t *testing.T) {
	t.Parallel()
	onBothServers(t, relaxed(), func(t *testing.T, s server) {
		session := openPolling(t, s)
		socket := dialWebSocket(t, s, upgradeQuery(session.sid))
		socket.send("2probe", "5")
		expect(t, socket, "3probe")
		expectNoPolling(t, session)
	})
}
