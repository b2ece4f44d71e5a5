package sio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"parley/realtime/fanout/wire"
)

// askTime is how long answers are waited for if the caller sets no deadline: as long as the
// servers in Node.js wait.
const askTime = 5 * time.Second

// maxAsked bounds the requests for whose answers this server waits.
const maxAsked = 1024

// errAsked says that a request was not sent because too many wait for answers.
var errAsked = errors.New("too many requests wait for answers")

// Gathering tells how complete an answer is that the servers of a cluster give together. A
// server that does not answer in time is missing; it never makes a request fail.
type Gathering struct {
	// Servers is how many others there were, Answered how many of them have answered.
	Servers, Answered int
	// Missing are the UIDs of those that certainly have not, sorted. Unnamed counts those
	// of which others have answered that do not say who they are.
	Missing []string
	Unnamed int
	// Err is why others could not be asked; nil if they were.
	Err error
}

// Complete reports whether all have answered.
func (g Gathering) Complete() bool { return g.Err == nil && len(g.Missing) == 0 && g.Unnamed == 0 }

// RemoteSocket is a socket of any server of the cluster, as far as others are told of it.
type RemoteSocket struct {
	ID    string
	Rooms []string
	// Handshake and Data are JSON, in the form that Node.js has; see LinkOptions.Describe.
	Handshake, Data json.RawMessage
}

// FetchSockets lists the sockets of all servers in one of the rooms, nil standing for all,
// that are in none of except. It waits until all servers have answered, until ctx ends, or
// 5 s if that has no deadline.
func (n *Namespace) FetchSockets(ctx context.Context, rooms []string, except ...string) ([]RemoteSocket, Gathering) {
	if rooms != nil && len(rooms) == 0 {
		return nil, Gathering{}
	}
	c := n.cluster.Load()
	var describe func(*Socket) any
	if c != nil {
		describe = c.opts.Describe
	}
	var found []RemoteSocket
	add := func(list []wire.Details) {
		for _, d := range list {
			found = append(found, RemoteSocket{ID: d.ID, Rooms: d.Rooms, Handshake: d.Handshake, Data: d.Data})
		}
	}
	add(n.details(n.selected(rooms, except), describe))
	g := c.ask(ctx, wire.Request{Type: wire.RemoteFetch, Opts: selection(rooms, except)}, func(r wire.Response) verdictOn {
		var list []wire.Details
		if json.Unmarshal(r.Sockets, &list) != nil {
			return notAnswered
		}
		add(list)
		return answered
	})
	return found, g
}

// AllRooms lists the rooms of all servers, sorted; a socket's id is one too. It waits as
// FetchSockets does.
func (n *Namespace) AllRooms(ctx context.Context) ([]string, Gathering) {
	names := n.index.names()
	g := n.cluster.Load().ask(ctx, wire.Request{Type: wire.AllRooms}, func(r wire.Response) verdictOn {
		if r.Rooms == nil {
			return notAnswered
		}
		names = append(names, r.Rooms...)
		return answered
	})
	slices.Sort(names)
	return slices.Compact(names), g
}

// SocketsJoin puts the sockets of all servers in one of the rooms, nil standing for all,
// that are in none of except into the rooms named by join. It does not wait for others.
func (n *Namespace) SocketsJoin(join, rooms []string, except ...string) {
	n.change(wire.RemoteJoin, join, false, rooms, except)
}

// SocketsLeave undoes SocketsJoin.
func (n *Namespace) SocketsLeave(leave, rooms []string, except ...string) {
	n.change(wire.RemoteLeave, leave, false, rooms, except)
}

// DisconnectSockets disconnects the sockets that SocketsJoin would mean; shut ends their
// whole connections. Official clients do not come back by themselves.
func (n *Namespace) DisconnectSockets(shut bool, rooms []string, except ...string) {
	n.change(wire.RemoteDisconnect, nil, shut, rooms, except)
}

// change lets sockets of all servers join, leave or go.
func (n *Namespace) change(kind wire.RequestType, names []string, shut bool, rooms, except []string) {
	if rooms != nil && len(rooms) == 0 {
		return
	}
	if c := n.cluster.Load(); c != nil {
		_ = c.send(wire.Request{Type: kind, Opts: selection(rooms, except), Rooms: names, Close: shut}, nil) // strings always can be encoded
	}
	n.changeLocal(kind, names, shut, rooms, except)
}

// ServerEmit sends an event to all other servers. It does not wait. An error means that an
// argument cannot be expressed in JSON.
func (n *Namespace) ServerEmit(event string, args ...any) error {
	data, err := rawArguments(event, args)
	if err != nil {
		return err
	}
	if c := n.cluster.Load(); c != nil {
		return c.send(wire.Request{Type: wire.ServerSideEmit, Data: data}, nil)
	}
	return nil
}

// ServerEmitAck is ServerEmit and returns the answers of the servers. It waits as
// FetchSockets does.
func (n *Namespace) ServerEmitAck(ctx context.Context, event string, args ...any) ([]json.RawMessage, Gathering, error) {
	data, err := rawArguments(event, args)
	if err != nil {
		return nil, Gathering{}, err
	}
	var answers []json.RawMessage
	g := n.cluster.Load().ask(ctx, wire.Request{Type: wire.ServerSideEmit, Data: data}, func(r wire.Response) verdictOn {
		answers = append(answers, r.Data)
		return answered
	})
	return answers, g, nil
}

// rawArguments encodes the name and arguments of an event.
func rawArguments(event string, args []any) ([]json.RawMessage, error) {
	var list []json.RawMessage
	for _, arg := range append([]any{event}, args...) {
		data, err := json.Marshal(arg)
		if err != nil {
			return nil, fmt.Errorf("encode event %q: %w", event, err)
		}
		list = append(list, data)
	}
	return list, nil
}

// Answers are what clients of all servers said to an event.
type Answers struct {
	// Clients is how many were asked, as far as servers have told.
	Clients int
	Answers []Answer
	Gathering
}

// BroadcastAck is Broadcast of an event that clients answer. It waits until all have, or as
// long as FetchSockets does; who has not answered by then is not among the answers.
func (n *Namespace) BroadcastAck(ctx context.Context, p Packet, rooms []string, except ...string) Answers {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	if len(p.frames) == 0 {
		return Answers{}
	}
	var mu sync.Mutex
	var a Answers
	counted := false
	all := make(chan struct{}, 1)
	check := func() {
		if counted && len(a.Answers) >= a.Clients {
			select {
			case all <- struct{}{}:
			default:
			}
		}
	}
	add := func(answer Answer) {
		mu.Lock()
		defer mu.Unlock()
		a.Answers = append(a.Answers, answer)
		check()
	}
	asked, stop := n.ask(p, rooms, except, add)
	defer stop()
	deadline, _ := ctx.Deadline()
	opts := selection(rooms, except)
	opts.Flags.Timeout = float64(time.Until(deadline).Milliseconds())
	event := p.event()
	g, release := n.cluster.Load().gather(ctx, wire.Request{Type: wire.BroadcastWithAck, Opts: opts, Attachments: event.Attachments,
		Packet: &wire.Packet{Type: 2, Data: event.JSON, Namespace: n.name}}, func(r wire.Response) verdictOn {
		if r.Type != nil && *r.Type == wire.BroadcastAck {
			add(Answer{JSON: r.Packet, Attachments: r.Attachments})
			return notAnswered
		}
		if r.Clients == nil {
			return notAnswered
		}
		mu.Lock()
		defer mu.Unlock()
		a.Clients += *r.Clients
		return answered
	})
	defer release()
	mu.Lock()
	a.Clients += asked
	a.Gathering, counted = g, true
	check()
	mu.Unlock()
	select {
	case <-all:
	case <-ctx.Done():
	}
	mu.Lock()
	defer mu.Unlock()
	return Answers{Clients: a.Clients, Answers: slices.Clone(a.Answers), Gathering: a.Gathering}
}

// withDeadline gives a context a deadline unless it has one.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, askTime)
}

// selection is the form of rooms and except on the wire, where an empty list is none.
func selection(rooms, except []string) *wire.Selection {
	return &wire.Selection{Rooms: append(wire.Names{}, rooms...), Except: append(wire.Names{}, except...)}
}
