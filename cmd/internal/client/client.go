package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Names of the transports.
const (
	WebSocket = "websocket"
	Polling   = "polling"
)

// maxPacket is the largest packet, or batch of them, that is accepted from a server.
const maxPacket = 64 << 20

// Options say where and how to connect.
type Options struct {
	// URL is the server's address, such as http://127.0.0.1:3000.
	URL string
	// Transport is WebSocket or Polling.
	Transport string
	// Key is sent as auth.apiKey; empty: no auth is sent.
	Key string
	// Timeout bounds the handshake; it must be positive.
	Timeout time.Duration
	// HTTP serves all polling connections of a driver; it must allow as many idle
	// connections per host as there are sockets. WebSocket does not use it.
	HTTP *http.Client
	// Dial opens the network connection of a WebSocket; nil: the usual way.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// transport carries Engine.IO packets. read and write may run at the same time, each
// on one goroutine at most.
type transport interface {
	// read returns the next packet, valid until the next call.
	read() ([]byte, error)
	// write sends packets, in order.
	write(packets ...[]byte) error
	// expect sets how long the next read may wait.
	expect(d time.Duration)
	// close ends both directions; safe to call at any time, and twice.
	close() error
}

// Conn is a connected client in the default namespace.
type Conn struct {
	transport transport
	patience  time.Duration

	writing sync.Mutex
	frame   []byte
}

// open is the content of Engine.IO's first packet.
type open struct {
	SID          string `json:"sid"`
	PingInterval int    `json:"pingInterval"`
	PingTimeout  int    `json:"pingTimeout"`
}

// patience is how long a healthy server may be silent: it pings in every interval.
func (o *open) patience() time.Duration {
	return time.Duration(o.PingInterval+o.PingTimeout) * time.Millisecond
}

// Refused means that the server answered CONNECT with an error, whose text it is.
type Refused string

// Error is part of error.
func (r Refused) Error() string { return "connection refused by the server: " + string(r) }

// Dial opens a connection and enters the default namespace. The context bounds the
// handshake alone. Errors: Refused, or what went wrong underneath.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	base, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("parse the server's address: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	var t transport
	var hello open
	switch o.Transport {
	case WebSocket:
		t, hello, err = dialWebSocket(ctx, base, o)
	case Polling:
		t, hello, err = dialPolling(ctx, base, o)
	default:
		return nil, fmt.Errorf("no transport is named %q", o.Transport)
	}
	if err != nil {
		return nil, err
	}
	c := &Conn{transport: t, patience: hello.patience()}
	t.expect(o.Timeout)
	stop := context.AfterFunc(ctx, func() { _ = t.close() })
	err = c.connect(o.Key)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	t.expect(c.patience)
	return c, nil
}

// connect enters the namespace and waits for the answer.
func (c *Conn) connect(key string) error {
	packet := []byte("0")
	if key != "" {
		auth, err := json.Marshal(map[string]string{"apiKey": key})
		if err != nil {
			return fmt.Errorf("encode auth: %w", err)
		}
		packet = append(packet, auth...)
	}
	if err := c.Send(packet); err != nil {
		return err
	}
	answer, err := c.Next()
	switch {
	case err != nil:
		return fmt.Errorf("wait for CONNECT: %w", err)
	case answer[0] == '4':
		return Refused(answer[1:])
	case answer[0] != '0':
		return fmt.Errorf("wait for CONNECT: got %q", clip(answer))
	}
	return nil
}

// Next returns the next Socket.IO packet (never empty), valid until the next call,
// answering pings meanwhile. It fails with io.EOF if the server ended the connection.
func (c *Conn) Next() ([]byte, error) {
	for {
		packet, err := c.transport.read()
		if err != nil {
			return nil, err
		}
		if len(packet) == 0 {
			continue
		}
		switch packet[0] {
		case '4':
			if len(packet) > 1 {
				return packet[1:], nil
			}
		case '2':
			c.transport.expect(c.patience)
			if err := c.pong(packet[1:]); err != nil {
				return nil, err
			}
		case '1':
			return nil, io.EOF
		}
	}
}

// pong answers a ping.
func (c *Conn) pong(data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.transport.write(append([]byte{'3'}, data...))
}

// Send sends one Socket.IO packet. It blocks while the server does not read.
func (c *Conn) Send(packet []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.frame = append(append(c.frame[:0], '4'), packet...)
	return c.transport.write(c.frame)
}

// Close ends the connection at once; a Next or Send under way fails. Safe to call twice.
func (c *Conn) Close() error { return c.transport.close() }

// parseOpen decodes Engine.IO's first packet.
func parseOpen(packet []byte) (open, error) {
	rest, found := bytes.CutPrefix(packet, []byte("0"))
	var o open
	if !found {
		return o, fmt.Errorf("wait for the open packet: got %q", clip(packet))
	}
	if err := json.Unmarshal(rest, &o); err != nil {
		return o, fmt.Errorf("decode the open packet: %w", err)
	}
	if o.SID == "" || o.PingInterval <= 0 || o.PingTimeout <= 0 {
		return o, fmt.Errorf("decode the open packet: %q is incomplete", clip(packet))
	}
	return o, nil
}

// clip shortens what a server sent for an error text.
func clip(b []byte) []byte { return b[:min(len(b), 80)] }

// endpoint is the address of the server's Engine.IO with the given query fields.
func endpoint(base *url.URL, scheme, transport, sid string) string {
	u := *base
	u.Scheme, u.Path = scheme, "/socket.io/"
	q := url.Values{"EIO": {"4"}, "transport": {transport}}
	if sid != "" {
		q.Set("sid", sid)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
