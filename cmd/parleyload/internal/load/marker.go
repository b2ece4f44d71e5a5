package load

import (
	"bytes"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// marker is what a message says about itself. In the text it stands as
//
//	~PL:run:sender:counter:number:due~
//
// with hexadecimal numbers of fixed width, which no JSON encoder escapes.
type marker struct {
	run     uint32        // of the driver's run, so that other messages are not counted
	sender  uint16        // socket that sent it
	counter uint32        // 24 bits: place among the messages of the sender
	number  uint32        // place among the messages of the channel
	due     time.Duration // when it was due, since the start of the run (48 bits)
}

// markerStart begins a marker.
const markerStart = "~PL:"

// Offsets of a marker's fields and its size.
const (
	atRun      = len(markerStart)
	atSender   = atRun + 8 + 1
	atCounter  = atSender + 4 + 1
	atNumber   = atCounter + 6 + 1
	atDue      = atNumber + 8 + 1
	markerSize = atDue + 12 + 1
)

// append writes the marker.
func (m marker) append(b []byte) []byte {
	b = append(b, markerStart...)
	b = append(appendHex(b, uint64(m.run), 8), ':')
	b = append(appendHex(b, uint64(m.sender), 4), ':')
	b = append(appendHex(b, uint64(m.counter), 6), ':')
	b = append(appendHex(b, uint64(m.number), 8), ':')
	return append(appendHex(b, uint64(m.due), 12), '~')
}

// findMarker returns the first marker in a packet.
func findMarker(packet []byte) (marker, bool) {
	at := bytes.Index(packet, []byte(markerStart))
	if at < 0 || len(packet)-at < markerSize || packet[at+markerSize-1] != '~' {
		return marker{}, false
	}
	p := packet[at : at+markerSize]
	run, ok1 := parseHex(p[atRun : atRun+8])
	sender, ok2 := parseHex(p[atSender : atSender+4])
	counter, ok3 := parseHex(p[atCounter : atCounter+6])
	number, ok4 := parseHex(p[atNumber : atNumber+8])
	due, ok5 := parseHex(p[atDue : atDue+12])
	return marker{uint32(run), uint16(sender), uint32(counter), uint32(number), time.Duration(due)},
		ok1 && ok2 && ok3 && ok4 && ok5
}

// idSize is the length of a message id.
const idSize = 36

// appendID writes the message's id: a UUID that carries the same but the number, so
// that an acknowledgement tells how late it is without a table of what is under way.
func (m marker) appendID(b []byte) []byte {
	b = append(appendHex(b, uint64(m.run), 8), '-')
	b = append(appendHex(b, uint64(m.sender), 4), '-', '4')
	b = append(appendHex(b, uint64(m.counter>>12), 3), '-', '8')
	b = append(appendHex(b, uint64(m.counter&0xfff), 3), '-')
	return appendHex(b, uint64(m.due), 12)
}

// parseID reads a message id, as appendID writes it, from the start of b.
func parseID(b []byte) (marker, bool) {
	if len(b) < idSize || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return marker{}, false
	}
	run, ok1 := parseHex(b[:8])
	sender, ok2 := parseHex(b[9:13])
	high, ok3 := parseHex(b[15:18])
	low, ok4 := parseHex(b[20:23])
	due, ok5 := parseHex(b[24:36])
	return marker{run: uint32(run), sender: uint16(sender), counter: uint32(high<<12 | low), due: time.Duration(due)},
		ok1 && ok2 && ok3 && ok4 && ok5
}

// clientMessageID is the field by which acknowledgements name a message.
var clientMessageID = []byte(`"clientMessageId"`)

// findClientMessageID returns the message id that a packet names.
func findClientMessageID(packet []byte) (marker, bool) {
	_, rest, found := bytes.Cut(packet, clientMessageID)
	if !found {
		return marker{}, false
	}
	rest = bytes.TrimLeft(rest, ": \t")
	rest, found = bytes.CutPrefix(rest, []byte(`"`))
	if !found {
		return marker{}, false
	}
	return parseID(rest)
}

// hexDigits are the digits that this package writes.
const hexDigits = "0123456789abcdef"

// appendHex writes the lowest digits of v.
func appendHex(b []byte, v uint64, digits int) []byte {
	for shift := (digits - 1) * 4; shift >= 0; shift -= 4 {
		b = append(b, hexDigits[v>>shift&0xf])
	}
	return b
}

// parseHex reads lower-case hexadecimal digits.
func parseHex(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// channelID is the id of a channel of the run: the same for the same run and number.
func channelID(run uint32, channel int) string {
	return derivedID(run, 'c', channel)
}

// entityID is the id of the person behind a socket.
func entityID(run uint32, socket int) string {
	return derivedID(run, 'e', socket)
}

// derivedID makes a UUID of version 5 from a run, a kind and a number.
func derivedID(run uint32, kind byte, n int) string {
	name := appendHex([]byte{kind}, uint64(run)<<32|uint64(n), 16)
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("parleyload:"+hex.EncodeToString(name))).String()
}
