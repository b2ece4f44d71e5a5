package sio

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// maxIdleBuffer is the largest read buffer that goes back into the pool.
const maxIdleBuffer = 64 << 10

// pools holds memory that an engine's connections use for a moment.
type pools struct {
	read  sync.Pool // of *bytes.Buffer, in which messages are gathered
	input sync.Pool // of *bufio.Reader, the buffers of WebSockets that read
	write sync.Pool // gorilla's, for the upgrade; later nothing is written through it
	dirty sync.Pool // of *[]*conn, the connections that a broadcast has to flush
}

// setup sets how the memory is made.
func (p *pools) setup() {
	p.read.New = func() any { return new(bytes.Buffer) }
	p.input.New = func() any { return bufio.NewReaderSize(nil, readBuffer) }
	p.dirty.New = func() any { return new([]*conn) }
}

// errInvalidText says that a text message is not UTF-8.
var errInvalidText = errors.New("text message is not valid UTF-8")

// read returns the next message in memory of its own.
func (l *link) read() (data []byte, binary bool, err error) {
	l.wake()
	kind, r, err := l.ws.NextReader()
	if err != nil {
		return nil, false, err
	}
	buf, _ := l.pools.read.Get().(*bytes.Buffer)
	buf.Reset()
	if _, err = buf.ReadFrom(r); err == nil {
		data = bytes.Clone(buf.Bytes())
		if kind == websocket.TextMessage && !utf8.Valid(data) {
			err = errInvalidText
		}
	}
	if buf.Cap() <= maxIdleBuffer {
		l.pools.read.Put(buf)
	}
	return data, kind == websocket.BinaryMessage, err
}

// awaitMessage returns when the next message has begun to come, or the link has ended, which
// the read then tells. The link has no memory to read into meanwhile.
func (l *link) awaitMessage() {
	if l.raw != nil && l.rest() {
		_ = awaitInput(l.raw)
	}
}

// stackRest is how long a goroutine reads before another takes over, and firstTurns how many
// take over after one message each: most clients say all that they have to say at first.
const (
	stackRest  = time.Second
	firstTurns = 8
)

// runWebSocket reads a connection's link until it ends. It is the one goroutine that
// an idle WebSocket has. What a message needs makes its stack grow to some times of what
// waiting for the next one needs, and a stack of which that is more than a quarter never
// shrinks: so now and then a fresh goroutine reads on.
func (c *conn) runWebSocket(l *link) { c.readTurn(l, 1) }

// readTurn is a goroutine's part of runWebSocket.
func (c *conn) readTurn(l *link, turn int) {
	for began := time.Now(); ; {
		l.awaitMessage()
		data, binary, err := l.read()
		if err != nil {
			if c.readFailed(err) {
				l.discard()
			}
			break
		}
		if !c.judge(c.handleMessage(data, binary)) {
			l.discard()
			break
		}
		if turn < firstTurns || time.Since(began) > stackRest {
			go c.readTurn(l, turn+1)
			return
		}
	}
	l.rest()
	l.readEnded()
	c.engine.running.done()
}

// handleMessage takes one WebSocket message of the connection's link.
func (c *conn) handleMessage(data []byte, binary bool) verdict {
	c.inbound.Lock()
	defer c.inbound.Unlock()
	if binary {
		return c.deliver(data, true)
	}
	if len(data) == 0 {
		return verdictMalformed
	}
	return c.handlePacket(data[0], data[1:])
}

// discard reads on until the peer has seen the close, because closing a socket with
// unread bytes would destroy what was written last.
func (l *link) discard() {
	_, _ = io.Copy(io.Discard, io.LimitReader(l.net, 16<<20)) // the deadline was set by drop
}

// readFailed ends the connection for the reason that a read error gives, and reports
// whether the peer may still be sending.
func (c *conn) readFailed(err error) bool {
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		c.shut(reasonTransportClose, codeNone) // usually done by the close handler; the flusher ends it
	case errors.As(err, &closed), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		c.abort(reasonTransportClose)
	case errors.Is(err, errInvalidText):
		c.abortWith(reasonTransportError, packetClose, codeInvalidText)
		return true
	default: // gorilla has sent a close frame
		c.shut(reasonTransportError, codeSent)
		return true
	}
	return false
}

// acceptWebSocket makes a fresh session of a link: the listeners are attached before
// the first byte is read, so that no early CONNECT is lost.
func (e *Engine) acceptWebSocket(l *link, g greeting) {
	c := newConn(e, g)
	c.webSocket, c.link = true, l
	l.owner.Store(c)
	e.running.add()
	go func() {
		if e.register(c) {
			c.send(e.openPacket(c))
		}
		c.runWebSocket(l)
	}()
}

// startProbe makes l the WebSocket that may become the connection's transport and
// reads it. A connection that upgrades already, or is on WebSocket, refuses.
func (c *conn) startProbe(l *link) {
	c.mu.Lock()
	if c.state != stateOpen || c.webSocket || c.probe != nil {
		c.mu.Unlock()
		l.write(closeFrame(codeNone))
		_ = l.net.Close()
		return
	}
	c.probe = l
	c.upgrade = &timer{fn: func() { c.endProbe(l) }}
	c.engine.timers.set(c.upgrade, c.engine.opts.UpgradeTimeout)
	c.mu.Unlock()
	c.engine.running.add()
	go c.runProbe(l)
}

// forgetProbe gives an upgrade up; long-polling goes on as if it had never been tried.
func (c *conn) forgetProbe(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.probe == l {
		c.dropProbeLocked()
	}
}

// endProbe gives an upgrade up that takes too long.
func (c *conn) endProbe(l *link) {
	c.forgetProbe(l)
	if l.owner.Load() == nil {
		l.drop()
	}
}

// runProbe waits for the probe and for the upgrade packet, then reads on as the
// connection's transport.
func (c *conn) runProbe(l *link) {
	if !c.probeSteps(l) {
		defer c.engine.running.done()
		defer l.readEnded()
		c.forgetProbe(l) // first: a client that sees the end may try again at once
		l.write(closeFrame(codeNone))
		l.drop()
		l.discard()
		return
	}
	c.runWebSocket(l)
}

// probeSteps does the upgrade's dialogue and reports whether the switch was made.
func (c *conn) probeSteps(l *link) bool {
	data, binary, err := l.read()
	if err != nil || binary || string(data) != "2probe" {
		return false
	}
	l.write(textPacket(packetPong, "probe"))
	c.releasePoll()
	data, binary, err = l.read()
	if err != nil || binary || len(data) == 0 || data[0] != packetUpgrade {
		return false
	}
	return c.switchTo(l)
}

// releasePoll makes a waiting poll return, since the client upgrades only when none
// is open.
func (c *conn) releasePoll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.poll != nil {
		c.poll.release = true
		c.poll.signal()
	}
}

// switchTo moves the connection to WebSocket: in one step under the lock, with the
// queue as it is, so that nothing is lost and nothing overtakes. A POST that is still
// being handled is waited for.
func (c *conn) switchTo(l *link) bool {
	c.inbound.Lock()
	defer c.inbound.Unlock()
	c.mu.Lock()
	if c.probe != l || c.state != stateOpen {
		c.mu.Unlock()
		return false
	}
	c.dropProbeLocked()
	c.webSocket, c.upgraded, c.link, c.stamps = true, true, l, stamps{}
	l.owner.Store(c)
	if c.poll != nil {
		c.poll.signal()
	}
	flush := len(c.queue) > 0 && c.wakeLocked()
	c.mu.Unlock()
	c.engine.upgrades.Add(1)
	if flush {
		c.engine.flush.put(c)
	}
	return true
}
