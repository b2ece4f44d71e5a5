package sio

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// soon is a context whose deadline is short, for answers that do not come.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// ids lists the ids of sockets, sorted.
func ids(sockets []RemoteSocket) []string {
	var list []string
	for _, s := range sockets {
		list = append(list, s.ID)
	}
	slices.Sort(list)
	return list
}

// sorted sorts a list.
func sorted(list ...string) []string {
	slices.Sort(list)
	return list
}

func TestSocketsOfAllServersAreListed(t *testing.T) {
	h := &hub{}
	describe := func(s *Socket) any { return map[string]string{"of": s.ID()} }
	one, two := clustered(t, h, LinkOptions{UID: "one"}), clustered(t, h, LinkOptions{UID: "two", Describe: describe})
	a, b, c := one.attend(t, "x"), two.attend(t, "x", "y"), two.attend(t, "x", "not")
	found, g := one.FetchSockets(t.Context(), []string{"x"}, "not")
	if !slices.Equal(ids(found), sorted(a.ID(), b.ID())) || !g.Complete() || g.Servers != 1 || g.Answered != 1 {
		t.Errorf("found %+v, %+v", found, g)
	}
	for _, s := range found {
		if s.ID == b.ID() && (string(s.Data) != `{"of":"`+b.ID()+`"}` || !slices.Contains(s.Rooms, "y")) {
			t.Errorf("of the other server's socket is told %+v", s)
		}
		if strings.Contains(string(s.Handshake), "rooms") {
			t.Errorf("the auth is told: %s", s.Handshake)
		}
	}
	rooms, g := one.AllRooms(t.Context())
	if !slices.Equal(rooms, sorted("x", "y", "not", a.ID(), b.ID(), c.ID())) || !g.Complete() {
		t.Errorf("rooms are %v, %+v", rooms, g)
	}
}

func TestSocketsOfAllServersJoinLeaveAndGo(t *testing.T) {
	h := &hub{}
	one, two := clustered(t, h, LinkOptions{}), clustered(t, h, LinkOptions{})
	a, b, c := one.attend(t, "x"), two.attend(t, "x"), two.attend(t, "z")
	one.SocketsJoin([]string{"new"}, []string{"x"})
	if one.Members("new") != 1 || two.Members("new") != 1 {
		t.Error("they have not joined")
	}
	two.SocketsLeave([]string{"new"}, []string{"x"})
	if one.Members("new") != 0 || two.Members("new") != 0 {
		t.Error("they have not left")
	}
	one.DisconnectSockets(true, []string{"x"})
	for _, gone := range []interface{ Done() <-chan struct{} }{a, b} {
		select {
		case <-gone.Done():
		case <-time.After(patience):
			t.Fatal("a client is still there")
		}
	}
	if !eventually(patience, func() bool { return one.Sockets()+two.Sockets() == 1 }) || two.Members("z") != 1 {
		t.Error("others have gone")
	}
	_ = c
}

func TestServersAnswerEventsOfOneAnother(t *testing.T) {
	h := &hub{}
	one, two, three := clustered(t, h, LinkOptions{UID: "one"}), clustered(t, h, LinkOptions{UID: "two"}), clustered(t, h, LinkOptions{UID: "three"})
	told := make(chan string, 8)
	two.OnServerEvent(func(e *ServerEvent) {
		told <- e.UID + ":" + e.Name
		if e.Name == "panic" {
			panic("the handler's")
		}
		_ = e.Ack(map[string]any{"got": e.Args})
	})
	answers, g, err := one.ServerEmitAck(t.Context(), "hello", 1, "x")
	slices.SortFunc(answers, func(a, b json.RawMessage) int { return strings.Compare(string(a), string(b)) })
	if err != nil || !g.Complete() || len(answers) != 2 || string(answers[1]) != `{"got":[1,"x"]}` && string(answers[0]) != `{"got":[1,"x"]}` {
		t.Errorf("answers are %s, %+v, %v", answers, g, err)
	}
	if _, g, err := one.ServerEmitAck(t.Context(), "panic"); err != nil || !g.Complete() {
		t.Errorf("a panic leaves the asker with %+v, %v", g, err)
	}
	if err := three.ServerEmit("only"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one:hello", "one:panic", "three:only"} {
		if got := <-told; got != want {
			t.Errorf("told of %s, want %s", got, want)
		}
	}
	if err := one.ServerEmit("bad", make(chan int)); err == nil {
		t.Error("a channel was encoded")
	}
}

func TestWhoDoesNotAnswerIsMissing(t *testing.T) {
	h := &hub{}
	one := clustered(t, h, LinkOptions{UID: "one", Members: func() []string { return []string{"one", "two", "dead"} }})
	two := clustered(t, h, LinkOptions{UID: "two"})
	a, b := one.attend(t, "x"), two.attend(t, "x")
	stopped := h.link() // a server in Node.js that is stopped: subscribed, and silent
	stopped.Listen(func(string, []byte) {}, func(string) {}, nil)
	stopped.Subscribe("socket.io-request#/#", "socket.io-response#/#node#")
	found, g := one.FetchSockets(soon(t), []string{"x"})
	if !slices.Equal(ids(found), sorted(a.ID(), b.ID())) {
		t.Errorf("found %v", found)
	}
	if g.Complete() || !slices.Equal(g.Missing, []string{"dead", "node"}) || g.Servers != 2 || g.Answered != 1 || g.Err != nil {
		t.Errorf("it is %+v", g)
	}
	answers := one.BroadcastAck(soon(t), encode(t, "q"), []string{"x"})
	if answers.Clients != 2 || len(answers.Answers) != 0 || !slices.Equal(answers.Missing, []string{"dead", "node"}) {
		t.Errorf("answers are %+v", answers)
	}
}

func TestAloneARequestIsAnsweredHere(t *testing.T) {
	m := &member{}
	m.url = serve(t, Options{}, func(s *Server) { m.Namespace = s.Namespace("/"); m.OnConnect(func(k *Socket) { _ = k.Join("x") }) })
	m.attend(t, "x")
	if found, g := m.FetchSockets(t.Context(), nil); len(found) != 1 || !g.Complete() {
		t.Errorf("found %v, %+v", found, g)
	}
	if rooms, g := m.AllRooms(t.Context()); len(rooms) != 2 || !g.Complete() {
		t.Errorf("rooms are %v", rooms)
	}
	if a := m.BroadcastAck(soon(t), encode(t, "q"), nil); a.Clients != 1 || !a.Complete() {
		t.Errorf("answers are %+v", a)
	}
	if _, _, err := m.ServerEmitAck(t.Context(), "e"); err != nil || m.ServerEmit("e") != nil {
		t.Error("an event for nobody is an error")
	}
	m.SocketsLeave([]string{"x"}, nil)
	if m.Members("x") != 0 {
		t.Error("it is still in the room")
	}
}

func TestAnAttachedNamespaceIsNotAttachedTwice(t *testing.T) {
	h := &hub{}
	one := clustered(t, h, LinkOptions{})
	if _, err := one.Attach(h.link(), LinkOptions{}); !errors.Is(err, errAttached) {
		t.Errorf("the error is %v", err)
	}
}

func FuzzOtherServersMessages(f *testing.F) {
	for _, seed := range []string{`{"type":2,"opts":{"rooms":[],"except":[]},"rooms":["a"]}`, `{"type":5,"requestId":"r","opts":{"rooms":[],"except":[]}}`,
		`{"type":6,"requestId":"r","data":["e"]}`, `{"type":7,"requestId":"r","packet":{"type":2,"data":["e"]},"opts":{}}`, `{"type":1,"requestId":"r"}`, `{"type":4,"sid":"x"}`} {
		f.Add([]byte(seed))
	}
	h := &hub{}
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Shutdown(context.Background()) //nolint:errcheck // there is nobody
	l := h.link()
	detach, err := s.Namespace("/").Attach(l, LinkOptions{UID: "one"})
	if err != nil {
		f.Fatal(err)
	}
	defer detach()
	f.Fuzz(func(_ *testing.T, payload []byte) {
		for _, channel := range []string{"socket.io#/#", "socket.io-request#/#", "socket.io-response#/#"} {
			l.receive(channel, slices.Clone(payload))
		}
	})
}
