package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"parley/domain"
	"parley/domain/op"
	"parley/realtime/sio"
)

// handle takes a socket's events, one after the other, in the order they were sent.
func (s *session) handle(e *sio.Event) {
	if !s.bucket.take() {
		s.fail(e, nil, &domain.Error{Code: domain.RateLimited, Message: "Too many events; slow down", RetryAfter: time.Second})
		return
	}
	if reference, ok := references[e.Name]; ok {
		reference(s, e)
		return
	}
	operation := s.gateway.registry.Lookup(e.Name)
	if operation == nil {
		s.unknown(e)
		return
	}
	s.run(operation, e, payload(e), func(res any, failure *domain.Error) {
		if failure != nil {
			s.fail(e, payload(e), failure)
			return
		}
		s.ack(e, res)
	})
}

// unknown answers an event that nobody declared: with an error if it asked for an
// answer, else with silence, like any Socket.IO server.
func (s *session) unknown(e *sio.Event) {
	s.gateway.log.Debug().Str("event", clip(e.Name)).Str("socket", s.socket.ID()).Msg("unknown event")
	if e.WantsAck() {
		s.reply(e, op.NewReply(nil, domain.Errorf(domain.NotFound, "Unknown event %q", clip(e.Name))))
	}
}

// run starts an operation for this socket. An ordered one is submitted and answers
// later; a slow one runs beside; any other is finished when run returns.
func (s *session) run(o *op.Op, e *sio.Event, body json.RawMessage, done func(any, *domain.Error)) {
	in := op.Input{Body: body}
	ctx := context.WithoutCancel(s.socket.Context()) // what was submitted is carried out, even if the socket goes
	if o.Slow {
		select {
		case s.slow <- struct{}{}:
		default:
			done(nil, &domain.Error{Code: domain.RateLimited, Message: "Too many slow operations at once"})
			return
		}
		go func() {
			defer func() { <-s.slow }()
			o.Start(s.withSession(s.socket.Context()), s.actor, in, done)
		}()
		return
	}
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

// fail answers an event with a failure: in the ack, else as messageError.
func (s *session) fail(e *sio.Event, body json.RawMessage, failure *domain.Error) {
	if e.WantsAck() {
		s.reply(e, op.NewReply(nil, failure))
		return
	}
	s.emit("messageError", newMessageError(body, failure))
}

// reply sends the ack.
func (s *session) reply(e *sio.Event, r op.Reply) {
	if err := e.Ack(r); err != nil {
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
	out := messageError{Error: failure.Message, Code: failure.WireCode()}
	var fields map[string]json.RawMessage
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || json.Unmarshal(body, &fields) != nil {
		return out
	}
	for _, name := range []string{"channelId", "roomId"} {
		var id domain.ChannelID
		if out.ChannelID == "" && json.Unmarshal(fields[name], &id) == nil {
			out.ChannelID, out.RoomID = id, id
		}
	}
	var client string
	if json.Unmarshal(fields["messageId"], &client) == nil && len(client) <= 256 {
		out.ClientMessageID = client
	}
	return out
}

// clip shortens a client's text for a log line or an error.
func clip(text string) string {
	const most = 64
	if len(text) <= most {
		return text
	}
	return string([]rune(text)[:min(most, len([]rune(text)))]) + "..."
}
