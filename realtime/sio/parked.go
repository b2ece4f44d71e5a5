package sio

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// parkAfter is how long a poll waits as an ordinary request. It costs some 30 KB: the
// stacks of its two goroutines, its buffers and what was read of it. Then it is parked:
// only the network connection is kept, with one goroutine on the smallest stack. After the
// answer that connection ends, so a poll that is answered soon is better not parked.
const parkAfter = 250 * time.Millisecond

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// parked is a waiting GET request that was taken out of the HTTP server.
type parked struct {
	net  net.Conn
	raw  syscall.RawConn // nil if the connection has none
	head []byte          // of the answer
}

// park takes a poll out of the HTTP server and reports whether it could: it must be
// HTTP/1.1. On true the request is answered by a goroutine of the connection.
func (c *conn) park(p *poller, w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 || !r.ProtoAtLeast(1, 1) {
		return false
	}
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false // a server that cannot; the request is as it was
	}
	if rw.Reader.Buffered() > 0 { // it says something although it waits for the answer
		_ = nc.Close()
		c.abort(reasonTransportError)
		return true
	}
	k := &parked{net: nc, head: parkedHead(w.Header())}
	if tcp, ok := nc.(*net.TCPConn); ok {
		k.raw, _ = tcp.SyscallConn() // without it the wait takes a larger stack
	}
	c.mu.Lock()
	p.parked = k
	if len(p.wake) > 0 { // it came while the request was taken
		p.signal()
	}
	c.mu.Unlock()
	c.engine.running.add()
	go c.awaitParked(p, k)
	return true
}

// wait returns when the connection's deadline has passed, which is the error, or its client
// has gone or says something although it waits for the answer.
func (k *parked) wait() error {
	if k.raw != nil {
		return awaitInput(k.raw)
	}
	_, err := k.net.Read(make([]byte, 1))
	return err
}

// parkedHead is the beginning of the answer, but for its length.
func parkedHead(h http.Header) []byte {
	setPayloadHeaders(h)
	h.Set("Connection", "close")
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&head) // into memory
	return head.Bytes()
}

// awaitParked answers a parked poll once there is something to answer, or ends the session
// if its client has gone. It waits before it does anything that needs a larger stack.
func (c *conn) awaitParked(p *poller, k *parked) {
	defer c.engine.running.done()
	for {
		if err := k.wait(); !errors.Is(err, os.ErrDeadlineExceeded) {
			_ = k.net.Close()
			c.abort(reasonTransportError)
			return
		}
		if c.answerParked(p, k) {
			return
		}
	}
}

// answerParked answers a parked poll if there is something to answer.
func (c *conn) answerParked(p *poller, k *parked) bool {
	body, end, ok := c.takePoll(p)
	if !ok {
		return false
	}
	_ = k.net.SetDeadline(time.Now().Add(bodyTimeout))
	answer := fmt.Appendf(k.head, "Date: %s\r\nContent-Length: %d\r\n\r\n", time.Now().UTC().Format(http.TimeFormat), len(body))
	_, err := k.net.Write(append(answer, body...))
	_ = k.net.Close()
	if err != nil {
		c.abort(reasonTransportError)
	}
	end.gentle()
	return true
}
