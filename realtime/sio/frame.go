package sio

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// The types of Engine.IO packets.
const (
	packetOpen    = '0'
	packetClose   = '1'
	packetPing    = '2'
	packetPong    = '3'
	packetMessage = '4'
	packetUpgrade = '5'
	packetNoop    = '6'
	packetBinary  = 'b' // a message of bytes in base64, long-polling only
)

// separator stands between the packets of a polling payload.
const separator = '\x1e'

// The opcodes of WebSocket frames.
const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPong   = 0xA
)

// maxHeader is the size of the longest header of an unmasked WebSocket frame.
const maxHeader = 10

// frame is one outgoing Engine.IO packet in the form of a whole WebSocket frame, from
// which the polling form is cut. It is immutable, so that many connections share it.
type frame struct {
	wire []byte
	head int
	op   byte
}

// sealFrame completes a frame in buf, whose first maxHeader bytes are free for the
// header and whose rest is the payload. It takes buf over.
func sealFrame(op byte, buf []byte) frame {
	n := len(buf) - maxHeader
	start := maxHeader - headerSize(n)
	buf[start] = 0x80 | op
	switch {
	case n < 126:
		buf[start+1] = byte(n) //nolint:gosec // below 126
	case n < 1<<16:
		buf[start+1] = 126
		binary.BigEndian.PutUint16(buf[start+2:], uint16(n))
	default:
		buf[start+1] = 127
		binary.BigEndian.PutUint64(buf[start+2:], uint64(n))
	}
	return frame{wire: buf[start:], head: maxHeader - start, op: op}
}

// headerSize is the size of the header of an unmasked frame with n bytes of payload.
func headerSize(n int) int {
	switch {
	case n < 126:
		return 2
	case n < 1<<16:
		return 4
	default:
		return maxHeader
	}
}

// newFrame copies data into a frame.
func newFrame[T []byte | string](op byte, data T) frame {
	buf := make([]byte, maxHeader, maxHeader+len(data))
	return sealFrame(op, append(buf, data...))
}

// rawFrame is a control frame that is on the wire's form already.
func rawFrame(wire []byte) frame {
	return frame{wire: wire, head: len(wire), op: wire[0] & 0x0f}
}

// textPacket is an Engine.IO packet of the type kind.
func textPacket(kind byte, data string) frame {
	buf := make([]byte, maxHeader, maxHeader+1+len(data))
	return sealFrame(opText, append(append(buf, kind), data...))
}

// messagePacket is an Engine.IO message.
func messagePacket(data []byte, isBinary bool) frame {
	if isBinary {
		return newFrame(opBinary, data)
	}
	buf := make([]byte, maxHeader, maxHeader+1+len(data))
	return sealFrame(opText, append(append(buf, packetMessage), data...))
}

// closeFrame is a WebSocket close frame; code 0 leaves the code out.
func closeFrame(code int) frame {
	if code == 0 {
		return newFrame(opClose, "")
	}
	return newFrame(opClose, []byte{byte(code >> 8), byte(code)}) //nolint:gosec // two bytes of a close code
}

// wireSize is how many bytes frames are on a WebSocket.
func wireSize(frames []frame) int {
	n := 0
	for _, f := range frames {
		n += len(f.wire)
	}
	return n
}

// control reports whether the frame belongs to WebSocket itself and so has no form
// in long-polling.
func (f frame) control() bool { return f.op&0x8 != 0 }

// payload is the packet without the WebSocket header.
func (f frame) payload() []byte { return f.wire[f.head:] }

// appendPolling adds the polling form of frames to body.
func appendPolling(body []byte, frames []frame) []byte {
	for _, f := range frames {
		if f.control() {
			continue
		}
		if len(body) > 0 {
			body = append(body, separator)
		}
		if f.op == opBinary {
			body = append(body, packetBinary)
			body = base64.StdEncoding.AppendEncode(body, f.payload())
			continue
		}
		body = append(body, f.payload()...)
	}
	return body
}

// nextPacket cuts the first packet off a polling payload; more says whether a
// separator followed.
func nextPacket(payload string) (packet, rest string, more bool) {
	return strings.Cut(payload, string(separator))
}
