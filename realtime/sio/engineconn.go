package sio

import "sync"

// EngineConn is one session of an Engine that stands alone. Safe for concurrent use.
type EngineConn struct {
	conn      *conn
	onMessage func(data []byte, binary bool)
	onClose   func(reason string)
	once      sync.Once
}

// NewEngine returns an Engine that calls onConn for every new session, before its first
// message is read. Options.ConnectTimeout, EventQueue, MaxAttachments and MaxRooms mean
// nothing here; the path is "/engine.io/" unless set. Shutdown ends it.
func NewEngine(o Options, onConn func(*EngineConn)) (*Engine, error) {
	if o.Path == "" {
		o.Path = "/engine.io/"
	}
	return newEngine(o, func(c *conn) receiver {
		e := &EngineConn{conn: c}
		onConn(e)
		return e
	})
}

// ID is the session's id, a secret.
func (e *EngineConn) ID() string { return e.conn.id }

// Transport is "polling" or "websocket".
func (e *EngineConn) Transport() string { return e.conn.transport() }

// OnMessage sets the handler of messages, which is called for one at a time, in their
// order. It may be set within onConn only.
func (e *EngineConn) OnMessage(f func(data []byte, binary bool)) { e.onMessage = f }

// OnClose sets the handler that is called once with the reason. It must not block and
// may be set within onConn only.
func (e *EngineConn) OnClose(f func(reason string)) { e.onClose = f }

// Send queues a message. It copies data and does not block.
func (e *EngineConn) Send(data []byte, binary bool) { e.conn.send(messagePacket(data, binary)) }

// Close ends the session after what is queued was sent.
func (e *EngineConn) Close() { e.conn.shut(reasonForcedClose, codeNone) }

// message is part of receiver. A panic of the handler ends the session.
func (e *EngineConn) message(data []byte, binary bool) bool {
	defer func() {
		if fault := recover(); fault != nil {
			e.conn.engine.log.Error().Interface("panic", fault).Str("conn", e.conn.id).Msg("message handler panicked")
			e.conn.shut(reasonForcedClose, codeNone)
		}
	}()
	if e.onMessage != nil {
		e.onMessage(data, binary)
	}
	return true
}

// closed is part of receiver.
func (e *EngineConn) closed(reason string) {
	e.once.Do(func() {
		if e.onClose != nil {
			e.onClose(reason)
		}
	})
}
