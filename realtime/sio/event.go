package sio

import (
	"encoding/json"
	"errors"
	"sync/atomic"
)

// errNoAck says that an answer cannot be sent.
var errNoAck = errors.New("the event wants no answer, or has had it")

// ErrTooLarge says that an answer would fill the connection's queue by itself, and end
// the connection: Options.QueueBytes bounds it, less a quarter for what else waits.
var ErrTooLarge = errors.New("the answer is too large")

// Event is an event that a client sent.
type Event struct {
	// Name is the event's name; a number is given by its text.
	Name string
	// Args are the arguments as checked JSON. In place of a binary one there is
	// {"_placeholder":true,"num":n}, with n an index of Attachments.
	Args []json.RawMessage
	// Attachments are the binary parts.
	Attachments [][]byte

	socket   *Socket
	id       uint64
	wantsAck bool
	answered atomic.Bool
}

// WantsAck reports whether the client waits for an answer.
func (e *Event) WantsAck() bool { return e.wantsAck }

// Ack answers the event; see EncodeEvent for the arguments. It may be called at any
// time and from any goroutine, but once: more answers, and answers that nobody wants,
// are errors. After ErrTooLarge another answer may follow. A failure travels in the
// arguments, as the protocol has no place for it.
func (e *Event) Ack(args ...any) error {
	if !e.wantsAck || e.answered.Load() {
		return errNoAck
	}
	frames, err := encodeAck(e.socket.namespace.name, e.id, args)
	if err != nil {
		return err
	}
	if wireSize(frames) > e.socket.session.conn.engine.opts.QueueBytes/4*3 {
		return ErrTooLarge
	}
	if !e.answered.CompareAndSwap(false, true) {
		return errNoAck
	}
	if e.socket.Connected() {
		e.socket.session.conn.send(frames...)
	}
	return nil
}
