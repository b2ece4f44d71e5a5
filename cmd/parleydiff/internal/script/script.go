package script

import (
	"slices"
	"strings"
)

// All returns the whole script, in its order. It ends with what deletes things. Left out
// are events that end the reference's process (a null payload, for one) and audio, for
// which the comparison has no provider.
func All() []Step {
	return slices.Concat(serverSteps(), agentSteps(), serverAssociationSteps(), channelSteps(), messageSteps(),
		socketSteps(), dmSteps(), memorySteps(), groupSteps(), uploadSteps(), logSteps(), faultSteps(), endSteps())
}

// request is a step named by its line: "METHOD path", with a remark after # if the same
// line occurs more than once.
func request(line, body string, change ...func(*Step)) Step {
	plain, _, _ := strings.Cut(line, " #")
	method, path, _ := strings.Cut(plain, " ")
	s := Step{Name: line, Method: method, Path: path, Body: body}
	for _, f := range change {
		f(&s)
	}
	return s
}

// save keeps a value of the reply.
func save(name, path string) func(*Step) {
	return func(s *Step) {
		if s.Save == nil {
			s.Save = map[string]string{}
		}
		s.Save[name] = path
	}
}

// await names events to wait for.
func await(events ...string) func(*Step) { return func(s *Step) { s.Await = events } }

// shapeOnly ignores the text of the reply.
func shapeOnly(s *Step) { s.ShapeOnly = true }

// emit is an event of a socket; remark tells it from others of the same kind.
func emit(socket, event, args, remark string, events ...string) Step {
	return Step{Name: socket + " emits " + event + " # " + remark, Socket: socket, Event: event, Args: args, Await: events}
}

// connect is a new socket.
func connect(socket string) Step {
	return Step{Name: socket + " connects", Connect: socket, Await: []string{socket + ".connection_established"}}
}

// serverSteps ask the server about itself.
func serverSteps() []Step {
	return []Step{
		request("GET /api/server/ping", ""),
		request("GET /api/server/hello", ""),
		request("GET /api/server/status", ""),
		request("GET /api/server/health # without agents", ""),
		request("GET /api/server/debug/servers", ""),
		request("GET /api/system/version", ""),
		request("GET /api/system/env/local # none", ""),
		request("GET /api/nothing", ""),
		request("DELETE /api/server/ping", ""),
	}
}

// agentSteps make and change agents.
func agentSteps() []Step {
	return []Step{
		request("GET /api/agents # none", ""),
		request("POST /api/agents # empty", `{}`),
		request("POST /api/agents # without a bio", `{"agent":{"name":"Nobio"}}`),
		request("POST /api/agents # with an unknown key", `{"agent":{"name":"Odd","bio":["x"],"colour":"red"}}`),
		request("POST /api/agents", `{"agent":{"name":"Eliza","bio":["hi","there"],"system":"Be kind.","topics":["rain"],"settings":{"secrets":{"K":"sk-test"}}}}`,
			save("agent", "data.id")),
		request("POST /api/agents # a second one", `{"characterJson":{"name":"Juno","bio":"one line"}}`, save("second", "data.id")),
		request("POST /api/agents # a file that does not exist", `{"characterPath":"./characters/nobody.json"}`, shapeOnly),
		request("GET /api/agents", ""),
		request("GET /api/agents/${agent}", ""),
		request("GET /api/agents/${nobody}", ""),
		request("GET /api/agents/xyz", ""),
		request("PATCH /api/agents/${agent}", `{"system":"Be brief.","settings":{"avatar":"data:,x"}}`),
		request("POST /api/agents/${agent}/start", ""),
		request("POST /api/agents/${agent}/start # again", ""),
		request("POST /api/agents/${nobody}/start", ""),
		request("POST /api/agents/xyz/start", ""),
		request("GET /api/agents # one runs", ""),
		request("GET /api/server/status # one runs", ""),
		request("GET /api/server/health", ""),
		request("GET /api/agents/${agent}/panels", ""),
		request("GET /api/agents/${agent}/logs", ""),
		request("GET /api/agents/${agent}/logs?roomId=xyz", ""),
		request("DELETE /api/agents/${agent}/logs/${nobody}", ""),
		request("DELETE /api/agents/${agent}/logs/xyz", ""),
		request("POST /api/agents/${second}/stop # not running", ""),
		request("POST /api/agents/xyz/stop", ""),
		request("POST /api/agents/${agent}/worlds", `{"name":"Garden","serverId":"${server}"}`, save("world", "data.world.id")),
		request("POST /api/agents/${agent}/worlds # without a name", `{}`),
		request("PATCH /api/agents/${agent}/worlds/${world}", `{"name":"Yard","metadata":{"a":1}}`),
		request("PATCH /api/agents/${agent}/worlds/${nobody}", `{"name":"x"}`),
	}
}

// serverAssociationSteps make message servers and put agents on them.
func serverAssociationSteps() []Step {
	return []Step{
		request("GET /api/messaging/central-servers", ""),
		request("POST /api/messaging/servers", `{"name":"Harbour","sourceType":"test"}`, save("harbour", "data.server.id")),
		request("POST /api/messaging/servers # without a name", `{"sourceType":"test"}`),
		request("POST /api/messaging/servers/${harbour}/agents", `{"agentId":"${agent}"}`),
		request("POST /api/messaging/servers/xyz/agents", `{"agentId":"${agent}"}`),
		request("POST /api/messaging/servers/${harbour}/agents # bad agent", `{"agentId":"xyz"}`),
		request("GET /api/messaging/servers/${harbour}/agents", ""),
		request("GET /api/messaging/servers/xyz/agents", ""),
		request("GET /api/messaging/agents/${agent}/servers", ""),
		request("GET /api/messaging/agents/xyz/servers", ""),
		request("DELETE /api/messaging/servers/${harbour}/agents/${agent}", ""),
		request("DELETE /api/messaging/servers/${harbour}/agents/xyz", ""),
	}
}

// channelSteps make, read and change channels.
func channelSteps() []Step {
	return []Step{
		request("GET /api/messaging/central-servers/${server}/channels # none", ""),
		request("GET /api/messaging/central-servers/xyz/channels", ""),
		request("POST /api/messaging/central-channels", `{"name":"Group","server_id":"${server}","participantCentralUserIds":["${user}","${agent}"],"type":"GROUP","metadata":{"source":"client_group_chat"}}`,
			save("group", "data.id")),
		request("POST /api/messaging/central-channels # without participants", `{"name":"Group","server_id":"${server}"}`),
		request("POST /api/messaging/central-channels # bad server", `{"name":"Group","server_id":"xyz","participantCentralUserIds":[]}`),
		request("POST /api/messaging/channels", `{"serverId":"${server}","name":"Plain","type":"GROUP"}`, save("plain", "data.channel.id")),
		request("POST /api/messaging/channels # without a type", `{"serverId":"${server}","name":"Plain"}`),
		request("GET /api/messaging/central-channels/${group}/details", ""),
		request("GET /api/messaging/central-channels/${nobody}/details", ""),
		request("GET /api/messaging/central-channels/xyz/details", ""),
		request("GET /api/messaging/central-channels/${group}/participants", ""),
		request("GET /api/messaging/central-channels/${nobody}/participants", ""),
		request("GET /api/messaging/central-channels/xyz/participants", ""),
		request("POST /api/messaging/central-channels/${group}/agents", `{"agentId":"${second}"}`),
		request("POST /api/messaging/central-channels/${group}/agents # bad agent", `{"agentId":"xyz"}`),
		request("GET /api/messaging/central-channels/${group}/agents", ""),
		request("GET /api/messaging/central-channels/xyz/agents", ""),
		request("DELETE /api/messaging/central-channels/${group}/agents/${second}", ""),
		request("DELETE /api/messaging/central-channels/${group}/agents/${nobody}", ""),
		request("PATCH /api/messaging/central-channels/${group}", `{"name":"Renamed"}`),
		request("PATCH /api/messaging/central-channels/xyz", `{"name":"Renamed"}`),
		request("PATCH /api/messaging/central-channels/${nobody}", `{"name":"Renamed"}`),
		request("GET /api/messaging/central-servers/${server}/channels", "", shapeOnly),
		request("GET /api/messaging/dm-channel?targetUserId=${agent}&currentUserId=${user}", "", save("found", "data.id")),
		request("GET /api/messaging/dm-channel?targetUserId=${agent}&currentUserId=${user} # again", ""),
		request("GET /api/messaging/dm-channel?targetUserId=${user}&currentUserId=${user}", ""),
		request("GET /api/messaging/dm-channel?targetUserId=xyz&currentUserId=${user}", ""),
		request("GET /api/messaging/dm-channel", ""),
		request("POST /api/messaging/central-channels/${group}/generate-title", `{"agentId":"${agent}"}`),
		request("POST /api/messaging/central-channels/${group}/generate-title # without agent", `{}`),
		request("POST /api/messaging/central-channels/xyz/generate-title", `{"agentId":"${agent}"}`),
	}
}

// messageSteps post and read messages by REST while a socket listens.
func messageSteps() []Step {
	message := `{"author_id":"${user}","content":"hello","server_id":"${server}","metadata":{"user_display_name":"Zed"}}`
	return []Step{
		connect("ann"),
		emit("ann", "message", `[{"type":1,"payload":{"channelId":"${channel}","roomId":"${channel}","entityId":"${user}"}}]`, "joins an unknown channel",
			"ann.channel_joined", "ann.room_joined"),
		emit("ann", "message", `[{"type":1,"payload":{"channelId":"${plain}"}}]`, "joins without an entity", "ann.channel_joined", "ann.room_joined"),
		request("GET /api/messaging/central-channels/${channel}/messages # unknown", ""),
		request("GET /api/messaging/central-channels/xyz/messages", ""),
		request("POST /api/messaging/central-channels/${channel}/messages", message, save("first", "data.id"), await("ann.messageBroadcast")),
		request("POST /api/messaging/central-channels/${plain}/messages # nobody answers", message, save("post", "data.id"), await("ann.messageBroadcast")),
		request("POST /api/messaging/central-channels/${channel}/messages # without content", `{"author_id":"${user}","server_id":"${server}"}`),
		request("POST /api/messaging/central-channels/${channel}/messages # bad author", `{"author_id":"xyz","content":"hello","server_id":"${server}"}`),
		request("POST /api/messaging/central-channels/xyz/messages", message),
		request("POST /api/messaging/central-channels/${other}/messages # unknown server", `{"author_id":"${user}","content":"hello","server_id":"${nobody}"}`),
		request("GET /api/messaging/central-channels/${channel}/messages", ""),
		request("GET /api/messaging/central-channels/${channel}/messages?limit=1", ""),
		request("GET /api/messaging/central-channels/${channel}/messages?before=1", ""),
		request("POST /api/messaging/submit", `{"channel_id":"${plain}","server_id":"${server}","author_id":"${agent}","content":"I said","source_type":"agent_response","raw_message":{"text":"I said","thought":"t","actions":["REPLY"]},"metadata":{"agentName":"Eliza"}}`,
			await("ann.messageBroadcast")),
		request("POST /api/messaging/submit # without content", `{"channel_id":"${plain}","server_id":"${server}","author_id":"${agent}"}`),
		request("POST /api/messaging/submit # bad channel", `{"channel_id":"xyz","server_id":"${server}","author_id":"${agent}","content":"I said","source_type":"agent_response","raw_message":{}}`),
		request("POST /api/messaging/complete", `{"channel_id":"${plain}","server_id":"${server}"}`, await("ann.messageComplete")),
		request("POST /api/messaging/complete # bad channel", `{"channel_id":"xyz","server_id":"${server}"}`),
		request("POST /api/messaging/ingest-external", `{"channel_id":"${plain}","server_id":"${server}","author_id":"${user}","content":"from afar","author_display_name":"Far","source_type":"test","source_id":"s1"}`,
			await("ann.messageBroadcast")),
		request("POST /api/messaging/ingest-external # without content", `{"channel_id":"${plain}","server_id":"${server}","author_id":"${user}"}`),
		request("GET /api/messaging/central-channels/${plain}/messages", ""),
		request("DELETE /api/messaging/central-channels/${plain}/messages/${post}", "", await("ann.messageDeleted")),
		request("DELETE /api/messaging/central-channels/${plain}/messages/${nobody}", ""),
		request("DELETE /api/messaging/central-channels/${plain}/messages/xyz", ""),
		request("DELETE /api/messaging/central-channels/${plain}/messages", "", await("ann.channelCleared")),
		request("GET /api/messaging/central-channels/${plain}/messages # cleared", ""),
		request("PATCH /api/messaging/central-channels/${plain} # with a socket", `{"name":"Plainer"}`, await("ann.channelUpdated")),
		request("DELETE /api/messaging/central-channels/${plain}", "", await("ann.channelDeleted")),
		request("DELETE /api/messaging/central-channels/xyz", ""),
	}
}

// socketSteps send by socket.
func socketSteps() []Step {
	send := `[{"type":2,"payload":{"channelId":"${channel}","roomId":"${channel}","serverId":"${server}","senderId":"${user}","senderName":"user","message":"hi","messageId":"${temp}","source":"client_chat"}}]`
	return []Step{
		connect("ben"),
		emit("ben", "message", `[{"type":1,"payload":{"channelId":"${channel}"}}]`, "joins", "ben.channel_joined", "ben.room_joined"),
		emit("ann", "message", send, "sends", "ann.messageBroadcast", "ann.messageAck", "ben.messageBroadcast"),
		emit("ann", "2", `[{"channelId":"${channel}","serverId":"${server}","senderId":"${user}","message":"by number","messageId":"${nobody}"}]`, "sends", "ann.messageAck", "ben.messageBroadcast"),
		emit("ann", "1", `[{"roomId":"${channel}"}]`, "joins by number and roomId", "ann.channel_joined", "ann.room_joined"),
		emit("ann", "message", `[{"type":1,"payload":{}}]`, "joins nothing", "ann.messageError"),
		emit("ann", "message", `[{"type":2,"payload":{"channelId":"${channel}","serverId":"${server}","message":"hi"}}]`, "sends without a sender", "ann.messageError"),
		emit("ann", "message", `[{"type":2,"payload":{"channelId":"${channel}","serverId":"${server}","senderId":"${user}","message":""}}]`, "sends nothing", "ann.messageError"),
		emit("ann", "message", `[{"type":2,"payload":{"channelId":"${other}","serverId":"${nobody}","senderId":"${user}","message":"hi"}}]`, "sends to an unknown server", "ann.messageError"),
		emit("ann", "message", `[{"type":3,"payload":{}}]`, "sends a type for servers"),
		emit("ann", "message", `["text"]`, "sends no object"),
		emit("ann", "message", `[{"text":"hi"}]`, "sends neither type nor payload"),
		emit("ann", "subscribe_logs", `[]`, "", "ann.log_subscription_confirmed"),
		emit("ann", "update_log_filters", `[{"level":"fatal"}]`, "", "ann.log_filters_updated"),
		emit("ann", "unsubscribe_logs", `[]`, "", "ann.log_subscription_confirmed"),
		emit("ann", "update_log_filters", `[{"level":"error"}]`, "without a subscription", "ann.log_filters_updated"),
	}
}

// dmSteps talk with the agent.
func dmSteps() []Step {
	return []Step{
		request("POST /api/messaging/central-channels # a chat with the agent", `{"name":"Chat - Nov 23, 17:04:35","participantCentralUserIds":["${user}","${agent}"],"type":"DM","server_id":"${server}","metadata":{"isDm":true,"user1":"${user}","user2":"${agent}","forAgent":"${agent}"}}`,
			save("chat", "data.id")),
		emit("ann", "message", `[{"type":1,"payload":{"channelId":"${chat}","roomId":"${chat}","entityId":"${user}"}}]`, "joins the chat", "ann.channel_joined", "ann.room_joined"),
		emit("ann", "message", `[{"type":2,"payload":{"channelId":"${chat}","roomId":"${chat}","serverId":"${server}","senderId":"${user}","senderName":"user","message":"How are you?","messageId":"${temp}","source":"client_chat","metadata":{"channelType":"DM","isDm":true,"targetUserId":"${agent}"}}}]`,
			"asks the agent", "ann.messageAck", "ann.messageComplete"),
		request("GET /api/messaging/central-channels/${chat}/messages # with an answer", ""),
		request("GET /api/agents/${agent}/logs?count=50&excludeTypes=embedding,text_embedding", "", shapeOnly),
		request("GET /api/server/logs?level=fatal", "", shapeOnly),
	}
}

// memorySteps read and change what the agent remembers.
func memorySteps() []Step {
	return []Step{
		request("GET /api/memory/${agent}/memories?tableName=messages&includeEmbedding=false", "", save("memory", "data.memories.0.id"), save("room", "data.memories.0.roomId")),
		request("GET /api/agents/${agent}/memories?channelId=${chat}", ""),
		request("GET /api/memory/${agent}/memories?tableName=nothing", ""),
		request("GET /api/memory/xyz/memories", ""),
		request("GET /api/memory/${nobody}/memories", ""),
		request("GET /api/memory/${agent}/memories?roomId=xyz", ""),
		request("PATCH /api/memory/${agent}/memories/${memory}", `{"content":{"text":"changed"}}`),
		request("PATCH /api/memory/${agent}/memories/xyz", `{"content":{"text":"changed"}}`),
		request("GET /api/agents/${agent}/rooms", ""),
		request("GET /api/agents/${agent}/rooms/${room}", ""),
		request("GET /api/agents/${agent}/rooms/xyz", ""),
		request("GET /api/agents/${agent}/rooms/${nobody}", ""),
		request("GET /api/agents/${agent}/rooms/${room}/memories", ""),
		request("POST /api/agents/${agent}/rooms", `{"name":"Attic"}`, save("attic", "data.id")),
		request("POST /api/agents/${agent}/rooms # without a name", `{}`),
		request("DELETE /api/memory/${agent}/memories/${memory}", ""),
		request("DELETE /api/memory/${agent}/memories/xyz", ""),
		request("DELETE /api/memory/${agent}/memories/all/xyz", ""),
		request("DELETE /api/memory/${agent}/memories/all/${attic}", ""),
		request("DELETE /api/memory/${agent}/memories", "", shapeOnly),
	}
}

// groupSteps make rooms of several agents.
func groupSteps() []Step {
	return []Step{
		request("POST /api/memory/groups/${harbour}", `{"agentIds":["${agent}"],"name":"Circle","worldId":"${world}","source":"test"}`),
		request("POST /api/memory/groups/${harbour} # nobody", `{"agentIds":[]}`),
		request("POST /api/memory/groups/xyz", `{"agentIds":["${agent}"]}`),
		request("DELETE /api/memory/groups/xyz", ""),
		request("DELETE /api/memory/groups/xyz/memories", ""),
		request("DELETE /api/memory/groups/${harbour}/memories", ""),
		request("DELETE /api/memory/groups/${harbour}", ""),
	}
}

// uploadSteps store files.
func uploadSteps() []Step {
	text := func(s *Step) {
		s.File, s.FileField, s.FileName, s.FileType = "abc", "file", "t.txt", "text/plain"
	}
	program := func(s *Step) {
		s.File, s.FileField, s.FileName, s.FileType = "MZ", "file", "t.exe", "application/x-msdownload"
	}
	return []Step{
		request("POST /api/media/agents/${agent}/upload-media", "", text),
		request("POST /api/media/agents/xyz/upload-media", "", text),
		request("POST /api/media/agents/${agent}/upload-media # a program", "", program),
		request("POST /api/media/agents/${agent}/upload-media # nothing", `{}`),
		request("POST /api/messaging/channels/${chat}/upload-media", "", text),
		request("POST /api/media/channels/${chat}/upload-media", "", text),
		request("POST /api/media/channels/xyz/upload-media", "", text),
		request("GET /media/uploads/agents/xyz/t.txt", "", shapeOnly),
		request("GET /media/uploads/agents/${agent}/nothing.txt", "", shapeOnly),
	}
}

// logSteps use the server's log and its settings.
func logSteps() []Step {
	return []Step{
		request("GET /api/server/logs?limit=1", "", shapeOnly),
		request("POST /api/server/logs", `{}`, shapeOnly),
		request("DELETE /api/server/logs", ""),
		request("POST /api/system/env/local # nothing", `{}`),
		request("POST /api/system/env/local # a text", `{"content":"A=1"}`),
	}
}

// faultSteps send what no client should.
func faultSteps() []Step {
	typed := func(kind string) func(*Step) { return func(s *Step) { s.Type = kind } }
	return []Step{
		request("POST /api/agents # broken JSON", `{"agent":`),
		request("POST /api/messaging/submit # a text", "hello", typed("text/plain")),
		request("POST /api/messaging/submit # a list", `[1,2]`),
		request("POST /api/messaging/submit # nothing", ""),
		request("GET /api/agents/../agents", ""),
	}
}

// endSteps take away what was made.
func endSteps() []Step {
	return []Step{
		request("DELETE /api/messaging/central-channels/${chat}/messages", "", await("ann.channelCleared")),
		request("DELETE /api/messaging/central-channels/${chat}", "", await("ann.channelDeleted")),
		request("POST /api/agents/${agent}/stop", ""),
		request("POST /api/agents/${agent}/stop # again", ""),
		request("DELETE /api/agents/${agent}", ""),
		request("DELETE /api/agents/${agent} # again", ""),
		request("DELETE /api/agents/${second}", ""),
		request("DELETE /api/agents/xyz", ""),
		request("GET /api/agents # all gone", ""),
	}
}
