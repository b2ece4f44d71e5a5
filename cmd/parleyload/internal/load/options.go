package load

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"parley/cmd/internal/client"
)

// Protocols: how a message is sent.
const (
	// ProtocolMessage is the reference's event: message {type:2,payload}, answered by messageAck.
	ProtocolMessage = "message"
	// ProtocolOp is the operation messages:send, answered by the ack.
	ProtocolOp = "op"
	// ProtocolTyping is the operation typing:set, answered by the ack: an event that nothing
	// stores, and that all members of the channel but the sender hear of.
	ProtocolTyping = "typing"
)

// Bounds of what a marker can carry.
const (
	maxSockets  = 1 << 16
	maxDuration = 24 * time.Hour
	maxTyping   = 256 // bytes of a sender's name, which carries the marker
)

// Options say what to drive, and how hard. The zero value is not valid; start from Defaults.
type Options struct {
	// URL is the server's address, such as http://127.0.0.1:3000.
	URL string `json:"url"`
	// Sockets is the number of connections, dealt out to the channels in turn.
	Sockets int `json:"sockets"`
	// Channels is the number of channels; their ids are new in every run, but for Identity.
	Channels int `json:"channels"`
	// Rate is the number of sends per second of all sockets together.
	Rate float64 `json:"rate"`
	// Duration is how long is measured, Warmup how long is sent before it.
	Duration time.Duration `json:"duration"`
	// Warmup may be zero.
	Warmup time.Duration `json:"warmup"`
	// Drain is how long the driver waits, after sending, for something more to arrive;
	// while it does, it goes on waiting, up to ten times as long.
	Drain time.Duration `json:"drain"`
	// Size is the length of each message text in bytes.
	Size int `json:"size"`
	// Transport is websocket or polling.
	Transport string `json:"transport"`
	// Protocol is ProtocolMessage or ProtocolOp.
	Protocol string `json:"protocol"`
	// ConnectRate is how many connections are begun per second; zero: all at once.
	ConnectRate float64 `json:"connectRate"`
	// ConnectTimeout bounds one connection and its join.
	ConnectTimeout time.Duration `json:"connectTimeout"`
	// PID is the server's process, for CPU and memory; zero: they are not measured.
	PID int `json:"pid,omitempty"`
	// Others are further servers of one cluster with that at URL; the members of each channel
	// are dealt out to all of them in turn, and the processes of all are measured together.
	Others []Target `json:"others,omitempty"`
	// Beside is a process that the servers use, such as Redis, which is measured on its own;
	// zero: none.
	Beside int `json:"beside,omitempty"`
	// Identity names channels and people, so that those of one run can come back in another;
	// zero: they are new.
	Identity uint32 `json:"identity,omitempty"`
	// Key is the server key; empty: none is sent.
	Key string `json:"-"`
}

// Target is a server to drive, and its process if that is to be measured.
type Target struct {
	URL string `json:"url"`
	PID int    `json:"pid,omitempty"`
}

// server is the address that the member of a channel with a rank connects to.
func (o *Options) server(rank int) string {
	if n := rank % (1 + len(o.Others)); n > 0 {
		return o.Others[n-1].URL
	}
	return o.URL
}

// together reports whether two members of a channel are at the same server.
func (o *Options) together(rank, other int) bool {
	return (rank-other)%(1+len(o.Others)) == 0
}

// pids are the processes that are measured together.
func (o *Options) pids() []int {
	if o.PID == 0 {
		return nil
	}
	pids := []int{o.PID}
	for _, t := range o.Others {
		pids = append(pids, t.PID)
	}
	return pids
}

// Defaults are the options of a short run against a server on this machine.
func Defaults() Options {
	return Options{
		URL: "http://127.0.0.1:3000", Sockets: 100, Channels: 10, Rate: 100,
		Duration: 10 * time.Second, Warmup: 2 * time.Second, Drain: 10 * time.Second,
		Size: 200, Transport: client.WebSocket, Protocol: ProtocolMessage,
		ConnectRate: 500, ConnectTimeout: 30 * time.Second,
	}
}

// Validate returns every fault of the options, joined.
func (o *Options) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	for _, t := range append([]Target{{URL: o.URL, PID: o.PID}}, o.Others...) {
		u, err := url.Parse(t.URL)
		check(err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"),
			"url must be an http or https address, not %q", t.URL)
		check(t.PID >= 0, "pid must not be negative, but is %d", t.PID)
	}
	check(o.Sockets >= 1 && o.Sockets <= maxSockets, "sockets must be 1 to %d, not %d", maxSockets, o.Sockets)
	check(o.Channels >= 1 && o.Channels <= o.Sockets, "channels must be 1 to the number of sockets, not %d", o.Channels)
	check(o.Rate > 0 && o.Rate <= 1e6, "rate must be above 0 and at most 1,000,000, not %v", o.Rate)
	check(o.Duration >= time.Second && o.Duration <= maxDuration, "duration must be 1s to %v, not %v", maxDuration, o.Duration)
	check(o.Warmup >= 0 && o.Warmup <= maxDuration, "warmup must be 0s to %v, not %v", maxDuration, o.Warmup)
	check(o.Drain >= 0, "drain must not be negative, but is %v", o.Drain)
	check(o.Size >= markerSize && o.Size <= 100_000, "size must be %d to 100,000, not %d", markerSize, o.Size)
	check(o.Transport == client.WebSocket || o.Transport == client.Polling, "transport must be websocket or polling, not %q", o.Transport)
	check(o.Protocol == ProtocolMessage || o.Protocol == ProtocolOp || o.Protocol == ProtocolTyping,
		"protocol must be message, op or typing, not %q", o.Protocol)
	check(o.ConnectRate >= 0, "connect-rate must not be negative, but is %v", o.ConnectRate)
	check(o.ConnectTimeout > 0, "connect-timeout must be positive, but is %v", o.ConnectTimeout)
	check(o.Beside >= 0, "beside must not be negative, but is %d", o.Beside)
	check(o.Protocol != ProtocolTyping || o.Size <= maxTyping, "size must be at most %d with protocol typing, not %d", maxTyping, o.Size)
	return errors.Join(faults...)
}
