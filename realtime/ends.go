package realtime

import (
	"sync"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/sio"
)

// maxEnds is how many of the last completions are remembered, endsPerNote how many of them
// one note tells, and endsFor how old those are at most that other replicas are told.
const (
	maxEnds     = 4096
	endsPerNote = 512
	endsFor     = recoverFor
)

// ends remembers the last completions, so that a client that comes back hears those it
// missed: the reference's web client locks its input until it hears one. They are in no
// log; who comes back after very many of them may miss one.
type ends struct {
	now domain.Clock

	mu   sync.Mutex
	list []ended // a ring once it is full
	next int
	// known tells which messages have ended lately.
	known map[endKey]known
}

// ended is a completion and when it was.
type ended struct {
	at   time.Time
	what messaging.Completion
}

// endKey is what completions of the same message have in common.
type endKey struct {
	channel domain.ChannelID
	message domain.MessageID
}

// known is how often a message has ended among those remembered, and how often by an agent's
// turn.
type known struct{ times, turns int }

// keyOf is the key of a completion.
func keyOf(c messaging.Completion) endKey { return endKey{c.ChannelID, c.MessageID} }

// add remembers a completion, unless it is the second end of the same turn: two runners
// that race tell it twice. The end of a message that an agent had no part in is told as
// often as the message is sent. It reports whether the completion is news.
func (e *ends) add(c messaging.Completion) (news bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.MessageID != "" && c.AgentID != "" && e.known[keyOf(c)].turns > 0 {
		return false
	}
	e.put(ended{e.now(), c})
	return true
}

// learn remembers a completion that another replica tells of, if nothing is known of the
// end of that message, and reports that.
func (e *ends) learn(c messaging.Completion, age time.Duration) (news bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.MessageID == "" || e.known[keyOf(c)].times > 0 {
		return false
	}
	e.put(ended{e.now().Add(-age), c})
	return true
}

// put remembers a completion in place of the oldest. e.mu is held.
func (e *ends) put(x ended) {
	if e.known == nil {
		e.known = map[endKey]known{}
	}
	e.count(x.what, 1)
	if len(e.list) < maxEnds {
		e.list = append(e.list, x)
		return
	}
	e.count(e.list[e.next].what, -1)
	e.list[e.next] = x
	e.next = (e.next + 1) % maxEnds
}

// count adds to how often a message has ended. e.mu is held.
func (e *ends) count(c messaging.Completion, n int) {
	k := e.known[keyOf(c)]
	k.times += n
	if c.AgentID != "" {
		k.turns += n
	}
	if k.times == 0 {
		delete(e.known, keyOf(c))
		return
	}
	e.known[keyOf(c)] = k
}

// since returns the completions since a time, in their order.
func (e *ends) since(since time.Time) []ended {
	e.mu.Lock()
	defer e.mu.Unlock()
	var found []ended
	for i := range e.list {
		if x := e.list[(e.next+i)%len(e.list)]; !x.at.Before(since) {
			found = append(found, x)
		}
	}
	return found
}

// each calls f for the completions since a time, in their order.
func (e *ends) each(since time.Time, f func(messaging.Completion)) {
	for _, x := range e.since(since) {
		f(x.what)
	}
}

// endTold is a completion in a note, with how many milliseconds ago it was: clocks differ.
type endTold struct {
	completion
	Age int64 `json:"age"`
}

// Completed tells a room that a message waits for no more answers. Those whom it could not
// be told, at other replicas, are told once they can be reached.
func (g *Gateway) Completed(c messaging.Completion) {
	if !g.ends.add(c) {
		return
	}
	packet, err := sio.EncodeEvent("/", "messageComplete", completed(c))
	if err != nil {
		g.log.Error().Err(err).Msg("completion could not be encoded")
		return
	}
	room := []string{string(c.ChannelID)}
	g.ns.PublishTo(packet, room, func(err error) {
		if err != nil {
			g.heads.untoldNote(noteEnds)
		}
	})
	g.ns.BroadcastLocal(packet, room)
}

// endNotes are the notes with the completions of the last minutes, and with the agents that
// were deleted here in these, for one replica or all.
// Those that name no message are not among them: nobody could tell whether he has had them.
func (g *Gateway) endNotes(to string) (notes []note) {
	now := g.opts.Now()
	notes = g.removals.notes(now)
	for i := range notes {
		notes[i].To = to
	}
	var list []endTold
	for _, x := range g.ends.since(now.Add(-endsFor)) {
		if x.what.MessageID == "" {
			continue
		}
		list = append(list, endTold{completion: completed(x.what), Age: now.Sub(x.at).Milliseconds()})
		if len(list) == endsPerNote {
			notes, list = append(notes, note{Kind: noteEnds, To: to, Ends: list}), nil
		}
	}
	if len(list) > 0 {
		notes = append(notes, note{Kind: noteEnds, To: to, Ends: list})
	}
	return notes
}

// tellEnds tells another replica, which may have missed some, of the last completions.
func (g *Gateway) tellEnds(n note) {
	for _, answer := range g.endNotes(n.From) {
		g.tellReplicas(answer)
	}
}

// toldEnds brings completions that this replica has missed to their rooms.
func (g *Gateway) toldEnds(n note) {
	g.server.Batch(func() {
		for _, told := range n.Ends {
			c := told.what()
			if !g.ends.learn(c, time.Duration(told.Age)*time.Millisecond) {
				continue
			}
			packet, err := sio.EncodeEvent("/", "messageComplete", completed(c))
			if err != nil {
				g.log.Error().Err(err).Msg("completion could not be encoded")
				continue
			}
			g.ns.BroadcastLocal(packet, []string{string(c.ChannelID)})
		}
	})
}
