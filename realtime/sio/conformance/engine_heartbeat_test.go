package main

import (
	"net/http"
	"testing"
	"time"
)

// early is how far before its time a timer may be seen to fire: the server's timers
// start before the client has read the reply that it measures from.
const early = 50 * time.Millisecond

func TestServerPingsAtTheIntervalAndPongsKeepTheSession(t *testing.T) {
	t.Parallel()
	steady := relaxed()
	steady.pingTimeout = 5 * time.Second
	onBothServers(t, steady, func(t *testing.T, s server) {
		// So many pings that the session lives on by the pongs alone. The Socket.IO
		// server, as the page sets it up, closes a client that does not connect.
		rounds := int(s.settings.pingTimeout/s.settings.pingInterval) + 2
		t.Run("over long-polling", func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			for range rounds {
				if answer := session.get(); answer.status != http.StatusOK || answer.body != "2" {
					t.Fatalf("got %d %q, want a ping", answer.status, answer.body)
				}
				session.send("3")
			}
			expectRounds(t, s, session.age(), rounds)
		})
		t.Run("over WebSocket", func(t *testing.T) {
			t.Parallel()
			socket := dialMute(t, s, "EIO=4&transport=websocket")
			parseOpen(t, socket.next())
			answerPings(t, socket, rounds)
			expectRounds(t, s, socket.age(), rounds)
		})
		t.Run("after an upgrade", func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			socket := dialMute(t, s, upgradeQuery(session.sid))
			socket.send("2probe")
			expect(t, socket, "3probe")
			finishUpgrade(t, session, socket)
			answerPings(t, socket, rounds)
		})
	})
}

// answerPings answers so many pings, which must be all that the server sends.
func answerPings(t *testing.T, socket *webSocketPeer, rounds int) {
	t.Helper()
	for range rounds {
		expect(t, socket, "2")
		socket.send("3")
	}
}

// expectRounds fails if so many pings came faster than the interval allows.
func expectRounds(t *testing.T, s server, age time.Duration, rounds int) {
	t.Helper()
	if least := time.Duration(rounds)*s.settings.pingInterval - early; age < least {
		t.Errorf("%d pings within %v, want them %v apart", rounds, age, s.settings.pingInterval)
	}
}

func TestSilentClientIsClosedAfterThePingTimeout(t *testing.T) {
	t.Parallel()
	onBothServers(t, officialSettings(), func(t *testing.T, s server) {
		t.Run("over long-polling", func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			for session.get().status == http.StatusOK {
				continue // pings and the close packet, none of which is answered
			}
			expectTimeout(t, s, session.age())
		})
		t.Run("over long-polling without a poll", func(t *testing.T) {
			t.Parallel()
			session := openPolling(t, s)
			deadline := time.Now().Add(patience)
			// An upgrade is refused once the session is gone, and is no poll.
			for acceptsUpgrade(s, session.sid) {
				if time.Now().After(deadline) {
					t.Fatal("the session was not closed")
				}
			}
			expectTimeout(t, s, session.age())
		})
		t.Run("over WebSocket", func(t *testing.T) {
			t.Parallel()
			socket := dialMute(t, s, "EIO=4&transport=websocket")
			parseOpen(t, socket.next())
			expect(t, socket, "2")
			socket.expectClosed()
			expectTimeout(t, s, socket.age())
		})
	})
}

// acceptsUpgrade reports whether a session is known. It sends a request which a known
// session refuses without harm, as it names another transport than the session's.
func acceptsUpgrade(s server, sid string) bool {
	request, err := http.NewRequest(http.MethodPost, s.base+"?EIO=4&transport=websocket&sid="+sid, nil)
	if err != nil {
		return false
	}
	answer := s.do(request)
	return answer.status == http.StatusBadRequest && !isUnknownSession(answer.body)
}

// expectTimeout fails if a silent session ended before its ping timed out.
func expectTimeout(t *testing.T, s server, age time.Duration) {
	t.Helper()
	if due := s.settings.pingInterval + s.settings.pingTimeout; age < due-early {
		t.Errorf("closed after %v, want %v", age, due)
	}
}

func TestPongThatWasNotAskedForIsHarmless(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		p := open(t)
		p.send("3", "3", "3probe")
		expectEcho(t, p, "4hello")
	})
}

// In version 4 only the server pings: the reference closes a session that pings it.
func TestPingFromTheClientEndsTheSession(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		p := open(t)
		p.offend("2")
		p.expectClosed()
	})
}

func TestClosePacketEndsTheSession(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
		p := open(t)
		if _, polling := p.(*pollingPeer); !polling && !s.strict {
			return // on a WebSocket the reference waits for the next ping to time out
		}
		p.offend("1")
		p.expectClosed()
	})
	t.Run("a pending poll gets a noop", func(t *testing.T) {
		t.Parallel()
		session := openPolling(t, startEngineIO(t, unpinged()))
		pending := session.getAside()
		session.send("1")
		answer := <-pending
		// The two requests race, as they do for a real client: a poll that comes
		// second finds no session.
		if answer.body != "6" && answer.status != http.StatusBadRequest {
			t.Errorf("the poll got %d %q, want a noop", answer.status, answer.body)
		}
		if after := session.get(); after.status != http.StatusBadRequest {
			t.Errorf("the next poll got %d, want 400", after.status)
		}
	})
	t.Run("nothing after it is handled", func(t *testing.T) {
		t.Parallel()
		session := openPolling(t, s)
		session.offend("1", "4late")
		session.expectClosed()
	})
}

func TestSessionEndsWithItsWebSocket(t *testing.T) {
	t.Parallel()
	s := startEngineIO(t, relaxed())
	socket := openWebSocket(t, s)
	_ = socket.conn.NetConn().Close() // no close frame: the cable is cut
	deadline := time.Now().Add(patience)
	for acceptsRequest(t, s, socket.sid) {
		if time.Now().After(deadline) {
			t.Fatal("the session is still known")
		}
	}
}

// acceptsRequest reports whether a session on WebSocket is known: a poll of it is then
// a bad request, else its id is unknown.
func acceptsRequest(t *testing.T, s server, sid string) bool {
	t.Helper()
	answer := s.request(t, http.MethodGet, pollingQuery+"&sid="+sid, "")
	return !isUnknownSession(answer.body)
}

func TestSecondPollAtATimeEndsTheSession(t *testing.T) {
	t.Parallel()
	onBothServers(t, unpinged(), func(t *testing.T, s server) {
		session := openPolling(t, s)
		one, other := session.getAside(), session.getAside()
		first, second := <-one, <-other
		if first.status != http.StatusOK {
			first, second = second, first
		}
		if first.status != http.StatusOK || first.body != "1" {
			t.Errorf("the first poll got %d %q %v, want a close packet", first.status, first.body, first.err)
		}
		// The page asks for 400; older versions of the reference send 500.
		if second.status != http.StatusBadRequest {
			t.Errorf("the second poll got %d %v, want 400", second.status, second.err)
		}
		session.expectClosed()
	})
}
