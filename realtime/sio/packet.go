package sio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// packetType is the type of a Socket.IO packet.
type packetType byte

// The types of Socket.IO packets.
const (
	typeConnect      packetType = '0'
	typeDisconnect   packetType = '1'
	typeEvent        packetType = '2'
	typeAck          packetType = '3'
	typeConnectError packetType = '4'
	typeBinaryEvent  packetType = '5'
	typeBinaryAck    packetType = '6'
)

// binary reports whether packets of the type are followed by attachments.
func (t packetType) binary() bool { return t == typeBinaryEvent || t == typeBinaryAck }

// reservedEvents have a meaning of their own and are no names for events.
var reservedEvents = map[string]bool{
	"connect": true, "connect_error": true, "disconnect": true,
	"disconnecting": true, "newListener": true, "removeListener": true,
}

// incoming is a decoded packet. Its JSON is checked but not decoded further.
type incoming struct {
	kind        packetType
	namespace   string
	id          uint64
	hasID       bool
	expected    int               // attachments that the packet announces
	attachments [][]byte          // those that have come
	name        string            // of an event
	args        []json.RawMessage // of an event without its name, or of an ack
	auth        map[string]any    // of a CONNECT, never nil there
}

// maxIDDigits bounds the ids of acks to what fits a uint64.
const maxIDDigits = 19

// decodePacket decodes the text part of a packet.
func decodePacket(data []byte, maxAttachments int) (incoming, error) {
	p := incoming{namespace: "/"}
	if len(data) == 0 || data[0] < '0' || data[0] > '6' {
		return p, errors.New("unknown packet type")
	}
	p.kind = packetType(data[0])
	rest := data[1:]
	var err error
	if p.kind.binary() {
		if rest, err = p.cutAttachments(rest, maxAttachments); err != nil {
			return p, err
		}
	}
	if len(rest) > 0 && rest[0] == '/' {
		var name []byte
		name, rest, _ = bytes.Cut(rest, []byte{','})
		p.namespace = string(name)
	}
	if rest, err = p.cutID(rest); err != nil {
		return p, err
	}
	return p, p.decodePayload(rest)
}

// cutAttachments takes the number of attachments and its dash off.
func (p *incoming) cutAttachments(data []byte, most int) ([]byte, error) {
	digits, rest, found := bytes.Cut(data, []byte{'-'})
	n, err := strconv.ParseUint(string(digits), 10, 31)
	switch {
	case !found || err != nil || n < 1:
		return nil, errors.New("illegal attachments")
	case int(n) > most:
		return nil, fmt.Errorf("%d attachments are too many", n)
	}
	p.expected = int(n)
	return rest, nil
}

// cutID takes the id off, if there is one.
func (p *incoming) cutID(data []byte) ([]byte, error) {
	n := 0
	for n < len(data) && data[n] >= '0' && data[n] <= '9' {
		n++
	}
	if n == 0 {
		return data, nil
	}
	id, err := strconv.ParseUint(string(data[:n]), 10, 64)
	if err != nil || n > maxIDDigits {
		return nil, errors.New("illegal id")
	}
	p.id, p.hasID = id, true
	return data[n:], nil
}

// decodePayload checks and keeps what follows the id.
func (p *incoming) decodePayload(data []byte) error {
	switch p.kind {
	case typeConnect:
		return p.decodeAuth(data)
	case typeDisconnect:
		if len(data) > 0 {
			return errors.New("a DISCONNECT has no payload")
		}
	case typeEvent, typeBinaryEvent:
		return p.decodeEvent(data)
	case typeAck, typeBinaryAck:
		if len(data) == 0 {
			return nil // ends as an ack that nobody waits for, as in the reference
		}
		return decodeArray(data, &p.args)
	case typeConnectError: // ends as a packet out of place, whatever it says
	}
	return nil
}

// decodeAuth keeps the payload of a CONNECT; without one it is an empty object.
func (p *incoming) decodeAuth(data []byte) error {
	p.auth = map[string]any{}
	if len(data) == 0 {
		return nil
	}
	if data[0] != '{' {
		return errors.New("the payload of a CONNECT is no object")
	}
	if err := json.Unmarshal(data, &p.auth); err != nil {
		return fmt.Errorf("decode auth: %w", err)
	}
	return nil
}

// decodeEvent splits an event into its name and its arguments.
func (p *incoming) decodeEvent(data []byte) error {
	if err := decodeArray(data, &p.args); err != nil {
		return err
	}
	if len(p.args) == 0 {
		return errors.New("an event has no name")
	}
	first := p.args[0]
	p.args = p.args[1:]
	switch {
	case first[0] == '"':
		if err := json.Unmarshal(first, &p.name); err != nil {
			return fmt.Errorf("decode event name: %w", err)
		}
	case first[0] == '-' || (first[0] >= '0' && first[0] <= '9'):
		p.name = string(first) // the reference takes numbers and looks them up by their text
	default:
		return errors.New("an event's name is no string")
	}
	if reservedEvents[p.name] {
		return fmt.Errorf("the event name %q is reserved", p.name)
	}
	return nil
}

// decodeArray decodes a JSON array and nothing else.
func decodeArray(data []byte, into *[]json.RawMessage) error {
	if len(data) == 0 || data[0] != '[' {
		return errors.New("payload is no array")
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode payload: %w", err)
	}
	return nil
}

// complete reports whether all attachments are there.
func (p *incoming) complete() bool { return len(p.attachments) == p.expected }

// checkPlaceholders reports an argument that refers to an attachment which there is not.
func (p *incoming) checkPlaceholders() error {
	for _, arg := range p.args {
		if !bytes.Contains(arg, []byte("_placeholder")) && !bytes.ContainsRune(arg, '\\') {
			continue
		}
		var value any
		if err := json.Unmarshal(arg, &value); err != nil {
			return fmt.Errorf("decode argument: %w", err)
		}
		if !placeholdersFit(value, p.expected) {
			return errors.New("illegal attachments")
		}
	}
	return nil
}

// placeholdersFit reports whether every placeholder within value is one of n.
func placeholdersFit(value any, n int) bool {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			if !placeholdersFit(element, n) {
				return false
			}
		}
	case map[string]any:
		if v["_placeholder"] == true {
			num, ok := v["num"].(float64)
			return ok && num >= 0 && num < float64(n) && num == float64(int(num))
		}
		for _, element := range v {
			if !placeholdersFit(element, n) {
				return false
			}
		}
	}
	return true
}
