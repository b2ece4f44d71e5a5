package realtimetest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/domain/documents/documentstest"
	"parley/realtime/realtimetest"
	"parley/realtime/sio"
	"parley/realtime/sio/siotest"
)

// patience is how long a test waits for an answer.
const patience = time.Minute

// payload is what a client tells the server to say.
type payload = map[string]any

// parrot serves what it is told: of an event that asks for an ack it sends the payload
// back as one, of any other as an event of the same name.
func parrot(t *testing.T) string {
	t.Helper()
	s, err := sio.New(sio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Namespace("/").OnConnect(func(k *sio.Socket) {
		k.OnEvent(func(e *sio.Event) {
			if e.WantsAck() {
				_ = e.Ack(e.Args[0])
				return
			}
			_ = k.Emit(e.Name, e.Args[0])
		})
	})
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		_ = s.Shutdown(context.Background())
		server.Close()
	})
	return server.URL
}

func TestEveryClientOfADialerIsHeldAgainstTheDocument(t *testing.T) {
	url := parrot(t)
	for _, transport := range []string{siotest.WebSocket, siotest.Polling, siotest.Upgrade} {
		t.Run(transport, func(t *testing.T) {
			n := &documentstest.Notes{}
			c, err := realtimetest.NewDialer(n, registry()).Dial(url, siotest.Options{Transport: transport})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			hear := func(event string, p payload, want ...string) {
				t.Helper()
				if err := c.Emit(event, p); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Next(event, patience); err != nil {
					t.Fatal(err)
				}
				tells(t, n, want)
			}
			ask := func(event string, p payload, want ...string) {
				t.Helper()
				if _, err := c.EmitAck(patience, event, p); err != nil {
					t.Fatal(err)
				}
				tells(t, n, want)
			}
			const id = "11111111-1111-4111-8111-111111111111"
			hear("thingSeen", payload{"thingId": id, "count": 1})
			hear("thingSeen", payload{"thingId": id}, `event "thingSeen"`, "count")
			hear("thingSeen", payload{"thingId": id}) // known by now
			hear("thingSeen", payload{"thingId": id, "count": 1, "more": 1}, `event "thingSeen"`, "more")
			hear("thingHeard", payload{}, `event "thingHeard"`, "does not have it")
			ask("things:get", payload{"success": true, "data": payload{"id": id, "names": []string{}}})
			ask("things:get", payload{"success": true, "data": payload{"id": id}}, `ack of "things:get"`, "names")
			ask("nobody:knows", payload{"success": true}, `ack of "nobody:knows"`, "success")
			if err := c.SendRaw(`277["things:get",{"raw":1}]`); err != nil { // whose ack nobody waits for
				t.Fatal(err)
			}
			hear("thingSeen", payload{"thingId": id, "count": 2}, `ack of "things:get"`, "raw")
			n.End()
			hear("thingLost", payload{}) // nobody is there to be told
		})
	}
}

// tells fails the test unless one fault was told that has all of the words, or none if
// there are no words.
func tells(t *testing.T, n *documentstest.Notes, words []string) {
	t.Helper()
	told := n.Take()
	lacks := slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(told, word) })
	if lacks || strings.Count(told, "against the document") != min(len(words), 1) {
		t.Errorf("told %q, want %q", told, words)
	}
}

func TestATestIsToldOfAFewKindsOfFaults(t *testing.T) {
	n := &documentstest.Notes{}
	c, err := realtimetest.NewDialer(n, registry()).Dial(parrot(t), siotest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 100 {
		if _, err := c.EmitAck(patience, fmt.Sprint("unknown ", i), payload{}); err != nil {
			t.Fatal(err)
		}
	}
	if told := strings.Count(n.Take(), "against the document"); told != 20 {
		t.Errorf("told of %d faults", told)
	}
}
