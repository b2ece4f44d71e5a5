package sio

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// bodyTimeout bounds the reading of a POST's body and the writing of a poll's reply.
const bodyTimeout = 30 * time.Second

// upgradePause is how long a poll waits for packets while an upgrade is under way. The
// client goes on as soon as no poll is open.
const upgradePause = 25 * time.Millisecond

// pongPayload is a POST that answers a ping and says nothing else.
const pongPayload = string(packetPong)

// maxStamp is the longest stamp that is remembered.
const maxStamp = 64

// stamps are those of the last requests. A browser sends a request once more by itself when a
// connection that it used before breaks, and its page does not hear of that.
type stamps struct{ get, post string }

// poller is one waiting GET request.
type poller struct {
	wake  chan struct{}
	stamp string
	stays bool // it cannot be parked; the handler's own
	// guarded by conn.mu
	release bool    // return a noop rather than wait
	parked  *parked // nil while the request is with the HTTP server
}

// signal wakes whoever answers the request. conn.mu is held.
func (p *poller) signal() {
	if p.parked != nil {
		_ = p.parked.net.SetReadDeadline(longAgo)
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// ReleasePoll makes the waiting poll of a session return, with nothing if nothing is queued;
// the client polls again at once. A session that is unknown, or does not poll, is left alone.
func (e *Engine) ReleasePoll(id string) {
	e.mu.Lock()
	c := e.conns[id]
	e.mu.Unlock()
	if c != nil {
		c.releasePoll()
	}
}

// stampOf is what makes a client's request unlike its others, "" if it does not say. Official
// clients send something random.
func stampOf(r *http.Request) string {
	if stamp := r.URL.Query().Get("t"); len(stamp) <= maxStamp {
		return strings.Clone(stamp) // without the rest of the address
	}
	return ""
}

// servePoll answers a GET with what is queued, as soon as there is something.
func (c *conn) servePoll(w http.ResponseWriter, r *http.Request) {
	p := &poller{wake: make(chan struct{}, 1), stamp: stampOf(r)}
	if status := c.startPoll(p); status != http.StatusOK {
		c.engine.refuse(w, status)
		return
	}
	for {
		if body, end, ok := c.takePoll(p); ok {
			c.reply(w, body)
			end.gentle()
			return
		}
		switch c.waitPoll(p, r) {
		case pollGone:
			c.abort(reasonTransportError)
			return
		case pollQuiet:
			if c.park(p, w, r) {
				return
			}
			p.stays = true
		case pollWoken:
		}
	}
}

// startPoll makes p the connection's poll. A second one at a time ends the session; so does
// one that was answered before: the answer was lost, and the client must not go on as if it
// had all of it.
func (c *conn) startPoll(p *poller) int {
	c.mu.Lock()
	switch {
	case c.webSocket || c.state == stateClosed:
		c.mu.Unlock()
		return http.StatusBadRequest
	case c.poll != nil, p.stamp != "" && p.stamp == c.stamps.get:
		c.mu.Unlock()
		c.abort(reasonTransportError)
		return http.StatusBadRequest
	}
	c.poll, c.stamps.get = p, p.stamp
	c.mu.Unlock()
	return http.StatusOK
}

// pollEvent is what ends the wait of a poll.
type pollEvent uint8

// There may be something to answer, or nothing has come for a while, or the client has gone.
const (
	pollWoken pollEvent = iota
	pollQuiet
	pollGone
)

// waitPoll waits until there may be something to do.
func (c *conn) waitPoll(p *poller, r *http.Request) pollEvent {
	c.mu.Lock()
	probing := c.probe != nil
	c.mu.Unlock()
	var pause <-chan time.Time
	if probing || !p.stays {
		wait := parkAfter
		if probing {
			wait = upgradePause
		}
		t := time.NewTimer(wait)
		defer t.Stop()
		pause = t.C
	}
	select {
	case <-p.wake:
		return pollWoken
	case <-pause:
		if probing {
			c.releasePoll()
			return pollWoken
		}
		return pollQuiet
	case <-r.Context().Done():
		return pollGone
	}
}

// takePoll returns the reply to p, if there is one to give. The ending is to be done
// after the reply.
func (c *conn) takePoll(p *poller) (body []byte, end ending, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state == stateClosed:
		body = []byte{c.farewell}
	case c.webSocket:
		body = []byte{packetNoop}
	case len(c.queue) > 0:
		body = appendPolling(nil, c.queue)
		c.queue, c.waiting, c.packets = nil, 0, 0
	case c.state == stateClosing:
		// Never behind other packets: the official client handles events a moment after it
		// has read them, and those beside a close only when it is connected again. Until then
		// they do not count for its offset, and it would hear them twice.
		body = appendPolling(nil, []frame{textPacket(packetClose, "")})
		end = c.endLocked("")
	case p.release:
		body = []byte{packetNoop}
	default:
		if p.parked != nil { // until the next signal
			_ = p.parked.net.SetReadDeadline(time.Time{})
		}
		return nil, end, false
	}
	c.poll = nil
	return body, end, true
}

// reply writes a payload. When that fails its packets are lost, so the session ends.
func (c *conn) reply(w http.ResponseWriter, body []byte) {
	if err := writePayload(w, body); err != nil {
		c.abort(reasonTransportError)
	}
}

// setPayloadHeaders says what an answer to a poll is.
func setPayloadHeaders(h http.Header) {
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("Cache-Control", "no-store")
}

// writePayload writes a polling payload and sees it off.
func writePayload(w http.ResponseWriter, body []byte) error {
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(bodyTimeout)); err == nil {
		defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	}
	setPayloadHeaders(w.Header())
	if _, err := w.Write(body); err != nil { //nolint:gosec // packets as plain text; no page renders them
		return err
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// servePost takes the packets of a POST. The answer waits until they are handed on,
// so a full event queue slows the client down.
func (c *conn) servePost(w http.ResponseWriter, r *http.Request) {
	status, again := c.startPost(stampOf(r))
	switch {
	case again:
		writeOK(w)
		return
	case status != http.StatusOK:
		c.engine.refuse(w, status)
		return
	}
	payload, status := c.readBody(w, r)
	switch {
	case status != http.StatusOK:
		c.abort(reasonTransportError)
	case !c.handlePayload(payload):
		status = http.StatusBadRequest
	}
	c.mu.Lock()
	c.posting = false
	c.mu.Unlock()
	if status != http.StatusOK {
		c.engine.refuse(w, status)
		return
	}
	if payload == pongPayload {
		// The client has nothing to say, so it leaves the network connection unused until the
		// next ping. With the HTTP server that costs as much as the rest of the session.
		w.Header().Set("Connection", "close")
	}
	writeOK(w)
}

// writeOK answers a POST whose packets were handed on.
func writeOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok") // a client that has gone is found by its pings
}

// startPost admits one POST at a time; a second one ends the session. One that was handled
// before, whose answer was lost, is to be answered again and nothing else.
func (c *conn) startPost(stamp string) (status int, again bool) {
	c.mu.Lock()
	switch {
	case c.webSocket || c.state != stateOpen:
		c.mu.Unlock()
		return http.StatusBadRequest, false
	case c.posting:
		c.mu.Unlock()
		c.abort(reasonTransportError)
		return http.StatusBadRequest, false
	case stamp != "" && stamp == c.stamps.post:
		c.mu.Unlock()
		return http.StatusOK, true
	}
	c.posting, c.stamps.post = true, stamp
	c.mu.Unlock()
	return http.StatusOK, false
}

// readBody reads a POST's body within the limits of size and time.
func (c *conn) readBody(w http.ResponseWriter, r *http.Request) (string, int) {
	limit := c.engine.opts.MaxPayload
	if r.Header.Get("Content-Type") == "application/octet-stream" {
		return "", http.StatusBadRequest // binary bodies ended with protocol 3
	}
	if r.ContentLength > limit {
		return "", http.StatusRequestEntityTooLarge
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTimeout)); err == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	var body strings.Builder
	_, err := io.Copy(&body, http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return "", http.StatusRequestEntityTooLarge
	case err != nil:
		return "", http.StatusBadRequest
	}
	return body.String(), http.StatusOK
}

// handlePayload takes the packets of a polling payload in their order and reports
// whether the session lived through all of them.
func (c *conn) handlePayload(payload string) bool {
	c.inbound.Lock()
	defer c.inbound.Unlock()
	if !utf8.ValidString(payload) {
		return c.judge(verdictMalformed)
	}
	for more := true; more; {
		var packet string
		packet, payload, more = nextPacket(payload)
		if v := c.handleEncoded(packet); v != verdictOK {
			c.judge(v)
			return v == verdictClose // to close is a success
		}
	}
	return c.open()
}

// handleEncoded takes one packet of a payload. The caller holds inbound.
func (c *conn) handleEncoded(packet string) verdict {
	if packet == "" {
		return verdictMalformed
	}
	if packet[0] != packetBinary {
		return c.handlePacket(packet[0], []byte(packet[1:]))
	}
	data, ok := decodeBase64(packet[1:])
	if !ok {
		return verdictMalformed
	}
	return c.deliver(data, true)
}
