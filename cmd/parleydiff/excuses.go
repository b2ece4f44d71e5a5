package main

import (
	"regexp"
	"slices"

	"parley/cmd/parleydiff/internal/diff"
)

// excuses are the differences that are known and wanted, each with its reason and the
// place in the contract that decides so.
func excuses() []diff.Excuse {
	return slices.Concat(errorExcuses(), envelopeExcuses(), additions(), events(), corrections())
}

// place is the pattern of a path.
func place(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

// errorExcuses are about what failures look like.
func errorExcuses() []diff.Excuse {
	return []diff.Excuse{
		{Name: "error words", Reason: "status and code are promised, the words are Parley's own and name the field",
			Contract: "rest.md 0.3", Kinds: []diff.Kind{diff.Value}, Path: place(`body\.error\.message|events\.\w+\.(messageError|log_filters_updated)\.error`)},
		{Name: "error issues", Reason: "the faults of a request are told field by field",
			Contract: "rest.md 0.2 (issues)", Kinds: []diff.Kind{diff.Extra}, Path: place(`body\.error\.issues`)},
		{Name: "error details", Reason: "the reference repeats the message as details",
			Contract: "rest.md 0.2 (details is optional)", Kinds: []diff.Kind{diff.Missing, diff.Extra}, Path: place(`body\.error\.details`)},
		{Name: "bare error texts", Reason: "failures are error objects on every route",
			Contract: "rest.md 0.2 (bare string)", Kinds: []diff.Kind{diff.Type}, Path: place(`body\.error`)},
		{Name: "numeric error codes", Reason: "codes are texts", Contract: "rest.md 0.2 (numeric error.code)",
			Kinds: []diff.Kind{diff.Type}, Path: place(`body\.error\.code`)},
		{Name: "one code for bad requests", Reason: "missing and invalid fields have one code",
			Contract: "rest.md 0.3 (BAD_REQUEST, MISSING_PARAM, INVALID_INPUT)", Kinds: []diff.Kind{diff.Value}, Path: place(`body\.error\.code`),
			Steps: place(`without a name|nobody|nothing|a text|/worlds|/rooms`)},
		{Name: "faults are not the server's", Reason: "what the caller got wrong is answered with 4xx instead of 500",
			Contract: "rest.md 0.3, 14.2", Kinds: []diff.Kind{diff.Status}, Path: place(`status`),
			Steps: place(`broken JSON|# nothing|a program|unknown server|/groups/xyz$|^PATCH .*\{nobody\}$`)},
	}
}

// envelopeExcuses are about what stands around the data.
func envelopeExcuses() []diff.Excuse {
	return []diff.Excuse{
		{Name: "dual bodies", Reason: "bare objects carry the envelope too, so that both kinds of readers find their fields",
			Contract: "rest.md 0.2 (dual body)", Kinds: []diff.Kind{diff.Extra}, Path: place(`body\.(data|success)`),
			Steps: place(`/api/(server|system)/|/complete`)},
		{Name: "server facts", Reason: "status, health and version tell more", Contract: "rest.md 6, 7 (ours)",
			Kinds: []diff.Kind{diff.Extra}, Path: place(`body\.(agents|memory|uptime|version|agentCount|server|cleared|dependencies\.database)`)},
		{Name: "own version in health", Reason: "APP_VERSION is not set", Contract: "rest.md 6 (health)",
			Kinds: []diff.Kind{diff.Value}, Path: place(`body\.version`), Steps: place(`health`)},
		{Name: "health without agents", Reason: "a server without agents takes messages; HEALTH_NO_AGENTS_STATUS=503 restores the reference's answer",
			Contract: "rest.md 14.3.4", Kinds: []diff.Kind{diff.Status, diff.Value}, Path: place(`status|body\.(status|error.*|dependencies\.agents)`), Steps: place(`health`)},
	}
}

// additions are fields that the contract adds to replies.
func additions() []diff.Excuse {
	extra := []diff.Kind{diff.Extra}
	return []diff.Excuse{
		{Name: "second names of servers", Reason: "the names of 1.7.2 stand beside those of 1.2.0", Contract: "rest.md 2.2 (messageServers, messageServerId)",
			Kinds: extra, Path: place(`.*\.(messageServers|messageServerId|message_server_id)`)},
		{Name: "numbers of the channel log", Reason: "seq and rev give order and recovery", Contract: "socketio.md 5.1 (seq, rev), design 4",
			Kinds: extra, Path: place(`.*\.(seq|rev|head|upto|hasNewer|hasOlder|truncated|streams)`)},
		{Name: "channel in events of REST posts", Reason: "channelId stands beside roomId in every event", Contract: "socketio.md 5 (ours: roomId), 5.1 (ours: channelId)",
			Kinds: extra, Path: place(`events\.\w+\.\w+\.(channelId|roomId)`)},
		{Name: "facts of completion", Reason: "messageComplete names the message, the agent and the outcome", Contract: "socketio.md 5 (messageComplete)",
			Kinds: extra, Path: place(`events\.\w+\.messageComplete\.(agentId|messageId|outcome|error)`)},
		{Name: "answered message", Reason: "an answer names what it answers", Contract: "socketio.md 5.1 (inReplyTo)",
			Kinds: extra, Path: place(`events\.\w+\.messageBroadcast\.inReplyTo`)},
		{Name: "code of messageError", Reason: "clients can act on a code", Contract: "socketio.md 5 (messageError)",
			Kinds: extra, Path: place(`events\.\w+\.messageError\.(code|clientMessageId)`)},
		{Name: "rows of messages", Reason: "every row has the form of the list and the names of the web client", Contract: "rest.md 2.4, model.md 4.3",
			Kinds: extra, Path: place(`body\.data(\.messages\[\d+\])?\.(serverId|authorDisplayName|author_display_name|sourceId|created_at|updated_at|inReplyToRootMessageId|metadata\.(thought|actions))`)},
		{Name: "userMessage", Reason: "readers of 1.7.2 look for it", Contract: "rest.md 2.4 (userMessage)", Kinds: extra, Path: place(`body(\.data)?\.userMessage`)},
		{Name: "both forms of a new channel", Reason: "the row stands in data and in data.channel, with its participants", Contract: "rest.md 2.3",
			Kinds: extra, Path: place(`body\.data\.(channel|participants|createdAt|id|name|type|updatedAt)`), Steps: place(`^POST /api/messaging/(central-)?channels`)},
		{Name: "participants of a channel", Reason: "the API client's helpers read them", Contract: "rest.md 2.3 (details)",
			Kinds: extra, Path: place(`(body\.data|events\.\w+\.channelUpdated\.updates)\.metadata(\.participantCentralUserIds)?`)},
		{Name: "agents of a channel", Reason: "participants hold everybody", Contract: "rest.md 2.3 (agents)", Kinds: extra, Path: place(`body\.data\.agents`), Steps: place(`central-channels/.*/agents`)},
		{Name: "created agents", Reason: "the reply tells the id and whether it is new", Contract: "rest.md 1 (POST /api/agents)",
			Kinds: extra, Path: place(`body\.data\.(created|character\.id)`)},
		{Name: "stopped agents", Reason: "the web client shows data.status", Contract: "rest.md 1 (stop)", Kinds: extra, Path: place(`body\.data\.(id|name|status)`), Steps: place(`/stop$`)},
		{Name: "world of a memory", Reason: "lists include it", Contract: "model.md 5.2 (worldId)", Kinds: extra, Path: place(`body\.data\.memories\[\d+\]\.worldId`)},
		{Name: "memories of replies", Reason: "they have the metadata of every message", Contract: "model.md 5.2 (metadata), socketio.md 8.4",
			Kinds: extra, Path: place(`body\.data\.memories\[\d+\]\.(metadata\.\w+|content\.(source|inReplyTo))`)},
		{Name: "changed memory", Reason: "the client looks for roomId", Contract: "rest.md 3 (PATCH)", Kinds: extra, Path: place(`body\.data\.(roomId|memory)`), Steps: place(`^PATCH .*memories`)},
		{Name: "facts of rooms", Reason: "the reply has the form of every room", Contract: "rest.md 3 (rooms), model.md 5.4", Kinds: extra,
			Path: place(`body\.data\.(channelId|metadata|createdAt|participants|worldName)`), Steps: place(`/rooms`)},
		{Name: "facts of uploads", Reason: "files can be found by id and checked by hash", Contract: "rest.md 5 (added to every upload reply)", Kinds: extra, Path: place(`body\.data\.(id|mimeType|sha256)`), Steps: place(`upload-media`)},
	}
}

// events are events that the reference does not send.
func events() []diff.Excuse {
	extra := []diff.Kind{diff.Extra}
	return []diff.Excuse{
		{Name: "end of every wait", Reason: "the web client's input would stay locked", Contract: "socketio.md 8 (input lock)", Kinds: extra, Path: place(`events\.\w+\.messageComplete`)},
		{Name: "typing and streams", Reason: "an answer is shown as it arises", Contract: "socketio.md 4.4, 5 (messageStreamChunk)", Kinds: extra, Path: place(`events\.\w+\.(typing|messageStreamChunk)`)},
		{Name: "presence", Reason: "who is in a channel is told", Contract: "socketio.md 10 (presence)", Kinds: extra, Path: place(`events\.\w+\.presence`)},
		{Name: "changes of agents", Reason: "all sockets hear of them", Contract: "socketio.md 5 (agentUpdated, agentRemoved)", Kinds: extra, Path: place(`events\.\w+\.(agentUpdated|agentRemoved)`)},
		{Name: "lines of the server's own log", Reason: "what the servers log of themselves differs", Contract: "socketio.md 5.2 (entries are the server's)",
			Kinds: []diff.Kind{diff.Missing, diff.Extra}, Path: place(`events\.\w+\.log_stream`)},
	}
}

// corrections are faults of the reference that Parley does not copy, and what the two
// models say differently.
func corrections() []diff.Excuse {
	return []diff.Excuse{
		{Name: "what the model says", Reason: "the built-in model is another one", Contract: "design 5 (models are configured)", Kinds: []diff.Kind{diff.Value},
			Path: place(`.*\.(text|content|thought)`), Steps: place(`asks the agent|with an answer|/memories`)},
		{Name: "bio of one string", Reason: "the list shows the whole text, not its first character", Contract: "rest.md 1 (GET /api/agents)", Kinds: []diff.Kind{diff.Value}, Path: place(`body\.data\.agents\[\d+\]\.bio`)},
		{Name: "embeddings in the agent's log", Reason: "starting an agent calls no model", Contract: "model.md 6 (log types)", Kinds: []diff.Kind{diff.Missing}, Path: place(`body\.data\[\d+\]`), Steps: place(`/logs$`)},
		{Name: "absent metadata", Reason: "objects are never null", Contract: "model.md 5.4 (metadata?)", Kinds: []diff.Kind{diff.Type}, Path: place(`.*\.metadata`)},
		{Name: "rooms are channels", Reason: "an agent's room has the type and name of its channel, not the first user's", Contract: "socketio.md 11 (type GROUP, name User<id>)",
			Kinds: []diff.Kind{diff.Value}, Path: place(`body\.data(\.rooms\[\d+\])?\.(name|type)`), Steps: place(`/rooms`)},
		{Name: "order of rooms", Reason: "the newest come first", Contract: "rest.md 0.4 (lists: newest first)", Kinds: []diff.Kind{diff.Value}, Path: place(`body\.data\.rooms\[\d+\]\.(id|channelId)`)},
		{Name: "time of rooms", Reason: "rooms give ms on every route; the reference on one", Contract: "rest.md 3 (createdAt(ms))", Kinds: []diff.Kind{diff.Value}, Path: place(`body\.data\.rooms\[\d+\]\.createdAt`)},
		{Name: "names of senders", Reason: "the sender's name reaches the memory", Contract: "socketio.md 11 (senderName)", Kinds: []diff.Kind{diff.Value}, Path: place(`.*\.metadata\.raw\.senderName`)},
		{Name: "fields of the reference's reply template", Reason: "no provider ran and no template was parsed", Contract: "model.md 5.1 (providers is optional)",
			Kinds: []diff.Kind{diff.Missing}, Path: place(`body\.data\.memories\[\d+\]\.content\.(providers|simple)`)},
	}
}
