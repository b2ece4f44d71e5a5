// Package siotest is a small Socket.IO client for tests. It speaks the protocol with
// gorilla/websocket and net/http alone, so that it shares no code with the server.
package siotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The transports that Options may name.
const (
	WebSocket = "websocket"
	Polling   = "polling"
	Upgrade   = "upgrade" // long-polling first, then WebSocket
)

// Options of Dial; the zero value connects to "/" over WebSocket.
type Options struct {
	// Path is the server's path, "" for "/socket.io/".
	Path string
	// Transport is one of the transports, "" for WebSocket.
	Transport string
	// Namespace to connect to, "" for "/".
	Namespace string
	// Auth is the CONNECT packet's payload, nil for none.
	Auth any
	// Header goes with every request.
	Header http.Header
	// Halt is a step of the upgrade after which the client freezes, "" for none.
	Halt string
	// NoConnect leaves the CONNECT packet to the caller.
	NoConnect bool
	// Timeout bounds Dial, 0 for a minute: it only ends what hangs.
	Timeout time.Duration
	// Observer is told of all that comes, nil for nobody.
	Observer Observer
}

// Event is a received event.
type Event struct {
	Name string
	Args []json.RawMessage
	// Binary holds the attachments.
	Binary [][]byte
}

// ErrClosed says that the connection has ended.
var ErrClosed = errors.New("connection is closed")

// Client is one connection with one namespace. Safe for concurrent use.
type Client struct {
	base      string
	namespace string
	header    http.Header
	http      *http.Client
	session   string
	done      chan struct{}
	cancel    context.CancelFunc
	ctx       context.Context //nolint:containedctx // the client's life

	stop, paused chan struct{} // end the polling for an upgrade
	halt         string
	observer     Observer

	sendMu sync.Mutex // held for the whole of one send

	mu       sync.Mutex
	changed  *sync.Cond
	ws       *websocket.Conn
	probe    *websocket.Conn // the one of an upgrade
	id       string
	pid      string
	offset   string
	frozen   bool
	refusal  json.RawMessage
	events   []Event
	acks     map[int]chan Event
	asked    map[int]string // the events that ask for an answer, for the observer
	nextAck  int
	partial  *packet
	err      error
	finished bool
}

// packet is a decoded text packet that may wait for attachments.
type packet struct {
	kind    byte
	ack     int
	missing int
	event   Event
}

// Refused is the error of Dial when the server answered with a CONNECT_ERROR.
type Refused struct{ Payload json.RawMessage }

// Error is part of error.
func (r Refused) Error() string { return "connection refused: " + string(r.Payload) }

// Dial connects to a server at the given http URL and waits until it has accepted.
func Dial(url string, o Options) (*Client, error) {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Path == "" {
		o.Path = "/socket.io/"
	}
	c := &Client{base: strings.TrimSuffix(url, "/") + o.Path + "?EIO=4&transport=", namespace: o.Namespace, header: o.Header, halt: o.Halt, observer: o.Observer,
		http: &http.Client{Transport: &http.Transport{}}, done: make(chan struct{}), acks: map[int]chan Event{}, asked: map[int]string{}}
	c.changed = sync.NewCond(&c.mu)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.open(o); err != nil {
		c.fail(err)
		return nil, err
	}
	if o.NoConnect {
		return c, nil
	}
	if err := c.connect(o); err != nil {
		c.Close()
		return nil, err
	}
	if o.Transport == Upgrade {
		if err := c.Upgrade(o.Timeout); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// open begins the Engine.IO session and the reading.
func (c *Client) open(o Options) error {
	if o.Transport == Polling || o.Transport == Upgrade {
		return c.openPolling()
	}
	ws, err := c.dialWebSocket(o.Timeout, "")
	if err != nil {
		return err
	}
	c.ws = ws
	_, data, err := ws.ReadMessage()
	if err != nil {
		_ = ws.Close()
		return fmt.Errorf("read the open packet: %w", err)
	}
	if err := c.parseOpen(data); err != nil {
		return err
	}
	go c.readWebSocket(ws)
	return nil
}

// dialWebSocket opens a WebSocket, with a session or without.
func (c *Client) dialWebSocket(timeout time.Duration, sid string) (*websocket.Conn, error) {
	url := "ws" + strings.TrimPrefix(c.base, "http") + WebSocket
	if sid != "" {
		url += "&sid=" + sid
	}
	dialer := websocket.Dialer{HandshakeTimeout: timeout, ReadBufferSize: 4096, WriteBufferSize: 1024}
	ws, response, err := dialer.Dial(url, c.header)
	if response != nil {
		_ = response.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("open a websocket: %w", err)
	}
	_ = ws.SetReadDeadline(time.Now().Add(timeout))
	return ws, nil
}

// parseOpen takes the session id from the open packet.
func (c *Client) parseOpen(data []byte) error {
	var open struct {
		SID string `json:"sid"`
	}
	if len(data) == 0 || data[0] != '0' || json.Unmarshal(data[1:], &open) != nil {
		return fmt.Errorf("no open packet but %.80q", data)
	}
	c.session = open.SID
	return nil
}

// openPolling begins on long-polling.
func (c *Client) openPolling() error {
	body, err := c.request(http.MethodGet, nil)
	if err != nil {
		return err
	}
	if err := c.parseOpen(body); err != nil {
		return err
	}
	c.stop, c.paused = make(chan struct{}), make(chan struct{})
	go func() { defer close(c.paused); c.readPolling(c.stop) }()
	return nil
}

// The steps of an upgrade, after which Options.Halt may end it.
const (
	HaltOpen    = "open"    // the WebSocket is open
	HaltProbed  = "probed"  // the probe is answered, a poll may wait
	HaltPaused  = "paused"  // no poll waits
	HaltUpgrade = "upgrade" // the upgrade packet is sent, nothing is read
)

// halts ends an upgrade after a step: the client is deaf and dumb from then on.
func (c *Client) halts(step string) bool {
	if c.halt != step {
		return false
	}
	c.Freeze()
	return true
}

// Upgrade goes from long-polling to WebSocket. It must be called once at most.
func (c *Client) Upgrade(timeout time.Duration) error {
	ws, err := c.dialWebSocket(timeout, c.session)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.probe = ws
	c.mu.Unlock()
	if c.halts(HaltOpen) {
		return nil
	}
	if err := ws.WriteMessage(websocket.TextMessage, []byte("2probe")); err != nil {
		return fmt.Errorf("send the probe: %w", err)
	}
	if _, data, err := ws.ReadMessage(); err != nil || string(data) != "3probe" {
		return fmt.Errorf("the probe was answered with %q: %w", data, err)
	}
	if c.halts(HaltProbed) {
		return nil
	}
	close(c.stop)
	<-c.paused
	if c.halts(HaltPaused) {
		return nil
	}
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	if err := ws.WriteMessage(websocket.TextMessage, []byte("5")); err != nil {
		return fmt.Errorf("send the upgrade: %w", err)
	}
	if c.halts(HaltUpgrade) {
		return nil
	}
	c.mu.Lock()
	c.ws = ws
	c.mu.Unlock()
	go c.readWebSocket(ws)
	return nil
}

// connect sends the CONNECT packet and waits for the answer.
func (c *Client) connect(o Options) error {
	text := "0" + c.prefix()
	if o.Auth != nil {
		auth, err := json.Marshal(o.Auth)
		if err != nil {
			return fmt.Errorf("encode auth: %w", err)
		}
		text += string(auth)
	}
	if err := c.SendRaw(text); err != nil {
		return err
	}
	return c.await(o.Timeout, func() (bool, error) {
		if c.refusal != nil {
			return true, Refused{Payload: c.refusal}
		}
		return c.id != "", nil
	})
}

// prefix is the namespace in front of a payload.
func (c *Client) prefix() string {
	if c.namespace == "" || c.namespace == "/" {
		return ""
	}
	return c.namespace + ","
}

// await waits until check is done, the connection ends or the time is over. It calls
// check with the lock held.
func (c *Client) await(timeout time.Duration, check func() (bool, error)) error {
	deadline := time.Now().Add(timeout)
	alarm := time.AfterFunc(timeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer alarm.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if done, err := check(); done {
			return err
		}
		if c.finished {
			return fmt.Errorf("%w: %w", ErrClosed, c.err)
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("nothing within %v", timeout)
		}
		c.changed.Wait()
	}
}

// ID is the socket's id, "" before the server has accepted.
func (c *Client) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// Back returns the auth with which the client's session can be taken up again: what the
// client got is in it. auth are more of its fields, nil for none.
func (c *Client) Back(auth map[string]any) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	back := map[string]any{"pid": c.pid, "offset": c.offset}
	maps.Copy(back, auth)
	return back
}

// Freeze makes the client deaf and dumb, as if the network had gone: the connection stays.
func (c *Client) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = true
}

// Events takes all events that have come so far.
func (c *Client) Events() []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	events := c.events
	c.events = nil
	return events
}

// Session is the Engine.IO session's id.
func (c *Client) Session() string { return c.session }

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Emit sends an event; arguments of type []byte travel as attachments.
func (c *Client) Emit(event string, args ...any) error { return c.emit("", event, args) }

// EmitAck sends an event and returns the arguments of its answer.
func (c *Client) EmitAck(timeout time.Duration, event string, args ...any) (Event, error) {
	answer := make(chan Event, 1)
	c.mu.Lock()
	id := c.nextAck
	c.nextAck++
	c.acks[id] = answer
	c.mu.Unlock()
	if err := c.emit(strconv.Itoa(id), event, args); err != nil {
		return Event{}, err
	}
	alarm := time.NewTimer(timeout)
	defer alarm.Stop()
	select {
	case e := <-answer:
		return e, nil
	case <-c.done:
		return Event{}, ErrClosed
	case <-alarm.C:
		return Event{}, fmt.Errorf("no answer to %s within %v", event, timeout)
	}
}

// emit encodes and sends an event.
func (c *Client) emit(id, event string, args []any) error {
	payload := []any{event}
	var attachments [][]byte
	for _, arg := range args {
		if data, ok := arg.([]byte); ok {
			arg = map[string]any{"_placeholder": true, "num": len(attachments)}
			attachments = append(attachments, data)
		}
		payload = append(payload, arg)
	}
	data, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode %s: %w", event, err)
	}
	head := "2"
	if len(attachments) > 0 {
		head = "5" + strconv.Itoa(len(attachments)) + "-"
	}
	return c.SendRaw(head+c.prefix()+id+string(data), attachments...)
}

// SendRaw sends a Socket.IO packet as it is, followed by attachments.
func (c *Client) SendRaw(text string, attachments ...[]byte) error {
	return c.send([]string{text}, attachments)
}

// SendBatch sends Socket.IO packets as they are, on long-polling in one request.
func (c *Client) SendBatch(texts []string) error { return c.send(texts, nil) }

// send sends packets, then attachments.
func (c *Client) send(texts []string, attachments [][]byte) error {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	c.mu.Lock()
	for _, text := range texts {
		c.noteLocked(text)
	}
	ws := c.ws
	c.mu.Unlock()
	if ws == nil {
		body := "4" + strings.Join(texts, "\x1e4")
		for _, data := range attachments {
			body += "\x1eb" + encode64(data)
		}
		_, err := c.request(http.MethodPost, strings.NewReader(body))
		return err
	}
	for _, text := range texts {
		if err := ws.WriteMessage(websocket.TextMessage, []byte("4"+text)); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	for _, data := range attachments {
		if err := ws.WriteMessage(websocket.BinaryMessage, data); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}

// Next waits for the next event of that name, "" for any, and takes it with all
// earlier ones out of the list.
func (c *Client) Next(event string, timeout time.Duration) (Event, error) {
	var found Event
	err := c.await(timeout, func() (bool, error) {
		for i, e := range c.events {
			if event == "" || e.Name == event {
				found = e
				c.events = c.events[i+1:]
				return true, nil
			}
		}
		c.events = nil
		return false, nil
	})
	if err != nil {
		return Event{}, fmt.Errorf("wait for %q: %w", event, err)
	}
	return found, nil
}

// Close ends the connection.
func (c *Client) Close() {
	c.mu.Lock()
	ws := c.ws
	c.mu.Unlock()
	if ws == nil && c.session != "" {
		_, _ = c.request(http.MethodPost, strings.NewReader("1"))
	}
	c.fail(ErrClosed)
}

// fail ends the connection for a reason.
func (c *Client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return
	}
	c.finished, c.err = true, err
	c.cancel()
	c.http.CloseIdleConnections()
	for _, ws := range []*websocket.Conn{c.ws, c.probe} {
		if ws != nil {
			_ = ws.Close()
		}
	}
	close(c.done)
	c.changed.Broadcast()
}

// request makes one polling request.
func (c *Client) request(method string, body io.Reader) ([]byte, error) {
	url := c.base + Polling
	if c.session != "" {
		url += "&sid=" + c.session
	}
	r, err := http.NewRequestWithContext(c.ctx, method, url, body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read a reply: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s was answered with %d %.200s", method, response.StatusCode, data)
	}
	return data, nil
}

// readPolling polls until the connection ends or stop is closed.
func (c *Client) readPolling(stop <-chan struct{}) {
	for {
		body, err := c.request(http.MethodGet, nil)
		if err != nil {
			c.fail(err)
			return
		}
		for _, part := range bytes.Split(body, []byte{0x1e}) {
			c.take(part)
		}
		select {
		case <-stop:
			return
		case <-c.done:
			return
		default:
		}
	}
}

// readWebSocket reads until the connection ends.
func (c *Client) readWebSocket(ws *websocket.Conn) {
	_ = ws.SetReadDeadline(time.Time{})
	for {
		kind, data, err := ws.ReadMessage()
		if err != nil {
			c.fail(err)
			return
		}
		if kind == websocket.BinaryMessage {
			c.attach(data)
			continue
		}
		c.take(data)
	}
}

// take handles an Engine.IO packet in its text form.
func (c *Client) take(data []byte) {
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	if len(data) == 0 || frozen {
		return
	}
	switch data[0] {
	case '1':
		c.fail(errors.New("the server closed the session"))
	case '2':
		go c.pong()
	case '4':
		c.message(data[1:])
	case 'b':
		if attachment, err := decode64(data[1:]); err == nil {
			c.attach(attachment)
		}
	}
}

// pong answers a ping.
func (c *Client) pong() {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	c.mu.Lock()
	ws := c.ws
	c.mu.Unlock()
	if ws != nil {
		_ = ws.WriteMessage(websocket.TextMessage, []byte("3"))
		return
	}
	_, _ = c.request(http.MethodPost, strings.NewReader("3"))
}
