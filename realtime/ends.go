package realtime

import (
	"sync"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/sio"
)

// maxEnds is how many of the last completions are remembered.
const maxEnds = 1024

// ends remembers the last completions, so that a client that comes back hears those it
// missed: the reference's web client locks its input until it hears one. They are in no
// log; who comes back after very many of them may miss one.
type ends struct {
	now domain.Clock

	mu   sync.Mutex
	list []ended // a ring once it is full
	next int
}

// ended is a completion and when it was.
type ended struct {
	at   time.Time
	what messaging.Completion
}

// add remembers a completion of now.
func (e *ends) add(c messaging.Completion) { e.addAt(e.now(), c) }

// addAt remembers a completion of a time.
func (e *ends) addAt(at time.Time, c messaging.Completion) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.list) < maxEnds {
		e.list = append(e.list, ended{at, c})
		return
	}
	e.list[e.next] = ended{at, c}
	e.next = (e.next + 1) % maxEnds
}

// each calls f for the completions since a time, in their order.
func (e *ends) each(since time.Time, f func(messaging.Completion)) {
	e.mu.Lock()
	var found []messaging.Completion
	for i := range e.list {
		if x := e.list[(e.next+i)%len(e.list)]; !x.at.Before(since) {
			found = append(found, x.what)
		}
	}
	e.mu.Unlock()
	for _, c := range found {
		f(c)
	}
}

// maxEndsTold is how many completions gateways tell one another at once.
const maxEndsTold = 256

// endedBefore is a completion as gateways tell it to one another.
type endedBefore struct {
	completion
	// Age is how long ago it was, in ms: clocks differ.
	Age int64 `json:"age"`
}

// recent returns the last completions, in their order, as far back as a client may come back.
func (e *ends) recent() []endedBefore {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []endedBefore
	now := e.now()
	for i := range e.list {
		if x := e.list[(e.next+i)%len(e.list)]; now.Sub(x.at) < recoverFor {
			list = append(list, endedBefore{completion: completed(x.what), Age: now.Sub(x.at).Milliseconds()})
		}
	}
	return list[max(0, len(list)-maxEndsTold):]
}

// learn remembers completions and returns those that were not known.
func (e *ends) learn(told []endedBefore) []messaging.Completion {
	e.mu.Lock()
	known := map[domain.MessageID]bool{}
	for _, x := range e.list {
		known[x.what.MessageID] = true
	}
	e.mu.Unlock()
	var fresh []messaging.Completion
	for _, t := range told {
		if c := t.told(); !known[c.MessageID] {
			fresh = append(fresh, c)
			e.addAt(e.now().Add(-time.Duration(t.Age)*time.Millisecond), c)
		}
	}
	return fresh
}

// told is the completion that the wire form stands for.
func (c completion) told() messaging.Completion {
	return messaging.Completion{ChannelID: c.ChannelID, ServerID: c.ServerID, MessageID: c.MessageID, AgentID: c.AgentID, Result: c.Outcome, Error: c.Error}
}

// tellEnds tells another replica, or all for "", of the last completions.
func (g *Gateway) tellEnds(replica string) {
	if list := g.ends.recent(); len(list) > 0 {
		g.tellReplicas(note{Kind: noteEnds, To: replica, Ends: list})
	}
}

// toldEnds brings completions that this replica has missed to its own members.
func (g *Gateway) toldEnds(list []endedBefore) {
	for _, c := range g.ends.learn(list) {
		packet, err := sio.EncodeEvent("/", "messageComplete", completed(c))
		if err != nil {
			g.log.Error().Err(err).Msg("event could not be encoded")
			continue
		}
		g.ns.BroadcastLocal(packet, []string{string(c.ChannelID)})
	}
}
