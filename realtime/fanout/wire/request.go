package wire

import (
	"encoding/json"
	"errors"
	"fmt"
)

// RequestType says what a request asks all servers for.
type RequestType int

// The types of requests, and of the answers to those that are broadcasts.
const (
	Sockets RequestType = iota
	AllRooms
	RemoteJoin
	RemoteLeave
	RemoteDisconnect
	RemoteFetch
	ServerSideEmit
	BroadcastWithAck
	BroadcastClientCount
	BroadcastAck
)

// errNoMessage says that bytes are no request and no answer.
var errNoMessage = errors.New("malformed request or answer")

// Names are names of rooms, which in JavaScript may be numbers.
type Names []string

// UnmarshalJSON is part of json.Unmarshaler.
func (n *Names) UnmarshalJSON(data []byte) error {
	var list []any
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("decode names: %w", err)
	}
	*n = make(Names, 0, len(list))
	for _, name := range list {
		switch name := name.(type) {
		case string:
			*n = append(*n, name)
		case float64:
			*n = append(*n, string(appendFloat(nil, name)))
		default:
			return errNoMessage
		}
	}
	return nil
}

// Selection says which sockets are meant: those in one of Rooms, none standing for all,
// that are in none of Except.
type Selection struct {
	Rooms  Names `json:"rooms"`
	Except Names `json:"except"`
	Flags  Flags `json:"flags,omitzero"`
}

// Flags say how an event is broadcast.
type Flags struct {
	// Timeout is how long answers are waited for, in milliseconds.
	Timeout float64 `json:"timeout,omitempty"`
}

// Packet is an event within a request.
type Packet struct {
	Type      int             `json:"type"`
	Data      json.RawMessage `json:"data"`
	Namespace string          `json:"nsp"`
}

// Request asks all servers of a cluster for something.
type Request struct {
	Type RequestType `json:"type"`
	// UID names the server that asks; services that are no servers have none.
	UID string `json:"uid,omitempty"`
	// ID comes back with the answers; without one none is wanted.
	ID string `json:"requestId,omitempty"`
	// Opts are the sockets that are meant. Old servers name one by SID instead.
	Opts *Selection `json:"opts,omitempty"`
	SID  string     `json:"sid,omitempty"`
	// Rooms are those to join or to leave, Room the only one of an old server; to Sockets
	// they are those that are looked into.
	Rooms Names  `json:"rooms,omitempty"`
	Room  string `json:"room,omitempty"`
	// Close says that whole connections are to be ended.
	Close bool `json:"close,omitempty"`
	// Data is the name and the arguments of a ServerSideEmit.
	Data []json.RawMessage `json:"data,omitempty"`
	// Packet is the event of a BroadcastWithAck, with Attachments.
	Packet      *Packet  `json:"packet,omitempty"`
	Attachments [][]byte `json:"-"`
}

// Response is one server's answer to a request, or one client's to a broadcast.
type Response struct {
	// Type is there only if the answer needs one.
	Type *RequestType `json:"type,omitempty"`
	// UID names the server that answers, if that is one of ours.
	UID string `json:"uid,omitempty"`
	ID  string `json:"requestId"`
	// Sockets answers Sockets (ids) and RemoteFetch (see Details).
	Sockets json.RawMessage `json:"sockets,omitempty"`
	Rooms   Names           `json:"rooms,omitzero"`
	// Data is what a server has to say to a ServerSideEmit.
	Data json.RawMessage `json:"data,omitempty"`
	// Clients is how many clients were asked.
	Clients *int `json:"clientCount,omitempty"`
	// Packet is what a client has answered, with Attachments.
	Packet      json.RawMessage `json:"packet,omitempty"`
	Attachments [][]byte        `json:"-"`
}

// Details is what servers tell one another of a socket.
type Details struct {
	ID        string          `json:"id"`
	Handshake json.RawMessage `json:"handshake"`
	Rooms     Names           `json:"rooms"`
	Data      json.RawMessage `json:"data"`
}

// Encode returns the form of a request: JSON, or msgpack if it carries an event.
func (r Request) Encode() ([]byte, error) {
	return encode(r, r.Packet != nil, r.Attachments)
}

// Encode returns the form of an answer: JSON, or msgpack if it is a client's.
func (r Response) Encode() ([]byte, error) {
	return encode(r, r.Packet != nil, r.Attachments)
}

// encode returns JSON, or what that is in msgpack.
func encode(v any, pack bool, attachments [][]byte) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if !pack {
		return text, nil
	}
	return appendEvent(nil, Event{JSON: text, Attachments: attachments})
}

// DecodeRequest reads a request.
func DecodeRequest(payload []byte) (Request, error) {
	var r Request
	var err error
	r.Attachments, err = decode(payload, &r)
	return r, err
}

// DecodeResponse reads an answer.
func DecodeResponse(payload []byte) (Response, error) {
	var r Response
	var err error
	r.Attachments, err = decode(payload, &r)
	return r, err
}

// decode reads JSON, or msgpack by way of it.
func decode(payload []byte, into any) (attachments [][]byte, err error) {
	text := payload
	if len(payload) == 0 || payload[0] != '{' {
		w := jsonWriter{reader: reader{rest: payload}}
		if err := w.value(); err != nil {
			return nil, err
		}
		text, attachments = w.out, w.attachments
	}
	if err := json.Unmarshal(text, into); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return attachments, nil
}

// Selected are the rooms of the sockets that a request means, and those left out.
func (r Request) Selected() (rooms, except []string) {
	if r.Opts == nil {
		return nil, nil
	}
	return r.Opts.Rooms, r.Opts.Except
}
