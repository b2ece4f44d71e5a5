package messaging_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
)

// decoded is JSON of an object.
func decoded(raw []byte) map[string]any {
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err)
	}
	return out
}

// submit are the fields of a complete submit, and more.
func submit(channel string, more ...any) []any {
	return append([]any{"channel_id", channel, "server_id", domain.DefaultServer, "author_id", smith, "content", "said",
		"source_type", "agent_response", "raw_message", map[string]any{"text": "said", "thought": "t", "actions": []any{"REPLY"}},
		"metadata", map[string]any{"agentName": "Smith"}}, more...)
}

func TestASubmitIsStoredToldAndOfferedToTheOthers(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel(ann, domain.EntityID(eliza), domain.EntityID(smith))
	h.took()
	row := h.do("messages:submit", submit(c)...)
	if row["channelId"] != c || row["authorId"] != string(smith) || row["content"] != "said" || row["sourceType"] != "agent_response" ||
		fmt.Sprint(row["metadata"]) != "map[actions:[REPLY] agentName:Smith thought:t]" || row["inReplyToRootMessageId"] != nil {
		t.Errorf("row %v", row)
	}
	if script := h.took(); !strings.Contains(script, "post seq 1") || !strings.Contains(script, "hint ["+string(eliza)) || strings.Contains(script, "completed") {
		t.Errorf("script %s", script)
	}
	h.do("messages:submit", "channelId", c, "agentId", eliza, "content", "short form")
	if script := h.took(); strings.Contains(script, "hint") || strings.Contains(script, "completed") {
		t.Errorf("its own author is asked: %s", script)
	}
	list := h.do("messages:list", "channelId", c)["messages"].([]any)
	short := list[0].(map[string]any)
	if short["sourceType"] != "agent_response" || short["serverId"] != string(domain.DefaultServer) || fmt.Sprint(short["rawMessage"]) != "map[text:short form]" {
		t.Errorf("defaults %v", short)
	}
}

func TestASubmitWithAnIDIsStoredOnce(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel()
	const id = "99999999-1111-4111-8111-999999999999"
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			row, failure := h.try("messages:submit", submit(c, "messageId", strings.ToUpper(id))...)
			if failure != nil || row["id"] != id || row["seq"] != 1.0 {
				t.Errorf("row %v, %v", row, failure)
			}
		})
	}
	all.Wait()
	if texts := h.texts(c); len(texts) != 1 {
		t.Errorf("texts %v", texts)
	}
	_, failure := h.try("messages:submit", submit(h.channel(), "messageId", id)...)
	h.wantFailure(failure, "CONFLICT", "")
}

func TestAnActionTellsHowItGoesUnderOneID(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel(domain.EntityID(eliza))
	h.took()
	row := h.do("messages:act", submit(c, "source_type", "agent_action")...)
	done := h.do("messages:progress", "id", row["id"], "content", "done", "raw_message", map[string]any{"text": "done", "actions": []any{"SEND"}},
		"source_type", "agent_response", "metadata", map[string]any{"k": 1}, "author_id", smith)
	if done["id"] != row["id"] || done["content"] != "done" || done["sourceType"] != "agent_response" || done["seq"] != 1.0 || done["rev"] != 2.0 ||
		fmt.Sprint(done["metadata"]) != "map[actions:[SEND] agentName:Smith k:1]" {
		t.Errorf("done %v", done)
	}
	text := h.do("messages:progress", "id", row["id"], "content", "really done")
	if fmt.Sprint(text["rawMessage"]) != "map[actions:[SEND] text:really done]" {
		t.Errorf("raw %v", text["rawMessage"])
	}
	if script := h.took(); strings.Contains(script, "hint") || strings.Contains(script, "completed") || !strings.Contains(script, "edit seq 1 rev 3") {
		t.Errorf("script %s", script)
	}
}

func TestWhatTheCoreRefuses(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel()
	const nowhere = "77777777-7777-4777-8777-777777777777"
	ours := h.do("messages:act", submit(c)...)
	for _, tt := range []struct {
		name, op    string
		fields      []any
		code, words string
	}{
		{"submit of nothing", "messages:submit", []any{"channel_id", c},
			"INVALID_REQUEST", "authorId is required; content is required; serverId is required; sourceType is required; rawMessage is required"},
		{"submit of a raw text", "messages:submit", submit(c, "raw_message", "text"), "INVALID_REQUEST", "rawMessage must be an object"},
		{"submit with NUL", "messages:submit", submit(c, "content", "a\x00"), "INVALID_REQUEST", "content must not contain NUL"},
		{"submit too long", "messages:submit", submit(c, "content", strings.Repeat("x", 100_001)), "INVALID_REQUEST", "content is too long"},
		{"submit in reply to no UUID", "messages:submit", submit(c, "in_reply_to_message_id", "x"), "INVALID_ID", "must be a UUID"},
		{"submit to nowhere", "messages:submit", submit(nowhere), "NOT_FOUND", ""},
		{"action to nowhere", "messages:act", submit(nowhere), "NOT_FOUND", ""},
		{"progress of nothing", "messages:progress", []any{"id", nowhere, "content", "x"}, "NOT_FOUND", ""},
		{"empty progress", "messages:progress", []any{"id", ours["id"], "content", ""}, "INVALID_REQUEST", "content is required"},
		{"progress of another's", "messages:progress", []any{"id", ours["id"], "content", "x", "author_id", eliza}, "FORBIDDEN", ""},
		{"complete of no server", "messages:complete", []any{"channel_id", c}, "INVALID_REQUEST", "serverId is required"},
		{"complete of no UUID", "messages:complete", []any{"channel_id", "x", "server_id", domain.DefaultServer}, "INVALID_ID", ""},
		{"ingest of nothing", "messages:ingest", []any{"channel_id", c}, "INVALID_REQUEST", "serverId is required; authorId is required; content is required"},
		{"ingest of an unknown server", "messages:ingest", []any{"channel_id", "new", "server_id", nowhere, "author_id", "joe", "content", "x"},
			"NOT_FOUND", "Server " + nowhere},
		{"ingest with NUL", "messages:ingest", []any{"channel_id", "new", "server_id", domain.DefaultServer, "author_id", "joe", "content", "\x00"},
			"INVALID_REQUEST", "content must not contain NUL"},
		{"ingest of an empty list", "messages:ingest", []any{"channelId", "new", "platform", "irc", "messages", []any{}}, "INVALID_REQUEST", "messages must have"},
		{"ingest of a list with a fault", "messages:ingest", []any{"channelId", "new", "platform", "irc", "messages", []any{
			map[string]any{"id": "1", "authorId": "joe", "content": "x"}, map[string]any{"id": "2", "content": ""}}},
			"INVALID_REQUEST", "messages.1.authorId is required; messages.1.content is required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, failure := h.try(tt.op, tt.fields...)
			h.wantFailure(failure, tt.code, tt.words)
		})
	}
	if n, texts := len(h.do("channels:list", "serverId", domain.DefaultServer)["channels"].([]any)), h.texts(c); n != 1 || fmt.Sprint(texts) != "[said]" {
		t.Errorf("%d channels, %v after nothing but refusals", n, texts)
	}
}

func TestIngestedMessagesAreStoredOnce(t *testing.T) {
	h := openTown(t, nil)
	one := []any{"channel_id", "harbour", "server_id", domain.DefaultServer, "author_id", "joe", "author_display_name", "Joe", "content", "ahoy",
		"source_type", "irc", "source_id", "1", "metadata", map[string]any{"channelType": "FEED"}}
	first := h.do("messages:ingest", one...)
	again := h.do("messages:ingest", one...)
	if first["duplicate"] != nil || again["duplicate"] != true || again["messageId"] != first["messageId"] {
		t.Errorf("first %v, again %v", first, again)
	}
	published := h.do("messages:ingest", "platform", "irc", "messageId", "2", "channelId", "harbour", "userId", "joe", "content", "second",
		"attachments", []any{map[string]any{"url": "u"}})
	batch := h.do("messages:ingest", "platform", "irc", "channelId", "harbour", "messages", []any{
		map[string]any{"id": "2", "authorId": "joe", "content": "second"},
		map[string]any{"id": "3", "authorId": "jim", "content": "third", "timestamp": 5}})
	if ids := batch["messageIds"].([]any); len(ids) != 2 || ids[0] != published["messageId"] || batch["messageId"] != ids[0] || batch["duplicate"] != nil {
		t.Errorf("batch %v", batch)
	}
	channel := domain.StringToUUID[domain.ChannelID]("irc:harbour")
	list := h.do("messages:list", "channelId", channel)["messages"].([]any)
	if fmt.Sprint(h.texts(string(channel))) != "[third second ahoy]" {
		t.Fatalf("texts %v", h.texts(string(channel)))
	}
	oldest, third := list[2].(map[string]any), list[0].(map[string]any)
	if oldest["authorId"] != domain.StringToUUID[string]("irc:joe") || oldest["authorDisplayName"] != "Joe" || oldest["sourceType"] != "irc" || oldest["sourceId"] != "1" {
		t.Errorf("oldest %v", oldest)
	}
	if third["metadata"].(map[string]any)["timestamp"] != 5.0 || list[1].(map[string]any)["metadata"].(map[string]any)["attachments"] == nil {
		t.Errorf("list %v", list)
	}
	made := h.do("channels:get", "channelId", channel)
	if made["type"] != "FEED" || made["sourceId"] != "harbour" || made["sourceType"] != "irc" {
		t.Errorf("channel %v", made)
	}
}

func TestManyIngestsAtOnceMakeOneChannelAndOneMessage(t *testing.T) {
	h := openTown(t, nil)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, failure := h.try("messages:ingest", "channel_id", "harbour", "server_id", "guild", "author_id", "joe", "content", "ahoy",
				"source_type", "irc", "source_id", "1")
			if failure != nil {
				t.Error(failure)
			}
		})
	}
	all.Wait()
	server := domain.StringToUUID[string]("irc:guild")
	shown := h.do("servers:get", "serverId", server)
	if shown["channelCount"] != 1.0 || shown["server"].(map[string]any)["name"] != "guild" {
		t.Errorf("server %v", shown)
	}
	if texts := h.texts(domain.StringToUUID[string]("irc:harbour")); len(texts) != 1 {
		t.Errorf("texts %v", texts)
	}
}

func TestDependentsAreToldOfEveryDeletion(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel(ann)
	first := h.say(c, "one")
	h.say(c, "two")
	h.do("messages:update", "channelId", c, "messageId", first["id"], "content", "one, or so")
	if heard, want := h.heardOf(), fmt.Sprintf("edited in %.8s; too", c); heard != want {
		t.Errorf("heard %s", heard)
	}
	for range 2 { // the repeat finds a tombstone and tells again
		h.do("messages:delete", "channelId", c, "messageId", first["id"])
	}
	if heard, want := h.heardOf(), fmt.Sprintf("message of %.8s; too; message of %.8s; too", c, c); heard != want {
		t.Errorf("heard %s", heard)
	}
	h.do("messages:clear", "channelId", c)
	if heard, want := h.heardOf(), fmt.Sprintf("cleared %.8s true; too", c); heard != want {
		t.Errorf("heard %s", heard)
	}
	h.do("messages:clear", "channelId", c)
	for range 2 { // the repeat tells of what may hang on the id
		h.do("channels:delete", "channelId", c)
	}
	h.do("messages:delete", "channelId", c, "messageId", first["id"])
	if heard, want := h.heardOf(), fmt.Sprintf("channel %.8s; too; channel %.8s; too", c, c); heard != want {
		t.Errorf("heard %s", heard)
	}
}

func TestWhatADependentMissedIsToldAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		op   string
		want string
	}{
		"a clear":                   {"messages:clear", "cleared %.8s true; too"},
		"the deletion of a channel": {"channels:delete", "channel %.8s; too"},
	} {
		for _, how := range []string{"by the repeated call", "by Run"} {
			t.Run(name+" "+how, func(t *testing.T) {
				h := openTown(t, nil)
				c := h.channel(ann)
				h.say(c, "one")
				h.fail(1)
				_, failure := h.try(tt.op, "channelId", c)
				h.wantFailure(failure, "DB_ERROR", "")
				if left, err := h.store.Unswept(t.Context(), domain.ChannelID(c)); err != nil || len(left) != 1 {
					t.Fatalf("left %v, %v", left, err)
				}
				if how == "by Run" {
					h.run(func() bool {
						left, err := h.store.Unswept(t.Context(), domain.ChannelID(c))
						return err == nil && len(left) == 0
					})
				} else {
					h.do(tt.op, "channelId", c)
				}
				if heard, want := h.heardOf(), fmt.Sprintf(tt.want, c); heard != want {
					t.Errorf("heard %s, want %s", heard, want)
				}
			})
		}
	}
}

func TestAChangeOfAMessageThatADependentMissedIsToldByRun(t *testing.T) {
	for name, tt := range map[string]struct {
		op, want string
		fields   []any
	}{
		"an edit":    {"messages:update", "edited in %.8s; too", []any{"content", "changed"}},
		"a deletion": {"messages:delete", "message of %.8s; too", nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := openTown(t, nil)
			c := h.channel(ann)
			m := h.say(c, "one")
			h.fail(1)
			_, failure := h.try(tt.op, append([]any{"channelId", c, "messageId", m["id"]}, tt.fields...)...)
			h.wantFailure(failure, "DB_ERROR", "")
			if left, err := h.store.Untold(t.Context(), 10); err != nil || len(left) != 1 {
				t.Fatalf("untold %v, %v", left, err)
			}
			h.run(func() bool {
				left, err := h.store.Untold(t.Context(), 10)
				return err == nil && len(left) == 0
			})
			if heard, want := h.heardOf(), fmt.Sprintf(tt.want, c); heard != want {
				t.Errorf("heard %s, want %s", heard, want)
			}
		})
	}
}

func TestAChannelMadeAnewKeepsWhatHangsOnIt(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel(ann)
	h.say(c, "old")
	h.fail(1)
	_, failure := h.try("channels:delete", "channelId", c)
	h.wantFailure(failure, "DB_ERROR", "")
	h.do("messages:send", ask(c, "serverId", domain.DefaultServer)...)
	h.run(func() bool {
		left, err := h.store.Unswept(t.Context(), domain.ChannelID(c))
		return err == nil && len(left) == 0
	})
	if heard, want := h.heardOf(), fmt.Sprintf("cleared %.8s true; too", c); heard != want {
		t.Errorf("heard %s, want %s", heard, want)
	}
}

// run lets the service finish what is left until that is so.
func (h *town) run(is func() bool) {
	h.t.Helper()
	again := openTownOn(h.t, h.store, func(o *messaging.Options) {
		o.Dependents = []messaging.Dependents{dependent{h}, other{h}}
	})
	again.serve(is)
}
