package messaging

import (
	"context"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/op"
)

// asked is a send whose sender waits for the answer of one agent.
type asked struct {
	channel Channel
	message Message
	agent   domain.AgentID
}

// prepare decides who is to answer a send, before anything of it is stored but the
// channel. Codes: as Send, and not_found (the agent does not run).
func (s *Service) prepare(ctx context.Context, actor domain.Actor, r *SendRequest) (asked, error) {
	if err := r.fillAuthor(actor); err != nil {
		return asked{}, err
	}
	channel, err := s.channelForSend(ctx, actor, r)
	if err != nil {
		return asked{}, err
	}
	agent, channel, err := s.respondent(ctx, channel, r)
	if err != nil {
		return asked{}, err
	}
	return asked{channel: channel, message: s.newMessage(actor, channel, r), agent: agent}, nil
}

// askHTTP posts a message and answers when the agent has, or cannot: done is called once.
func (s *Service) askHTTP(ctx context.Context, actor domain.Actor, r SendRequest, done func(Posted, error)) {
	a, err := s.prepare(ctx, actor, &r)
	if err != nil {
		done(Posted{}, err)
		return
	}
	w := &waiter{agent: a.agent, done: done}
	ctx, cancel := context.WithTimeout(ctx, s.answerWait)
	w.stop = append(w.stop, cancel)
	w.follow(s.answers, a.message.ID)
	w.mu.Lock()
	unwatch := context.AfterFunc(ctx, func() { w.finish(nil, timedOut(ctx)) })
	w.stop = append(w.stop, func() { unwatch() })
	w.mu.Unlock()
	origin := Origin{Socket: actor.Socket, ClientMessageID: r.ClientMessageID}
	s.post(ctx, a.channel, a.message, origin, func(p Posted, err error) {
		if err != nil {
			w.finish(nil, err)
			return
		}
		w.posted(p)
		if p.Duplicate {
			go s.catchUpWith(ctx, w, a, p) // it ends with ctx, which ends with the wait
		}
	})
}

// catchUpWith looks for the answer to a message that had been stored by an earlier send.
func (s *Service) catchUpWith(ctx context.Context, w *waiter, a asked, p Posted) {
	w.follow(s.answers, p.ID)
	m, err := s.store.Message(ctx, p.ChannelID, p.ID)
	if err != nil {
		w.finish(nil, err)
		return
	}
	answer, err := s.answered(ctx, a.agent, m)
	switch {
	case err != nil:
		w.finish(nil, err)
	case answer != nil:
		w.finish(newAgentResponse(*answer), nil)
	case len(m.Awaiting) == 0:
		w.finish(silent(a.agent), nil)
	}
}

// timedOut tells why ctx has ended in the words of who waits for an answer.
func timedOut(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded { //nolint:errorlint // a context returns it bare
		return errNoAnswer()
	}
	return ctx.Err()
}

// waiter waits for the message to be stored and for the agent's answer, whichever comes
// first, and tells both at once.
type waiter struct {
	agent domain.AgentID
	done  func(Posted, error)

	mu   sync.Mutex
	stop []func()
	// told is what is told in the end; ready says that the answer is there.
	told            Posted
	stored, ready   bool
	finished        bool
	response        *AgentResponse
	responseFailure error
}

// follow hears what becomes of a message.
func (w *waiter) follow(answers *Answers, id domain.MessageID) {
	stop := answers.Follow(id, w.hear)
	w.mu.Lock()
	gone := w.finished
	w.stop = append(w.stop, stop)
	w.mu.Unlock()
	if gone {
		stop()
	}
}

// hear takes what becomes of the message. What it comes to is told on another goroutine,
// as Answers cannot be called from here.
func (w *waiter) hear(h Heard) {
	switch {
	case h.Reply != nil && h.Reply.AuthorID == domain.EntityID(w.agent):
		go w.finish(newAgentResponse(*h.Reply), nil)
	case h.Failed != nil && h.Failed.AgentID == w.agent:
		go w.finish(nil, failureOf(h.Failed.Error))
	case h.Completed != nil:
		go w.finish(silent(w.agent), nil)
	}
}

// posted notes that the message is stored.
func (w *waiter) posted(p Posted) {
	w.mu.Lock()
	w.told, w.stored = p, true
	w.mu.Unlock()
	w.tell()
}

// finish notes what the wait has come to; the first one counts.
func (w *waiter) finish(response *AgentResponse, err error) {
	w.mu.Lock()
	if !w.ready {
		w.ready, w.response, w.responseFailure = true, response, err
	}
	w.mu.Unlock()
	w.tell()
}

// tell ends the wait if there is everything to tell.
func (w *waiter) tell() {
	w.mu.Lock()
	if w.finished || !w.ready || !w.stored && w.responseFailure == nil {
		w.mu.Unlock()
		return
	}
	w.finished = true
	stop := w.stop
	w.mu.Unlock()
	for _, s := range stop {
		s()
	}
	if w.responseFailure != nil {
		w.done(Posted{}, w.responseFailure)
		return
	}
	w.told.AgentResponse = w.response
	w.done(w.told, nil)
}

// SendStream posts a message and tells the caller, as events, that it is stored, the
// agent's answer piece by piece, and what it came to: user_message, chunk, done. Codes: as
// Send, and not_found (the agent does not run), timeout, internal (the turn failed).
func (s *Service) SendStream(ctx context.Context, actor domain.Actor, r SendRequest, out op.Sink) error {
	a, err := s.prepare(ctx, actor, &r)
	if err != nil {
		return err
	}
	ear := newEar(a.agent)
	defer s.answers.Follow(a.message.ID, ear.hear)()
	posted, err := s.postAndWait(ctx, a.channel, a.message, Origin{Socket: actor.Socket, ClientMessageID: r.ClientMessageID})
	if err != nil {
		return err
	}
	if err := out.Send("user_message", string(posted.ID), newStreamedUser(posted)); err != nil {
		return err
	}
	if posted.Duplicate {
		defer s.answers.Follow(posted.ID, ear.hear)()
		if err := s.recall(ctx, ear, a, posted); err != nil {
			return err
		}
	}
	for {
		heard, err := ear.next(ctx)
		if err != nil {
			return err
		}
		over, err := ear.send(heard, out)
		if err != nil || over {
			return err
		}
	}
}

// recall lets the ear hear what became of a message that was stored by an earlier send.
func (s *Service) recall(ctx context.Context, e *ear, a asked, p Posted) error {
	m, err := s.store.Message(ctx, p.ChannelID, p.ID)
	if err != nil {
		return err
	}
	answer, err := s.answered(ctx, a.agent, m)
	switch {
	case err != nil:
		return err
	case answer != nil:
		e.hear(Heard{Reply: answer})
	case len(m.Awaiting) == 0:
		e.hear(Heard{Completed: &Completion{MessageID: m.ID}})
	}
	return nil
}

// postAndWait is post for a caller that waits.
func (s *Service) postAndWait(ctx context.Context, channel Channel, m Message, origin Origin) (Posted, error) {
	type outcome struct {
		posted Posted
		err    error
	}
	outcomes := make(chan outcome, 1)
	s.post(ctx, channel, m, origin, func(p Posted, err error) { outcomes <- outcome{p, err} })
	select {
	case o := <-outcomes:
		return o.posted, o.err
	case <-ctx.Done():
		return Posted{}, ctx.Err()
	}
}

// ear keeps what becomes of a message until a stream has told it. Pieces that wait are
// joined, so that it holds no more than one answer however slow the caller is.
type ear struct {
	agent domain.AgentID
	// fresh has a value when there is something to take.
	fresh chan struct{}

	mu      sync.Mutex
	waiting []Heard
	// index numbers the chunks of an attempt.
	index   int
	attempt int64
}

// newEar returns an ear for one agent's answer.
func newEar(agent domain.AgentID) *ear { return &ear{agent: agent, fresh: make(chan struct{}, 1)} }

// hear keeps what is about the agent.
func (e *ear) hear(h Heard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case h.Piece != nil && h.Piece.AgentID != e.agent,
		h.Reply != nil && h.Reply.AuthorID != domain.EntityID(e.agent),
		h.Failed != nil && h.Failed.AgentID != e.agent:
		return
	}
	if !e.joins(h) {
		e.waiting = append(e.waiting, h)
	}
	select {
	case e.fresh <- struct{}{}:
	default: // it is told already
	}
}

// joins adds a piece to the one that waits last, if it continues that; one of a higher
// attempt takes its place.
func (e *ear) joins(h Heard) bool {
	if h.Piece == nil || len(e.waiting) == 0 {
		return false
	}
	last := e.waiting[len(e.waiting)-1].Piece
	if last == nil || last.Answer != h.Piece.Answer {
		return false
	}
	joined := *h.Piece
	if joined.Attempt == last.Attempt {
		joined.Text = last.Text + joined.Text
	}
	e.waiting[len(e.waiting)-1].Piece = &joined
	return true
}

// next waits for something to tell.
func (e *ear) next(ctx context.Context) (Heard, error) {
	patience := time.NewTimer(streamWait)
	defer patience.Stop()
	for {
		e.mu.Lock()
		if len(e.waiting) > 0 {
			h := e.waiting[0]
			e.waiting = e.waiting[1:]
			e.mu.Unlock()
			return h, nil
		}
		e.mu.Unlock()
		select {
		case <-e.fresh:
		case <-patience.C:
			return Heard{}, errNoAnswer()
		case <-ctx.Done():
			return Heard{}, ctx.Err()
		}
	}
}

// send tells one thing; over says that nothing follows it.
func (e *ear) send(h Heard, out op.Sink) (over bool, err error) {
	switch {
	case h.Piece != nil:
		return false, out.Send("chunk", "", e.chunk(*h.Piece))
	case h.Reply != nil:
		return true, out.Send("done", string(h.Reply.ID), streamedDone{Type: "complete", AgentResponse: *newAgentResponse(*h.Reply)})
	case h.Failed != nil:
		return true, failureOf(h.Failed.Error)
	default:
		return true, out.Send("done", "", streamedDone{Type: "complete", AgentResponse: *silent(e.agent)})
	}
}

// chunk is a piece as the stream tells it.
func (e *ear) chunk(p AnswerPiece) streamedChunk {
	if p.Attempt != e.attempt {
		e.attempt, e.index = p.Attempt, 0
	}
	c := streamedChunk{Type: "chunk", MessageID: p.Answer, AgentID: p.AgentID, Chunk: p.Text, Text: p.Text, Index: e.index, Attempt: p.Attempt}
	e.index++
	return c
}

// streamedUser is the data of the event user_message.
type streamedUser struct {
	Type string `json:"type"`
	Text string `json:"text"`
	PostedRow
}

// newStreamedUser is the data of a message that was posted.
func newStreamedUser(p Posted) streamedUser {
	return streamedUser{Type: "user_message", Text: p.Content, PostedRow: p.PostedRow}
}

// streamedChunk is the data of the event chunk.
type streamedChunk struct {
	Type      string           `json:"type"`
	MessageID domain.MessageID `json:"messageId"`
	AgentID   domain.AgentID   `json:"agentId"`
	Chunk     string           `json:"chunk"`
	Text      string           `json:"text"`
	Index     int              `json:"index"`
	Attempt   int64            `json:"attempt"`
}

// streamedDone is the data of the event done.
type streamedDone struct {
	Type string `json:"type"`
	AgentResponse
}
