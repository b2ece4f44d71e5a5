package realtime

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/sio"
)

// invalidSend is what the reference says of a send that lacks a field.
const invalidSend = "For SEND_MESSAGE: channelId, serverId (server_id), senderId (author_id), and message are required."

// handler is what there is to do with an event: to carry it out, or to refuse it in the
// words that its failures have anyway. body is the payload without what wraps it.
type handler struct {
	run    func(s *session, body json.RawMessage, e *sio.Event)
	refuse func(s *session, body json.RawMessage, e *sio.Event, failure *domain.Error)
}

// The handlers that several events have.
var (
	join    = handler{(*session).onJoin, (*session).joinFailed}
	send    = handler{(*session).onSend, (*session).sendFailed}
	unknown = handler{(*session).onUnknown, (*session).fail}
)

// references maps the reference's events, beside the operations and "message", to their
// handlers. The numbers are its message types, of which clients may send the first two.
var references = map[string]handler{
	"1":                   join,
	"2":                   send,
	"3":                   unknown,
	"4":                   unknown,
	"5":                   unknown,
	"6":                   unknown,
	"join":                join,
	"leave":               {(*session).onLeave, (*session).fail},
	"subscribe_logs":      {(*session).onSubscribeLogs, (*session).fail},
	"unsubscribe_logs":    {(*session).onUnsubscribeLogs, (*session).fail},
	"update_log_filters":  {(*session).onLogFilters, (*session).fail},
	"request-world-state": {(*session).onWorldState, (*session).fail},
}

// unwrap returns the handler and the payload of a "message": of {type,payload}, and of the
// flat {text,roomId,userId,name} of the published interface, which is a send. What is
// neither is unknown, and has no answer.
func unwrap(message json.RawMessage) (handler, json.RawMessage) {
	var fields map[string]json.RawMessage
	if !isObject(message) || json.Unmarshal(message, &fields) != nil {
		return unknown, nil
	}
	number, hasType := fields["type"]
	inner, hasPayload := fields["payload"]
	switch {
	case hasType && hasPayload:
		if h, ok := references[string(number)]; ok {
			return h, inner
		}
		return unknown, inner
	case fields["text"] != nil && (fields["roomId"] != nil || fields["channelId"] != nil):
		return send, flatSend(fields)
	default:
		return unknown, nil
	}
}

// flatSend renames the author's fields of the published form.
func flatSend(fields map[string]json.RawMessage) json.RawMessage {
	for from, to := range map[string]string{"userId": "senderId", "name": "senderName"} {
		if value, ok := fields[from]; ok && fields[to] == nil {
			fields[to] = value
			delete(fields, from)
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil
	}
	return body
}

// onJoin joins and answers with channel_joined and room_joined, and the ack.
func (s *session) onJoin(body json.RawMessage, e *sio.Event) {
	s.run(s.gateway.registry.Lookup("channels:join"), e, body, func(res any, failure *domain.Error) {
		if failure != nil {
			s.joinFailed(body, e, failure)
			return
		}
		s.emit("channel_joined", res)
		joined, _ := res.(Joined)
		s.emit("room_joined", joined.plain())
		s.ack(e, res)
	})
}

// joinFailed says in both ways that a join failed.
func (s *session) joinFailed(body json.RawMessage, e *sio.Event, failure *domain.Error) {
	if failure.Code == domain.Invalid && (isMissing(failure, "channelId") || !isObject(body)) {
		failure = &domain.Error{Code: failure.Code, Message: "channelId is required for joining."}
	}
	s.emit("messageError", newMessageError(body, failure))
	s.failAck(e, failure)
}

// onSend sends and answers with messageAck or messageError, and the ack.
func (s *session) onSend(body json.RawMessage, e *sio.Event) {
	s.run(s.gateway.registry.Lookup("messages:send"), e, body, func(res any, failure *domain.Error) {
		if failure != nil {
			s.sendFailed(body, e, failure)
			return
		}
		posted, _ := res.(messaging.Posted)
		s.emit("messageAck", messageAck{ClientMessageID: posted.SourceID, MessageID: posted.ID,
			Status: "received_by_server_and_processing", ChannelID: posted.ChannelID, RoomID: posted.ChannelID})
		s.ack(e, res)
	})
}

// sendFailed tells the sender, and ends its wait: the reference's web client locks
// its input until it hears messageComplete, and has no ear for messageError.
func (s *session) sendFailed(body json.RawMessage, e *sio.Event, failure *domain.Error) {
	if failure.Code == domain.Invalid && (!isObject(body) || lacksField(failure)) {
		named := *failure
		named.Message = invalidSend
		failure = &named
	}
	s.emit("messageError", newMessageError(body, failure))
	s.failAck(e, failure)
	s.emit("messageComplete", newCompletion(body))
}

// messageAck tells the sender that its message is stored.
type messageAck struct {
	ClientMessageID string           `json:"clientMessageId,omitempty"`
	MessageID       domain.MessageID `json:"messageId"`
	// Status says that it is stored.
	Status    string           `json:"status"`
	ChannelID domain.ChannelID `json:"channelId"`
	RoomID    domain.ChannelID `json:"roomId"`
}

// failAck answers the ack of an event whose failure was told as an event already.
func (s *session) failAck(e *sio.Event, failure *domain.Error) {
	if e.WantsAck() {
		s.fail(nil, e, failure)
	}
}

// onLeave leaves and answers with channel_left and room_left, and the ack.
func (s *session) onLeave(body json.RawMessage, e *sio.Event) {
	s.run(s.gateway.registry.Lookup("channels:leave"), e, body, func(res any, failure *domain.Error) {
		if failure != nil {
			s.fail(body, e, failure)
			return
		}
		s.emit("channel_left", res)
		s.emit("room_left", res)
		s.ack(e, res)
	})
}

// isObject reports whether body is a JSON object.
func isObject(body json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }

// isMissing reports whether a failure is that the field at path is absent.
func isMissing(failure *domain.Error, path string) bool {
	for _, issue := range failure.Issues {
		if issue.Path == path && issue.Message == "is required" {
			return true
		}
	}
	return false
}

// lacksField reports whether a failure is that a field the reference calls for is
// absent or of the wrong type. Other faults, such as a text too long, keep their words.
func lacksField(failure *domain.Error) bool {
	for _, issue := range failure.Issues {
		called := slices.Contains([]string{"channelId", "serverId", "senderId", "message"}, issue.Path)
		if called && (strings.HasPrefix(issue.Message, "is required") || strings.HasPrefix(issue.Message, "must be a")) {
			return true
		}
	}
	return false
}
