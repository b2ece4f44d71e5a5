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
	joinEventStart     = `2["message",{"type":1,"payload":{"channelId":"`
	channelAndRoomGlue = `","roomId":"`
)

// joinPacket asks to enter a channel.
func joinPacket(channel, entity string) []byte {
	return []byte(joinEventStart + channel + channelAndRoomGlue + channel + `","entityId":"` + entity + `"}}]`)
}

// sendPacket builds the packets of one socket's messages in a buffer that it reuses.
type sendPacket struct {
	operation bool
	size      int
	before    []byte // of the payload, up to the message
	buffer    []byte
}

// newSendPacket prepares what all messages of a socket have in common.
func newSendPacket(o *Options, channel, entity string, socket int) *sendPacket {
	before := `{"channelId":"` + channel + channelAndRoomGlue + channel + payloadServer + entity +
		payloadSenderName + strconv.Itoa(socket) + payloadMessage
	return &sendPacket{operation: o.Protocol == ProtocolOp, size: o.Size, before: []byte(before)}
}

// build returns the packet of a message, valid until the next call.
func (p *sendPacket) build(m marker) []byte {
	b := p.buffer[:0]
	if p.operation {
		b = append(b, '2')
		b = strconv.AppendUint(b, uint64(m.counter), 10)
		b = append(b, operationStart...)
	} else {
		b = append(b, messageEventStart...)
	}
	b = append(b, p.before...)
	b = m.append(b)
	for left := p.size - markerSize; left > 0; left -= len(padding) {
		b = append(b, padding[:min(left, len(padding))]...)
	}
	b = append(b, payloadMessageID...)
	b = m.appendID(b)
	b = append(b, payloadAfterID...)
	if p.operation {
		b = append(b, operationEnd...)
	} else {
		b = append(b, messageEventEnd...)
	}
	p.buffer = b
	return b
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
