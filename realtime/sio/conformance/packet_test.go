package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// packet is a Socket.IO packet as a test states or receives it.
type packet struct {
	kind      int
	namespace string // "" is the main namespace
	id        string // "" is a packet without an acknowledgement id
	payload   string // JSON, or "" for none
	// attachments are in base64, in the order in which they follow the packet.
	attachments []string
}

// The packet types of the protocol.
const (
	connectPacket = iota
	disconnectPacket
	eventPacket
	ackPacket
	connectErrorPacket
	binaryEventPacket
	binaryAckPacket
)

// wire returns the packet as Engine.IO packets.
func (p packet) wire() []string {
	var head strings.Builder
	fmt.Fprintf(&head, "4%d", p.kind)
	if p.kind == binaryEventPacket || p.kind == binaryAckPacket {
		fmt.Fprintf(&head, "%d-", len(p.attachments))
	}
	if p.namespace != "" {
		head.WriteString(p.namespace + ",")
	}
	head.WriteString(p.id + p.payload)
	packets := []string{head.String()}
	for _, attachment := range p.attachments {
		packets = append(packets, "b"+attachment)
	}
	return packets
}

// grammar is the format of an encoded packet, with the "4" of its Engine.IO message.
var grammar = regexp.MustCompile(`(?s)^4([0-6])(?:([0-9]+)-)?(?:(/[^,]*),)?([0-9]*)(.*)$`)

// receive reads the next packet and its attachments.
func receive(t testing.TB, p peer) packet {
	t.Helper()
	head := p.next()
	parts := grammar.FindStringSubmatch(head)
	if parts == nil {
		t.Fatalf("%s is no Socket.IO packet", brief(head))
	}
	got := packet{kind: int(parts[1][0] - '0'), namespace: parts[3], id: parts[4], payload: parts[5]}
	if binary := got.kind == binaryEventPacket || got.kind == binaryAckPacket; binary != (parts[2] != "") {
		t.Fatalf("%s: an attachment count belongs to binary packets, and to them only", brief(head))
	}
	count, _ := strconv.Atoi(parts[2])
	for range count {
		data, ok := strings.CutPrefix(p.next(), "b")
		if !ok {
			t.Fatalf("%s is not followed by its attachments", brief(head))
		}
		got.attachments = append(got.attachments, data)
	}
	return got
}

// expectPacket fails unless the next packet has the meaning of the wanted one.
// Attachments may be numbered in another order, as the page leaves it open.
func expectPacket(t testing.TB, p peer, want packet) {
	t.Helper()
	got := receive(t, p)
	if got.kind != want.kind || got.namespace != want.namespace || got.id != want.id {
		t.Fatalf("got %v, want %v", got, want)
	}
	if !reflect.DeepEqual(got.data(t), want.data(t)) {
		t.Fatalf("got payload %s, want %s", brief(got.payload), brief(want.payload))
	}
	if want.kind != binaryEventPacket && len(got.attachments) != len(want.attachments) {
		t.Fatalf("got %d attachments, want %d", len(got.attachments), len(want.attachments))
	}
}

// data returns the payload with its attachments in their places.
func (p packet) data(t testing.TB) any {
	t.Helper()
	if p.payload == "" {
		return nil
	}
	var data any
	if err := json.Unmarshal([]byte(p.payload), &data); err != nil {
		t.Fatalf("payload %s: %v", brief(p.payload), err)
	}
	return p.fill(t, data)
}

// attachment stands in a payload for bytes, by their base64.
type attachment struct{ base64 string }

// fill replaces the placeholders in a value by the attachments.
func (p packet) fill(t testing.TB, value any) any {
	t.Helper()
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = p.fill(t, v[i])
		}
	case map[string]any:
		number, ok := v["num"].(float64)
		if v["_placeholder"] == true && ok && len(p.attachments) > 0 {
			if int(number) >= len(p.attachments) {
				t.Fatalf("placeholder %v of %d attachments", number, len(p.attachments))
			}
			return attachment{p.attachments[int(number)]}
		}
		for key := range v {
			v[key] = p.fill(t, v[key])
		}
	}
	return value
}

// connect connects a peer to a namespace ("" is the main one), reads the two packets
// with which the application answers, and returns the socket's id.
func connect(t testing.TB, p peer, namespace string) string {
	t.Helper()
	p.send(packet{kind: connectPacket, namespace: namespace}.wire()...)
	id := expectConnected(t, p, namespace)
	expectPacket(t, p, packet{kind: eventPacket, namespace: namespace, payload: `["auth",{}]`})
	return id
}

// expectConnected reads the answer to a CONNECT, which holds the socket's id and
// nothing else.
func expectConnected(t testing.TB, p peer, namespace string) string {
	t.Helper()
	got := receive(t, p)
	if got.kind != connectPacket || got.namespace != namespace || got.id != "" {
		t.Fatalf("got %v, want a CONNECT for %q", got, namespace)
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(got.payload), &fields); err != nil {
		t.Fatalf("payload %s: %v", brief(got.payload), err)
	}
	if len(fields) != 1 || fields["sid"] == "" {
		t.Fatalf("payload %s, want a sid and nothing else", brief(got.payload))
	}
	return fields["sid"]
}

// expectAlive fails unless a message is sent back, and nothing comes before it.
func expectAlive(t testing.TB, p peer) {
	t.Helper()
	p.send(`42["message","still here"]`)
	expect(t, p, `42["message-back","still here"]`)
}

// connected opens a session and connects it to the main namespace.
func connected(t testing.TB, open func(testing.TB) peer) peer {
	t.Helper()
	p := open(t)
	connect(t, p, "")
	return p
}
