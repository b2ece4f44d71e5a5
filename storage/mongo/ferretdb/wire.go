package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The parts of a message of MongoDB's wire protocol.
const (
	headerBytes = 16
	// maxMessage is the longest message of the protocol.
	maxMessage = 48_000_000
	opMsg      = 2013
	// moreToCome says that no reply follows.
	moreToCome = 1 << 1
)

// readMessage reads one whole message, header included.
func readMessage(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n < headerBytes || n > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	message := make([]byte, n)
	copy(message, head[:])
	_, err := io.ReadFull(r, message[4:])
	return message, err
}

// command is the content of an OP_MSG.
type command struct {
	// id is what a reply must name.
	id   uint32
	body bson.D
	// lists are the sequences of documents beside the body, by their name.
	lists map[string][]bson.D
}

// parse reads an OP_MSG; ok is false for any other message.
func parse(message []byte) (c command, ok bool, err error) {
	if len(message) < headerBytes+4 || binary.LittleEndian.Uint32(message[12:]) != opMsg {
		return c, false, nil
	}
	c = command{id: binary.LittleEndian.Uint32(message[4:]), lists: map[string][]bson.D{}}
	rest := message[headerBytes+4:]
	if binary.LittleEndian.Uint32(message[headerBytes:])&1 != 0 {
		rest = rest[:len(rest)-4] // a checksum
	}
	for len(rest) > 0 {
		kind := rest[0]
		section, after, err := cut(rest[1:])
		if err != nil {
			return c, false, err
		}
		rest = after
		if kind == 0 {
			err = bson.Unmarshal(section, &c.body)
		} else {
			err = c.list(section[4:])
		}
		if err != nil {
			return c, false, err
		}
	}
	return c, true, nil
}

// cut separates what begins with its own length, as documents and sequences do.
func cut(data []byte) (first, rest []byte, err error) {
	if len(data) < 5 {
		return nil, nil, errors.New("a section is too short")
	}
	n := int(binary.LittleEndian.Uint32(data))
	if n < 5 || n > len(data) {
		return nil, nil, fmt.Errorf("a section of %d bytes in %d", n, len(data))
	}
	return data[:n], data[n:], nil
}

// list reads a sequence of documents.
func (c *command) list(section []byte) error {
	name, rest, ok := bytes.Cut(section, []byte{0})
	if !ok {
		return errors.New("a sequence has no name")
	}
	for len(rest) > 0 {
		raw, after, err := cut(rest)
		if err != nil {
			return err
		}
		var d bson.D
		if err := bson.Unmarshal(raw, &d); err != nil {
			return err
		}
		c.lists[string(name)], rest = append(c.lists[string(name)], d), after
	}
	return nil
}

// documents returns a list of the command, wherever it stands.
func (c *command) documents(name string) []bson.D {
	if list, ok := c.lists[name]; ok {
		return list
	}
	values, _ := get(c.body, name).(bson.A)
	var list []bson.D
	for _, v := range values {
		if d, ok := v.(bson.D); ok {
			list = append(list, d)
		}
	}
	return list
}

// message is an OP_MSG with one document, as a request or as the reply to another message.
func message(id, replyTo uint32, body bson.D) ([]byte, error) {
	raw, err := bson.Marshal(body)
	if err != nil {
		return nil, err
	}
	out := make([]byte, headerBytes+5, headerBytes+5+len(raw))
	binary.LittleEndian.PutUint32(out, uint32(cap(out))) //nolint:gosec // bounded by maxMessage
	binary.LittleEndian.PutUint32(out[4:], id)
	binary.LittleEndian.PutUint32(out[8:], replyTo)
	binary.LittleEndian.PutUint32(out[12:], opMsg)
	return append(out, raw...), nil
}

// get is the value of a key, nil if there is none.
func get(d bson.D, key string) any {
	for _, e := range d {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// with is d with another value of a key.
func with(d bson.D, key string, value any) bson.D {
	out := make(bson.D, 0, len(d)+1)
	for _, e := range d {
		if e.Key != key {
			out = append(out, e)
		}
	}
	return append(out, bson.E{Key: key, Value: value})
}

// text is the value of a key, "" if it is no string.
func text(d bson.D, key string) string {
	s, _ := get(d, key).(string)
	return s
}
