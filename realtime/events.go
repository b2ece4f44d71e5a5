package realtime

import (
	"reflect"
	"slices"

	"parley/domain"
	"parley/domain/op"
	"parley/domain/system"
)

// events is the table of all events that are not the names of operations. What the
// gateway sends and is not in it fails a test.
func events() []op.Event {
	return slices.Concat(channelEvents(), answerEvents(), signalEvents(), clientEvents())
}

// told is the row of an event that the server sends with a payload of type T.
func told[T any](name, help string) op.Event {
	return op.Event{Name: name, Help: help, Direction: op.ToClient, Payload: reflect.TypeFor[T]()}
}

// channelEvents are those of the channel's log. Each has a second argument, the text
// `<channelId>:<rev>`, which recovery goes on from.
func channelEvents() []op.Event {
	return []op.Event{
		told[broadcast]("messageBroadcast", "A message was posted in a channel, or changed: the one with the same id is replaced."),
		told[deletion]("messageDeleted", "A message was deleted."),
		told[cleared]("channelCleared", "All messages of a channel were removed."),
		told[channelUpdate]("channelUpdated", "A channel has another name, other participants or other metadata, or is new."),
		told[channelGone]("channelDeleted", "A channel was deleted; the socket is no longer in its room."),
	}
}

// answerEvents answer an event of the same socket.
func answerEvents() []op.Event {
	return []op.Event{
		told[established]("connection_established", "Greets every socket."),
		told[authenticated]("authenticated", "Greets a socket that said who it is."),
		told[Joined]("channel_joined", "Answers a join; with after, it carries what was missed."),
		told[roomJoined]("room_joined", "Answers a join a second time, as the reference does, without what was missed."),
		told[Left]("channel_left", "Answers a leave."),
		told[Left]("room_left", "Answers a leave a second time, as the reference does."),
		told[string]("unauthorized", "The socket's credentials are no longer good; it is closed."),
		told[messageAck]("messageAck", "A message of this socket is stored."),
		told[messageError]("messageError", "An event of this socket failed."),
		told[logSubscription]("log_subscription_confirmed", "Answers subscribe_logs and unsubscribe_logs."),
		told[logFilters]("log_filters_updated", "Answers update_log_filters."),
		told[World]("world-state", "Answers request-world-state."),
		told[system.Entry]("logEntry", "A line of the log, with LEGACY_LOG_EVENTS, beside log_stream."),
		told[agentTurn]("agentTurn", "A turn of an agent has come a step further; in the agent's room."),
		told[agentThought]("agentThought", "What an agent thought before a reply; in the agent's room."),
		told[agentAction]("agentAction", "What an agent did; in the agent's room."),
	}
}

// signalEvents are told without being asked for and stored nowhere.
func signalEvents() []op.Event {
	return []op.Event{
		told[completion]("messageComplete", "A message waits for no more answers."),
		told[control]("controlMessage", "Clients of the channel should lock or unlock their input; only with CONTROL_MESSAGES."),
		told[streamChunk]("messageStreamChunk", "The next piece of an agent's answer; a higher attempt begins it anew."),
		told[streamError]("messageStreamError", "An agent could not finish its answer."),
		told[typing]("typing", "Somebody types, or an agent thinks; it expires after 6 s."),
		told[presenceChange]("presence", "Somebody came into a channel or left it."),
		told[readUpdated]("readUpdated", "Somebody has read a channel further."),
		told[agentUpdate]("agentUpdated", "An agent was started, stopped or changed."),
		told[agentUpdate]("agentRemoved", "An agent was deleted."),
		told[memoryCreated]("memoryCreated", "An agent has a new memory, for those who watch it."),
		told[memoryDeleted]("memoryDeleted", "Memories of an agent are gone, for those who watch it."),
		told[logEvent]("log_stream", "An entry of the server's log, for sockets that subscribed."),
	}
}

// enveloped is the payload of the reference's event message.
type enveloped struct {
	// Type is 1 to join and 2 to send.
	Type int `json:"type"`
	// Payload is that of the event of this number.
	Payload domain.Metadata `json:"payload"`
}

// clientEvents are the reference's own events, beside the operations.
func clientEvents() []op.Event {
	joined, sent := []string{"channel_joined", "room_joined"}, []string{"messageBroadcast", "messageAck", "messageComplete"}
	list := []op.Event{
		{Name: "message", Help: "Joins (type 1) or sends (type 2), as the reference's clients do.",
			Payload: reflect.TypeFor[enveloped](), Answers: append(slices.Clone(joined), sent...)},
		{Name: "1", Help: "Joins a channel's room.", Operation: "channels:join", Answers: joined},
		{Name: "2", Help: "Sends a message.", Operation: "messages:send", Answers: sent},
		{Name: "join", Help: "Joins a channel's room.", Operation: "channels:join", Answers: joined},
		{Name: "leave", Help: "Leaves a channel's room.", Operation: "channels:leave", Answers: []string{"channel_left", "room_left"}},
		{Name: "subscribe_logs", Help: "Begins to send the server's log to this socket, for administrators.",
			Answers: []string{"log_subscription_confirmed"}},
		{Name: "unsubscribe_logs", Help: "Ends it.", Answers: []string{"log_subscription_confirmed"}},
		{Name: "update_log_filters", Help: "Changes which entries are sent.", Payload: reflect.TypeFor[system.Filter](),
			Answers: []string{"log_filters_updated"}},
		{Name: "request-world-state", Help: "Asks what surrounds a channel.", Operation: "worlds:state", Answers: []string{"world-state"}},
	}
	for i := range list {
		list[i].Direction = op.ToServer
	}
	return list
}
