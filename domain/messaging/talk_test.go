package messaging_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/domain"
)

func TestOfManyWhoOpenADirectConversationAllGetTheSame(t *testing.T) {
	h := openTown(t, nil)
	var mu sync.Mutex
	seen := map[string]int{}
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			fields := []any{"currentUserId", ann, "targetUserId", eliza}
			switch i % 3 {
			case 1:
				fields = []any{"currentUserId", eliza, "targetUserId", ann, "dmServerId", "77777777-7777-4777-8777-777777777777"}
			case 2:
				fields = []any{"participantIds", []any{ann, eliza}}
			}
			out, failure := h.try("channels:direct", fields...)
			if failure != nil {
				t.Error(failure)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen[out["id"].(string)]++
		})
	}
	all.Wait()
	if len(seen) != 1 {
		t.Errorf("%d conversations: %v", len(seen), seen)
	}
	row := h.do("channels:direct", "currentUserId", ann, "targetUserId", eliza)
	want := fmt.Sprintf("map[user1:%s user2:%s]", ann, eliza)
	if row["name"] != "DM-"+string(ann)+"-"+string(eliza) || row["type"] != "DM" || fmt.Sprint(row["metadata"]) != want {
		t.Errorf("row %v", row)
	}
	if list := h.do("channels:participants", "channelId", row["id"]); fmt.Sprint(list["list"]) != fmt.Sprintf("[%s %s]", ann, eliza) {
		t.Errorf("participants %v", list)
	}
	if n := strings.Count(h.took(), "updated DM-"); n != 1 {
		t.Errorf("it was told %d times", n)
	}
}

func TestADirectConversationOfAnotherOriginIsFoundByItsName(t *testing.T) {
	h := openTown(t, nil)
	made := h.do("channels:create", "name", "DM-"+string(ann)+"-"+string(eliza), "type", "DM", "serverId", domain.DefaultServer,
		"participantCentralUserIds", []any{ann, eliza})
	if row := h.do("channels:direct", "currentUserId", eliza, "targetUserId", ann); row["id"] != made["id"] {
		t.Errorf("found %v, want %v", row["id"], made["id"])
	}
}

func TestWhatChannelsRefuse(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel(ann)
	const nowhere = "77777777-7777-4777-8777-777777777777"
	server := domain.DefaultServer
	for _, tt := range []struct {
		name, op    string
		fields      []any
		code, words string
	}{
		{"DM with nobody", "channels:direct", []any{"currentUserId", ann}, "INVALID_REQUEST", "targetUserId is required"},
		{"DM with oneself", "channels:direct", []any{"currentUserId", ann, "targetUserId", ann}, "INVALID_REQUEST", "Cannot create DM channel with oneself"},
		{"DM of three", "channels:direct", []any{"participantIds", []any{ann, bob, eliza}}, "INVALID_REQUEST", "participantIds must hold two"},
		{"DM with no UUID", "channels:direct", []any{"currentUserId", ann, "targetUserId", "x"}, "INVALID_ID", "targetUserId must be a UUID"},
		{"create without participants", "channels:create", []any{"name", "n", "serverId", server}, "INVALID_REQUEST", "participantCentralUserIds is required"},
		{"create with a participant that is no UUID", "channels:create", []any{"name", "n", "serverId", server, "participantCentralUserIds", []any{"x"}},
			"INVALID_ID", "participantCentralUserIds must be a UUID"},
		{"create on an unknown server", "channels:create", []any{"name", "n", "serverId", nowhere, "participantCentralUserIds", []any{}},
			"NOT_FOUND", "Server " + nowhere + " does not exist"},
		{"add without a type", "channels:add", []any{"name", "n", "serverId", server}, "INVALID_REQUEST", "type is required"},
		{"add of an unknown type", "channels:add", []any{"name", "n", "serverId", server, "type", "PARTY"}, "INVALID_REQUEST", "type is not a channel type"},
		{"newer add on an unknown server", "channels:add", []any{"name", "n", "message_server_id", nowhere}, "NOT_FOUND", "Server " + nowhere},
		{"add without a server", "channels:add", []any{"name", "n", "type", "GROUP"}, "INVALID_REQUEST", "serverId is required"},
		{"agent into an unknown channel", "channels:link", []any{"channelId", nowhere, "agentId", eliza}, "NOT_FOUND", ""},
		{"unknown agent into a channel", "channels:link", []any{"channelId", c, "agentId", nowhere}, "NOT_FOUND", "Agent not found"},
		{"agent out of a channel it is not in", "channels:unlink", []any{"channelId", c, "agentId", eliza}, "NOT_FOUND", "Agent is not a participant in this channel"},
		{"agent out of an unknown channel", "channels:unlink", []any{"channelId", nowhere, "agentId", eliza}, "NOT_FOUND", ""},
		{"agent that is no UUID", "channels:link", []any{"channelId", c, "agentId", "x"}, "INVALID_ID", "agentId must be a UUID"},
		{"title without an agent", "channels:title", []any{"channelId", c}, "INVALID_REQUEST", "agentId is required"},
		{"title of an agent that does not run", "channels:title", []any{"channelId", c, "agentId", smith}, "NOT_FOUND", "Agent is not running"},
		{"title of an unknown agent", "channels:title", []any{"channelId", c, "agentId", nowhere}, "NOT_FOUND", "Agent is not running"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, failure := h.try(tt.op, tt.fields...)
			h.wantFailure(failure, tt.code, tt.words)
		})
	}
	if n := len(h.do("channels:list", "serverId", server)["channels"].([]any)); n != 1 {
		t.Errorf("%d channels after nothing but refusals", n)
	}
	bound := domain.Actor{Role: domain.Member, Entity: bob, Bound: true}
	_, failure := h.tryAs(bound, "channels:direct", "participantIds", []any{ann, eliza})
	h.wantFailure(failure, "FORBIDDEN", "")
}

func TestBothFormsOfAChannelsBody(t *testing.T) {
	h := openTown(t, nil)
	old := h.do("channels:add", "name", "old", "serverId", domain.DefaultServer, "type", "FEED", "description", "about")
	nested := old["channel"].(map[string]any)
	if old["id"] != nested["id"] || nested["type"] != "FEED" || nested["topic"] != "about" || len(old["participants"].([]any)) != 0 {
		t.Errorf("old form: %v", old)
	}
	newer := h.do("channels:add", "name", "new", "message_server_id", domain.DefaultServer, "participantIds", []any{ann, ann, bob},
		"metadata", map[string]any{"isDm": true})
	if newer["type"] != "GROUP" || fmt.Sprint(newer["participants"]) != fmt.Sprintf("[%s %s]", ann, bob) || fmt.Sprint(newer["metadata"]) != "map[isDm:true]" {
		t.Errorf("newer form: %v", newer)
	}
	if client := h.do("channels:add", "name", "client", "message_server_id", domain.DefaultServer); client["type"] != "GROUP" || len(client["participants"].([]any)) != 0 {
		t.Errorf("as the official client: %v", client)
	}
	got := h.do("channels:get", "channelId", newer["id"])["metadata"].(map[string]any)
	if fmt.Sprint(got["participantCentralUserIds"]) != fmt.Sprintf("[%s %s]", ann, bob) {
		t.Errorf("metadata %v", got)
	}
}

func TestAgentsOfAChannel(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel(ann)
	h.took()
	for range 2 { // twice is once
		added := h.do("channels:link", "channelId", c, "agentId", eliza)
		if added["channelId"] != c || added["agentId"] != string(eliza) || added["message"] == "" {
			t.Errorf("added %v", added)
		}
	}
	list := h.do("channels:agents", "channelId", c)
	if fmt.Sprint(list["participants"]) != fmt.Sprintf("[%s %s]", ann, eliza) || fmt.Sprint(list["agents"]) != fmt.Sprintf("[%s]", eliza) {
		t.Errorf("listed %v", list)
	}
	h.do("channels:unlink", "channelId", c, "agentId", eliza)
	if script := h.took(); strings.Count(script, "updated Harbour") != 3 {
		t.Errorf("script %s", script)
	}
	if list := h.do("channels:agents", "channelId", "77777777-7777-4777-8777-777777777777"); len(list["participants"].([]any)) != 0 {
		t.Errorf("of an unknown channel: %v", list)
	}
}

func TestAnAgentThatIsDeletedLeavesEverything(t *testing.T) {
	h := openTown(t, nil)
	id := h.server()
	h.do("servers:link", "serverId", id, "agentId", eliza)
	var channels []string
	for range 3 {
		c := h.channel(ann, domain.EntityID(eliza))
		h.say(c, "hello") // awaits her
		channels = append(channels, c)
	}
	h.took()
	for range 2 { // the second one finds nothing to do
		if err := h.service.AgentDeleted(t.Context(), eliza); err != nil {
			t.Fatal(err)
		}
	}
	script := h.took()
	if strings.Count(script, "updated Harbour for 1") != 3 || strings.Count(script, "completed") != 3 {
		t.Errorf("script %s", script)
	}
	for _, c := range channels {
		if list := h.do("channels:agents", "channelId", c); fmt.Sprint(list["participants"]) != fmt.Sprintf("[%s]", ann) {
			t.Errorf("left in a channel: %v", list)
		}
	}
	if of := h.do("agents:servers", "agentId", eliza); len(of["servers"].([]any)) != 0 {
		t.Errorf("left in servers %v", of)
	}
	if owed, err := h.store.DutiesOf(t.Context(), eliza, 10); err != nil || len(owed) != 0 {
		t.Errorf("owes %v, %v", owed, err)
	}
}

func TestAListOfChannelsTellsItsTotal(t *testing.T) {
	h := openTown(t, nil)
	for range 5 {
		h.channel(ann)
	}
	for _, tt := range []struct{ limit, offset, shown int }{{0, 0, 5}, {2, 0, 2}, {2, 4, 1}, {2, 9, 0}} {
		res, failure := h.registry.Lookup("channels:list").Call(t.Context(), rest, input("serverId", domain.DefaultServer, "limit", tt.limit, "offset", tt.offset))
		if failure != nil {
			t.Fatal(failure)
		}
		list := res.(interface{ TotalCount() (int, bool) })
		if total, ok := list.TotalCount(); !ok || total != 5 {
			t.Errorf("%+v: total %d, %v", tt, total, ok)
		}
		if out := h.do("channels:list", "serverId", domain.DefaultServer, "limit", tt.limit, "offset", tt.offset); len(out["channels"].([]any)) != tt.shown {
			t.Errorf("%+v: %v", tt, out)
		}
	}
	mine := h.do("channels:list", "serverId", domain.DefaultServer, "participantId", bob, "type", "GROUP")
	if len(mine["channels"].([]any)) != 0 {
		t.Errorf("bob's channels %v", mine)
	}
	if !slices.Equal(h.texts(h.channel(ann)), []string{}) {
		t.Error("a new channel has messages")
	}
}
