package sio

import (
	"encoding/json"
	"errors"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"parley/realtime/fanout/wire"
)

// maxServed bounds the requests of other servers that wait to be worked on. Of more the
// asker gets no answer.
const maxServed = 256

// maxAnswerTime bounds how long a client's answer to another server's broadcast is waited for.
const maxAnswerTime = time.Minute

// ServerEvent is an event that another server has sent to all servers.
type ServerEvent struct {
	Name string
	// Args are the arguments as checked JSON.
	Args []json.RawMessage
	// UID names the server that sent it.
	UID string

	ack      func(any) error
	answered atomic.Bool
}

// Ack answers the event, at most once; an event that wants no answer ignores it.
func (e *ServerEvent) Ack(value any) error {
	if !e.answered.CompareAndSwap(false, true) {
		return errNoAck
	}
	return e.ack(value)
}

// OnServerEvent sets the handler of events that other servers send to all servers. Calls come
// one at a time and in the order of arrival. An event that wants an answer and has none when
// the handler returns is answered with null, and so is every one without a handler: a server
// that does not know an event keeps no other waiting.
func (n *Namespace) OnServerEvent(f func(*ServerEvent)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onServer = f
}

// request works on what another server asks for. What changes which sockets are in which
// room is done at once, so that it keeps its place among the broadcasts.
func (c *cluster) request(payload []byte) {
	r, err := wire.DecodeRequest(payload)
	if err != nil {
		c.log().Debug().Err(err).Msg("request of another server is malformed")
		return
	}
	if r.UID == c.opts.UID {
		return
	}
	switch r.Type {
	case wire.RemoteJoin, wire.RemoteLeave, wire.RemoteDisconnect:
		c.change(r)
	case wire.BroadcastWithAck:
		c.serveAsking(r)
	case wire.Sockets, wire.AllRooms, wire.RemoteFetch, wire.ServerSideEmit:
		if !c.lane.put(maxServed, func() { c.serve(r) }) {
			c.log().Warn().Msg("too many requests of other servers; one is not answered")
		}
	case wire.BroadcastClientCount, wire.BroadcastAck: // answers, no requests
	}
}

// serve answers a request that may take time.
func (c *cluster) serve(r wire.Request) {
	n := c.namespace
	switch r.Type { //nolint:exhaustive // request leaves only these here
	case wire.Sockets:
		ids := []string{}
		for _, s := range n.selected(r.Rooms, nil) {
			ids = append(ids, s.id)
		}
		list, _ := json.Marshal(ids) // strings always can be
		c.respond(r, wire.Response{Sockets: list})
	case wire.AllRooms:
		c.respond(r, wire.Response{Rooms: n.index.names()})
	case wire.RemoteFetch:
		list, err := json.Marshal(n.details(n.selected(r.Selected()), c.opts.Describe))
		if err != nil {
			c.log().Error().Err(err).Msg("sockets could not be encoded for another server")
			return
		}
		c.respond(r, wire.Response{Sockets: list})
	case wire.ServerSideEmit:
		c.serverEvent(r)
	}
}

// respond sends an answer to a request that wants one.
func (c *cluster) respond(r wire.Request, answer wire.Response) {
	if r.ID == "" {
		return
	}
	answer.ID, answer.UID = r.ID, c.opts.UID
	payload, err := answer.Encode()
	if err != nil {
		c.log().Error().Err(err).Msg("answer to another server could not be encoded")
		return
	}
	c.link.Publish(c.channels.Response, payload, nil)
}

// change lets sockets join, leave or go.
func (c *cluster) change(r wire.Request) {
	n := c.namespace
	if r.Opts != nil {
		rooms, except := r.Selected()
		n.changeLocal(r.Type, r.Rooms, r.Close, rooms, except)
		return
	}
	if s := n.index.socket(r.SID); s != nil {
		n.changeSocket(s, r.Type, []string{r.Room}, r.Close)
		c.respond(r, wire.Response{})
	}
}

// changeLocal lets the sockets of this process that are meant join, leave or go.
func (n *Namespace) changeLocal(kind wire.RequestType, names []string, shut bool, rooms, except []string) {
	for _, s := range n.selected(rooms, except) {
		n.changeSocket(s, kind, names, shut)
	}
}

// changeSocket lets one socket join, leave or go.
func (n *Namespace) changeSocket(s *Socket, kind wire.RequestType, names []string, shut bool) {
	if kind == wire.RemoteDisconnect {
		s.session.kick(s, shut)
		return
	}
	for _, room := range names {
		switch {
		case room == "" || room == s.id:
		case kind == wire.RemoteLeave:
			s.Leave(room)
		default:
			if err := s.Join(room); errors.Is(err, ErrTooManyRooms) {
				n.server.engine.log.Warn().Str("socket", s.id).Msg("another server lets a socket join too many rooms")
				return
			}
		}
	}
}

// selected lists the sockets in one of the rooms, none standing for all, that are in none
// of except.
func (n *Namespace) selected(rooms, except []string) []*Socket {
	if len(rooms) == 0 {
		rooms = nil
	}
	var found []*Socket
	n.index.visit(rooms, except, func(s *Socket) { found = append(found, s) })
	return found
}

// serveAsking broadcasts another server's event and sends it the clients' answers.
func (c *cluster) serveAsking(r wire.Request) {
	if r.Packet == nil || r.Packet.Namespace != "" && r.Packet.Namespace != c.namespace.name {
		return
	}
	rooms, except := r.Selected()
	if len(rooms) == 0 {
		rooms = nil
	}
	kind, counted := wire.BroadcastAck, wire.BroadcastClientCount
	p := newPacket(c.namespace.name, r.Packet.Data, r.Attachments)
	asked, stop := c.namespace.ask(p, rooms, except, func(a Answer) {
		c.respond(r, wire.Response{Type: &kind, Packet: a.JSON, Attachments: a.Attachments})
	})
	c.respond(r, wire.Response{Type: &counted, Clients: &asked})
	wait := maxAnswerTime
	if r.Opts != nil && r.Opts.Flags.Timeout > 0 && r.Opts.Flags.Timeout < float64(maxAnswerTime.Milliseconds()) {
		wait = time.Duration(r.Opts.Flags.Timeout * float64(time.Millisecond))
	}
	time.AfterFunc(wait, stop)
}

// serverEvent hands an event for servers to the handler.
func (c *cluster) serverEvent(r wire.Request) {
	e := &ServerEvent{UID: r.UID, ack: func(value any) error {
		data, err := json.Marshal(value)
		if err == nil {
			kind := wire.ServerSideEmit
			c.respond(r, wire.Response{Type: &kind, Data: data})
		}
		return err
	}}
	if len(r.Data) > 0 && json.Unmarshal(r.Data[0], &e.Name) == nil {
		e.Args = r.Data[1:]
		n := c.namespace
		n.mu.RLock()
		f := n.onServer
		n.mu.RUnlock()
		if f != nil {
			c.handle(f, e)
		}
	}
	_ = e.Ack(nil) // has had its answer, or gets this one
}

// handle calls the handler of server events; a panic in it ends nothing.
func (c *cluster) handle(f func(*ServerEvent), e *ServerEvent) {
	defer func() {
		if fault := recover(); fault != nil {
			c.log().Error().Interface("panic", fault).Bytes("stack", debug.Stack()).Msg("server event handler panicked")
		}
	}()
	f(e)
}

// handshakeDetails is what other servers learn of how a socket came: nothing by which one
// could come as its user.
type handshakeDetails struct {
	Headers map[string]string `json:"headers"`
	Time    string            `json:"time"`
	Address string            `json:"address"`
	XDomain bool              `json:"xdomain"`
	Secure  bool              `json:"secure"`
	Issued  int64             `json:"issued"`
	URL     string            `json:"url"`
	Query   map[string]string `json:"query"`
	Auth    struct{}          `json:"auth"`
}

// details describes sockets to other servers, with what describe says of each unless it is
// nil.
func (n *Namespace) details(sockets []*Socket, describe func(*Socket) any) []wire.Details {
	list := make([]wire.Details, 0, len(sockets))
	for _, s := range sockets {
		h := s.Handshake()
		address, _, err := net.SplitHostPort(h.RemoteAddr)
		if err != nil {
			address = h.RemoteAddr
		}
		told := handshakeDetails{Headers: map[string]string{}, Time: s.Began().UTC().Format(time.RFC1123), Address: address, Secure: h.Secure,
			XDomain: h.Header.Get("Origin") != "", Issued: s.Began().UnixMilli(), URL: n.server.engine.opts.Path,
			Query: map[string]string{"EIO": "4", "transport": s.Transport()}}
		for key, name := range map[string]string{"host": "Host", "origin": "Origin", "user-agent": "User-Agent"} {
			if value := h.Header.Get(name); value != "" {
				told.Headers[key] = value
			}
		}
		d := wire.Details{ID: s.id, Rooms: append(wire.Names{s.id}, s.Rooms()...), Data: json.RawMessage("{}")}
		d.Handshake, _ = json.Marshal(told) // strings and numbers always can be
		if describe != nil {
			if data, err := json.Marshal(describe(s)); err == nil {
				d.Data = data
			}
		}
		list = append(list, d)
	}
	return list
}
