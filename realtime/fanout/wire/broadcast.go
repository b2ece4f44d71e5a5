package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// The types of packets that are broadcast. Servers send binary ones as typeEvent too.
const (
	typeEvent       = 2
	typeBinaryEvent = 5
)

// errNoEvent says that a broadcast carries something else than an event.
var errNoEvent = errors.New("the broadcast carries no event")

// Event is an event without its receivers.
type Event struct {
	// JSON is the array of its name and arguments. In place of a binary one there is
	// {"_placeholder":true,"num":n}, with n an index of Attachments.
	JSON        []byte
	Attachments [][]byte
}

// Broadcast is an event of another server and the rooms that it is for.
type Broadcast struct {
	// UID names the server that sent it.
	UID       string
	Namespace string
	// Rooms are those that it is for, none standing for all sockets. Who is in one of
	// Except is left out. A socket's id is also a room.
	Rooms, Except []string
	// Volatile says that it may be lost.
	Volatile bool

	data []byte // the event, in msgpack
}

// AppendBroadcast appends the form of a broadcast by the server uid.
func AppendBroadcast(out []byte, uid, namespace string, e Event, rooms, except []string) ([]byte, error) {
	out = appendString(append(out, 0x93), uid)
	out = append(out, 0x83)
	out = append(appendString(out, "type"), typeEvent)
	out = appendString(out, "data")
	out, err := appendEvent(out, e)
	if err != nil {
		return nil, err
	}
	out = appendString(appendString(out, "nsp"), namespace)
	out = append(out, 0x83)
	out = appendStrings(appendString(out, "rooms"), rooms)
	out = appendStrings(appendString(out, "except"), except)
	return append(appendString(out, "flags"), 0x80), nil
}

// appendEvent appends an event's JSON as msgpack.
func appendEvent(out []byte, e Event) ([]byte, error) {
	p := packer{in: e.JSON, out: out, attachments: e.Attachments}
	if err := p.value(); err != nil {
		return nil, err
	}
	if p.space() != 0 || p.at != len(p.in) {
		return nil, errJSON
	}
	return p.out, nil
}

// SentBy reports whether a broadcast comes from the server uid, without a look at the rest.
func SentBy(payload []byte, uid string) bool {
	r := reader{rest: payload}
	if _, err := r.open(kindArray); err != nil {
		return false
	}
	name, err := r.text()
	return err == nil && string(name) == uid
}

// DecodeBroadcast reads a broadcast. It shares the payload's bytes.
func DecodeBroadcast(payload []byte) (Broadcast, error) {
	r := reader{rest: payload}
	b := Broadcast{Namespace: "/"}
	if n, err := r.open(kindArray); err != nil || n < 3 {
		return b, errMalformed
	}
	uid, err := r.text()
	if err != nil {
		return b, err
	}
	b.UID = string(uid)
	if err := r.fields(b.packetField); err != nil {
		return b, fmt.Errorf("decode packet: %w", err)
	}
	if err := r.fields(b.optionField); err != nil {
		return b, fmt.Errorf("decode options: %w", err)
	}
	if b.data == nil {
		return b, errNoEvent
	}
	return b, nil
}

// fields takes a map off and hands each of its keys to f, which takes the value off or
// leaves it.
func (r *reader) fields(f func(r *reader, key []byte) (taken bool, err error)) error {
	n, err := r.open(kindMap)
	if err != nil {
		return err
	}
	for range n {
		key, err := r.text()
		if err != nil {
			return err
		}
		taken, err := f(r, key)
		if err == nil && !taken {
			_, err = r.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// packetField reads one field of the packet.
func (b *Broadcast) packetField(r *reader, key []byte) (bool, error) {
	switch string(key) {
	case "type":
		t, err := r.next()
		if err == nil && (t.kind != kindUint || t.number != typeEvent && t.number != typeBinaryEvent) {
			err = errNoEvent
		}
		return true, err
	case "data":
		var err error
		b.data, err = r.skip()
		return true, err
	case "nsp":
		name, err := r.text()
		b.Namespace = string(name)
		return true, err
	}
	return false, nil
}

// optionField reads one field of the options.
func (b *Broadcast) optionField(r *reader, key []byte) (bool, error) {
	var err error
	switch string(key) {
	case "rooms":
		b.Rooms, err = r.names()
	case "except":
		b.Except, err = r.names()
	case "flags":
		err = r.flags(&b.Volatile)
	default:
		return false, nil
	}
	return true, err
}

// flags reads what kind of broadcast it is; nil stands for none.
func (r *reader) flags(volatile *bool) error {
	if len(r.rest) > 0 && r.rest[0] == 0xc0 {
		r.rest = r.rest[1:]
		return nil
	}
	return r.fields(func(r *reader, key []byte) (bool, error) {
		if string(key) != "volatile" {
			return false, nil
		}
		t, err := r.next()
		*volatile = t.kind == kindBool && t.ext == 1
		return true, err
	})
}

// names takes an array of names off; nil stands for none. In JavaScript a room may be a number.
func (r *reader) names() ([]string, error) {
	t, err := r.next()
	if err != nil || t.kind == kindNil {
		return nil, err
	}
	if t.kind != kindArray {
		return nil, errMalformed
	}
	var list []string
	for range t.number {
		element, err := r.next()
		if err != nil {
			return nil, err
		}
		text, ok := element.text()
		if !ok {
			return nil, errMalformed
		}
		list = append(list, string(text))
	}
	return list, nil
}

// Arguments is what servers look at in an event without knowing what it means.
type Arguments struct {
	// Name is the event's name; Last its last argument, if that is a string.
	Name, Last string
	// Attachments are the binary parts, in the order of their placeholders.
	Attachments [][]byte
}

// AppendEvent appends the JSON of the event; see Event for its form.
func (b Broadcast) AppendEvent(out []byte) ([]byte, Arguments, error) {
	w := jsonWriter{reader: reader{rest: b.data}, out: out, depth: 1}
	var a Arguments
	n, err := w.open(kindArray)
	if err != nil || n == 0 {
		return nil, a, errNoEvent
	}
	w.out = append(w.out, '[')
	for i := range n {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		ahead := w.reader
		if err := w.value(); err != nil {
			return nil, a, err
		}
		switch i {
		case 0:
			a.Name, err = ahead.name()
		case n - 1:
			a.Last = ahead.lastText()
		}
		if err != nil {
			return nil, a, err
		}
	}
	a.Attachments = w.attachments
	return append(w.out, ']'), a, nil
}

// name is the name of an event; in JavaScript it may be a number.
func (r reader) name() (string, error) {
	t, err := r.next()
	if err != nil {
		return "", err
	}
	text, ok := t.text()
	if !ok {
		return "", errNoEvent
	}
	return string(text), nil
}

// lastText is the next value if it is a string, else "".
func (r reader) lastText() string {
	if t, err := r.next(); err == nil && t.kind == kindString {
		return string(bytes.ToValidUTF8(t.bytes, nil))
	}
	return ""
}
