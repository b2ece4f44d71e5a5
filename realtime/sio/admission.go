package sio

import (
	"context"
	"time"

	"github.com/zishang520/engine.io/v2/engine"
	"github.com/zishang520/engine.io/v2/types"
	"github.com/zishang520/socket.io/v2/socket"
)

// Recovery brings sockets back whose connection was lost: Socket.IO's connection state
// recovery. A namespace with one gives each socket a private id beside its public one;
// official clients send it with their next CONNECT, and with it the last argument, if it
// was a text, of the last event that came to them: their offset.
type Recovery struct {
	// Restore is asked about a client that the middlewares let in. With a state the socket
	// gets the public id, which no other connected socket may have, its private id again,
	// and the state; without, it is a fresh one. After an error the connection ends, and the
	// client may come again with the same ids. It runs on the connection's worker, before
	// the client knows that it is connected.
	Restore func(ctx context.Context, r Return) (id string, state any, err error)
	// Abandon gets a state back whose client went before its socket was connected.
	Abandon func(state any)
}

// Return is a client that says it has been here before.
type Return struct {
	// Identity is what the middlewares returned.
	Identity any
	// PID and Offset are what the client says.
	PID, Offset string
	// Began is when its connection began. A client opens one after the other, so of two the
	// later is the one that it has.
	Began time.Time
}

// Recover sets how sockets come back. It must be called before clients connect.
func (n *Namespace) Recover(r Recovery) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.recovery = &r
}

// admission is the decision about a CONNECT.
type admission struct {
	socket *Socket // nil with err
	err    error
}

// admit runs the middlewares and makes the socket, fresh or restored. It runs before the
// library hears of the CONNECT, because the library would restore a socket before it asks
// the middlewares.
func (n *Namespace) admit(se *session, auth map[string]any) (a *admission) {
	a = &admission{}
	defer func() {
		if fault := recover(); fault != nil {
			n.server.engine.log.Error().Interface("panic", fault).Str("namespace", n.name).Msg("middleware panicked")
			a.err = errInternal
		}
	}()
	s := &Socket{namespace: n, session: se, auth: auth}
	n.mu.RLock()
	middlewares, recovery := n.middlewares, n.recovery
	n.mu.RUnlock()
	for _, m := range middlewares {
		identity, err := m(n.server.ctx, s.Handshake())
		if err != nil {
			a.err = err
			return a
		}
		if identity != nil {
			s.identity = identity
		}
	}
	if err := s.identify(recovery); err != nil {
		n.server.engine.log.Warn().Err(err).Str("conn", se.conn.id).Msg("socket could not be restored")
		a.err = errInternal
		se.conn.abort(reasonTransportClose)
		return a
	}
	a.socket = s
	return a
}

// identify gives the socket its ids: those of before if it is restored.
func (s *Socket) identify(r *Recovery) error {
	if r == nil {
		s.id = randomID()
		return nil
	}
	pid, _ := s.auth["pid"].(string)
	offset, hasOffset := s.auth["offset"].(string)
	if pid != "" && hasOffset {
		id, state, err := r.Restore(s.namespace.server.ctx, Return{Identity: s.identity, PID: pid, Offset: offset, Began: s.Began()})
		if state != nil {
			s.id, s.pid, s.restored = id, pid, state
		}
		if state != nil || err != nil {
			return err
		}
	}
	s.id, s.pid = randomID(), ownedID(s.namespace.server.engine.opts.Replica)
	return nil
}

// settle ends an admission: a restored state is given back if the socket was not attached,
// and then it never will be.
func (s *session) settle(a *admission) {
	if a == nil || a.socket == nil || a.socket.restored == nil {
		return
	}
	s.mu.Lock()
	attached := a.socket.attached
	a.socket.abandoned = !attached
	s.mu.Unlock()
	if !attached {
		a.socket.namespace.recovery.Abandon(a.socket.restored)
	}
}

// admissionOf is the admission that is under way on a connection, nil if there is none.
func admissionOf(library engine.Socket) *admission {
	c, ok := library.(*conn)
	if !ok {
		return nil
	}
	se, ok := c.receiver.(*session)
	if !ok {
		return nil
	}
	return se.admission
}

// recoveryOptions make the library ask its adapter about every CONNECT; see
// session.connect.
func recoveryOptions() *socket.ConnectionStateRecovery {
	o := &socket.ConnectionStateRecovery{}
	o.SetSkipMiddlewares(false)
	return o
}

// RestoreSession is part of socket.Adapter. By this the library's socket gets the ids that
// the admission gave ours. pid is here the id of the connection.
func (a *adapter) RestoreSession(pid socket.PrivateSessionId, _ string) (*socket.Session, error) {
	e := a.namespace.server.engine
	e.mu.Lock()
	c := e.conns[string(pid)]
	e.mu.Unlock()
	if c == nil {
		return nil, nil //nolint:nilnil // the library's way to say that there is none
	}
	admitted := admissionOf(c)
	if admitted == nil || admitted.socket == nil {
		return nil, nil //nolint:nilnil // as above
	}
	return &socket.Session{SessionToPersist: &socket.SessionToPersist{
		Sid: socket.SocketId(admitted.socket.id), Pid: socket.PrivateSessionId(admitted.socket.pid),
		Rooms: types.NewSet[socket.Room](),
	}}, nil
}
