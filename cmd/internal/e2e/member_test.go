package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"parley/cmd/internal/client"
)

// How long a member waits: for a handshake or an acknowledgement, and before it tries again,
// spread at random so that a crowd does not come back as one.
const (
	answerWithin = 15 * time.Second
	leastPause   = 100 * time.Millisecond
	spreadPause  = 400 * time.Millisecond
)

// entry is one event of a channel as a member has heard it: its number and the message.
type entry struct {
	Rev int64  `json:"rev"`
	ID  string `json:"id"`
}

// member is one client of a crowd, in one channel. It comes back when it loses its
// connection, catches up by the last number that it has, and keeps all that it hears.
type member struct {
	crowd    *crowd
	channel  string
	entity   string
	protocol string // the transport

	calls atomic.Uint64 // numbers of the acknowledgements that it asks for
	lost  atomic.Int64  // connections that ended under it

	mu      sync.Mutex
	visits  int // joins
	conn    *client.Conn
	arrived chan struct{} // closed when conn is there and the channel is joined
	waiting map[uint64]chan ack
	// resent are the ids of messages that were sent more than once. Their echo is an answer to
	// the sender, who may have heard the message before.
	resent map[string]bool
	journal
}

// ack is the answer to an operation.
type ack struct {
	Success bool            `json:"success"`
	Data    json.RawMessage `json:"data"`
	Error   struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// newMember makes a member that is not connected; live connects it.
func newMember(c *crowd, channel, transport string) *member {
	return &member{crowd: c, channel: channel, entity: uuid.NewString(), protocol: transport,
		arrived: make(chan struct{}), waiting: map[uint64]chan ack{}, resent: map[string]bool{}}
}

// live keeps the member connected until ctx ends.
func (m *member) live(ctx context.Context) {
	for ctx.Err() == nil {
		if err := m.visit(ctx); err != nil && ctx.Err() == nil {
			m.crowd.note(err)
		}
		pauseFor(ctx, leastPause+rand.N(spreadPause))
	}
}

// pauseFor waits, at most until ctx ends.
func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// visit is one connection, from its beginning to its end.
func (m *member) visit(ctx context.Context) error {
	conn, err := client.Dial(ctx, client.Options{URL: m.crowd.url, Transport: m.protocol, Timeout: answerWithin, HTTP: m.crowd.http})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	joined, err := m.enter(conn)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	defer m.depart()
	m.crowd.arrivals.Add(1)
	for {
		packet, err := conn.Next()
		if err != nil {
			if joined && ctx.Err() == nil {
				m.lost.Add(1)
				m.crowd.lost()
			}
			return fmt.Errorf("connection: %w", err)
		}
		m.hear(packet)
	}
}

// enter joins the channel after the last number that the member has. What comes live
// meanwhile follows what the answer brings.
func (m *member) enter(conn *client.Conn) (bool, error) {
	number := m.calls.Add(1)
	m.mu.Lock()
	after := m.last
	m.mu.Unlock()
	deadline := time.AfterFunc(answerWithin, func() { _ = conn.Close() })
	defer deadline.Stop()
	err := emit(conn, number, "channels:join", map[string]any{"channelId": m.channel, "entityId": m.entity, "after": after})
	if err != nil {
		return false, err
	}
	var live [][]byte
	for {
		packet, err := conn.Next()
		if err != nil {
			return false, err
		}
		id, answer, is := parseAck(packet)
		if !is || id != number {
			live = append(live, bytes.Clone(packet))
			continue
		}
		if !answer.Success {
			return false, fmt.Errorf("%s %s", answer.Error.Code, answer.Error.Message)
		}
		var joined struct {
			Messages  []entry `json:"messages"`
			Truncated bool    `json:"truncated"`
		}
		if err := json.Unmarshal(answer.Data, &joined); err != nil {
			return false, err
		}
		m.arrive(conn, joined.Messages, joined.Truncated)
		for _, p := range live {
			m.hear(p)
		}
		return true, nil
	}
}

// arrive takes what was missed, and lets who waits to send begin.
func (m *member) arrive(conn *client.Conn, missed []entry, truncated bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if truncated {
		m.faultf("more was missed after %d than one answer carries", m.last)
	}
	m.visits++
	m.where = fmt.Sprintf("the answer to join %d", m.visits)
	for _, e := range missed {
		m.addLocked(e)
	}
	m.where = fmt.Sprintf("connection %d", m.visits)
	m.conn = conn
	close(m.arrived)
}

// depart notes that there is no connection; who waits for an answer on it gets none.
func (m *member) depart() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = nil
	m.arrived = make(chan struct{})
	for number, waits := range m.waiting {
		close(waits)
		delete(m.waiting, number)
	}
}

// broadcastStart begins the packet of a channel's event.
var broadcastStart = []byte(`2["messageBroadcast",`)

// hear takes one packet.
func (m *member) hear(packet []byte) {
	if number, answer, is := parseAck(packet); is {
		m.mu.Lock()
		defer m.mu.Unlock()
		if waits, ok := m.waiting[number]; ok {
			waits <- answer
			delete(m.waiting, number)
		}
		return
	}
	if !bytes.HasPrefix(packet, broadcastStart) {
		return
	}
	e, err := parseEvent(packet, m.channel)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.faultf("%v in %s", err, packet)
		return
	}
	if m.resent[e.ClientMessageID] && m.hasLocked(e.ID) {
		return
	}
	m.addLocked(e.entry)
}

// heardEvent is a channel's event; who sent it hears its own id with it.
type heardEvent struct {
	entry
	ClientMessageID string `json:"clientMessageId"`
}

// parseEvent is the entry in the packet of a channel's event, whose last argument is
// <channelId>:<rev>.
func parseEvent(packet []byte, channel string) (heardEvent, error) {
	var args []json.RawMessage
	if err := json.Unmarshal(packet[1:], &args); err != nil {
		return heardEvent{}, err
	}
	var e heardEvent
	var offset string
	if len(args) != 3 {
		return e, fmt.Errorf("%d arguments", len(args))
	}
	if err := errors.Join(json.Unmarshal(args[1], &e), json.Unmarshal(args[2], &offset)); err != nil {
		return e, err
	}
	digits, found := strings.CutPrefix(offset, channel+":")
	rev, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !found {
		return e, fmt.Errorf("the place %q", offset)
	}
	e.Rev = rev
	return e, nil
}

// parseAck is the answer in a packet, and the number under which it was asked for.
func parseAck(packet []byte) (uint64, ack, bool) {
	if packet[0] != '3' {
		return 0, ack{}, false
	}
	at := bytes.IndexByte(packet, '[')
	if at < 0 {
		return 0, ack{}, false
	}
	number, err := strconv.ParseUint(string(packet[1:at]), 10, 64)
	var args []ack
	if err != nil || json.Unmarshal(packet[at:], &args) != nil || len(args) != 1 {
		return 0, ack{}, false
	}
	return number, args[0], true
}

// emit sends an operation that is to be acknowledged under a number.
func emit(conn *client.Conn, number uint64, event string, payload any) error {
	args, err := json.Marshal([]any{event, payload})
	if err != nil {
		return err
	}
	return conn.Send(append([]byte("2"+strconv.FormatUint(number, 10)), args...))
}

// errNoAnswer means that a connection ended, or was silent, before an answer came.
var errNoAnswer = errors.New("no answer")

// call does an operation on the connection that there is, or on the next one.
func (m *member) call(ctx context.Context, event string, payload any) (ack, error) {
	m.mu.Lock()
	arrived := m.arrived
	m.mu.Unlock()
	select {
	case <-arrived:
	case <-ctx.Done():
		return ack{}, ctx.Err()
	}
	number, answer := m.calls.Add(1), make(chan ack, 1)
	m.mu.Lock()
	conn := m.conn
	if conn != nil {
		m.waiting[number] = answer
	}
	m.mu.Unlock()
	if conn == nil {
		return ack{}, errNoAnswer
	}
	if err := emit(conn, number, event, payload); err != nil {
		return ack{}, err
	}
	select {
	case a, ok := <-answer:
		if !ok {
			return ack{}, errNoAnswer
		}
		return a, nil
	case <-time.After(answerWithin):
		_ = conn.Close() // a client that hears nothing looks for another way
		return ack{}, errNoAnswer
	case <-ctx.Done():
		return ack{}, ctx.Err()
	}
}

// send posts a message under an id of its own, and again until it is acknowledged. It
// reports what was acknowledged, or false if ctx ended before.
func (m *member) send(ctx context.Context, messageID, text string) (acked, bool) {
	payload := map[string]any{"channelId": m.channel, "senderId": m.entity, "senderName": "Member", "message": text,
		"serverId": defaultServer, "messageId": messageID, "source": "client_group_chat"}
	for tries := 0; ctx.Err() == nil; tries++ {
		if tries > 0 {
			m.mu.Lock()
			m.resent[messageID] = true
			m.mu.Unlock()
		}
		answer, err := m.call(ctx, "messages:send", payload)
		if err == nil && answer.Success {
			var a acked
			if json.Unmarshal(answer.Data, &a) != nil || a.ID == "" {
				m.crowd.fault(fmt.Sprintf("the answer to a send is %s", answer.Data))
				return a, false
			}
			m.crowd.acknowledged(m.channel, messageID, a)
			return a, true
		}
		if err == nil && !m.crowd.refused(answer) {
			return acked{}, false
		}
		pauseFor(ctx, leastPause+rand.N(spreadPause))
	}
	return acked{}, false
}
