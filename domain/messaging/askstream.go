package messaging

import (
	"context"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/op"
)

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
		if err := s.recall(ctx, ear, posted); err != nil {
			return err
		}
	}
	for {
		heard, err := ear.next(ctx)
		if err != nil {
			return err
		}
		if heard.Completed != nil {
			response, err := s.responseTo(ctx, a, posted.ID)
			if err != nil {
				return err
			}
			return sendDone(out, response)
		}
		over, err := ear.send(heard, out)
		if err != nil || over {
			return err
		}
	}
}

// recall lets the ear hear that a message which was stored by an earlier send waits for
// no answers any more, if that is so.
func (s *Service) recall(ctx context.Context, e *ear, p Posted) error {
	m, err := s.store.Message(ctx, p.ChannelID, p.ID)
	if err == nil && len(m.Awaiting) == 0 {
		e.hear(Heard{Completed: &Completion{MessageID: m.ID}})
	}
	return err
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

// send tells one thing that is no end of the wait by itself; over says that nothing follows.
func (e *ear) send(h Heard, out op.Sink) (over bool, err error) {
	switch {
	case h.Piece != nil:
		return false, out.Send("chunk", "", e.chunk(*h.Piece))
	case h.Reply != nil:
		return true, sendDone(out, newAgentResponse(*h.Reply))
	default:
		return true, failureOf(h.Failed.Error)
	}
}

// sendDone tells what the agent has answered, and that nothing follows.
func sendDone(out op.Sink, response *AgentResponse) error {
	return out.Send("done", string(response.MessageID), streamedDone{Type: "complete", AgentResponse: *response})
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
