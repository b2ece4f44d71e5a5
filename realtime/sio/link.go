package sio

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// link is one WebSocket: the network connection and gorilla's reader on it. All of
// its methods do nothing on a nil link.
type link struct {
	net net.Conn
	raw syscall.RawConn // nil if the connection cannot write without blocking
	ws  *websocket.Conn
	// input is gorilla's buffer; while nothing comes it has no memory, which then is in lent's
	// pool. Both are the reader's own.
	input *bufio.Reader
	lent  *bufio.Reader

	pools *pools
	// owner is the connection whose queue the link carries, nil while it is a probe.
	owner atomic.Pointer[conn]

	mu        sync.Mutex
	readDone  bool
	writeDone bool
}

// handshakeTimeout bounds the writing of the reply to an upgrade request.
const handshakeTimeout = 10 * time.Second

// readBuffer is the size of the buffer that a WebSocket has while it reads, writeBuffer of
// gorilla's for the control frames that it makes itself.
const (
	readBuffer  = 4096
	writeBuffer = 512
)

// upgradeWebSocket turns a request into a link. On failure the request is answered.
func upgradeWebSocket(w http.ResponseWriter, r *http.Request, limit int64, p *pools) (*link, error) {
	l := &link{pools: p}
	upgrader := websocket.Upgrader{
		HandshakeTimeout: handshakeTimeout, WriteBufferSize: writeBuffer, // reads with the buffer of the hijacker
		WriteBufferPool: &p.write,
		CheckOrigin:     func(*http.Request) bool { return true }, // as in the reference: the application looks at it
	}
	ws, err := upgrader.Upgrade(hijacker{ResponseWriter: w, link: l}, r, nil)
	if err != nil {
		return nil, err
	}
	l.ws = ws
	if sc, ok := l.net.(*net.TCPConn); ok {
		l.raw, _ = sc.SyscallConn() // without it a goroutine does the writing
	}
	ws.SetReadLimit(limit)
	ws.SetPingHandler(func(data string) error { l.control(newFrame(opPong, data)); return nil })
	ws.SetCloseHandler(func(code int, _ string) error { l.peerClosed(code); return nil })
	return l, nil
}

// hijacker gives gorilla a connection whose writes pass through the link.
type hijacker struct {
	http.ResponseWriter
	link *link
}

// Hijack is part of http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l := h.link
	l.net = nc
	if rw.Reader.Buffered() == 0 { // else gorilla refuses
		l.input = bufio.NewReaderSize(nil, 0)
		l.wake()
		rw.Reader = l.input
	}
	return gorillaConn{Conn: nc, link: l}, rw, nil
}

// wake gives the link memory to read into.
func (l *link) wake() {
	if l.lent != nil {
		return
	}
	l.lent, _ = l.pools.input.Get().(*bufio.Reader)
	*l.input = *l.lent
	l.input.Reset(gorillaConn{Conn: l.net, link: l})
}

// rest takes the memory back, if nothing is left in it.
func (l *link) rest() bool {
	if l.input.Buffered() > 0 {
		return false
	}
	if l.lent != nil {
		l.lent.Reset(nil) // it has the same memory
		l.pools.input.Put(l.lent)
		l.lent, *l.input = nil, bufio.Reader{}
	}
	return true
}

// gorillaConn is the connection as gorilla sees it. The control frames that gorilla
// writes by itself go through the queue: two writers would corrupt the stream.
type gorillaConn struct {
	net.Conn
	link *link
}

// Write is part of net.Conn; each call of gorilla's is a whole frame.
func (g gorillaConn) Write(p []byte) (int, error) {
	if c := g.link.owner.Load(); c != nil {
		c.send(rawFrame(append([]byte(nil), p...)))
		return len(p), nil
	}
	return g.Conn.Write(p)
}

// SetWriteDeadline is part of net.Conn; once there is a queue its flusher sets it.
func (g gorillaConn) SetWriteDeadline(t time.Time) error {
	if g.link.owner.Load() != nil {
		return nil
	}
	return g.Conn.SetWriteDeadline(t)
}

// control sends a control frame. Before the link has an owner only its reader writes.
func (l *link) control(f frame) {
	if c := l.owner.Load(); c != nil {
		c.send(f)
		return
	}
	l.write(f)
}

// write sends a frame on a link that has no owner.
func (l *link) write(f frame) {
	_ = l.net.SetWriteDeadline(time.Now().Add(handshakeTimeout))
	_, _ = l.net.Write(f.wire) // a failure shows at the next read
	_ = l.net.SetWriteDeadline(time.Time{})
}

// peerClosed answers the peer's close frame.
func (l *link) peerClosed(code int) {
	if code == websocket.CloseNoStatusReceived {
		code = codeNone
	}
	if c := l.owner.Load(); c != nil {
		c.shut(reasonTransportClose, code)
		return
	}
	l.write(closeFrame(code))
}

// farewell sends a close frame if that is possible at once. Nobody else may write.
func (l *link) farewell(f frame) {
	if l.raw == nil {
		_ = l.net.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = l.net.Write(f.wire)
		return
	}
	var w rawWriter
	_, _ = w.write(l.raw, f.wire)
}

// drop ends the link in order: what was written arrives, the peer sees the end, and
// the reader has a moment to read the peer's.
func (l *link) drop() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writeDone {
		return
	}
	l.writeDone = true
	if half, ok := l.net.(interface{ CloseWrite() error }); ok && !l.readDone {
		_ = half.CloseWrite()
		_ = l.net.SetDeadline(time.Now().Add(closeGrace))
		return
	}
	_ = l.net.Close()
}

// reset ends the link at once and throws away what was not sent yet.
func (l *link) reset() {
	if l == nil {
		return
	}
	if tcp, ok := l.net.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = l.net.Close()
	l.drop()
}

// readEnded notes that nobody reads any more; the second of reader and writer closes.
func (l *link) readEnded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readDone = true
	if l.writeDone {
		_ = l.net.Close()
	}
}
