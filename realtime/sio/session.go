package sio

import (
	"runtime/debug"
	"slices"
	"sync"
)

// job is one thing for a connection's worker to do.
type job struct {
	packet *incoming
	socket *Socket // to disconnect from our side
	shut   bool    // and to end the whole connection after that
	reason string  // the connection has closed
}

// session is the Socket.IO level of one connection. Its worker, which exists only
// while there is work, is the one goroutine that drives the library's client and
// calls handlers; so the packets of a connection are handled in the order of sending.
type session struct {
	server  *Server
	conn    *conn
	timeout timer     // for the first namespace
	partial *incoming // a packet that waits for attachments; guarded by conn.inbound

	mu        sync.Mutex
	changed   sync.Cond // jobs became fewer, or one of the states below changed
	jobs      []job
	working   bool
	closing   bool      // the connection has closed
	finished  bool      // the worker has told the library so
	answering bool      // the worker waits for the library's answer to a CONNECT
	accepted  bool      // the library sends that it is accepted, and then hands the socket out
	attaching bool      // OnConnect is running
	sockets   []*Socket // one of each namespace at most

	// admission is the decision about the CONNECT at hand; the worker's own.
	admission *admission
}

// newSession returns the receiver of a new connection.
func newSession(s *Server, c *conn) *session {
	se := &session{server: s, conn: c}
	se.changed.L = &se.mu
	se.timeout.fn = func() {
		s.engine.log.Debug().Str("conn", c.id).Msg("no namespace in time")
		c.shut(reasonForcedClose, codeNone)
	}
	s.engine.timers.set(&se.timeout, s.engine.opts.ConnectTimeout)
	return se
}

// message takes one message of the connection; it is part of receiver.
func (s *session) message(data []byte, binary bool) bool {
	if binary {
		return s.attachment(data)
	}
	if s.partial != nil {
		return false // text where an attachment is due
	}
	p, err := decodePacket(data, s.server.engine.opts.MaxAttachments)
	if err != nil {
		s.server.engine.log.Debug().Err(err).Str("conn", s.conn.id).Msg("malformed packet")
		return false
	}
	if p.expected > 0 {
		s.partial = &p
		return p.checkPlaceholders() == nil
	}
	s.push(job{packet: &p})
	return true
}

// attachment takes the next attachment of the packet that waits for it.
func (s *session) attachment(data []byte) bool {
	if s.partial == nil {
		return false
	}
	s.partial.attachments = append(s.partial.attachments, data)
	if s.partial.complete() {
		s.push(job{packet: s.partial})
		s.partial = nil
	}
	return true
}

// closed is part of receiver: the connection's end passes through the queue like a
// packet, so what was received before it is still handled.
func (s *session) closed(reason string) {
	s.server.engine.timers.clear(&s.timeout)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	s.jobs = append(s.jobs, job{reason: reason})
	s.startLocked()
	s.changed.Broadcast()
}

// disconnect has the worker disconnect a socket from our side.
func (s *session) disconnect(socket *Socket) { s.kick(socket, false) }

// kick is disconnect; shut ends the whole connection after that.
func (s *session) kick(socket *Socket, shut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.jobs = append(s.jobs, job{socket: socket, shut: shut})
		s.startLocked()
	}
}

// push queues a job. While the queue is full it blocks, and with it the reading.
func (s *session) push(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if full := s.server.engine.opts.EventQueue; len(s.jobs) >= full && !s.closing {
		s.conn.stalled.Store(true)
		for len(s.jobs) >= full && !s.closing {
			s.changed.Wait()
		}
		s.conn.stalled.Store(false)
	}
	if !s.closing {
		s.jobs = append(s.jobs, j)
		s.startLocked()
	}
}

// startLocked starts the worker unless it is there.
func (s *session) startLocked() {
	if s.working {
		return
	}
	s.working = true
	s.server.engine.running.add()
	go s.work()
}

// work does the jobs until there are none.
func (s *session) work() {
	defer s.server.engine.running.done()
	for {
		s.mu.Lock()
		if len(s.jobs) == 0 {
			s.working = false
			s.jobs = nil
			s.mu.Unlock()
			return
		}
		j := s.jobs[0]
		s.jobs[0] = job{}
		s.jobs = s.jobs[1:]
		s.changed.Broadcast()
		s.mu.Unlock()
		s.do(j)
	}
}

// do does one job. A handler's panic ends its connection, not the process.
func (s *session) do(j job) {
	defer s.rescue("event")
	switch {
	case j.reason != "":
		s.finish(j.reason)
	case j.socket != nil:
		j.socket.library.Disconnect(j.shut)
	case j.packet.kind == typeConnect:
		s.connect(j.packet)
	default:
		s.handle(j.packet)
	}
}

// rescue is deferred around every call of a handler.
func (s *session) rescue(what string) {
	if fault := recover(); fault != nil {
		s.server.engine.log.Error().Interface("panic", fault).Bytes("stack", debug.Stack()).
			Str("conn", s.conn.id).Msg(what + " handler panicked")
		s.conn.shut(reasonForcedClose, codeNone)
	}
}

// connect lets the library decide about a CONNECT, which runs the middlewares here,
// and waits until the socket is connected or refused: the client's next packets may
// be for it.
//
// In the auth that the library sees stands our connection instead of the client's session,
// by which the adapter finds what was decided here.
func (s *session) connect(p *incoming) {
	s.mu.Lock()
	s.answering, s.accepted = true, false
	connected := s.socketLocked(p.namespace) != nil
	s.mu.Unlock()
	if n := s.server.bound(p.namespace); n != nil && !connected {
		s.admission = n.admit(s, p.auth)
	}
	p.auth = map[string]any{"pid": s.conn.id, "offset": "-"}
	s.tell(p)
	s.mu.Lock()
	// A client that has the answer may have sent events and gone before the library comes to
	// hand the socket out: what it sent is handled all the same.
	for s.attaching || s.answering && (!s.closing || s.accepted) {
		s.changed.Wait()
	}
	s.answering = false
	s.mu.Unlock()
	s.settle(s.admission)
	s.admission = nil
}

// tell hands a packet to the library's client.
func (s *session) tell(p *incoming) { s.conn.Emit("data", p.libraryPacket()) }

// writes looks at what the library is about to send: after a CONNECT it hands the socket out.
func (s *session) writes(packet []byte) {
	if len(packet) == 0 || packetType(packet[0]) != typeConnect {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = true
}

// wrote looks at what the library has sent: a CONNECT_ERROR ends the wait for an answer.
func (s *session) wrote(packet []byte) {
	if len(packet) == 0 || packetType(packet[0]) != typeConnectError {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answering = false
	s.changed.Broadcast()
}

// attach adds a connected socket and calls connected for it. False means that the
// connection closed meanwhile.
func (s *session) attach(socket *Socket, connected func()) bool {
	s.mu.Lock()
	if s.finished || socket.abandoned {
		s.answering = false
		s.changed.Broadcast()
		s.mu.Unlock()
		return false
	}
	socket.attached = true
	if i := slices.IndexFunc(s.sockets, func(other *Socket) bool { return other.namespace == socket.namespace }); i >= 0 {
		s.sockets = slices.Delete(s.sockets, i, i+1)
	}
	s.sockets = append(s.sockets, socket)
	s.attaching = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.attaching, s.answering = false, false
		s.changed.Broadcast()
	}()
	s.server.engine.timers.clear(&s.timeout)
	connected()
	return true
}

// socketLocked is the connection's socket of a namespace, nil if there is none.
func (s *session) socketLocked(namespace string) *Socket {
	for _, socket := range s.sockets {
		if socket.namespace.name == namespace {
			return socket
		}
	}
	return nil
}

// detach removes a socket that is not connected any more.
func (s *session) detach(socket *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.sockets, socket); i >= 0 {
		s.sockets = slices.Delete(s.sockets, i, i+1)
	}
	s.changed.Broadcast()
}

// handle does a packet that is for a connected socket. One for another namespace ends
// the connection, as in the reference.
func (s *session) handle(p *incoming) {
	s.mu.Lock()
	socket := s.socketLocked(p.namespace)
	s.mu.Unlock()
	if socket == nil || p.kind == typeConnectError {
		s.conn.shut(reasonServerClose, codeNone)
		return
	}
	switch p.kind {
	case typeEvent, typeBinaryEvent:
		socket.dispatch(p)
	case typeDisconnect:
		s.tell(p)
		s.awaitDetached(socket)
	case typeAck, typeBinaryAck:
		if !p.hasID || !socket.namespace.questions.take(socket, p) {
			s.tell(p)
		}
	case typeConnect, typeConnectError:
	}
}

// awaitDetached returns when the library, on a goroutine of its own, has disconnected
// the socket: the client may connect it again with its next packet.
func (s *session) awaitDetached(socket *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for slices.Contains(s.sockets, socket) {
		s.changed.Wait()
	}
}

// finish tells the library that the connection has closed.
func (s *session) finish(reason string) {
	s.mu.Lock()
	s.finished = true
	s.mu.Unlock()
	s.conn.Emit("close", reason)
	s.conn.Clear()
}
