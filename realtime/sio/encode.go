package sio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Packet is an event that is encoded once and can be sent to any number of sockets.
// It is immutable. The zero Packet is empty: sending it does nothing.
type Packet struct {
	namespace string
	frames    []frame // the text first, then the attachments
	mark      mark
}

// Size is how many bytes the packet takes on a WebSocket.
func (p Packet) Size() int { return wireSize(p.frames) }

// Marked returns the packet with its place in the log of a channel, of which the numbers
// rise: the connections that it is sent on remember it; see Socket.Trail. Its last
// argument must be the text `<channel>:<number>`, which official clients send back as the
// offset of their session.
func (p Packet) Marked(channel string, number int64) Packet {
	p.mark = mark{channel: channel, number: number}
	return p
}

// EncodeEvent encodes an event for the sockets of a namespace. Arguments are encoded
// by encoding/json without HTML escaping; a []byte, by itself or within values of the
// types []any and map[string]any, travels as a binary attachment. A reserved name or an argument that JSON cannot express is an
// error.
func EncodeEvent(namespace, event string, args ...any) (Packet, error) {
	if reservedEvents[event] {
		return Packet{}, fmt.Errorf("encode event: the name %q is reserved", event)
	}
	e := encoder{}
	args = e.detach(args)
	e.begin(typeEvent, namespace)
	e.array(event, args)
	if e.err != nil {
		return Packet{}, fmt.Errorf("encode event %q: %w", event, e.err)
	}
	return Packet{namespace: namespace, frames: e.finish()}, nil
}

// encodeAck encodes the answer to the event with the given id.
func encodeAck(namespace string, id uint64, args []any) ([]frame, error) {
	e := encoder{}
	args = e.detach(args)
	e.begin(typeAck, namespace)
	e.buf.Write(strconv.AppendUint(e.buf.AvailableBuffer(), id, 10))
	e.array(nil, args)
	if e.err != nil {
		return nil, fmt.Errorf("encode ack: %w", e.err)
	}
	return e.finish(), nil
}

// encoder builds one packet, with room for the frame's header before it.
type encoder struct {
	buf         bytes.Buffer
	attachments []frame
	err         error
}

// placeholder stands in JSON for an attachment.
type placeholder struct {
	Placeholder bool `json:"_placeholder"`
	Num         int  `json:"num"`
}

// detach returns args with placeholders for the bytes in them, which become
// attachments. What it is given stays as it is.
func (e *encoder) detach(args []any) []any {
	if !hasBytes(args) {
		return args
	}
	out, _ := e.detachValue(args).([]any)
	return out
}

// detachValue is detach for one value.
func (e *encoder) detachValue(value any) any {
	switch v := value.(type) {
	case []byte:
		e.attachments = append(e.attachments, newFrame(opBinary, v))
		return placeholder{Placeholder: true, Num: len(e.attachments) - 1}
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = e.detachValue(element)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, element := range v {
			out[key] = e.detachValue(element)
		}
		return out
	}
	return value
}

// hasBytes reports whether there is a []byte in value.
func hasBytes(value any) bool {
	switch v := value.(type) {
	case []byte:
		return true
	case []any:
		return slices.ContainsFunc(v, hasBytes)
	case map[string]any:
		for _, element := range v {
			if hasBytes(element) {
				return true
			}
		}
	}
	return false
}

// begin writes what comes before the id: the packet's type, which depends on whether
// there are attachments, and its namespace.
func (e *encoder) begin(kind packetType, namespace string) {
	e.buf.Grow(256)
	e.buf.Write(make([]byte, maxHeader))
	e.buf.WriteByte(packetMessage)
	if n := len(e.attachments); n == 0 {
		e.buf.WriteByte(byte(kind))
	} else {
		e.buf.WriteByte(byte(kind) + (byte(typeBinaryEvent) - byte(typeEvent)))
		e.buf.WriteString(strconv.Itoa(n))
		e.buf.WriteByte('-')
	}
	if namespace != "/" && namespace != "" {
		e.buf.WriteString(namespace)
		e.buf.WriteByte(',')
	}
}

// array writes the payload: first, unless it is nil, then the arguments.
func (e *encoder) array(first any, args []any) {
	e.buf.WriteByte('[')
	if first != nil {
		e.value(first)
	}
	for i, arg := range args {
		if i > 0 || first != nil {
			e.buf.WriteByte(',')
		}
		e.value(arg)
	}
	e.buf.WriteByte(']')
}

// value writes one value as JSON.
func (e *encoder) value(v any) {
	j := json.NewEncoder(&e.buf)
	j.SetEscapeHTML(false)
	if err := j.Encode(v); err != nil {
		e.err = err
		return
	}
	e.buf.Truncate(e.buf.Len() - 1) // the line feed
}

// finish returns the packet's frames. JSON that was handed in raw may hold invalid
// UTF-8, for which a WebSocket client would end the connection.
func (e *encoder) finish() []frame {
	wire := e.buf.Bytes()
	if text := wire[maxHeader:]; !utf8.Valid(text) {
		wire = append(make([]byte, maxHeader), bytes.ToValidUTF8(text, []byte("\uFFFD"))...)
	}
	return append([]frame{sealFrame(opText, wire)}, e.attachments...)
}
