package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// roundTrip takes an event to the wire's form and back.
func roundTrip(t *testing.T, e Event, rooms, except []string) (Broadcast, []byte, Arguments) {
	t.Helper()
	payload, err := AppendBroadcast(nil, "uid", "/chat", e, rooms, except)
	if err != nil {
		t.Fatal(err)
	}
	b, err := DecodeBroadcast(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, arguments, err := b.AppendEvent(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b, text, arguments
}

func TestABroadcastComesBackAsItWas(t *testing.T) {
	long := `["e",` + strings.Repeat("1,", 70000) + `1]`
	for _, text := range []string{
		`["e"]`, `["e",1,-1,-33,127,128,200,-129,40000,-40000,70000,5000000000,-5000000000,9007199254740991]`,
		`["e",0.5,-1.25,1e-10,1e+21]`, `["e",true,false,null,"",{},[]]`,
		`["e","quote \" back \\ line \n tab \t bell \u0007 é 漢 😀",{"a b":{"c":[{"d":"` + strings.Repeat("x", 300) + `"}]}}]`,
		`["` + strings.Repeat("n", 70000) + `"]`, long, `["e","room:12"]`,
	} {
		b, got, arguments := roundTrip(t, Event{JSON: []byte(text)}, []string{"r"}, nil)
		if string(got) != text {
			t.Errorf("%.100s became %.100s", text, got)
		}
		if b.UID != "uid" || b.Namespace != "/chat" || !reflect.DeepEqual(b.Rooms, []string{"r"}) || b.Except != nil || b.Volatile {
			t.Errorf("it is %+v", b)
		}
		var values []any
		_ = json.Unmarshal([]byte(text), &values)
		last, _ := values[len(values)-1].(string)
		if len(values) == 1 {
			last = ""
		}
		if arguments.Name != values[0] || arguments.Last != last {
			t.Errorf("of %.100s the ends are %+v", text, arguments)
		}
	}
}

func TestAttachmentsTravelInTheirPlaces(t *testing.T) {
	e := Event{JSON: []byte(`["e",{"_placeholder":true,"num":1},[{"_placeholder":true,"num":0}],{"_placeholder":false}]`),
		Attachments: [][]byte{{1, 2}, bytes.Repeat([]byte{7}, 70000)}}
	_, text, arguments := roundTrip(t, e, nil, []string{"x", "y"})
	want := `["e",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}],{"_placeholder":false}]`
	if string(text) != want || !bytes.Equal(arguments.Attachments[0], e.Attachments[1]) || !bytes.Equal(arguments.Attachments[1], e.Attachments[0]) {
		t.Errorf("it became %s with %d attachments", text, len(arguments.Attachments))
	}
}

func TestWhatCannotBeSentIsAnError(t *testing.T) {
	for _, text := range []string{``, `[`, `["a`, `["a"`, `["a",]`, `["a" "b"]`, `[1 2]`, `{"a"}`, `[{"a" 1}]`, `[tru]`, `["\x"]`, `["a"]x`, `[-]`,
		`["e",{"_placeholder":true,"num":5}]`, `["e",{"_placeholder":true,"num":-1}]`, `["e",{"_placeholder":true,"num":0`,
		strings.Repeat("[", 600) + strings.Repeat("]", 600)} {
		if out, err := AppendBroadcast(nil, "u", "/", Event{JSON: []byte(text), Attachments: [][]byte{{1}}}, nil, nil); err == nil {
			t.Errorf("%.40q became %x", text, out)
		}
	}
}

func TestWhatNodeSendsIsUnderstood(t *testing.T) {
	payload, err := hex.DecodeString("93a161" + "83a47479706502a464617461" + "96a165" + "d6ff5f5e1000" + "d40000" + "cf0020000000000000" + "d3ffe0000000000000" +
		"cb7ff8000000000000" + "a36e7370a12f" + "83a5726f6f6d7390a6657863657074c0a5666c616773" + "81a8766f6c6174696c65c3")
	if err != nil {
		t.Fatal(err)
	}
	b, err := DecodeBroadcast(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := b.AppendEvent(nil)
	want := `["e","2020-09-13T12:26:40.000Z",null,9007199254740992,-9007199254740992,null]`
	if err != nil || string(text) != want || !b.Volatile {
		t.Errorf("it became %s, %v", text, err)
	}
}

func TestOwnBroadcastsAreKnownByTheirFirstBytes(t *testing.T) {
	payload, err := AppendBroadcast(nil, "mine", "/", Event{JSON: []byte(`["e"]`)}, nil, nil)
	if err != nil || !SentBy(payload, "mine") || SentBy(payload, "min") || SentBy(nil, "mine") || SentBy([]byte{0xc0}, "") {
		t.Error("it is not known")
	}
}

func TestRequestsAndAnswersComeBackAsTheyWere(t *testing.T) {
	count, kind := 3, BroadcastAck
	for _, r := range []Request{
		{Type: RemoteFetch, UID: "u", ID: "r", Opts: &Selection{Rooms: Names{"a"}, Except: Names{"b"}}},
		{Type: ServerSideEmit, Data: []json.RawMessage{[]byte(`"e"`), []byte(`{"a":1}`)}},
		{Type: BroadcastWithAck, UID: "u", ID: "r", Opts: &Selection{Rooms: Names{}, Except: Names{}, Flags: Flags{Timeout: 500}},
			Packet: &Packet{Type: 2, Data: []byte(`["e",{"_placeholder":true,"num":0}]`), Namespace: "/"}, Attachments: [][]byte{{9}}},
	} {
		payload, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeRequest(payload); err != nil || !same(got, r) {
			t.Errorf("%+v became %+v, %v", r, got, err)
		}
	}
	for _, r := range []Response{
		{ID: "r", Rooms: Names{}}, {ID: "r", Sockets: []byte(`[]`)}, {ID: "r", Clients: &count},
		{Type: &kind, ID: "r", Packet: []byte(`[1,{"_placeholder":true,"num":0}]`), Attachments: [][]byte{{9}}},
	} {
		payload, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeResponse(payload); err != nil || !same(got, r) {
			t.Errorf("%+v became %+v, %v", r, got, err)
		}
	}
	if r, err := DecodeRequest([]byte(`{"type":2,"opts":{"rooms":[42,"a"],"except":[]},"rooms":[7]}`)); err != nil || r.Opts.Rooms[0] != "42" || r.Rooms[0] != "7" {
		t.Errorf("rooms that are numbers: %+v, %v", r, err)
	}
}

// same compares by JSON and attachments.
func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func TestChannelsAreThoseOfNode(t *testing.T) {
	c := NewChannels(DefaultKey, "/", "abc")
	if c.Namespace != "socket.io#/#" || c.Request != "socket.io-request#/#" || c.Response != "socket.io-response#/#" || c.Own != "socket.io-response#/#abc#" {
		t.Errorf("channels are %+v", c)
	}
	if c.For([]string{"x"}) != "socket.io#/#x#" || c.For(nil) != c.Namespace || c.For([]string{"x", "y"}) != c.Namespace {
		t.Error("a broadcast goes to a wrong channel")
	}
	for channel, want := range map[string]string{"socket.io#/#": "", "socket.io#/#x#": "x", "socket.io#/#a#b#": "a#b"} {
		if room, ok := c.RoomOf(channel); !ok || room != want {
			t.Errorf("the room of %s is %q, %v", channel, room, ok)
		}
	}
	if _, ok := c.RoomOf(c.Request); ok {
		t.Error("requests are taken for broadcasts")
	}
	if c.Owner(c.Own) != "abc" || c.Owner(c.Response) != "" {
		t.Error("an owner is wrong")
	}
}

func FuzzForeignBytes(f *testing.F) {
	for _, text := range []string{`["e"]`, `["e",{"a":[1,2.5,null,"x"]},{"_placeholder":true,"num":0}]`} {
		payload, err := AppendBroadcast(nil, "uid", "/", Event{JSON: []byte(text), Attachments: [][]byte{{1}}}, []string{"r"}, []string{"x"})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
	}
	f.Add([]byte(`{"type":5,"requestId":"x","opts":{"rooms":[1],"except":[]}}`))
	f.Add([]byte("\xdd\xff\xff\xff\xff\xdf\xff\xff\xff\xff"))
	f.Add(bytes.Repeat([]byte{0x91}, 1000))
	f.Add(append([]byte{0x93, 0xa1, 'u'}, "\x81\xa4data\xdc\xff\xff\x80"...))
	f.Fuzz(func(t *testing.T, payload []byte) {
		SentBy(payload, "x")
		_, _ = DecodeRequest(payload)
		_, _ = DecodeResponse(payload)
		b, err := DecodeBroadcast(payload)
		if err != nil {
			return
		}
		text, arguments, err := b.AppendEvent(nil)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("it became %q", text)
		}
		if len(text) > 64*len(payload)+64 {
			t.Fatalf("%d bytes became %d", len(payload), len(text))
		}
		if _, err := AppendBroadcast(nil, "u", "/", Event{JSON: text, Attachments: arguments.Attachments}, b.Rooms, b.Except); err != nil {
			t.Fatalf("%q does not go back: %v", text, err)
		}
	})
}

func BenchmarkToServers(b *testing.B) {
	e := Event{JSON: []byte(`["messageBroadcast",{"id":"11111111-1111-4111-8111-111111111111","text":"` + strings.Repeat("x", 160) + `","createdAt":1700000000000},"room:12"]`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendBroadcast(make([]byte, 0, 512), "uid", "/", e, []string{"room"}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromServers(b *testing.B) {
	e := Event{JSON: []byte(`["messageBroadcast",{"id":"11111111-1111-4111-8111-111111111111","text":"` + strings.Repeat("x", 160) + `","createdAt":1700000000000},"room:12"]`)}
	payload, _ := AppendBroadcast(nil, "uid", "/", e, []string{"room"}, nil)
	b.ReportAllocs()
	for b.Loop() {
		d, err := DecodeBroadcast(payload)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := d.AppendEvent(make([]byte, 0, 512)); err != nil {
			b.Fatal(err)
		}
	}
}
