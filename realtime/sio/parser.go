package sio

import (
	"encoding/json"
	"fmt"

	"github.com/zishang520/engine.io/v2/events"
	"github.com/zishang520/engine.io/v2/types"
	"github.com/zishang520/socket.io-go-parser/v2/parser"
)

// libraryParser is the library's seam for packets. What comes in is decoded before it
// gets there, so its decoders only hand on; what the library sends are the packets
// of the connection's life.
type libraryParser struct{}

// NewEncoder is part of parser.Parser.
func (libraryParser) NewEncoder() parser.Encoder { return libraryEncoder{parser.NewEncoder()} }

// NewDecoder is part of parser.Parser.
func (libraryParser) NewDecoder() parser.Decoder { return &libraryDecoder{} }

// libraryDecoder passes packets to the one listener it has.
type libraryDecoder struct {
	events.EventEmitter // nil: the library calls nothing else
	listener            events.Listener
}

// On is part of parser.Decoder; the library listens to "decoded" before data comes.
func (d *libraryDecoder) On(_ events.EventName, listeners ...events.Listener) error {
	d.listener = listeners[0]
	return nil
}

// RemoveListener is part of parser.Decoder. The listener stays: after a close nothing
// is handed in.
func (d *libraryDecoder) RemoveListener(events.EventName, events.Listener) bool { return true }

// Add is part of parser.Decoder.
func (d *libraryDecoder) Add(data any) error {
	p, ok := data.(*parser.Packet)
	if !ok {
		return fmt.Errorf("decoder got a %T", data)
	}
	d.listener(p)
	return nil
}

// Destroy is part of parser.Decoder.
func (d *libraryDecoder) Destroy() {}

// libraryPacket is the form of p that the library knows.
func (p *incoming) libraryPacket() *parser.Packet {
	out := &parser.Packet{Type: parser.PacketType(p.kind), Nsp: p.namespace}
	if p.hasID {
		out.Id = &p.id
	}
	switch p.kind {
	case typeConnect:
		out.Data = p.auth
	case typeAck, typeBinaryAck:
		args := make([]any, len(p.args))
		for i, arg := range p.args {
			args[i] = arg
		}
		out.Data = args
	case typeDisconnect, typeEvent, typeConnectError, typeBinaryEvent:
	}
	return out
}

// libraryEncoder encodes what the library itself sends.
type libraryEncoder struct{ parser.Encoder }

// Encode is part of parser.Encoder. A CONNECT_ERROR leaves out data that there is not.
func (e libraryEncoder) Encode(p *parser.Packet) []types.BufferInterface {
	if refusal, ok := p.Data.(map[string]any); ok && p.Type == parser.CONNECT_ERROR {
		if data, found := refusal["data"]; found && data == nil {
			delete(refusal, "data")
		}
		if _, err := json.Marshal(refusal); err != nil {
			delete(refusal, "data") // better a refusal without data than none
		}
	}
	return e.Encoder.Encode(p)
}
