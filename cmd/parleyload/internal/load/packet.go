package load

import (
	"bytes"
	"strconv"
)

// defaultServer is the message server that every installation has.
const defaultServer = "00000000-0000-0000-0000-000000000000"

// Beginnings of the Socket.IO packets that are told apart.
var (
	broadcastStart     = []byte(`2["messageBroadcast"`)
	typingStart        = []byte(`2["typing"`)
	ackEventStart      = []byte(`2["messageAck"`)
	joinedStart        = []byte(`2["channel_joined"`)
	errorEventStart    = []byte(`2["messageError"`)
	ackStart           = []byte(`3`)
	failedAck          = []byte(`"success":false`)
	padding            = []byte("The quick brown fox jumps over the lazy dog. ")
	payloadServer      = `","serverId":"` + defaultServer + `","senderId":"`
	payloadAfterID     = `","source":"client_group_chat","metadata":{"channelType":"GROUP"}}`
	payloadSenderName  = `","senderName":"load `
	payloadMessage     = `","message":"`
	payloadMessageID   = `","messageId":"`
	messageEventStart  = `2["message",{"type":2,"payload":`
	messageEventEnd    = `}]`
	operationStart     = `["messages:send",`
	operationEnd       = `]`
	typingOperation    = `["typing:set",`
	typingEnd          = `","isTyping":false}]`
	joinEventStart     = `2["message",{"type":1,"payload":{"channelId":"`
	channelAndRoomGlue = `","roomId":"`
)

// joinPacket asks to enter a channel.
func joinPacket(channel, entity string) []byte {
	return []byte(joinEventStart + channel + channelAndRoomGlue + channel + `","entityId":"` + entity + `"}}]`)
}

// sendPacket builds the packets of one socket's messages in a buffer that it reuses.
type sendPacket struct {
	protocol string
	size     int
	before   []byte // of the payload, up to the message
	buffer   []byte
}

// newSendPacket prepares what all messages of a socket have in common.
func newSendPacket(o *Options, channel, entity string, socket int) *sendPacket {
	before := `{"channelId":"` + channel + channelAndRoomGlue + channel + payloadServer + entity +
		payloadSenderName + strconv.Itoa(socket) + payloadMessage
	if o.Protocol == ProtocolTyping {
		before = `{"channelId":"` + channel + `","senderId":"` + entity + `","senderName":"`
	}
	return &sendPacket{protocol: o.Protocol, size: o.Size, before: []byte(before)}
}

// build returns the packet of a message, valid until the next call.
func (p *sendPacket) build(m marker) []byte {
	b := append(p.start(p.buffer[:0], m), p.before...)
	b = m.append(b)
	for left := p.size - markerSize; left > 0; left -= len(padding) {
		b = append(b, padding[:min(left, len(padding))]...)
	}
	p.buffer = p.end(b, m)
	return p.buffer
}

// start appends what comes before the payload.
func (p *sendPacket) start(b []byte, m marker) []byte {
	if p.protocol == ProtocolMessage {
		return append(b, messageEventStart...)
	}
	b = strconv.AppendUint(append(b, '2'), uint64(m.counter), 10)
	if p.protocol == ProtocolTyping {
		return append(b, typingOperation...)
	}
	return append(b, operationStart...)
}

// end appends what comes after the text.
func (p *sendPacket) end(b []byte, m marker) []byte {
	if p.protocol == ProtocolTyping {
		return append(b, typingEnd...)
	}
	b = m.appendID(append(b, payloadMessageID...))
	b = append(b, payloadAfterID...)
	if p.protocol == ProtocolOp {
		return append(b, operationEnd...)
	}
	return append(b, messageEventEnd...)
}

// ackID returns the number of an ACK packet.
func ackID(packet []byte) (uint32, bool) {
	digits := packet[1:]
	if end := bytes.IndexByte(digits, '['); end >= 0 {
		digits = digits[:end]
	}
	n, err := strconv.ParseUint(string(digits), 10, 32)
	return uint32(n), err == nil
}
