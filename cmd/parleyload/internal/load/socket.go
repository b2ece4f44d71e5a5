package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"parley/cmd/internal/client"
)

// Bounds of what a socket holds.
const (
	outbox     = 256  // messages due, but not yet written
	maxPending = 4096 // operations whose time until the ack can still be told
)

// socket is one simulated person: a connection, what it has sent and what it has seen.
// Its reader owns what it received, its writer what it sends.
type socket struct {
	run     *run
	index   int
	channel *channel
	conn    *client.Conn
	out     chan marker
	counter uint32 // messages given to this socket; the schedule's

	seen     window
	last     []uint32 // per member of the channel: one more than the highest counter seen
	received uint32
	order    uint64 // hash over the order in which messages arrived

	acks    window
	pending pendingTimes

	unsent  uint32      // messages that could not be written; the writer's
	closing atomic.Bool // the run is over, so the end of the connection is none of the server's
}

// pendingTimes remembers when operations were due, until they are acknowledged.
type pendingTimes struct {
	mu  sync.Mutex
	due map[uint32]time.Duration
}

// put remembers an operation, unless too many are open.
func (p *pendingTimes) put(counter uint32, due time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due == nil {
		p.due = map[uint32]time.Duration{}
	}
	if len(p.due) < maxPending {
		p.due[counter] = due
	}
}

// take returns when an operation was due and forgets it.
func (p *pendingTimes) take(counter uint32) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	due, known := p.due[counter]
	delete(p.due, counter)
	return due, known
}

// open connects, joins the channel and waits until the server says so.
func (s *socket) open(ctx context.Context, o *Options) error {
	conn, err := client.Dial(ctx, client.Options{
		URL: o.server(s.run.rank(s.index)), Transport: o.Transport, Key: o.Key, Timeout: o.ConnectTimeout, HTTP: s.run.http, Dial: s.run.dialer.dial,
	})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err = join(conn, s.channel.id, entityID(s.run.id, s.index))
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("join: %w", err), conn.Close())
	}
	s.conn = conn
	return nil
}

// join enters a channel; what else the server says meanwhile is passed over.
func join(conn *client.Conn, channel, entity string) error {
	if err := conn.Send(joinPacket(channel, entity)); err != nil {
		return err
	}
	for {
		packet, err := conn.Next()
		if err != nil {
			return fmt.Errorf("wait for channel_joined: %w", err)
		}
		if bytes.HasPrefix(packet, errorEventStart) {
			return fmt.Errorf("wait for channel_joined: the server said %s", packet[:min(len(packet), 200)])
		}
		if bytes.HasPrefix(packet, joinedStart) && bytes.Contains(packet, []byte(channel)) {
			return nil
		}
	}
}

// read receives until the connection ends.
func (s *socket) read() {
	c := &s.run.counters
	for {
		packet, err := s.conn.Next()
		if err != nil {
			if !s.closing.Load() {
				c.broken.Add(1)
				c.fail("connection ended: " + err.Error())
			}
			return
		}
		c.bytes.Add(int64(len(packet)))
		s.receive(packet)
	}
}

// receive sorts a packet by its beginning.
func (s *socket) receive(packet []byte) {
	c := &s.run.counters
	switch {
	case bytes.HasPrefix(packet, broadcastStart), bytes.HasPrefix(packet, typingStart):
		s.delivered(packet)
	case bytes.HasPrefix(packet, ackEventStart):
		if m, ok := findClientMessageID(packet); ok && s.own(m) {
			s.acknowledged(m.counter, m.due, true)
		}
	case bytes.HasPrefix(packet, ackStart):
		s.answered(packet)
	case bytes.HasPrefix(packet, errorEventStart):
		c.refused.Add(1)
		c.fail("server: " + string(packet[1:min(len(packet), 200)]))
	case packet[0] == '4' || packet[0] == '1':
		c.fail("the server ended the namespace: " + string(packet[:min(len(packet), 200)]))
	default:
		c.others.Add(1)
	}
}

// own reports whether a message is this socket's.
func (s *socket) own(m marker) bool {
	return m.run == s.run.id && int(m.sender) == s.index
}

// delivered counts a broadcast and compares it with those before.
func (s *socket) delivered(packet []byte) {
	c := &s.run.counters
	m, ok := findMarker(packet)
	rank := s.run.rank(int(m.sender))
	if !ok || m.run != s.run.id || s.run.channelOf(int(m.sender)) != s.channel || rank >= len(s.last) {
		c.foreign.Add(1)
		return
	}
	if !s.seen.add(m.number) {
		c.doubled.Add(1)
		return
	}
	if m.counter < s.last[rank] {
		c.disordered.Add(1)
	} else {
		s.last[rank] = m.counter + 1
	}
	s.received++
	s.order = s.order*0x9e3779b97f4a7c15 + uint64(m.number) + 1
	took := s.run.now() - m.due
	c.deliveries.Add(1)
	if int(m.sender) == s.index {
		c.echoes.Add(1)
		c.echo.Record(took)
		return
	}
	c.delivery.Record(took)
	if !s.run.options.together(s.run.rank(s.index), rank) {
		c.crossed.Record(took)
	}
}

// answered counts the ack of an operation.
func (s *socket) answered(packet []byte) {
	counter, ok := ackID(packet)
	if !ok {
		s.run.counters.others.Add(1)
		return
	}
	due, known := s.pending.take(counter)
	if bytes.Contains(packet, failedAck) {
		s.run.counters.refused.Add(1)
		s.run.counters.fail("server: " + string(packet[1:min(len(packet), 200)]))
		return
	}
	s.acknowledged(counter, due, known)
}

// acknowledged counts an acknowledgement; a second one of the same message is passed over.
func (s *socket) acknowledged(counter uint32, due time.Duration, timed bool) {
	if !s.acks.add(counter) {
		return
	}
	s.run.counters.acked.Add(1)
	if timed {
		s.run.counters.ack.Record(s.run.now() - due)
	}
}

// write sends what the schedule hands over, until it closes the outbox. A message that
// cannot be written is counted, and the schedule goes on.
func (s *socket) write() {
	o := s.run.options
	packets := newSendPacket(o, s.channel.id, entityID(s.run.id, s.index), s.index)
	c := &s.run.counters
	for m := range s.out {
		if o.Protocol != ProtocolMessage {
			s.pending.put(m.counter, m.due)
		}
		c.late.Record(s.run.now() - m.due)
		if err := s.conn.Send(packets.build(m)); err != nil {
			s.unsent++
			c.unsent.Add(1)
			c.fail("send: " + err.Error())
			continue
		}
		c.sent.Add(1)
	}
}

// close ends the connection; the reader ends with it.
func (s *socket) close() {
	s.closing.Store(true)
	_ = s.conn.Close()
}
