package interop_test

import (
	"context"
	"encoding/json"
	"slices"
	"syscall"
	"testing"
	"time"

	"parley/realtime/sio"
)

func TestBroadcastsReachEachClientOfBothServersOnce(t *testing.T) {
	c := start(t)
	c.broadcast(t, []string{"x"}, nil, "p-room", 1, "text")
	c.broadcast(t, []string{"x", "y"}, []string{c.ids["n"]}, "p-rooms")
	c.broadcast(t, nil, []string{"y"}, "p-except", []byte{1, 2, 255}, map[string]any{"deep": []any{0.5, nil}})
	c.broadcast(t, []string{c.ids["nz"]}, nil, "p-private")
	do[bool](c.node, "emit", fields{"rooms": []string{"x"}, "event": "n-room", "args": []any{1, "text é😀", 1.5, nil, fields{"a": []int{1}}}})
	do[bool](c.node, "emit", fields{"rooms": []string{"x", "y"}, "except": []string{c.ids["p"]}, "event": "n-rooms"})
	do[bool](c.node, "emit", fields{"except": []string{"y"}, "event": "n-except", "args": []any{fields{"bytes": "0102ff"}, 7}})
	do[bool](c.node, "emit", fields{"rooms": []string{c.ids["pz"]}, "event": "n-private", "volatile": true})
	do[bool](c.node, "emit", fields{"event": "n-local", "local": true})
	room, rooms, except := `["p-room",1,"text"]`, `["p-rooms"]`, `["p-except",{"bytes":"0102ff"},{"deep":[0.5,null]}]`
	nroom, nrooms, nexcept, local := `["n-room",1,"text é😀",1.5,null,{"a":[1]}]`, `["n-rooms"]`, `["n-except",{"bytes":"0102ff"},7]`, `["n-local"]`
	c.expect(map[string][]string{
		"p": {room, rooms, except, nroom, nexcept}, "n": {room, except, nroom, nrooms, nexcept, local},
		"py": {room, rooms, nroom, nrooms}, "ny": {room, rooms, nroom, nrooms, local},
		"pz": {except, nexcept, `["n-private"]`}, "nz": {except, `["p-private"]`, nexcept, local},
	})
}

func TestTheEmitterReachesOurClients(t *testing.T) {
	c := start(t)
	do[bool](c.node, "emitterEmit", fields{"rooms": []string{"x"}, "except": []string{"y"}, "event": "room", "args": []any{fields{"bytes": "07"}, "s"}})
	do[bool](c.node, "emitterEmit", fields{"event": "all"})
	room, all := `["room",{"bytes":"07"},"s"]`, `["all"]`
	c.expect(map[string][]string{"p": {room, all}, "n": {room, all}, "py": {all}, "ny": {all}, "pz": {all}, "nz": {all}})
	do[bool](c.node, "emitterJoin", fields{"rooms": []string{"x"}, "names": []string{"new"}})
	eventually(t, func() bool { return c.Members("new") == 2 })
	do[bool](c.node, "emitterLeave", fields{"rooms": []string{"y"}, "names": []string{"new"}})
	eventually(t, func() bool { return c.Members("new") == 1 })
	events := make(chan string, 1)
	c.OnServerEvent(func(e *sio.ServerEvent) { events <- e.Name + string(e.Args[0]) })
	do[bool](c.node, "emitterServer", fields{"event": "news", "args": []any{5}})
	if got := <-events; got != "news5" {
		t.Errorf("our server hears %s", got)
	}
	do[bool](c.node, "emitterDisconnect", fields{"rooms": []string{"z"}, "close": true})
	if reason := do[string](c.node, "gone", fields{"name": "pz"}); reason != "io server disconnect" {
		t.Errorf("our client goes with %q", reason)
	}
}

func TestClientsOfBothServersAnswerABroadcast(t *testing.T) {
	c := start(t)
	packet, err := sio.EncodeEvent("/", "question", []byte{1})
	if err != nil {
		t.Fatal(err)
	}
	answers := c.BroadcastAck(t.Context(), packet, []string{"x"})
	var got []string
	for _, a := range answers.Answers {
		got = append(got, string(a.JSON))
	}
	slices.Sort(got)
	if want := []string{`"n"`, `"ny"`, `"p"`, `"py"`}; !slices.Equal(got, want) || answers.Clients != 4 || !answers.Complete() {
		t.Errorf("ours gets %v, %+v", got, answers)
	}
	type asked struct {
		Error   string
		Answers []json.RawMessage
	}
	fromNode := do[asked](c.node, "ask", fields{"rooms": []string{"x"}, "event": "question", "timeout": 10000})
	got = nil
	for _, a := range fromNode.Answers {
		got = append(got, string(a))
	}
	slices.Sort(got)
	if want := []string{`"n"`, `"ny"`, `"p"`, `"py"`}; !slices.Equal(got, want) || fromNode.Error != "" {
		t.Errorf("Node.js gets %v, %+v", got, fromNode)
	}
	c.connect("mute", c.parley.URL, fields{"rooms": []string{"m"}, "mute": true})
	c.connect("binary", c.parley.URL, fields{"rooms": []string{"m"}, "answer": fields{"bytes": "0a0b"}})
	fromNode = do[asked](c.node, "ask", fields{"rooms": []string{"m"}, "event": "question", "timeout": 300})
	if fromNode.Error == "" || len(fromNode.Answers) != 1 || string(fromNode.Answers[0]) != `{"bytes":"0a0b"}` {
		t.Errorf("Node.js gets %+v from one who is mute and one who answers with bytes", fromNode)
	}
	c.connect("nmute", c.node.URL, fields{"rooms": []string{"m2"}, "mute": true})
	c.connect("nbinary", c.node.URL, fields{"rooms": []string{"m2"}, "answer": fields{"bytes": "0a0b"}})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	answers = c.BroadcastAck(ctx, packet, []string{"m2"})
	if answers.Clients != 2 || len(answers.Answers) != 1 || len(answers.Answers[0].Attachments) != 1 || string(answers.Answers[0].Attachments[0]) != "\n\v" {
		t.Errorf("ours gets %+v", answers)
	}
}

func TestBothServersKnowTheSocketsOfTheOther(t *testing.T) {
	c := start(t)
	want := slices.Sorted(slices.Values([]string{c.ids["p"], c.ids["py"], c.ids["n"], c.ids["ny"]}))
	found, g := c.FetchSockets(t.Context(), []string{"x"})
	var ids []string
	for _, s := range found {
		ids = append(ids, s.ID)
		if s.ID == c.ids["ny"] && (!slices.Contains(s.Rooms, "y") || string(s.Data) != `{"from":"node"}`) {
			t.Errorf("of a socket of Node.js ours learns %+v", s)
		}
	}
	if slices.Sort(ids); !slices.Equal(ids, want) || !g.Complete() || g.Answered != 1 {
		t.Errorf("ours finds %v, %+v; want %v", ids, g, want)
	}
	ids = nil
	for _, s := range do[[]struct {
		ID    string
		Rooms []string
		Data  map[string]string
		Auth  map[string]any
	}](c.node, "fetch", fields{"rooms": []string{"x"}}) {
		ids = append(ids, s.ID)
		if s.ID == c.ids["py"] && (!slices.Contains(s.Rooms, "y") || s.Data["from"] != "parley" || len(s.Auth) > 0) {
			t.Errorf("of a socket of ours Node.js learns %+v", s)
		}
	}
	if slices.Sort(ids); !slices.Equal(ids, want) {
		t.Errorf("Node.js finds %v, want %v", ids, want)
	}
	all := append([]string{"x", "y", "z"}, c.ids["p"], c.ids["py"], c.ids["pz"], c.ids["n"], c.ids["ny"], c.ids["nz"])
	slices.Sort(all)
	ours, g := c.AllRooms(t.Context())
	theirs := do[[]string](c.node, "rooms", nil)
	slices.Sort(theirs)
	if !slices.Equal(ours, all) || !slices.Equal(theirs, all) || !g.Complete() {
		t.Errorf("rooms are %v for ours and %v for Node.js, want %v", ours, theirs, all)
	}
}

func TestBothServersMoveTheSocketsOfTheOther(t *testing.T) {
	c := start(t)
	inNode := func(room string) int { return do[int](c.node, "members", fields{"room": room}) }
	do[bool](c.node, "join", fields{"rooms": []string{"x"}, "except": []string{"y"}, "names": []string{"a", "b"}})
	eventually(t, func() bool { return c.Members("a") == 1 && c.Members("b") == 1 && inNode("a") == 1 })
	do[bool](c.node, "leave", fields{"rooms": []string{"x"}, "names": []string{"a"}})
	eventually(t, func() bool { return c.Members("a") == 0 && c.Members("b") == 1 })
	c.SocketsJoin([]string{"c"}, []string{"x"}, "y")
	eventually(t, func() bool { return inNode("c") == 1 })
	if c.Members("c") != 1 {
		t.Error("our own socket is not in the room")
	}
	c.SocketsLeave([]string{"c"}, []string{"x"})
	eventually(t, func() bool { return inNode("c") == 0 })
	do[bool](c.node, "disconnect", fields{"rooms": []string{c.ids["p"]}, "close": true})
	do[bool](c.node, "disconnect", fields{"rooms": []string{c.ids["pz"]}, "close": false})
	c.DisconnectSockets(true, []string{c.ids["n"]})
	c.DisconnectSockets(false, []string{c.ids["nz"]})
	for _, name := range []string{"p", "pz", "n", "nz"} {
		if reason := do[string](c.node, "gone", fields{"name": name}); reason != "io server disconnect" {
			t.Errorf("%s goes with %q", name, reason)
		}
		delete(c.ids, name)
	}
	c.expect(nil) // the others are still there
}

func TestServersTalkToOneAnother(t *testing.T) {
	c := start(t)
	events := make(chan string, 4)
	c.OnServerEvent(func(e *sio.ServerEvent) {
		events <- e.Name
		if e.Name == "sum" {
			_ = e.Ack(map[string]int{"parley": len(e.Args)})
		}
	})
	if err := c.ServerEmit("hello", "one"); err != nil {
		t.Fatal(err)
	}
	if told := do[[]string](c.node, "told", fields{"count": 1}); !slices.Equal(told, []string{"one"}) {
		t.Errorf("Node.js hears %v", told)
	}
	answers, g, err := c.ServerEmitAck(t.Context(), "hello", "two")
	if err != nil || !g.Complete() || len(answers) != 1 || string(answers[0]) != `{"node":"two"}` {
		t.Errorf("ours gets %s, %+v, %v", answers, g, err)
	}
	do[bool](c.node, "serverEmit", fields{"event": "plain", "args": []int{1}})
	type asked struct {
		Error   string
		Answers []json.RawMessage
	}
	got := do[asked](c.node, "serverAsk", fields{"event": "sum", "args": []int{1, 2}})
	if got.Error != "" || len(got.Answers) != 1 || string(got.Answers[0]) != `{"parley":2}` {
		t.Errorf("Node.js gets %+v", got)
	}
	if got := do[asked](c.node, "serverAsk", fields{"event": "unknown", "args": []int{}}); got.Error != "" || string(got.Answers[0]) != "null" {
		t.Errorf("of an event that ours does not know Node.js gets %+v", got)
	}
	if first, second := <-events, <-events; first != "plain" || second != "sum" {
		t.Errorf("ours hears %s, then %s", first, second)
	}
}

func TestAServerThatIsStoppedOrKilledIsMissingAndFailsNothing(t *testing.T) {
	c := start(t)
	other := startNode(t, c.redis.URL())
	fetch := func(within time.Duration) ([]sio.RemoteSocket, sio.Gathering) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return c.FetchSockets(ctx, nil)
	}
	eventually(t, func() bool { found, g := fetch(patience); return len(found) == 6 && g.Servers == 2 && g.Complete() })
	if err := other.command.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if found, g := fetch(300 * time.Millisecond); len(found) != 6 || g.Complete() || g.Unnamed != 1 || g.Answered != 1 {
		t.Errorf("with one of two stopped: %d sockets, %+v", len(found), g)
	}
	if err := c.command.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if found, g := fetch(300 * time.Millisecond); len(found) != 3 || len(g.Missing) != 2 || g.Answered != 0 {
		t.Errorf("with both stopped: %d sockets, %+v", len(found), g)
	}
	for _, n := range []*node{other, c.node} {
		if err := n.command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { _, g := fetch(300 * time.Millisecond); return g.Complete() && g.Servers == 0 })
}
