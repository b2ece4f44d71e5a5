package realtime_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/memory"
	"parley/realtime"
)

// mindID is the agent of the tests of memory.
const mindID = "b850bc30-45f8-0041-a00a-83df46d8555d"

func TestJoinsAreToldOf(t *testing.T) {
	joins := make(chan memory.Join, 10)
	d := openDoor(t, func(o *realtime.Options) { o.Joins = func(j memory.Join) { joins <- j } })
	c := d.dial()
	direct := fields{"isDm": true, "targetUserId": mindID}
	for _, tt := range []struct {
		name    string
		event   string
		payload fields
		want    *memory.Join
	}{
		{"join without an entity", "1", fields{"channelId": channelID}, nil},
		{"join as somebody", "1", fields{"roomId": channelID, "entityId": ann, "username": "Ann", "serverId": string(domain.DefaultServer)},
			&memory.Join{EntityID: ann, ChannelID: channelID, ServerID: domain.DefaultServer, Name: "Ann", Source: "socketio"}},
		{"join of a direct conversation", "channels:join", fields{"channelId": channelID, "entityId": ann, "metadata": direct},
			&memory.Join{EntityID: ann, ChannelID: channelID, Source: "socketio", Direct: true, Target: mindID}},
		{"message to a group", "2", send(nil), nil},
		{"direct message", "2", send(fields{"messageId": "m-2", "senderName": "Ann", "metadata": direct}),
			&memory.Join{EntityID: ann, ChannelID: channelID, ServerID: domain.DefaultServer, Name: "Ann", Source: "socketio_message",
				Direct: true, Target: mindID}},
		{"direct message sent again", "2", send(fields{"messageId": "m-2", "senderName": "Ann", "metadata": direct}), nil},
		{"direct message by its operation", "messages:send", send(fields{"messageId": "m-3", "metadata": fields{"channelType": "DM"}}),
			&memory.Join{EntityID: ann, ChannelID: channelID, ServerID: domain.DefaultServer, Source: "socketio_message", Direct: true}},
	} {
		if answer := ask(t, c, tt.event, tt.payload); answer["success"] != true {
			t.Fatalf("%s: %v", tt.name, answer)
		}
		var got *memory.Join
		select {
		case j := <-joins:
			got = &j
		default:
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: told of %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// memoryID is the id of a memory here, roomID that of a room.
func memoryID(n int) domain.MemoryID {
	return domain.MemoryID(fmt.Sprintf("3c3c3c3c-1111-4111-8111-%012d", n))
}

func roomID(n int) domain.RoomID {
	return domain.RoomID(fmt.Sprintf("4d4d4d4d-1111-4111-8111-%012d", n))
}

func TestMemoriesAreToldToWhoWatchesTheAgent(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	next(t, c, "connection_established")
	if err := d.gateway.Watch(c.ID(), mindID); err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1_700_000_000_123)
	d.gateway.MemoryCreated(memory.Memory{ID: memoryID(1), AgentID: mindID, RoomID: roomID(1), EntityID: ann, Table: "facts", CreatedAt: at})
	want := fields{"agentId": mindID, "memory": fields{"id": string(memoryID(1)), "roomId": string(roomID(1)), "entityId": ann, "type": "facts", "createdAt": 1_700_000_000_123.0}}
	if got := next(t, c, "memoryCreated"); !reflect.DeepEqual(got, want) {
		t.Errorf("memoryCreated is %v", got)
	}
	var gone []memory.Ref
	for i := range 3 {
		gone = append(gone, memory.Ref{AgentID: mindID, ID: memoryID(i), RoomID: roomID(i / 2), Table: "facts"})
	}
	d.gateway.MemoriesDeleted(mindID, gone, at)
	for _, want := range []fields{
		{"memoryId": string(memoryID(0)), "memoryIds": []any{string(memoryID(0)), string(memoryID(1))}, "roomId": string(roomID(0))},
		{"memoryId": string(memoryID(2)), "memoryIds": []any{string(memoryID(2))}, "roomId": string(roomID(1))},
	} {
		want["agentId"], want["type"], want["deletedAt"] = mindID, "facts", 1_700_000_000_123.0
		if got := next(t, c, "memoryDeleted"); !reflect.DeepEqual(got, want) {
			t.Errorf("memoryDeleted is %v, want %v", got, want)
		}
	}
}
