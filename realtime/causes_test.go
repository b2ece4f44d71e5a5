package realtime_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"parley/domain"
	"parley/realtime/sio/siotest"
)

// rex is an agent that is not of this installation.
const rex = "55555555-2222-4222-8222-222222222222"

// said are the fields of a submit by rex, with changes.
func said(changes fields) fields {
	f := fields{"channel_id": channelID, "server_id": string(domain.DefaultServer), "author_id": rex, "content": "said",
		"source_type": "agent_response", "raw_message": fields{"text": "said", "thought": "t", "actions": []string{"REPLY"}}}
	for key, value := range changes {
		f[key] = value
	}
	return f
}

// by runs an operation past the gateway, as REST does, and returns its data.
func (d *door) by(name string, request any) fields {
	d.t.Helper()
	res, failure := d.try(name, request)
	if failure != nil {
		d.t.Fatal(name, failure)
	}
	raw, err := json.Marshal(res)
	if err != nil {
		d.t.Fatal(err)
	}
	var data fields
	if err := json.Unmarshal(raw, &data); err != nil {
		d.t.Fatal(name, err)
	}
	return data
}

// TestWhatRESTCausesReachesTheRoom causes every event of a channel by REST, with a socket
// in the room.
func TestWhatRESTCausesReachesTheRoom(t *testing.T) {
	d := openDoor(t, nil)
	c := d.joined()
	server := string(domain.DefaultServer)

	posted := d.by("messages:send", fields{"channelId": channelID, "author_id": ann, "content": "hello", "server_id": server,
		"metadata": fields{"user_display_name": "Zed", "attachments": []any{fields{"url": "u"}}}})
	heard := told(t, c, "messageBroadcast", 1)
	wantFields(t, heard, fields{"id": posted["id"], "senderId": ann, "senderName": "Zed", "text": "hello", "channelId": channelID,
		"roomId": channelID, "serverId": server, "messageServerId": server, "createdAt": posted["created_at"], "source": "eliza_gui",
		"clientMessageId": nil, "thought": nil, "rawMessage": nil, "updatedAt": nil})
	if fmt.Sprint(heard["attachments"]) != "[map[url:u]]" {
		t.Errorf("attachments %v", heard["attachments"])
	}
	wantFields(t, next(t, c, "messageComplete"), fields{"channelId": channelID, "roomId": channelID, "serverId": server, "messageId": posted["id"]})

	row := d.by("messages:submit", said(fields{"in_reply_to_message_id": posted["id"], "metadata": fields{"attachments": []any{fields{"url": "v"}}}}))
	heard = told(t, c, "messageBroadcast", 2)
	wantFields(t, heard, fields{"id": row["id"], "senderId": rex, "senderName": "Agent", "text": "said", "source": "agent_response", "thought": "t",
		"inReplyTo": posted["id"], "channelId": channelID, "roomId": channelID, "serverId": server, "createdAt": row["created_at"]})
	if fmt.Sprint(heard["actions"], heard["attachments"]) != "[REPLY] [map[url:v]]" {
		t.Errorf("actions %v, attachments %v", heard["actions"], heard["attachments"])
	}
	d.by("messages:submit", said(fields{"metadata": fields{"agentName": "Rex"}}))
	wantFields(t, told(t, c, "messageBroadcast", 3), fields{"senderName": "Rex"})
	d.by("messages:complete", fields{"channel_id": channelID, "server_id": server})
	wantFields(t, next(t, c, "messageComplete"), fields{"channelId": channelID, "roomId": channelID, "serverId": server})

	ingested := d.by("messages:ingest", fields{"channel_id": channelID, "server_id": server, "author_id": "joe", "content": "ahoy",
		"source_type": "irc", "source_id": "1"})
	wantFields(t, told(t, c, "messageBroadcast", 4), fields{"id": ingested["messageId"], "senderName": "User", "text": "ahoy", "source": "irc"})
	next(t, c, "messageComplete")
	d.by("messages:ingest", fields{"channel_id": channelID, "server_id": server, "author_id": "joe", "author_display_name": "Joe",
		"content": "ahoy", "source_type": "irc", "source_id": "1"}) // a repeat, which the room does not hear

	action := d.by("messages:act", said(fields{"source_type": "agent_action", "content": "working", "raw_message": fields{"text": "working"}}))
	heard = told(t, c, "messageBroadcast", 5)
	wantFields(t, heard, fields{"id": action["id"], "text": "working", "source": "agent_action", "updatedAt": action["updated_at"], "edited": nil})
	wantFields(t, within(heard, "rawMessage"), fields{"text": "working"})
	changed := d.by("messages:progress", fields{"id": action["id"], "content": "done"})
	heard = told(t, c, "messageBroadcast", 6)
	wantFields(t, heard, fields{"id": action["id"], "text": "done", "updatedAt": changed["updated_at"], "createdAt": action["created_at"], "edited": nil})
	wantFields(t, within(heard, "rawMessage"), fields{"text": "done"})

	d.by("messages:update", fields{"messageId": posted["id"], "content": "changed"})
	wantFields(t, told(t, c, "messageBroadcast", 7), fields{"id": posted["id"], "text": "changed", "edited": true, "rawMessage": nil})
	d.call("messages:delete", fields{"channelId": channelID, "messageId": posted["id"]})
	wantFields(t, told(t, c, "messageDeleted", 8), fields{"messageId": posted["id"], "channelId": channelID, "roomId": channelID})
	const absent = "99999999-1111-4111-8111-999999999999"
	for _, id := range []any{posted["id"], absent} { // deleted already, and never there
		d.call("messages:delete", fields{"channelId": channelID, "messageId": id})
		wantFields(t, next(t, c, "messageDeleted"), fields{"messageId": id, "channelId": channelID, "roomId": channelID, "rev": nil})
	}
	d.call("messages:clear", fields{"channelId": channelID})
	wantFields(t, told(t, c, "channelCleared", 9), fields{"channelId": channelID, "roomId": channelID})
	d.call("channels:update", fields{"channelId": channelID, "name": "Harbour"})
	wantFields(t, within(next(t, c, "channelUpdated"), "updates"), fields{"name": "Harbour"})
	d.call("channels:delete", fields{"channelId": channelID})
	wantFields(t, next(t, c, "channelDeleted"), fields{"channelId": channelID, "roomId": channelID})
}

func TestADeletedServerEmptiesTheRoomsOfItsChannels(t *testing.T) {
	d := openDoor(t, nil)
	server := within(d.by("servers:create", fields{"name": "Port", "sourceType": "test"}), "server")["id"]
	var sockets []*siotest.Client
	var ids []any
	for range 3 {
		id := d.by("channels:create", fields{"name": "n", "serverId": server, "participantCentralUserIds": []string{}})["id"]
		c := d.dial()
		ask(t, c, "channels:join", fields{"channelId": id})
		sockets, ids = append(sockets, c), append(ids, id)
	}
	d.call("servers:delete", fields{"serverId": server})
	for i, c := range sockets {
		wantFields(t, next(t, c, "channelDeleted"), fields{"channelId": ids[i], "roomId": ids[i]})
	}
}

func TestTheRoomHearsOfAgentsThatComeAndGo(t *testing.T) {
	d := openDoor(t, nil)
	c := d.joined()
	d.by("messages:send", fields{"channelId": channelID, "author_id": ann, "content": "hello", "server_id": string(domain.DefaultServer)})
	people := func() string {
		return fmt.Sprint(within(within(next(t, c, "channelUpdated"), "updates"), "metadata")["participantCentralUserIds"])
	}
	d.call("channels:link", fields{"channelId": channelID, "agentId": eliza})
	if got := people(); got != "["+ann+" "+eliza+"]" {
		t.Errorf("added: %s", got)
	}
	d.call("channels:unlink", fields{"channelId": channelID, "agentId": eliza})
	if got := people(); got != "["+ann+"]" {
		t.Errorf("removed: %s", got)
	}
	d.call("channels:link", fields{"channelId": channelID, "agentId": eliza})
	people()
	if err := d.service.AgentDeleted(t.Context(), eliza); err != nil {
		t.Fatal(err)
	}
	if got := people(); got != "["+ann+"]" {
		t.Errorf("deleted: %s", got)
	}
	both := d.dialAs(bob)
	direct := d.by("channels:direct", fields{"currentUserId": bob, "targetUserId": eliza})
	wantFields(t, next(t, both, "channelUpdated"), fields{"channelId": direct["id"]})
}
