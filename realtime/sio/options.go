package sio

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// The names of the two transports, as they stand in a request's query.
const (
	transportPolling   = "polling"
	transportWebSocket = "websocket"
)

// Options of a Server or an Engine. The zero value of every field means its default.
type Options struct {
	// Path is the URL path that is served; "" means "/socket.io/".
	Path string
	// PingInterval is the pause between a client's pong and the next ping; 0 means
	// 25 s. A smaller one finds dead clients earlier and costs a packet each.
	PingInterval time.Duration
	// PingTimeout is how long a client may take for its pong; 0 means 20 s.
	PingTimeout time.Duration
	// UpgradeTimeout is how long an upgrade to WebSocket may take; 0 means 10 s.
	UpgradeTimeout time.Duration
	// ConnectTimeout is how long a client may stay without a namespace; 0 means 45 s.
	ConnectTimeout time.Duration
	// MaxPayload bounds one polling body and one WebSocket message; 0 means 1 MB. It
	// is also the most that one read buffers.
	MaxPayload int64
	// MaxAttachments bounds the binary attachments of one event; 0 means 10.
	MaxAttachments int
	// MaxRooms bounds the rooms that one socket may be in; 0 means 1,000.
	MaxRooms int
	// QueueBytes bounds what waits to be sent on one connection; 0 means 4 MiB. A
	// connection over it is closed as too slow.
	QueueBytes int
	// QueuePackets is the same bound counted in packets; 0 means 8,192.
	QueuePackets int
	// EventQueue is how many received packets of one connection may wait for their
	// handler before its reading pauses; 0 means 64.
	EventQueue int
	// Transports are those that a handshake may name; nil means both.
	Transports []string
	// Replica is the name with which, and a point, the session ids and the sockets' private
	// ids begin, so that every replica knows whose they are; "" is for a server that is alone.
	Replica string
	// NewID makes the session ids. They are secrets: whoever knows one can take part
	// in its session. Nil means 120 random bits behind the replica's name.
	NewID func() string
	// AllowOrigin says which origins may read polling replies; nil means all, with
	// credentials.
	AllowOrigin func(origin string) bool
	// Guard is asked about every request but a preflight, handshake being set for those that
	// begin a session; a refusal ends the request. Nil refuses nothing.
	Guard func(r *http.Request, handshake bool) *Refusal
	// MaxConns bounds the open connections; 0 is without limit. A handshake over it is
	// answered with 503.
	MaxConns int
	// Logger takes what goes wrong; the zero value is silent.
	Logger zerolog.Logger
}

// Refusal is why a request is not served.
type Refusal struct {
	// Status is the HTTP status, Message one sentence for the client.
	Status  int
	Message string
	// RetryAfter is how long the client should wait; 0 says nothing.
	RetryAfter time.Duration
}

// setDefaults fills in every field that is zero.
func (o *Options) setDefaults() {
	if o.Path == "" {
		o.Path = "/socket.io/"
	}
	setDuration(&o.PingInterval, 25*time.Second)
	setDuration(&o.PingTimeout, 20*time.Second)
	setDuration(&o.UpgradeTimeout, 10*time.Second)
	setDuration(&o.ConnectTimeout, 45*time.Second)
	if o.MaxPayload == 0 {
		o.MaxPayload = 1e6
	}
	setInt(&o.MaxAttachments, 10)
	setInt(&o.MaxRooms, 1000)
	setInt(&o.QueueBytes, 4<<20)
	setInt(&o.QueuePackets, 8192)
	setInt(&o.EventQueue, 64)
	if o.Transports == nil {
		o.Transports = []string{transportPolling, transportWebSocket}
	}
	if o.NewID == nil {
		name := o.Replica
		o.NewID = func() string { return ownedID(name) }
	}
}

// setDuration replaces zero.
func setDuration(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// setInt replaces zero.
func setInt(n *int, value int) {
	if *n == 0 {
		*n = value
	}
}

// Validate reports every field that cannot work, joined.
func (o Options) Validate() error {
	var faults []error
	if !strings.HasPrefix(o.Path, "/") {
		faults = append(faults, fmt.Errorf("path %q does not begin with a slash", o.Path))
	}
	for name, d := range map[string]time.Duration{"ping interval": o.PingInterval, "ping timeout": o.PingTimeout,
		"upgrade timeout": o.UpgradeTimeout, "connect timeout": o.ConnectTimeout} {
		if d < 0 {
			faults = append(faults, fmt.Errorf("%s %v is negative", name, d))
		}
	}
	for name, n := range map[string]int64{"max payload": o.MaxPayload, "max attachments": int64(o.MaxAttachments),
		"max rooms": int64(o.MaxRooms), "queue bytes": int64(o.QueueBytes), "queue packets": int64(o.QueuePackets),
		"event queue": int64(o.EventQueue), "max connections": int64(o.MaxConns)} {
		if n < 0 {
			faults = append(faults, fmt.Errorf("%s %d is negative", name, n))
		}
	}
	for _, t := range o.Transports {
		if t != transportPolling && t != transportWebSocket {
			faults = append(faults, fmt.Errorf("transport %q is not known", t))
		}
	}
	return errors.Join(faults...)
}

// randomID is a session id of 120 random bits.
func randomID() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails: it would end the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// ownedID is a random id that says which replica it comes from, if that has a name.
func ownedID(replica string) string {
	if replica == "" {
		return randomID()
	}
	return replica + "." + randomID()
}

// OwnerOf returns the name of the replica that a session id or a socket's private id comes
// from, "" if it names none.
func OwnerOf(id string) string {
	name, _, named := strings.Cut(id, ".")
	if !named {
		return ""
	}
	return name
}
