package app_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"parley/cmd/internal/config"
	"parley/domain"
	"parley/storage/mongo/mongotest"
)

// mongoURI is the address of a database at a server.
func mongoURI(server, database string) domain.Secret {
	scheme, rest, _ := strings.Cut(server, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(rest, "/")
	return domain.Secret(scheme + "://" + hosts + "/" + database + "?" + query)
}

// fetch returns what is served at a path.
func (s *house) fetch(path string) []byte {
	s.t.Helper()
	status, _, reply := s.rest("", http.MethodGet, path, nil)
	if status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, status, reply)
	}
	return reply
}

// texts are the texts of a channel's messages, the newest first.
func (e *estate) texts(channel string) (texts []string) {
	e.t.Helper()
	list, _ := e.do("GET", "/api/messaging/central-channels/"+channel+"/messages", nil)["messages"].([]any)
	for _, m := range list {
		fields, _ := m.(object)
		text, _ := fields["content"].(string)
		texts = append(texts, text)
	}
	return texts
}

func TestAServerOnMongoDBKeepsEverythingOverARestart(t *testing.T) {
	server := mongotest.URI(t)
	database := mongoURI(server, mongotest.Database(t, server))
	open := func(t *testing.T) *estate {
		return &estate{house: serveWith(t, func(c *config.Config) {
			c.Auth, c.JWTSecret, c.ServerKey, c.MongoURI = "open", "", "", database
		})}
	}
	var agent, channel, picture string
	var said []string
	var contents []byte
	if !t.Run("talk", func(t *testing.T) {
		e := open(t)
		agent = e.agent("Anna")
		channel = e.channel(string(domain.DefaultServer), "DM", agent)
		picture = e.upload("/api/messaging/channels/" + channel + "/upload-media")
		contents = e.fetch(picture)
		e.say(string(domain.DefaultServer), channel, "Tell me about platypuses", object{"metadata": object{"attachments": []object{{"url": picture}}}})
		if !comesTrue(func() bool { said = e.texts(channel); return len(said) == 2 && e.Backlog() == 0 }) {
			t.Fatalf("the agent has not answered: %q", said)
		}
		if status, _, reply := e.rest("", "GET", "/api/server/debug/state", nil); !strings.Contains(string(reply), "mongodb") {
			t.Errorf("the database is not named: %d %s", status, reply)
		}
	}) {
		return
	}
	t.Run("restart", func(t *testing.T) {
		e := open(t)
		if again := e.texts(channel); strings.Join(again, "\n") != strings.Join(said, "\n") {
			t.Errorf("the history was %q and is %q", said, again)
		}
		if !bytes.Equal(e.fetch(picture), contents) {
			t.Error("the picture has changed")
		}
		if status := e.do("GET", "/api/agents/"+agent, nil)["status"]; status != "active" {
			t.Errorf("the agent is %v", status)
		}
		if rooms, _ := e.do("GET", "/api/agents/"+agent+"/rooms", nil)["rooms"].([]any); len(rooms) == 0 {
			t.Error("the agent knows no rooms")
		}
		if logs := e.fetch("/api/agents/" + agent + "/logs"); !strings.Contains(string(logs), "useModel") {
			t.Errorf("its log is %s", logs)
		}
		e.do("DELETE", "/api/messaging/channels/"+channel, nil)
		if !comesTrue(func() bool { status, _, _ := e.rest("", "GET", picture, nil); return status == http.StatusNotFound }) {
			t.Error("the picture outlives its channel")
		}
	})
}
