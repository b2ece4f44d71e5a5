package load

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestAMarkerComesBack writes and reads one in both forms.
func TestAMarkerComesBack(t *testing.T) {
	m := marker{run: 0xdeadbeef, sender: 0xfffe, counter: 0xabcdef, number: 0x12345678, due: 86399999999999}
	text := m.append([]byte(`2["messageBroadcast",{"text":"`))
	got, ok := findMarker(append(text, `..."}]`...))
	if !ok || got != m {
		t.Errorf("got %+v and %v, want %+v", got, ok, m)
	}
	id := m.appendID(nil)
	if _, err := uuid.ParseBytes(id); err != nil {
		t.Errorf("%s is no UUID: %v", id, err)
	}
	m.number = 0
	got, ok = findClientMessageID([]byte(`{"clientMessageId": "` + string(id) + `"}`))
	if !ok || got != m {
		t.Errorf("id: got %+v and %v, want %+v", got, ok, m)
	}
}

// TestMessagesHaveTheAskedSize builds packets of both protocols.
func TestMessagesHaveTheAskedSize(t *testing.T) {
	for _, size := range []int{markerSize, 200, 1000} {
		o := Defaults()
		o.Size = size
		packet := string(newSendPacket(&o, "c", "e", 7).build(marker{}))
		_, after, _ := strings.Cut(packet, markerStart)
		text, _, _ := strings.Cut(markerStart+after, `"`)
		if len(text) != size {
			t.Errorf("asked for %d, the text has %d bytes", size, len(text))
		}
	}
}

// TestAWindowKnowsWhatItSaw walks order, repeats, gaps and jumps.
func TestAWindowKnowsWhatItSaw(t *testing.T) {
	var w window
	for _, step := range []struct {
		n   uint32
		new bool
	}{
		{0, true}, {0, false}, {2, true}, {1, true}, {1, false}, {100, true}, {99, true}, {100, false},
		{windowBits + 50, true}, {51, true}, {51, false}, {50, false},
		{10 * windowBits, true}, {10*windowBits - 1, true}, {100, false}, {10 * windowBits, false},
	} {
		if got := w.add(step.n); got != step.new {
			t.Errorf("%d: new is %v, want %v", step.n, got, step.new)
		}
	}
}

// TestBadOptionsAreAllNamed asks for everything wrong at once.
func TestBadOptionsAreAllNamed(t *testing.T) {
	good := Defaults()
	if err := good.Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	bad := Options{URL: "ftp://x", Sockets: -1, Rate: 0, Warmup: -1, Drain: -1, Size: 3,
		Transport: "pigeon", Protocol: "shout", ConnectRate: -1, PID: -1, Duration: time.Millisecond}
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, field := range []string{"url", "sockets", "channels", "rate", "duration", "warmup", "drain", "size",
		"transport", "protocol", "connect-rate", "connect-timeout", "pid"} {
		if !strings.Contains(err.Error(), field+" must") {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
}

// TestChannelIDsAreValidAndDiffer keeps a persistent server from mixing two runs.
func TestChannelIDsAreValidAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{channelID(1, 0), channelID(1, 1), channelID(2, 0), entityID(1, 0)} {
		if _, err := uuid.Parse(id); err != nil || seen[id] {
			t.Errorf("%s: %v, seen before: %v", id, err, seen[id])
		}
		seen[id] = true
	}
	if first, second := channelID(1, 0), channelID(1, 0); first != second {
		t.Error("the same channel of the same run has two ids")
	}
}

// FuzzReceive feeds a socket whatever a server may send; it must count, not fail.
func FuzzReceive(f *testing.F) {
	m := marker{run: 7, sender: 1, counter: 2, number: 3, due: 4}
	for _, seed := range []string{
		string(m.append([]byte(`2["messageBroadcast",{"text":"`))), `2["messageAck",{"clientMessageId":"` + string(m.appendID(nil)) + `"}]`,
		`31[{"success":true}]`, `3[]`, `3`, `4{}`, `1`, `2["messageBroadcast","~PL:`, `2["messageAck",{"clientMessageId":`, `2`,
	} {
		f.Add([]byte(seed))
	}
	o := Defaults()
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) == 0 {
			t.Skip("the client never hands out an empty packet")
		}
		r := &run{options: &o, id: 7, epoch: time.Now(), channels: []*channel{{}}}
		s := &socket{run: r, index: 1, channel: r.channels[0], last: make([]uint32, 4)}
		for range 2 {
			s.receive(packet)
		}
		if got := r.counters.deliveries.Load(); got > 1 {
			t.Errorf("the same packet was counted as %d deliveries", got)
		}
	})
}
