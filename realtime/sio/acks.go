package sio

import (
	"encoding/json"
	"strconv"
	"sync"
)

// maxQuestions bounds the broadcasts of a namespace for whose answers somebody waits.
const maxQuestions = 1024

// Answer is what a client said to an event: the first of its arguments, "null" if there is
// none.
type Answer struct {
	// JSON is the argument; in place of what is binary in it there is
	// {"_placeholder":true,"num":n}, with n an index of Attachments.
	JSON        json.RawMessage
	Attachments [][]byte
}

// question is a broadcast for whose answers somebody waits.
type question struct {
	// asked are the sockets that have not answered yet; guarded by questions.mu.
	asked map[*Socket]struct{}
	// answer is called for each answer, maybe for several at once. It must not block.
	answer func(Answer)
}

// questions are those of a namespace. The zero value is ready.
type questions struct {
	mu   sync.Mutex
	next uint64
	open map[uint64]*question
}

// add numbers a question; false means that there are too many.
func (q *questions) add(asked []*Socket, answer func(Answer)) (id uint64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.open) >= maxQuestions {
		return 0, false
	}
	if q.open == nil {
		q.open = map[uint64]*question{}
	}
	waits := &question{asked: make(map[*Socket]struct{}, len(asked)), answer: answer}
	for _, s := range asked {
		waits.asked[s] = struct{}{}
	}
	id = q.next
	q.next++
	q.open[id] = waits
	return id, true
}

// drop ends the wait for answers.
func (q *questions) drop(id uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, id)
}

// take hands an ack on to whoever waits for it; false means that nobody does.
func (q *questions) take(s *Socket, p *incoming) bool {
	q.mu.Lock()
	waits := q.open[p.id]
	if waits != nil {
		if _, asked := waits.asked[s]; !asked {
			waits = nil
		} else if delete(waits.asked, s); len(waits.asked) == 0 {
			delete(q.open, p.id)
		}
	}
	q.mu.Unlock()
	if waits == nil {
		return false
	}
	a := Answer{JSON: json.RawMessage("null"), Attachments: p.attachments}
	if len(p.args) > 0 {
		a.JSON = p.args[0]
	}
	waits.answer(a)
	return true
}

// ask sends p to sockets as Broadcast does, and has them answer. answer is called for each
// that does, until stop is called; it must not block.
func (n *Namespace) ask(p Packet, rooms, except []string, answer func(Answer)) (asked int, stop func()) {
	var sockets []*Socket
	n.index.visit(rooms, except, func(s *Socket) { sockets = append(sockets, s) })
	if len(sockets) == 0 {
		return 0, func() {}
	}
	id, ok := n.questions.add(sockets, answer)
	if !ok {
		n.server.engine.log.Warn().Msg("too many broadcasts wait for answers; one goes out without")
		n.BroadcastLocal(p, rooms, except...)
		return 0, func() {}
	}
	p = p.numbered(id)
	for _, s := range sockets {
		s.Send(p)
	}
	return len(sockets), func() { n.questions.drop(id) }
}

// numbered is the packet with an id, to which the client answers.
func (p Packet) numbered(id uint64) Packet {
	e := encoder{attachments: p.frames[1:]}
	e.begin(typeEvent, p.namespace)
	e.buf.WriteString(strconv.FormatUint(id, 10))
	e.buf.Write(p.JSON())
	p.frames = e.finish()
	return p
}
