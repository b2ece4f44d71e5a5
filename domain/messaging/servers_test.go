package messaging_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
)

// server makes a message server and returns its id.
func (h *town) server() domain.ServerID {
	h.t.Helper()
	made := h.do("servers:create", "name", "Port", "sourceType", "test", "metadata", map[string]any{"a": 1, "b": 2})
	return domain.ServerID(made["server"].(map[string]any)["id"].(string))
}

func TestAServerIsMadeShownAndChanged(t *testing.T) {
	h := openTown(t, nil)
	id := h.server()
	h.channelOn(id, ann)
	h.do("servers:link", "serverId", id, "agentId", eliza)
	shown := h.do("servers:get", "serverId", id)
	row := shown["server"].(map[string]any)
	if shown["channelCount"] != 1.0 || fmt.Sprint(shown["agents"]) != "["+string(eliza)+"]" || row["name"] != "Port" || row["sourceType"] != "test" {
		t.Errorf("shown %v", shown)
	}
	changed := h.do("servers:update", "serverId", id, "name", "Bay", "metadata", map[string]any{"b": 3})["server"].(map[string]any)
	if changed["name"] != "Bay" || fmt.Sprint(changed["metadata"]) != "map[a:1 b:3]" {
		t.Errorf("changed %v", changed)
	}
	list := h.do("servers:list")
	names := []string{}
	for _, s := range list["servers"].([]any) {
		names = append(names, s.(map[string]any)["name"].(string))
	}
	if !slices.Equal(names, []string{"Default Server", "Bay"}) || len(list["messageServers"].([]any)) != 2 {
		t.Errorf("listed %v", list)
	}
	if now := h.do("servers:current"); now["messageServerId"] != string(domain.DefaultServer) {
		t.Errorf("current %v", now)
	}
}

func TestWhatServersRefuse(t *testing.T) {
	h := openTown(t, nil)
	const nowhere = "77777777-7777-4777-8777-777777777777"
	for _, tt := range []struct {
		name, op    string
		fields      []any
		code, words string
	}{
		{"no name", "servers:create", []any{"sourceType", "t"}, "INVALID_REQUEST", "name is required"},
		{"no source type", "servers:create", []any{"name", "n"}, "INVALID_REQUEST", "sourceType is required"},
		{"NUL", "servers:create", []any{"name", "n\x00", "sourceType", "t"}, "INVALID_REQUEST", "name must not contain NUL"},
		{"long name", "servers:create", []any{"name", strings.Repeat("n", 201), "sourceType", "t"}, "INVALID_REQUEST", "too long"},
		{"bad id", "servers:get", []any{"serverId", "nope"}, "INVALID_ID", "serverId must be a UUID"},
		{"unknown", "servers:get", []any{"serverId", nowhere}, "NOT_FOUND", "Server " + nowhere + " does not exist"},
		{"change of an unknown one", "servers:update", []any{"serverId", nowhere, "name", "n"}, "NOT_FOUND", ""},
		{"empty name", "servers:update", []any{"serverId", domain.DefaultServer, "name", ""}, "INVALID_REQUEST", "name is required"},
		{"deleting the default one", "servers:delete", []any{"serverId", domain.DefaultServer}, "FORBIDDEN", "default server"},
		{"deleting an unknown one", "servers:delete", []any{"serverId", nowhere}, "NOT_FOUND", ""},
		{"unknown agent", "servers:link", []any{"serverId", domain.DefaultServer, "agentId", nowhere}, "NOT_FOUND", "Agent not found"},
		{"agent of an unknown one", "servers:link", []any{"serverId", nowhere, "agentId", eliza}, "NOT_FOUND", "Server " + nowhere},
		{"no agent", "servers:link", []any{"serverId", domain.DefaultServer}, "INVALID_REQUEST", "agentId is required"},
		{"sync without channels", "servers:sync", []any{"serverId", domain.DefaultServer}, "INVALID_REQUEST", "channels is required"},
		{"sync of an unknown one", "servers:sync", []any{"serverId", nowhere, "channels", []any{}}, "NOT_FOUND", ""},
		{"sync of one twice", "servers:sync", []any{"serverId", domain.DefaultServer, "channels", []any{
			map[string]any{"name": "a", "type": "GROUP", "sourceId": "1"}, map[string]any{"name": "", "type": "X", "sourceId": "1"}}},
			"INVALID_REQUEST", "channels.1.name is required; channels.1.type is not a channel type; channels.1.sourceId is given twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, failure := h.try(tt.op, tt.fields...)
			h.wantFailure(failure, tt.code, tt.words)
		})
	}
	if n := len(h.do("servers:list")["servers"].([]any)); n != 1 {
		t.Errorf("%d servers after nothing but refusals", n)
	}
	if list := h.do("channels:list", "serverId", nowhere); len(list["channels"].([]any)) != 0 {
		t.Errorf("an unknown server has channels %v", list)
	}
	for _, op := range []string{"servers:unlink"} {
		if out := h.do(op, "serverId", nowhere, "agentId", eliza); out["serverId"] != nowhere {
			t.Errorf("%s: %v", op, out)
		}
	}
}

func TestAgentsBelongToServersAtOnceAndAfterARestart(t *testing.T) {
	h := openTown(t, nil)
	roster := messaging.NewRoster(h.store, nil)
	h = openTownOn(t, h.store, func(o *messaging.Options) { o.Roster = roster })
	id := h.server()
	if roster.Belongs(id, eliza) || !roster.Belongs(domain.DefaultServer, eliza) {
		t.Error("who belongs is wrong at the start")
	}
	for range 2 {
		h.do("servers:link", "serverId", id, "agentId", eliza)
	}
	h.do("servers:link", "serverId", domain.DefaultServer, "agentId", eliza)
	again := messaging.NewRoster(h.store, nil)
	if err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*messaging.Roster{"at once": roster, "after a restart": again} {
		if !r.Belongs(id, eliza) || r.Belongs(id, smith) || !slices.Equal(r.ServersOf(eliza), []domain.ServerID{domain.DefaultServer, id}) {
			t.Errorf("%s: servers %v", name, r.ServersOf(eliza))
		}
	}
	list := h.do("servers:agents", "serverId", id)
	if fmt.Sprint(list["agents"]) != "["+string(eliza)+"]" || list["serverId"] != string(id) || list["messageServerId"] != string(id) {
		t.Errorf("listed %v", list)
	}
	of := h.do("agents:servers", "agentId", eliza)
	if len(of["servers"].([]any)) != 2 || len(of["messageServers"].([]any)) != 2 {
		t.Errorf("servers of the agent %v", of)
	}
	h.do("servers:unlink", "serverId", id, "agentId", eliza)
	if roster.Belongs(id, eliza) {
		t.Error("it still belongs")
	}
}

func TestADeletedServerTakesItsChannelsAlong(t *testing.T) {
	h := openTown(t, nil)
	id := h.server()
	kept := h.channel(ann)
	var channels []string
	for range 3 {
		c := h.channelOn(id, ann)
		h.say(c, "hello")
		channels = append(channels, c)
	}
	h.took()
	h.do("servers:delete", "serverId", id)
	if n := strings.Count(h.took(), "channel deleted"); n != 3 {
		t.Errorf("%d rooms heard of it", n)
	}
	heard := h.heardOf()
	if strings.Count(heard, "channel ") != 3 || !strings.HasSuffix(heard, fmt.Sprintf("server %.8s; too", id)) {
		t.Errorf("dependents heard %s", heard)
	}
	_, failure := h.try("servers:get", "serverId", id)
	h.wantFailure(failure, "NOT_FOUND", "")
	_, failure = h.try("servers:delete", "serverId", id)
	h.wantFailure(failure, "NOT_FOUND", "")
	for _, c := range channels {
		_, failure = h.try("channels:get", "channelId", c)
		h.wantFailure(failure, "NOT_FOUND", "")
	}
	h.do("channels:get", "channelId", kept)
}

func TestADeletionOfAServerGoesOnAfterItFailed(t *testing.T) {
	for name, goOn := range map[string]func(h *town, id domain.ServerID){
		"by the repeated call": func(h *town, id domain.ServerID) { h.do("servers:delete", "serverId", id) },
		"by the next start": func(h *town, id domain.ServerID) {
			h.serve(func() bool {
				left, err := h.store.RetiredServers(h.t.Context())
				return err == nil && len(left) == 0
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := openTown(t, nil)
			id := h.server()
			for range 3 {
				h.channelOn(id, ann)
			}
			h.fail(1)
			_, failure := h.try("servers:delete", "serverId", id)
			h.wantFailure(failure, "DB_ERROR", "")
			_, failure = h.try("servers:get", "serverId", id) // gone for everybody
			h.wantFailure(failure, "NOT_FOUND", "")
			_, failure = h.try("channels:create", "name", "n", "serverId", id, "participantCentralUserIds", []any{})
			h.wantFailure(failure, "NOT_FOUND", "")
			goOn(openTownOn(t, h.store, func(o *messaging.Options) { o.Dependents = []messaging.Dependents{dependent{h}} }), id)
			heard := h.heardOf()
			if !strings.HasSuffix(heard, fmt.Sprintf("server %.8s", id)) || strings.Count(heard, "channel ") < 3 {
				t.Errorf("dependents heard %s", heard)
			}
			if list := h.do("channels:list", "serverId", id); len(list["channels"].([]any)) != 0 {
				t.Errorf("left %v", list)
			}
		})
	}
}

func TestChannelsAreSyncedByTheirSource(t *testing.T) {
	h := openTown(t, nil)
	id := h.server()
	h.do("channels:add", "name", "general", "serverId", id, "type", "GROUP", "sourceId", "c-0")
	want := []any{map[string]any{"name": "General", "type": "GROUP", "sourceId": "c-0"},
		map[string]any{"name": "voice", "type": "VOICE_GROUP", "sourceId": "c-1"}}
	first := h.do("servers:sync", "serverId", id, "channels", want)
	if first["created"] != 1.0 || first["updated"] != 1.0 || len(first["channels"].([]any)) != 2 {
		t.Errorf("first %v", first)
	}
	var all sync.WaitGroup
	for range 20 { // repeated at the same time
		all.Go(func() {
			again, failure := h.try("servers:sync", "serverId", id, "channels", append(want, map[string]any{"name": "new", "sourceId": "c-2"}))
			if failure != nil || fmt.Sprint(again["channels"].([]any)[1].(map[string]any)["id"]) != first["channels"].([]any)[1].(map[string]any)["id"] {
				t.Errorf("again %v, %v", again, failure)
			}
		})
	}
	all.Wait()
	list := h.do("channels:list", "serverId", id)["channels"].([]any)
	names := []string{}
	for _, c := range list {
		names = append(names, c.(map[string]any)["name"].(string))
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"General", "new", "voice"}) {
		t.Errorf("channels %v", names)
	}
}
