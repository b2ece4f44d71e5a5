package app_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/domain"
	"parley/domain/memory"
	"parley/storage/sqlite/sqlitetest"
)

// TestNothingAppearsAfterADeletionWhileAnAgentAnswers deletes what an agent works on, and
// the agent itself, while it writes its answer.
func TestNothingAppearsAfterADeletionWhileAnAgentAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		path  func(server, channel, message, agent string) string
		stays []string
	}{
		"message": {func(_, channel, message, _ string) string {
			return "/api/messaging/channels/" + channel + "/messages/" + message
		},
			append([]string{"channels.id", "rooms.channel"}, tombstones...)},
		"all messages": {func(_, channel, _, _ string) string { return "/api/messaging/channels/" + channel + "/messages" },
			append([]string{"channels.id", "rooms.channel"}, tombstones...)},
		"channel": {func(_, channel, _, _ string) string { return "/api/messaging/channels/" + channel }, nil},
		"server":  {func(server, _, _, _ string) string { return "/api/messaging/servers/" + server }, nil},
		"agent": {func(_, _, _, agent string) string { return "/api/agents/" + agent },
			[]string{"channels.id", "messages.id", "messages.dedupe", "messages.content"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, func(c *config.Config) { c.BuiltinPace = 150 * time.Millisecond })
			agent := e.agent("Anna")
			server := id(e.do("POST", "/api/messaging/servers", object{"name": "s", "sourceType": "test"}), "server")
			e.do("POST", "/api/messaging/servers/"+server+"/agents", object{"agentId": agent})
			channel := e.channel(server, "DM", agent)
			socket := e.listens("channels:join", object{"channelId": channel})
			message := e.say(server, channel, "Tell me about platypuses", nil)
			if _, err := socket.Next("messageStreamChunk", patience); err != nil {
				t.Fatal(err)
			}
			e.do("DELETE", c.path(server, channel, message, agent), nil)
			e.settled()
			counts := e.counts()
			for _, table := range []string{"turns", "memories", "agent_logs", "remains"} {
				if counts[table] != 0 {
					t.Errorf("%d rows of %s have appeared", counts[table], table)
				}
			}
			e.gone(name, []string{channel, message, "platypuses", string(memory.MemoryID(domain.AgentID(agent), domain.MessageID(message)))}, c.stays...)
			if name == "agent" {
				e.gone(name, []string{agent})
			}
			if left := e.counts()["messages"]; (name == "channel" || name == "server") && left != 0 {
				t.Errorf("%d messages are left", left)
			}
		})
	}
}

// TestAStopWhileDeletionsAreUnderWayIsCleanAndTheyAreFinished stops the server while many
// deletions of every kind run, and starts it again.
func TestAStopWhileDeletionsAreUnderWayIsCleanAndTheyAreFinished(t *testing.T) {
	cfg := config.Default()
	cfg.Port, cfg.DataDir, cfg.WorkDir, cfg.BuiltinPace, cfg.LogLevel = 0, t.TempDir(), t.TempDir(), 5*time.Millisecond, "error"
	cfg.DrainTimeout, cfg.APIRate = 2*time.Second, 0
	run := func() (*estate, func()) {
		a, err := app.New(t.Context(), cfg, app.Options{Version: "test", Log: &bytes.Buffer{}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		stop := sync.OnceFunc(func() {
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("the stop was not clean: %v", err)
				}
			case <-time.After(patience):
				t.Error("the server does not stop")
			}
		})
		t.Cleanup(stop)
		e := &estate{house: newHouse(t, a), dir: cfg.DataDir}
		if e.db, err = sqlitetest.Open(cfg.DataDir); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.db.Close() })
		return e, stop
	}
	e, stop := run()
	fresh := e.counts()
	var paths, ids []string
	for i := range 4 {
		agent := e.agent(fmt.Sprint("Agent ", i))
		server := id(e.do("POST", "/api/messaging/servers", object{"name": "s", "sourceType": "test"}), "server")
		e.do("POST", "/api/messaging/servers/"+server+"/agents", object{"agentId": agent})
		for range 3 {
			channel := e.channel(server, "DM", agent)
			for n := range 20 {
				e.say(server, channel, fmt.Sprint("message ", n), nil)
			}
			ids = append(ids, channel)
		}
		paths, ids = append(paths, "/api/agents/"+agent, "/api/messaging/servers/"+server), append(ids, agent, server)
	}
	var calls sync.WaitGroup
	begun := make(chan struct{}, len(paths))
	for _, path := range paths {
		calls.Go(func() {
			r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodDelete, e.url+path, nil)
			if err != nil {
				t.Error(err)
				return
			}
			begun <- struct{}{}
			if resp, err := e.http.Do(r); err == nil { // it may be cut off
				_ = resp.Body.Close()
			}
		})
	}
	for range paths {
		<-begun
	}
	stop()
	calls.Wait()

	e, _ = run()
	for _, path := range paths { // what had not begun; what had is gone on with at once
		if status, _, reply := e.rest("", http.MethodDelete, path, nil); status >= 500 {
			t.Errorf("DELETE %s: %d %s", path, status, reply)
		}
	}
	e.eventually("a fresh installation", func() bool { return maps.Equal(e.counts(), fresh) })
	e.gone("everything", ids)
	if left, err := filepath.Glob(filepath.Join(cfg.DataDir, "*", "*", "*", "*.png")); err != nil || len(left) != 0 {
		t.Errorf("files %v, %v", left, err)
	}
}
