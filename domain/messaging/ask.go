package messaging

import (
	"context"

	"parley/domain"
)

// asked is a send whose sender waits for the answer of one agent.
type asked struct {
	channel Channel
	message Message
	agent   domain.AgentID
}

// prepare decides who is to answer a send, before anything of it is stored. Codes: as Send, and not_found (the agent does not run).
func (s *Service) prepare(ctx context.Context, actor domain.Actor, r *SendRequest) (asked, error) {
	if err := r.fillAuthor(actor); err != nil {
		return asked{}, err
	}
	r.nameAuthor(actor)
	channel, _, err := s.channelToBe(ctx, actor, r)
	if err == nil {
		err = maySend(actor, channel, r)
	}
	if err != nil {
		return asked{}, err
	}
	agent, joins, err := s.respondent(channel, r)
	if err != nil {
		return asked{}, err
	}
	if channel, err = s.channelForSend(ctx, actor, r); err == nil {
		err = maySend(actor, channel, r) // another may have made it meanwhile
	}
	if err == nil && joins {
		_, err = s.change(ctx, channel.ID, func() (c Channel, err error) {
			channel, err = s.store.AddParticipants(ctx, channel.ID, domain.EntityID(agent))
			return channel, err
		})
	}
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
	ctx, cancel := context.WithTimeout(ctx, s.answerWait)
	w := &waiter{agent: a.agent, done: done, stop: []func(){cancel}, look: func(id domain.MessageID) (*AgentResponse, error) {
		return s.responseTo(ctx, a, id)
	}}
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
	if err == nil && len(m.Awaiting) > 0 {
		return // it is being answered
	}
	if err != nil {
		w.finish(nil, err)
		return
	}
	w.finish(w.look(p.ID))
}

// responseTo returns what the agent has answered to a message, from the store: an answer
// may have come before anybody followed.
func (s *Service) responseTo(ctx context.Context, a asked, id domain.MessageID) (*AgentResponse, error) {
	m, err := s.store.Message(ctx, a.channel.ID, id)
	if err != nil {
		return nil, err
	}
	answer, err := s.answered(ctx, a.agent, m)
	if err != nil {
		return nil, err
	}
	if answer == nil {
		return silent(a.agent), nil
	}
	return newAgentResponse(*answer), nil
}

// timedOut tells why ctx has ended in the words of who waits for an answer.
func timedOut(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded {
		return errNoAnswer()
	}
	return ctx.Err()
}
