package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// readBuffer is the size of a connection's read buffer: about twenty broadcasts of a
// backlog in one system call.
const readBuffer = 8 << 10

// wsTransport sends each packet as one text message.
type wsTransport struct {
	conn   *websocket.Conn
	buffer []byte
	once   sync.Once
}

// dialWebSocket opens the transport and reads the open packet.
func dialWebSocket(ctx context.Context, base *url.URL, o Options) (transport, open, error) {
	scheme := "ws"
	if base.Scheme == "https" {
		scheme = "wss"
	}
	dialer := websocket.Dialer{HandshakeTimeout: o.Timeout, ReadBufferSize: readBuffer, WriteBufferSize: 1 << 10, NetDialContext: o.Dial}
	conn, response, err := dialer.DialContext(ctx, endpoint(base, scheme, WebSocket, ""), nil)
	if response != nil && response.Body != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if err != nil {
		return nil, open{}, fmt.Errorf("open a WebSocket: %w", err)
	}
	conn.SetReadLimit(maxPacket)
	t := &wsTransport{conn: conn}
	t.expect(o.Timeout)
	packet, err := t.read()
	if err != nil {
		return nil, open{}, errors.Join(fmt.Errorf("wait for the open packet: %w", err), t.close())
	}
	hello, err := parseOpen(packet)
	if err != nil {
		return nil, open{}, errors.Join(err, t.close())
	}
	return t, hello, nil
}

// read is part of transport.
func (t *wsTransport) read() ([]byte, error) {
	_, r, err := t.conn.NextReader()
	if err != nil {
		if websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("read: %w", err)
	}
	b := t.buffer[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			t.buffer = b
			return b, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
	}
}

// write is part of transport.
func (t *wsTransport) write(packets ...[]byte) error {
	for _, p := range packets {
		if err := t.conn.WriteMessage(websocket.TextMessage, p); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

// expect is part of transport.
func (t *wsTransport) expect(d time.Duration) {
	// A failure means that the connection is gone, which the next read tells.
	_ = t.conn.SetReadDeadline(time.Now().Add(d))
}

// close is part of transport.
func (t *wsTransport) close() (err error) {
	t.once.Do(func() { err = t.conn.Close() })
	return err
}
