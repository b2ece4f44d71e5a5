package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"parley/domain"
	"parley/domain/op"
	"parley/realtime/sio"
)

// handle takes a socket's events, one after the other, in the order they were sent.
func (s *session) handle(e *sio.Event) {
	h, body := find(e)
	if !s.bucket.take() {
		h.refuse(s, body, e, &domain.Error{Code: domain.RateLimited, Message: "Too many events; slow down", RetryAfter: time.Second})
		return
	}
	h.run(s, body, e)
}

// find returns what there is to do with an event, and its payload.
func find(e *sio.Event) (handler, json.RawMessage) {
	if e.Name == "message" {
		return unwrap(payload(e))
	}
	if h, ok := references[e.Name]; ok {
		return h, payload(e)
	}
	return handler{(*session).onOperation, (*session).fail}, payload(e)
}

// onOperation runs the operation of the event's name and answers by the ack.
func (s *session) onOperation(body json.RawMessage, e *sio.Event) {
	operation := s.gateway.registry.Lookup(e.Name)
	if operation == nil || operation.RESTOnly {
		s.onUnknown(body, e)
		return
	}
	s.run(operation, e, body, func(res any, failure *domain.Error) {
		if failure != nil {
			s.fail(body, e, failure)
			return
		}
		s.ack(e, res)
	})
}

// onUnknown answers an event that nobody declared: with an error if it asked for an
// answer, else with silence, like any Socket.IO server.
func (s *session) onUnknown(_ json.RawMessage, e *sio.Event) {
	s.gateway.log.Debug().Str("event", clip(e.Name)).Str("socket", s.socket.ID()).Msg("unknown event")
	if e.WantsAck() {
		s.reply(e, op.NewReply(nil, domain.Errorf(domain.NotFound, "Unknown event %q", clip(e.Name))))
	}
}

// run starts an operation for this socket. An ordered one is submitted and answers
// later; a slow one runs beside; any other is finished when run returns.
func (s *session) run(o *op.Op, e *sio.Event, body json.RawMessage, done func(any, *domain.Error)) {
	if len(e.Attachments) > 0 {
		// What would be stored instead is the attachment's placeholder, which nobody can resolve.
		done(nil, domain.Errorf(domain.Invalid, "Binary data is not accepted here"))
		return
	}
	in := op.Input{Body: body}
	ctx := context.WithoutCancel(s.socket.Context()) // what was submitted is carried out, even if the socket goes
	if o.Slow {
		if s.slow.Add(1) > maxSlow {
			s.slow.Add(-1)
			done(nil, &domain.Error{Code: domain.RateLimited, Message: "Too many slow operations at once"})
			return
		}
		go func() {
			defer s.slow.Add(-1)
			ctx, done := s.trace(s.socket.Context(), o, e, body, done)
			o.Start(s.withSession(ctx), s.actor, in, done)
		}()
		return
	}
	ctx, done = s.trace(ctx, o, e, body, done)
	s.flight <- struct{}{}
	o.Start(s.withSession(ctx), s.actor, in, func(res any, failure *domain.Error) {
		<-s.flight
		done(res, failure)
	})
}

// sessionKey finds the session in an operation's context.
type sessionKey struct{}

// withSession lets the gateway's own operations find the socket that calls them.
func (s *session) withSession(ctx context.Context) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// payload is the first argument of an event, an empty object if there is none.
func payload(e *sio.Event) json.RawMessage {
	if len(e.Args) == 0 {
		return nil
	}
	return e.Args[0]
}

// ack answers an event with success, if it asked for an answer.
func (s *session) ack(e *sio.Event, data any) {
	if e.WantsAck() {
		s.reply(e, op.NewReply(data, nil))
	}
}

// fail answers an event with a failure: in the ack, else as messageError, which ends
// the wait of who sent a message.
func (s *session) fail(body json.RawMessage, e *sio.Event, failure *domain.Error) {
	if e.WantsAck() {
		s.reply(e, op.NewReply(nil, failure))
		return
	}
	s.emit("messageError", newMessageError(body, failure))
	if e.Name == "messages:send" {
		s.emit("messageComplete", newCompletion(body))
	}
}

// reply sends the ack. One too large for the connection would end it, and the client
// would come back and ask again.
func (s *session) reply(e *sio.Event, r op.Reply) {
	err := e.Ack(r)
	if errors.Is(err, sio.ErrTooLarge) {
		err = e.Ack(op.NewReply(nil, domain.Errorf(domain.TooLarge,
			"The answer is too large for a socket; ask for less at once, or by REST")))
	}
	if err != nil {
		s.gateway.log.Debug().Err(err).Str("socket", s.socket.ID()).Msg("ack not sent")
	}
}

// messageError tells a socket that one of its events failed.
type messageError struct {
	Error           string           `json:"error"`
	Code            string           `json:"code"`
	ChannelID       domain.ChannelID `json:"channelId,omitempty"`
	RoomID          domain.ChannelID `json:"roomId,omitempty"`
	ClientMessageID string           `json:"clientMessageId,omitempty"`
}

// newMessageError names the channel and the client's message id if the payload that
// failed holds them in a usable form.
func newMessageError(body json.RawMessage, failure *domain.Error) messageError {
	p := peek(body)
	return messageError{Error: failure.Message, Code: failure.WireCode(),
		ChannelID: p.channel, RoomID: p.channel, ClientMessageID: p.client}
}

// peeked is what a payload that failed says of itself.
type peeked struct {
	channel domain.ChannelID
	server  domain.ServerID
	client  string
}

// peek reads a payload that failed, field by field; what is not usable stays empty.
func peek(body json.RawMessage) (p peeked) {
	var fields map[string]json.RawMessage
	if !isObject(body) || json.Unmarshal(body, &fields) != nil {
		return p
	}
	p.channel = first[domain.ChannelID](fields, "channelId", "roomId")
	p.server = first[domain.ServerID](fields, "serverId", "messageServerId")
	if client := first[string](fields, "messageId", "clientMessageId"); len(client) <= 256 {
		p.client = client
	}
	return p
}

// first is the first of the named fields that has the type and is not empty.
func first[T ~string](fields map[string]json.RawMessage, names ...string) T {
	for _, name := range names {
		var value T
		if json.Unmarshal(fields[name], &value) == nil && value != "" {
			return value
		}
	}
	return ""
}

// clip shortens a client's text for a log line or an error.
func clip(text string) string {
	const most = 64
	if len(text) <= most {
		return text
	}
	return string([]rune(text)[:min(most, len([]rune(text)))]) + "..."
}
