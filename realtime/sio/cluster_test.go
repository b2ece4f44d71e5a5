package sio

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/realtime/sio/siotest"
)

// hub joins the links of one test's servers, all in this process.
type hub struct {
	mu    sync.Mutex
	links []*hubLink
}

// hubLink is one server's Link. What is published is delivered before Publish returns, except
// for answers, which may be published while something is received.
type hubLink struct {
	hub        *hub
	receive    func(channel string, payload []byte)
	subscribed func(channel string)
	channels   map[string]bool
	busy       sync.Mutex
	answers    lane
	broken     error
}

func (h *hub) link() *hubLink {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := &hubLink{hub: h, channels: map[string]bool{}}
	h.links = append(h.links, l)
	return l
}

func (l *hubLink) Publish(channel string, payload []byte, done func(error)) {
	l.hub.mu.Lock()
	var to []*hubLink
	for _, other := range l.hub.links {
		if other.channels[channel] && l.broken == nil {
			to = append(to, other)
		}
	}
	l.hub.mu.Unlock()
	for _, other := range to {
		if strings.Contains(channel, "-response#") {
			other.answers.put(1<<20, func() { other.deliver(channel, payload) })
		} else {
			other.deliver(channel, payload)
		}
	}
	if done != nil {
		done(l.broken)
	}
}

// deliver calls receive, once at a time.
func (l *hubLink) deliver(channel string, payload []byte) {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.receive(channel, payload)
}

func (l *hubLink) Listen(receive func(string, []byte), subscribed func(string), _ func()) {
	l.receive, l.subscribed = receive, subscribed
}

func (l *hubLink) Subscribe(channels ...string) {
	l.hub.mu.Lock()
	for _, channel := range channels {
		l.channels[channel] = true
	}
	l.hub.mu.Unlock()
	for _, channel := range channels {
		l.subscribed(channel)
	}
}

func (l *hubLink) Unsubscribe(channels ...string) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	for _, channel := range channels {
		delete(l.channels, channel)
	}
}

func (l *hubLink) Subscribers(_ context.Context, channel string) (int, error) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	n := 0
	for _, other := range l.hub.links {
		if other.channels[channel] {
			n++
		}
	}
	return n, nil
}

func (l *hubLink) Channels(_ context.Context, pattern string) ([]string, error) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	var found []string
	for _, other := range l.hub.links {
		for channel := range other.channels {
			if ok, _ := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(channel, "/", "|")); ok && !slices.Contains(found, channel) {
				found = append(found, channel)
			}
		}
	}
	return found, nil
}

// member is one server of a cluster in this process.
type member struct {
	*Namespace
	link *hubLink
	url  string
}

// clustered starts a server that is attached to a hub. Its sockets join the rooms that
// their auth names.
func clustered(t *testing.T, h *hub, o LinkOptions) *member {
	t.Helper()
	m := &member{link: h.link()}
	m.url = serve(t, Options{}, func(s *Server) {
		m.Namespace = s.Namespace("/")
		m.OnConnect(func(k *Socket) {
			rooms, _ := k.Handshake().Auth["rooms"].([]any)
			for _, room := range rooms {
				_ = k.Join(room.(string)) //nolint:forcetypeassert // the test's own
			}
		})
		detach, err := m.Attach(m.link, o)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(detach)
	})
	return m
}

// attend connects a client that is in some rooms.
func (m *member) attend(t *testing.T, rooms ...string) *siotest.Client {
	t.Helper()
	last := rooms[len(rooms)-1]
	before := m.Members(last)
	c := dial(t, m.url, siotest.Options{Auth: map[string]any{"rooms": rooms}})
	if !eventually(patience, func() bool { return m.Members(last) > before }) {
		t.Fatal("the client is not there")
	}
	return c
}

// encode encodes an event.
func encode(t *testing.T, event string, args ...any) Packet {
	t.Helper()
	p, err := EncodeEvent("/", event, args...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// heard are the events of a client before "end", which is sent to it last.
func heard(t *testing.T, c *siotest.Client) []string {
	t.Helper()
	var names []string
	if !eventually(patience, func() bool {
		for _, e := range c.Events() {
			names = append(names, e.Name)
		}
		return slices.Contains(names, "end")
	}) {
		t.Fatalf("the end is not heard after %v", names)
	}
	names = names[:slices.Index(names, "end")]
	return names
}

func TestABroadcastReachesEachMemberInTheClusterOnce(t *testing.T) {
	h := &hub{}
	one, two := clustered(t, h, LinkOptions{UID: "one"}), clustered(t, h, LinkOptions{UID: "two"})
	a := one.attend(t, "x")
	b, c, d := two.attend(t, "x", "y"), two.attend(t, "y", "not"), two.attend(t, "z")
	one.Broadcast(encode(t, "both"), []string{"x", "y"}, "not")
	one.Broadcast(encode(t, "room"), []string{"x"})
	two.Broadcast(encode(t, "back", []byte{1, 2}), []string{"x"})
	one.Broadcast(encode(t, "all"), nil)
	one.BroadcastLocal(encode(t, "here"), nil)
	one.Publish(encode(t, "there"), nil)
	one.Broadcast(encode(t, "end"), nil)
	for name, want := range map[*siotest.Client][]string{
		a: {"both", "room", "back", "all", "here"}, b: {"both", "room", "back", "all", "there"}, c: {"all", "there"}, d: {"all", "there"},
	} {
		if got := heard(t, name); !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v", got, want)
		}
	}
}

func TestRoomsAreSubscribedWhileTheyHaveMembers(t *testing.T) {
	h := &hub{}
	var mu sync.Mutex
	var told []string
	one := clustered(t, h, LinkOptions{PrivateRooms: true, Subscribed: func(room string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, room)
	}})
	c := one.attend(t, "x")
	has := func(room string) bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return one.link.channels["socket.io#/#"+room+"#"]
	}
	if !eventually(patience, func() bool { return has("x") && has(c.ID()) }) {
		t.Fatal("the rooms are not subscribed")
	}
	mu.Lock()
	if !slices.Contains(told, "x") {
		t.Errorf("told of %v", told)
	}
	mu.Unlock()
	c.Close()
	if !eventually(patience, func() bool { return !has("x") && !has(c.ID()) }) {
		t.Error("the rooms are still subscribed")
	}
}

func TestAPacketOfAnotherServerCanBeTakenAndIsMarked(t *testing.T) {
	h := &hub{}
	one, two := clustered(t, h, LinkOptions{UID: "one"}), clustered(t, h, LinkOptions{})
	c := two.attend(t, "ch")
	var got []RemotePacket
	two.OnRemote(func(p RemotePacket) bool {
		got = append(got, p)
		return p.Event == "log"
	})
	one.Broadcast(encode(t, "log", "text", "ch:7"), []string{"ch"})
	one.Broadcast(encode(t, "end"), []string{"ch"})
	if names := heard(t, c); len(names) > 0 {
		t.Errorf("%v was delivered", names)
	}
	channel, number, ok := got[0].Packet.Mark()
	if got[0].Event != "log" || got[0].Last != "ch:7" || got[0].UID != "one" || !slices.Equal(got[0].Rooms, []string{"ch"}) ||
		channel != "ch" || number != 7 || !ok || string(got[0].Packet.JSON()) != `["log","text","ch:7"]` {
		t.Errorf("it is %+v", got[0])
	}
}

func TestAMarkedPacketThatIsNotPublishedIsTold(t *testing.T) {
	h := &hub{}
	var failed []int64
	one := clustered(t, h, LinkOptions{Failed: func(_ string, number int64) { failed = append(failed, number) }})
	one.Publish(encode(t, "log").Marked("ch", 1), nil)
	one.link.broken = context.DeadlineExceeded
	one.Publish(encode(t, "log").Marked("ch", 2), nil)
	one.Publish(encode(t, "typing"), nil)
	if !slices.Equal(failed, []int64{2}) {
		t.Errorf("failed are %v", failed)
	}
}
