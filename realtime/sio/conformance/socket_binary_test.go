package main

import (
	"fmt"
	"strings"
	"testing"
)

// The attachments of the tests, in base64.
const (
	one   = "AQID"
	two   = "BAUG"
	three = "BwgJ"
)

// placeholder returns the JSON that stands for an attachment.
func placeholder(number int) string {
	return fmt.Sprintf(`{"_placeholder":true,"num":%d}`, number)
}

// attached are arguments with attachments.
var attached = []struct {
	name, json  string
	attachments []string
}{
	{"one attachment", placeholder(0), []string{one}},
	{"two attachments", placeholder(0) + `,` + placeholder(1), []string{one, two}},
	{"two attachments out of order", placeholder(1) + `,` + placeholder(0), []string{one, two}},
	{"an attachment between other arguments", `1,"a",` + placeholder(0) + `,null,{}`, []string{one}},
	{"attachments in an object", `{"a":` + placeholder(0) + `,"b":` + placeholder(1) + `}`, []string{one, two}},
	{"an attachment deep inside", `{"a":[{"b":{"c":[[` + placeholder(0) + `]]}}],"d":"é"}`, []string{one}},
	{"an attachment without bytes", placeholder(0), []string{""}},
	{"an attachment with every byte", placeholder(0), []string{everyByte()}},
	{"a large attachment", placeholder(0), []string{strings.Repeat("AAEC", 50_000)}},
	{"a placeholder with its fields turned round", `{"num":0,"_placeholder":true}`, []string{one}},
	{"a placeholder with spaces", `{ "_placeholder" : true , "num" : 0 }`, []string{one}},
	{"text in an attachment that looks like a packet", placeholder(0), []string{encode([]byte(`42["message"]`))}},
}

// attachmentNumbers returns n placeholders and their attachments.
func attachmentNumbers(n int) (json string, attachments []string) {
	list := make([]string, n)
	for i := range n {
		list[i] = placeholder(i)
		attachments = append(attachments, encode([]byte{byte(i), 255}))
	}
	return strings.Join(list, ","), attachments
}

func TestBinaryEventCarriesItsAttachments(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		for _, namespace := range []string{"", "/custom"} {
			for _, c := range attached {
				t.Run(c.name+" on /"+strings.TrimPrefix(namespace, "/"), func(t *testing.T) {
					p := open(t)
					connect(t, p, namespace)
					p.send(packet{binaryEventPacket, namespace, "", list("message", c.json), c.attachments}.wire()...)
					expectPacket(t, p, packet{binaryEventPacket, namespace, "", list("message-back", c.json), c.attachments})
					p.send(packet{binaryEventPacket, namespace, "7", list("message-with-ack", c.json), c.attachments}.wire()...)
					expectPacket(t, p, packet{binaryAckPacket, namespace, "7", list("", c.json), c.attachments})
				})
			}
		}
	})
}

func TestPacketMayHaveTenAttachments(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		for n := 1; n <= 10; n++ {
			json, attachments := attachmentNumbers(n)
			p.send(packet{binaryEventPacket, "", "", list("message", json), attachments}.wire()...)
			expectPacket(t, p, packet{binaryEventPacket, "", "", list("message-back", json), attachments})
			id := fmt.Sprint(n)
			p.send(packet{binaryEventPacket, "", id, list("message-with-ack", json), attachments}.wire()...)
			expectPacket(t, p, packet{binaryAckPacket, "", id, list("", json), attachments})
		}
	})
}

func TestElevenAttachmentsEndTheConnection(t *testing.T) {
	t.Parallel()
	json, attachments := attachmentNumbers(11)
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		p.offend(packet{binaryEventPacket, "", "", list("message", json), attachments}.wire()...)
		p.expectClosed()
	})
}

func TestHeartbeatMayComeBetweenAttachments(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		p.send(`452-["message",`+placeholder(0)+`,`+placeholder(1)+`]`, "3", "b"+one)
		p.send("3")
		p.send("b" + two)
		expect(t, p, `452-["message-back",`+placeholder(0)+`,`+placeholder(1)+`]`, "b"+one, "b"+two)
	})
}

func TestBinaryEventsKeepTheirPlaceInTheOrder(t *testing.T) {
	t.Parallel()
	const count = 100
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		var sent, answers []string
		for i := range count {
			attachment := "b" + encode([]byte{byte(i)})
			sent = append(sent, fmt.Sprintf(`42["message",%d]`, i), `451-["message",`+placeholder(0)+`]`, attachment)
			answers = append(answers, fmt.Sprintf(`42["message-back",%d]`, i), `451-["message-back",`+placeholder(0)+`]`, attachment)
		}
		p.send(sent...)
		expect(t, p, answers...)
	})
}

func TestAttachmentNobodyRefersToIsDropped(t *testing.T) {
	t.Parallel()
	onEachTransport(t, startSocketIO(t, relaxed()), func(t *testing.T, open func(testing.TB) peer) {
		p := connected(t, open)
		p.send(`451-["nobody"]`, "b"+one)
		expectAlive(t, p)
	})
}

func TestBrokenBinaryPacketEndsTheConnection(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		packets []string
		// lax is set where the page is clear, but the reference goes on.
		lax bool
	}{
		{name: "bytes when none are expected", packets: []string{"b" + one}},
		{name: "more attachments than announced", packets: []string{`451-["nobody",` + placeholder(0) + `]`, "b" + one, "b" + two}},
		{name: "an event while attachments are expected", packets: []string{`451-["message",` + placeholder(0) + `]`, `42["message"]`}},
		{name: "a binary event while attachments are expected", packets: []string{`451-["message",` + placeholder(0) + `]`, `451-["message",` + placeholder(0) + `]`}},
		{name: "an event after half of the attachments", packets: []string{`452-["message",` + placeholder(0) + `,` + placeholder(1) + `]`, "b" + one, `42["message"]`}},
		{name: "a disconnect while attachments are expected", packets: []string{`451-["message",` + placeholder(0) + `]`, `41`}},
		{name: "a placeholder above the attachments", packets: []string{`451-["message",` + placeholder(1) + `]`, "b" + one}},
		{name: "a huge placeholder", packets: []string{`451-["message",{"_placeholder":true,"num":1e300}]`, "b" + one}},
		{name: "a negative placeholder", packets: []string{`451-["message",` + placeholder(-1) + `]`, "b" + one}},
		{name: "a placeholder that is a text", packets: []string{`451-["message",{"_placeholder":true,"num":"0"}]`, "b" + one}},
		{name: "a placeholder that is null", packets: []string{`451-["message",{"_placeholder":true,"num":null}]`, "b" + one}},
		{name: "a placeholder without a number", packets: []string{`451-["message",{"_placeholder":true}]`, "b" + one}},
		{name: "a fraction as placeholder", packets: []string{`451-["message",{"_placeholder":true,"num":0.5}]`, "b" + one}, lax: true},
		{name: "a wrong placeholder deep inside", packets: []string{`451-["message",[{"a":[` + placeholder(5) + `]}]]`, "b" + one}},
		{name: "no attachment announced", packets: []string{`450-["message"]`}},
		{name: "no attachment and no payload", packets: []string{`450-`}},
		{name: "no count", packets: []string{`45-["message"]`, "b" + one}},
		{name: "no dash", packets: []string{`451["message",` + placeholder(0) + `]`, "b" + one}},
		{name: "a negative count", packets: []string{`45-1-["message"]`, "b" + one}},
		{name: "a fraction as count", packets: []string{`451.5-["message"]`, "b" + one}},
		{name: "letters as count", packets: []string{`45abc-["message"]`, "b" + one}},
		{name: "a count beyond every limit", packets: []string{`4599999999999999999999-["message"]`, "b" + one}},
		{name: "only the type", packets: []string{`45`}},
		{name: "only type and count", packets: []string{`451`}},
		{name: "only the type of a binary acknowledgement", packets: []string{`46`}},
		{name: "a binary acknowledgement without attachments", packets: []string{`460-1["bar"]`}},
		{name: "a binary acknowledgement that is no array", packets: []string{`461-1{"a":` + placeholder(0) + `}`, "b" + one}},
		{name: "a binary acknowledgement with a wrong placeholder", packets: []string{`461-1[` + placeholder(3) + `]`, "b" + one}},
		{name: "no payload", packets: []string{`451-`, "b" + one}, lax: true},
		{name: "no payload behind an acknowledgement id", packets: []string{`451-1`, "b" + one}, lax: true},
		{name: "an object as payload", packets: []string{`451-{"a":` + placeholder(0) + `}`, "b" + one}},
		{name: "an empty array as payload", packets: []string{`451-[]`, "b" + one}},
		{name: "broken JSON", packets: []string{`451-["message",{"_placeholder":true`, "b" + one}},
		{name: "a reserved event", packets: []string{`451-["disconnect",` + placeholder(0) + `]`, "b" + one}},
		{name: "an attachment as event name", packets: []string{`451-[` + placeholder(0) + `]`, "b" + one}},
	}
	s := startSocketIO(t, relaxed())
	for _, c := range cases {
		if c.lax && !s.strict {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			onEachTransport(t, s, func(t *testing.T, open func(testing.TB) peer) {
				p := connected(t, open)
				p.offend(c.packets...)
				p.expectClosed()
			})
		})
	}
}
