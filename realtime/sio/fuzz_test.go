package sio

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func FuzzDecodePacket(f *testing.F) {
	for _, test := range malformed {
		if len(test.text) < 1000 {
			f.Add([]byte(test.text))
		}
	}
	f.Add([]byte(`51-/ns,12["a",{"_placeholder":true,"num":0}]`))
	f.Add([]byte(`0/ns,{"a":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePacket(data, 10)
		if err != nil {
			return
		}
		_ = p.checkPlaceholders()
		_ = p.libraryPacket()
		for _, arg := range p.args {
			if !json.Valid(arg) {
				t.Errorf("argument %q is no JSON", arg)
			}
		}
		if p.expected < 0 || p.expected > 10 {
			t.Errorf("%d attachments", p.expected)
		}
		if (p.kind == typeConnect) != (p.auth != nil) {
			t.Errorf("auth %v of a packet %c", p.auth, p.kind)
		}
	})
}

// collector is a receiver that keeps what it gets.
type collector struct{ messages [][]byte }

// message is part of receiver.
func (c *collector) message(data []byte, _ bool) bool {
	c.messages = append(c.messages, data)
	return true
}

// closed is part of receiver.
func (c *collector) closed(string) {}

func FuzzPollingPayload(f *testing.F) {
	for _, payload := range []string{"4hello\x1e3\x1ebAQID", "4", "", "\x1e\x1e", "b====", "5\x1e6\x1e1", "4\xff"} {
		f.Add(payload)
	}
	e, err := newEngine(Options{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.timers.stop(); e.flush.stop() })
	f.Fuzz(func(t *testing.T, payload string) {
		c := newConn(e, greeting{})
		got := &collector{}
		c.receiver = got
		c.handlePayload(payload)
		if most := strings.Count(payload, string(separator)) + 1; len(got.messages) > most {
			t.Errorf("%d messages of %d packets", len(got.messages), most)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("4hello"))
	f.Add(bytes.Repeat([]byte("x"), 126))
	f.Add(bytes.Repeat([]byte("x"), 1<<16))
	f.Fuzz(func(t *testing.T, data []byte) {
		made := newFrame(opText, data)
		if !bytes.Equal(made.payload(), data) || len(made.wire) != len(data)+headerSize(len(data)) {
			t.Errorf("the frame of %d bytes has %d", len(data), len(made.wire))
		}
	})
}
