package sio

import (
	"github.com/zishang520/engine.io/v2/types"
	"github.com/zishang520/socket.io-go-parser/v2/parser"
	"github.com/zishang520/socket.io/v2/socket"
)

var _ socket.Adapter = (*adapter)(nil)

// adapter is the library's seam for rooms, backed by a namespace's index. The library
// itself only ever calls AddAll and DelAll here; the rest keeps its other calls true.
type adapter struct {
	socket.Adapter // the stock adapter, without members
	namespace      *Namespace
}

// adapters makes the adapter of each namespace.
type adapters struct{ server *Server }

// New is part of socket.AdapterConstructor.
func (a adapters) New(nsp socket.Namespace) socket.Adapter {
	return &adapter{Adapter: socket.NewAdapter(nsp), namespace: a.server.space(nsp.Name())}
}

// AddAll is part of socket.Adapter. A socket's own room, which the library joins
// before the client knows of the connection, is not kept: ids are looked up directly.
func (a *adapter) AddAll(id socket.SocketId, rooms *types.Set[socket.Room]) {
	s := a.namespace.index.socket(string(id))
	if s == nil {
		return
	}
	for _, room := range rooms.Keys() {
		if string(room) != string(id) {
			_ = s.Join(string(room)) // the library's call has no way to tell of a full socket
		}
	}
}

// Del is part of socket.Adapter.
func (a *adapter) Del(id socket.SocketId, room socket.Room) {
	if s := a.namespace.index.socket(string(id)); s != nil {
		s.Leave(string(room))
	}
}

// DelAll is part of socket.Adapter and does nothing: a socket that disconnects leaves its
// rooms by Socket.disconnected. The library also calls this, at some time, for a socket whose
// connection went before it was connected; that one is in no room, but another connection
// may have brought the same session back meanwhile, and its socket has the same id.
func (a *adapter) DelAll(socket.SocketId) {}

// SocketRooms is part of socket.Adapter.
func (a *adapter) SocketRooms(id socket.SocketId) *types.Set[socket.Room] {
	s := a.namespace.index.socket(string(id))
	if s == nil {
		return nil
	}
	rooms := types.NewSet(socket.Room(id))
	for _, room := range s.Rooms() {
		rooms.Add(socket.Room(room))
	}
	return rooms
}

// Sockets is part of socket.Adapter.
func (a *adapter) Sockets(rooms *types.Set[socket.Room]) *types.Set[socket.SocketId] {
	ids := types.NewSet[socket.SocketId]()
	a.visit(&socket.BroadcastOptions{Rooms: rooms}, func(s *Socket) { ids.Add(socket.SocketId(s.id)) })
	return ids
}

// Broadcast is part of socket.Adapter.
func (a *adapter) Broadcast(p *parser.Packet, opts *socket.BroadcastOptions) {
	p.Nsp = a.namespace.name
	var frames []frame
	for _, part := range a.namespace.server.library.Encoder().Encode(p) {
		_, text := part.(*types.StringBuffer)
		frames = append(frames, messagePacket(part.Bytes(), !text))
	}
	a.visit(opts, func(s *Socket) { s.session.conn.send(frames...) })
}

// BroadcastWithAck is part of socket.Adapter; nobody is asked, as events of ours take
// their own way.
func (a *adapter) BroadcastWithAck(p *parser.Packet, opts *socket.BroadcastOptions, count func(uint64), _ socket.Ack) {
	a.Broadcast(p, opts)
	count(0)
}

// FetchSockets is part of socket.Adapter.
func (a *adapter) FetchSockets(opts *socket.BroadcastOptions) func(func([]socket.SocketDetails, error)) {
	return func(result func([]socket.SocketDetails, error)) {
		var found []socket.SocketDetails
		a.visit(opts, func(s *Socket) { found = append(found, s.library) })
		result(found, nil)
	}
}

// AddSockets is part of socket.Adapter.
func (a *adapter) AddSockets(opts *socket.BroadcastOptions, rooms []socket.Room) {
	a.each(opts, func(s *Socket) {
		for _, room := range rooms {
			_ = s.Join(string(room)) // as in AddAll
		}
	})
}

// DelSockets is part of socket.Adapter.
func (a *adapter) DelSockets(opts *socket.BroadcastOptions, rooms []socket.Room) {
	a.each(opts, func(s *Socket) {
		for _, room := range rooms {
			s.Leave(string(room))
		}
	})
}

// DisconnectSockets is part of socket.Adapter.
func (a *adapter) DisconnectSockets(opts *socket.BroadcastOptions, status bool) {
	a.each(opts, func(s *Socket) {
		if status {
			s.Close()
		} else {
			s.Disconnect()
		}
	})
}

// visit calls f, which must not use the index, for the sockets that opts mean.
func (a *adapter) visit(opts *socket.BroadcastOptions, f func(*Socket)) {
	var rooms, except []string
	if opts != nil && opts.Rooms != nil {
		for _, room := range opts.Rooms.Keys() {
			rooms = append(rooms, string(room))
		}
	}
	if opts != nil && opts.Except != nil {
		for _, room := range opts.Except.Keys() {
			except = append(except, string(room))
		}
	}
	a.namespace.index.visit(rooms, except, f)
}

// each is visit for an f that uses the index.
func (a *adapter) each(opts *socket.BroadcastOptions, f func(*Socket)) {
	var found []*Socket
	a.visit(opts, func(s *Socket) { found = append(found, s) })
	for _, s := range found {
		f(s)
	}
}
