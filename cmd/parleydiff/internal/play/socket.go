package play

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"parley/cmd/internal/client"
	"parley/cmd/parleydiff/internal/script"
)

// socket is a connected client of the script.
type socket struct {
	conn *client.Conn
	done chan struct{}
}

// close ends the connection and waits for its reader.
func (s *socket) close() error {
	err := s.conn.Close()
	<-s.done
	return err
}

// heard is an event that came.
type heard struct {
	socket, name string
	payload      any
}

// inbox gathers what all sockets hear.
type inbox struct {
	mu     sync.Mutex
	events []heard
	news   chan struct{}
}

// newInbox returns an empty inbox.
func newInbox() *inbox { return &inbox{news: make(chan struct{}, 1)} }

// add notes an event.
func (b *inbox) add(e heard) {
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// has reports whether all of the named events have come.
func (b *inbox) has(names []string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		if !slices.ContainsFunc(b.events, func(e heard) bool { return e.socket+"."+e.name == name }) {
			return false
		}
	}
	return true
}

// take waits for the named events, then for quiet, and empties the inbox.
func (b *inbox) take(names []string) []heard {
	deadline := time.After(patience)
	for !b.has(names) {
		select {
		case <-b.news:
			continue
		case <-deadline:
		}
		break
	}
	for calm := false; !calm; {
		select {
		case <-b.news:
		case <-time.After(quiet):
			calm = true
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	events := b.events
	b.events = nil
	return events
}

// connect opens a socket and begins to listen.
func (p *Player) connect(ctx context.Context, name string) error {
	conn, err := client.Dial(ctx, client.Options{URL: p.url, Transport: client.WebSocket, Timeout: 20 * time.Second})
	if err != nil {
		return err
	}
	s := &socket{conn: conn, done: make(chan struct{})}
	p.sockets[name] = s
	go func() {
		defer close(s.done)
		for {
			packet, err := conn.Next()
			if err != nil {
				return
			}
			if e, ok := parse(name, packet); ok {
				p.heard.add(e)
			}
		}
	}()
	return nil
}

// parse reads an event packet: 2[name, payload, ...].
func parse(socket string, packet []byte) (heard, bool) {
	if len(packet) < 2 || packet[0] != '2' {
		return heard{}, false
	}
	list, ok := decode(packet[1:]).([]any)
	if !ok || len(list) == 0 {
		return heard{}, false
	}
	name, ok := list[0].(string)
	if !ok {
		return heard{}, false
	}
	e := heard{socket: socket, name: name}
	if len(list) > 1 {
		e.payload = list[1]
	}
	return e, true
}

// emit sends the event of a step.
func (p *Player) emit(step script.Step) error {
	s := p.sockets[step.Socket]
	if s == nil {
		return fmt.Errorf("no socket is named %s", step.Socket)
	}
	name, err := json.Marshal(step.Event)
	if err != nil {
		return err
	}
	args := p.fill(step.Args)
	if len(args) > 2 { // more than []
		args = "," + args[1:]
	} else {
		args = "]"
	}
	return s.conn.Send([]byte("2[" + string(name) + args))
}
