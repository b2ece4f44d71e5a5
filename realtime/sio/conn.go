package sio

import (
	"sync"
	"sync/atomic"
	"time"
)

// The reasons for which a connection ends, in the words of Socket.IO.
const (
	reasonPingTimeout    = "ping timeout"
	reasonTransportClose = "transport close"
	reasonTransportError = "transport error"
	reasonParseError     = "parse error"
	reasonForcedClose    = "forced close"
	reasonServerClose    = "forced server close"
)

// The codes of WebSocket close frames that the server sends; 0 leaves the code out and
// codeSent the whole frame.
const (
	codeSent        = -1
	codeNone        = 0
	codeGoingAway   = 1001
	codeTryLater    = 1013
	codeInvalidText = 1007
)

// closeGrace is how long a closing WebSocket may take to send what is queued and to
// answer the close frame.
const closeGrace = 5 * time.Second

// pollGrace is how long a closing session waits for a poll to tell it so.
const pollGrace = 30 * time.Second

// receiver is what a connection delivers to. message is called for one message at a
// time, in the order of sending, may block to slow the sender down, and reports
// whether the message was well-formed. closed is called once, after the last message
// began or while it runs, must not block, and may be called with locks held.
type receiver interface {
	message(data []byte, binary bool) bool
	closed(reason string)
}

// connState is the state of a connection.
type connState uint8

// A connection is open, then closing while it still sends what is queued, then closed.
const (
	stateOpen connState = iota
	stateClosing
	stateClosed
)

// conn is one Engine.IO session with all of its transports: the state machine that
// the library calls engine.Socket. Everything under mu changes together, so no
// observer sees half an upgrade or half a close.
type conn struct {
	engine   *Engine
	id       string
	began    int64 // when the connection began, in nanoseconds; rises from one to the next
	greeting greeting
	receiver receiver
	slots    // the library's listeners

	// stalled says that the reader waits because the event queue is full; a client
	// whose packets we do not read is not dead.
	stalled atomic.Bool

	// inbound is held while a message is delivered: a POST that is still being
	// handled and the first message after the upgrade stay in order.
	inbound sync.Mutex

	mu        sync.Mutex
	state     connState
	webSocket bool // which transport carries the queue
	upgraded  bool
	awaiting  bool // a ping is out, its pong is not in
	refreshed bool // something else came since that ping
	posting   bool // a POST is under way
	flushing  bool // somebody is bound to call flush
	farewell  byte // what a poll is told once the state is closed
	link      *link
	probe     *link // a WebSocket that may become the link
	poll      *poller
	stamps    stamps
	queue     []frame
	waiting   int // bytes that are queued or being written
	packets   int // packets that are queued or being written
	timer     timer
	upgrade   *timer
	trail     *Trail // nil until the first marked packet
}

// newConn returns an open connection; it belongs to no transport yet.
func newConn(e *Engine, g greeting) *conn {
	c := &conn{engine: e, began: e.start.UnixNano() + int64(time.Since(e.start)), greeting: g, farewell: packetClose}
	c.timer.fn = c.onTimer
	return c
}

// enqueue puts frames on the queue, all or none, and reports whether the caller must
// see to it that flush is called. Over the bound the connection is closed as slow. The
// trail has the mark, if there is one, exactly if the frames are on the queue.
func (c *conn) enqueue(m mark, frames ...frame) (flush bool) {
	c.mu.Lock()
	if c.state != stateOpen {
		c.mu.Unlock()
		return false
	}
	bytes := wireSize(frames)
	if c.waiting+bytes > c.engine.opts.QueueBytes || c.packets+len(frames) > c.engine.opts.QueuePackets {
		end := c.endLocked(reasonTransportClose)
		c.mu.Unlock()
		c.engine.slowClosed.Add(1)
		c.engine.log.Info().Str("conn", c.id).Msg("connection closed because it does not read")
		end.abrupt()
		return false
	}
	if m.channel != "" {
		c.trail = c.trail.note(m)
	}
	flush = c.pushLocked(frames, bytes)
	c.mu.Unlock()
	return flush
}

// pushLocked appends to the queue and wakes whoever takes from it. The result is that
// of enqueue.
func (c *conn) pushLocked(frames []frame, size int) bool {
	c.queue = append(c.queue, frames...)
	c.waiting += size
	c.packets += len(frames)
	c.engine.sent.Add(uint64(len(frames)))
	return c.wakeLocked()
}

// wakeLocked wakes the poll, or reports that the caller has to flush.
func (c *conn) wakeLocked() bool {
	if !c.webSocket {
		if c.poll != nil {
			c.poll.signal()
		}
		return false
	}
	if c.flushing || c.link == nil {
		return false
	}
	c.flushing = true
	return true
}

// send is enqueue without a mark and sees to the flush; it does not block.
func (c *conn) send(frames ...frame) {
	if c.enqueue(mark{}, frames...) {
		c.engine.flush.put(c)
	}
}

// open reports whether the connection takes packets.
func (c *conn) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == stateOpen
}

// transport is the name of the transport that carries the queue.
func (c *conn) transport() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.webSocket {
		return transportWebSocket
	}
	return transportPolling
}

// shut closes in order: what is queued is still sent, then the peer is told. A
// WebSocket is told by code; a session on long-polling lives on until a poll has
// fetched the close packet.
func (c *conn) shut(reason string, code int) {
	c.mu.Lock()
	if c.state != stateOpen {
		c.mu.Unlock()
		return
	}
	c.state = stateClosing
	probe := c.dropProbeLocked()
	grace := pollGrace
	flush, webSocket := false, c.webSocket
	if webSocket {
		grace = closeGrace
		if code == codeSent {
			flush = c.wakeLocked()
		} else {
			last := closeFrame(code)
			flush = c.pushLocked([]frame{last}, len(last.wire))
		}
	} else if c.poll != nil {
		c.poll.signal()
	}
	c.mu.Unlock()
	if webSocket { // on long-polling the last poll must still find the session
		c.engine.forget(c)
	}
	c.engine.timers.set(&c.timer, grace)
	probe.drop()
	c.receiver.closed(reason)
	if flush {
		c.engine.flush.put(c)
	}
}

// abort closes at once: what is queued is lost.
func (c *conn) abort(reason string) { c.abortWith(reason, packetClose, codeNone) }

// abortWith is abort with the words to the peer: farewell for a waiting poll, and the
// code for a WebSocket whose queue is empty.
func (c *conn) abortWith(reason string, farewell byte, code int) {
	c.mu.Lock()
	if c.state == stateClosed {
		c.mu.Unlock()
		return
	}
	c.farewell = farewell
	idle := c.webSocket && !c.flushing && c.state == stateOpen
	end := c.endLocked(reason)
	c.mu.Unlock()
	if idle && end.link != nil {
		end.link.farewell(closeFrame(code))
	}
	end.gentle()
}

// ending is what remains to be done, outside the lock, for a closed connection.
type ending struct {
	conn   *conn
	link   *link
	probe  *link
	reason string // "" if the receiver knows already
}

// endLocked makes the state closed and lets go of everything.
func (c *conn) endLocked(reason string) ending {
	e := ending{conn: c, link: c.link, probe: c.dropProbeLocked()}
	if c.state == stateOpen {
		e.reason = reason
	}
	c.state = stateClosed
	c.queue, c.waiting, c.packets = nil, 0, 0
	c.link = nil
	if c.poll != nil {
		c.poll.signal()
	}
	return e
}

// dropProbeLocked ends an upgrade that is under way and returns its WebSocket.
func (c *conn) dropProbeLocked() *link {
	probe := c.probe
	c.probe = nil
	if c.upgrade != nil {
		c.engine.timers.clear(c.upgrade)
		c.upgrade = nil
	}
	return probe
}

// gentle ends the transports so that what was written still arrives. The zero ending
// does nothing.
func (e ending) gentle() {
	if e.conn == nil {
		return
	}
	e.finish()
	e.link.drop()
}

// abrupt ends the transports and throws away what the kernel has not sent.
func (e ending) abrupt() {
	e.finish()
	e.link.reset()
}

// finish does what does not depend on the manner of closing.
func (e ending) finish() {
	e.conn.engine.timers.clear(&e.conn.timer)
	e.conn.engine.forget(e.conn)
	e.probe.drop()
	if e.reason != "" {
		e.conn.receiver.closed(e.reason)
	}
}

// onTimer runs when the connection's one timer is due: to ping, to give up waiting
// for a pong, or to end a close that takes too long.
func (c *conn) onTimer() {
	c.mu.Lock()
	switch {
	case c.state == stateClosed:
		c.mu.Unlock()
	case c.state == stateClosing:
		c.mu.Unlock()
		c.abort("")
	case !c.awaiting:
		c.awaiting, c.refreshed = true, false
		c.trail.ping()
		c.mu.Unlock()
		c.engine.timers.set(&c.timer, c.engine.opts.PingTimeout)
		c.send(c.engine.ping)
	case c.stalled.Load():
		c.mu.Unlock()
		c.engine.timers.set(&c.timer, c.engine.opts.PingTimeout)
	default:
		c.mu.Unlock()
		c.abort(reasonPingTimeout)
	}
}

// alive notes that the client answered a ping.
func (c *conn) alive() {
	c.mu.Lock()
	was := c.awaiting && c.state == stateOpen
	c.awaiting = false
	if was {
		c.trail.pong()
	}
	c.mu.Unlock()
	if was {
		c.engine.timers.set(&c.timer, c.engine.opts.PingInterval)
	}
}

// verdict says what a received packet means for its connection.
type verdict uint8

// A packet is fine, or ends its connection as malformed, as out of place, or because
// it says so.
const (
	verdictOK verdict = iota
	verdictMalformed
	verdictMisplaced
	verdictClose
)

// handlePacket takes one packet in its text form. The caller holds inbound.
func (c *conn) handlePacket(kind byte, data []byte) verdict {
	switch kind {
	case packetMessage:
		return c.deliver(data, false)
	case packetPong:
		c.alive()
		return verdictOK
	case packetClose:
		return verdictClose
	case packetPing:
		return verdictMisplaced // in this direction only as a probe
	case packetOpen, packetUpgrade, packetNoop:
		return verdictOK // of no meaning here, as in the reference
	default:
		return verdictMalformed
	}
}

// deliver hands a message on while the connection is open. The caller holds inbound.
// A client that sends although its pong is due gets the whole time once more.
func (c *conn) deliver(data []byte, binary bool) verdict {
	c.mu.Lock()
	if c.state != stateOpen {
		c.mu.Unlock()
		return verdictOK
	}
	refresh := c.awaiting && !c.refreshed
	c.refreshed = true
	c.mu.Unlock()
	c.engine.received.Add(1)
	if refresh {
		c.engine.timers.set(&c.timer, c.engine.opts.PingTimeout)
	}
	if !c.receiver.message(data, binary) {
		return verdictMalformed
	}
	return verdictOK
}

// judge ends the connection unless the verdict is fine.
func (c *conn) judge(v verdict) bool {
	switch v {
	case verdictOK:
		return true
	case verdictMalformed:
		c.abort(reasonParseError)
	case verdictMisplaced:
		c.abort(reasonTransportError)
	case verdictClose:
		c.abortWith(reasonTransportClose, packetNoop, codeNone)
	}
	return false
}
