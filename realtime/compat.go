package realtime

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/realtime/sio"
)

// The reference's message types, of which clients may send the first two.
const (
	typeJoin = 1
	typeSend = 2
	typeLast = 6
)

// invalidSend is what the reference says of a send that lacks a field.
const invalidSend = "For SEND_MESSAGE: channelId, serverId (server_id), senderId (author_id), and message are required."

// references maps the reference's events, beside the operations, to their handlers.
var references = map[string]func(*session, *sio.Event){
	"message":            (*session).onMessage,
	"1":                  func(s *session, e *sio.Event) { s.onTyped(typeJoin, payload(e), e) },
	"2":                  func(s *session, e *sio.Event) { s.onTyped(typeSend, payload(e), e) },
	"3":                  (*session).unknown,
	"4":                  (*session).unknown,
	"5":                  (*session).unknown,
	"6":                  (*session).unknown,
	"join":               func(s *session, e *sio.Event) { s.onTyped(typeJoin, payload(e), e) },
	"leave":              (*session).onLeave,
	"subscribe_logs":     (*session).onSubscribeLogs,
	"unsubscribe_logs":   (*session).onUnsubscribeLogs,
	"update_log_filters": (*session).onLogFilters,
}

// onMessage takes both forms of the event "message"; what is neither has no answer.
func (s *session) onMessage(e *sio.Event) {
	typ, body, ok := unwrap(payload(e))
	if !ok {
		s.unknown(e)
		return
	}
	s.onTyped(typ, body, e)
}

// unwrap returns the type and the payload of a "message": of {type,payload}, and of the
// flat {text,roomId,userId,name} of the published interface, which is a send.
func unwrap(message json.RawMessage) (typ int, body json.RawMessage, ok bool) {
	var fields map[string]json.RawMessage
	if !isObject(message) || json.Unmarshal(message, &fields) != nil {
		return 0, nil, false
	}
	number, hasType := fields["type"]
	inner, hasPayload := fields["payload"]
	switch {
	case hasType && hasPayload:
		n, err := strconv.Atoi(string(number))
		return n, inner, err == nil
	case fields["text"] != nil && (fields["roomId"] != nil || fields["channelId"] != nil):
		return typeSend, flatSend(fields), true
	default:
		return 0, nil, false
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

// onTyped handles a message of one of the reference's types.
func (s *session) onTyped(typ int, body json.RawMessage, e *sio.Event) {
	switch typ {
	case typeJoin:
		s.onJoin(body, e)
	case typeSend:
		s.onSend(body, e)
	default:
		s.gateway.log.Debug().Int("type", typ).Bool("known", typ <= typeLast).Msg("message type ignored")
		s.unknown(e)
	}
}

// onJoin joins and answers with channel_joined and room_joined, and the ack.
func (s *session) onJoin(body json.RawMessage, e *sio.Event) {
	s.run(s.gateway.registry.Lookup("channels:join"), e, body, func(res any, failure *domain.Error) {
		if failure != nil {
			if isMissing(failure, "channelId") || !isObject(body) {
				failure = &domain.Error{Code: failure.Code, Message: "channelId is required for joining."}
			}
			s.emit("messageError", newMessageError(body, failure))
			s.failAck(e, failure)
			return
		}
		s.emit("channel_joined", res)
		joined, _ := res.(Joined)
		s.emit("room_joined", joined.plain())
		s.ack(e, res)
	})
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
	Status          string           `json:"status"`
	ChannelID       domain.ChannelID `json:"channelId"`
	RoomID          domain.ChannelID `json:"roomId"`
}

// limited refuses an event of a socket that sends too many of them, in the words that
// the event's failures have anyway: a send that is refused must not lock the input.
func (s *session) limited(e *sio.Event) {
	failure := &domain.Error{Code: domain.RateLimited, Message: "Too many events; slow down", RetryAfter: time.Second}
	typ, body := 0, payload(e)
	switch e.Name {
	case "message":
		typ, body, _ = unwrap(body)
	case "1", "join":
		typ = typeJoin
	case "2":
		typ = typeSend
	}
	switch typ {
	case typeSend:
		s.sendFailed(body, e, failure)
	case typeJoin:
		s.emit("messageError", newMessageError(body, failure))
		s.failAck(e, failure)
	default:
		s.fail(e, body, failure)
	}
}

// failAck answers the ack of an event whose failure was told as an event already.
func (s *session) failAck(e *sio.Event, failure *domain.Error) {
	if e.WantsAck() {
		s.fail(e, nil, failure)
	}
}

// onLeave leaves and answers with channel_left and room_left, and the ack.
func (s *session) onLeave(e *sio.Event) {
	s.run(s.gateway.registry.Lookup("channels:leave"), e, payload(e), func(res any, failure *domain.Error) {
		if failure != nil {
			s.fail(e, payload(e), failure)
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
