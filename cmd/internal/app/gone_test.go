package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/cmd/internal/config"
	"parley/domain"
	"parley/domain/memory"
	"parley/realtime/sio/siotest"
	"parley/storage/sqlite/sqlitetest"
)

// person is who talks to the agents in these tests.
const person = "22222222-3333-4333-8333-333333333333"

// estate is a whole open server whose database and files are looked into.
type estate struct {
	*house
	dir string
	db  *sqlitetest.Watch
}

// newEstate runs a server that everybody may use; its model takes a moment to write.
func newEstate(t *testing.T, change ...func(*config.Config)) *estate {
	t.Helper()
	e := &estate{}
	e.house = serveWith(t, func(c *config.Config) {
		c.Auth, c.JWTSecret, c.ServerKey, c.BuiltinPace = "open", "", "", 2*time.Millisecond
		e.dir = c.DataDir
		for _, f := range change {
			f(c)
		}
	})
	var err error
	if e.db, err = sqlitetest.Open(e.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.db.Close() })
	return e
}

// do sends a request that must succeed and returns its data, or the whole answer if it has
// none of its own.
func (e *estate) do(method, path string, body object) object {
	e.t.Helper()
	status, _, reply := e.rest("", method, path, body)
	if status >= http.StatusBadRequest {
		e.t.Fatalf("%s %s: %d %s", method, path, status, reply)
	}
	var whole object
	if len(reply) > 0 {
		if err := json.Unmarshal(reply, &whole); err != nil {
			e.t.Fatalf("%s %s: %s", method, path, reply)
		}
	}
	if data, ok := whole["data"].(object); ok {
		return data
	}
	return whole
}

// id is the id in an answer, possibly within an object of it.
func id(answer object, within ...string) string {
	for _, name := range within {
		answer, _ = answer[name].(object)
	}
	text, _ := answer["id"].(string)
	return text
}

// agent makes an agent and starts it.
func (e *estate) agent(name string) string {
	e.t.Helper()
	agent := id(e.do("POST", "/api/agents", object{"characterJson": object{"name": name, "bio": []string{"I am " + name + "."}}}))
	e.do("POST", "/api/agents/"+agent+"/start", nil)
	return agent
}

// channel makes a channel of a server.
func (e *estate) channel(server, kind string, members ...string) string {
	e.t.Helper()
	return id(e.do("POST", "/api/messaging/central-channels", object{"name": "channel of " + server[:8], "server_id": server, "type": kind,
		"participantCentralUserIds": append([]string{person}, members...), "metadata": object{"isDm": kind == "DM"}}))
}

// say posts a message of the person's.
func (e *estate) say(server, channel, text string, more object) string {
	e.t.Helper()
	body := object{"author_id": person, "server_id": server, "content": text, "source_type": "client_chat",
		"messageId": uuid.NewString(), "author_display_name": "Pat", "metadata": object{}}
	maps.Copy(body, more)
	return id(e.do("POST", "/api/messaging/central-channels/"+channel+"/messages", body))
}

// upload uploads a picture and returns its URL.
func (e *estate) upload(path string) string {
	e.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="a picture.png"`},
		"Content-Type": {"image/png"}})
	if err == nil {
		_, err = part.Write([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"))
	}
	if err = errors.Join(err, form.Close()); err != nil {
		e.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, e.url+path, &body)
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := e.http.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data struct {
			URL string `json:"url"`
		} `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Data.URL == "" {
		e.t.Fatalf("upload to %s: %d %v", path, resp.StatusCode, err)
	}
	return answer.Data.URL
}

// counts are the rows of the tables that have some.
func (e *estate) counts() map[string]int {
	e.t.Helper()
	counts, err := e.db.Counts()
	if err != nil {
		e.t.Fatal(err)
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	return counts
}

// stored lists the uploaded files on the disk.
func (e *estate) stored() (found []string) {
	e.t.Helper()
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(filepath.Base(path), "parley") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return found
}

// eventually polls until something is so.
func (e *estate) eventually(what string, is func() bool) {
	e.t.Helper()
	if !comesTrue(is) {
		e.t.Fatalf("%s did not come about: rows are %v", what, e.counts())
	}
}

// settled waits until the agents owe nobody anything, and have written all of it down. What
// is owed is looked at first: it becomes work, and work becomes nothing that is owed.
func (e *estate) settled() {
	e.t.Helper()
	e.eventually("rest", func() bool {
		now := e.counts()
		return now["duties"] == 0 && now["remains"] == 0 && e.Backlog() == 0
	})
}

// gone ends the test if a text occurs in a column that is not among those where it must stay.
func (e *estate) gone(what string, texts []string, stays ...string) {
	e.t.Helper()
	for _, text := range texts {
		if text == "" {
			e.t.Errorf("%s: nothing to search for", what)
			continue
		}
		found, err := e.db.Find(text)
		if err != nil {
			e.t.Fatal(err)
		}
		for column, rows := range found {
			if !slices.Contains(stays, column) {
				e.t.Errorf("%s: %s is left in %d rows of %s", what, text, rows, column)
			}
		}
	}
}

// hears ends the test unless a socket hears an event with an id in its first argument.
func (e *estate) hears(c *siotest.Client, event, id string) {
	e.t.Helper()
	for end := time.Now().Add(patience); ; {
		got, err := c.Next(event, time.Until(end))
		if err != nil {
			e.t.Errorf("%s with %s was not heard: %v", event, id, err)
			return
		}
		if len(got.Args) > 0 && bytes.Contains(got.Args[0], []byte(id)) {
			return
		}
	}
}

// listens connects a socket that is in a room.
func (e *estate) listens(op string, room object) *siotest.Client {
	e.t.Helper()
	c, err := e.sockets.Dial(e.url, siotest.Options{})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(c.Close)
	if failure := e.ask(c, op, room); failure != "" {
		e.t.Fatalf("%s: %s", op, failure)
	}
	return c
}

// quarter is a server with two channels in which agents and the person have talked.
type quarter struct {
	server, group, direct string
	// first is the first message of the group, of which there is a picture.
	first, word, picture string
	// messages are all others, agents' included, by channel.
	messages map[string][]string
}

// inhabit makes a server and lets everything happen in it. word is in its first message.
func (e *estate) inhabit(word string, anna, bert string) quarter {
	e.t.Helper()
	q := quarter{server: id(e.do("POST", "/api/messaging/servers", object{"name": "server of " + word, "sourceType": "test"}), "server"),
		word: word, messages: map[string][]string{}}
	for _, agent := range []string{anna, bert} {
		e.do("POST", "/api/messaging/servers/"+q.server+"/agents", object{"agentId": agent})
	}
	q.group, q.direct = e.channel(q.server, "GROUP", anna, bert), e.channel(q.server, "DM", anna)
	q.picture = e.upload("/api/messaging/channels/" + q.group + "/upload-media")
	q.first = e.say(q.server, q.group, "Anna and Bert, remember "+word, object{"metadata": object{
		"attachments": []object{{"url": q.picture, "contentType": "image"}}}})
	e.settled()
	toAnna := e.upload("/api/media/agents/" + anna + "/upload-media")
	e.say(q.server, q.group, "Bert, and you?", object{"in_reply_to_message_id": q.first, "metadata": object{
		"attachments": []object{{"url": toAnna}}}})
	e.settled()
	e.do("PATCH", "/api/messaging/messages/"+q.first, object{"content": "Anna and Bert, remember well " + word})
	e.say(q.server, q.direct, "I have a dog", nil)
	e.settled()
	e.do("POST", "/api/messaging/channels/"+q.direct+"/messages", object{"authorId": person, "serverId": q.server,
		"content": "tell me a long story about my dog", "source_type": "client_chat"})
	e.do("POST", "/api/messaging/channels/"+q.direct+"/stop", nil)
	e.settled()
	for _, channel := range []string{q.group, q.direct} {
		e.do("PUT", "/api/messaging/channels/"+channel+"/reads", object{"entityId": person, "seq": 2})
		e.do("POST", "/api/memory/"+anna+"/memories", object{"content": object{"text": "a fact"}, "tableName": "facts", "channelId": channel})
		list, _ := e.do("GET", "/api/messaging/channels/"+channel+"/messages", nil)["messages"].([]any)
		for _, m := range list {
			if m := m.(object); m["id"] != q.first {
				q.messages[channel] = append(q.messages[channel], id(m))
			}
		}
		if len(list) < 2 {
			e.t.Fatalf("nobody answered in %s: %v", channel, list)
		}
	}
	e.do("PUT", "/api/messaging/channels/"+q.group+"/reads", object{"entityId": anna, "seq": 1})
	e.do("POST", "/api/memory/groups", object{"serverId": q.server, "agentIds": []string{anna, bert}, "name": "group of " + word})
	e.do("POST", "/api/agents/"+anna+"/worlds", object{"name": "a world", "serverId": q.server})
	e.do("POST", "/api/agents/"+bert+"/rooms", object{"name": "a room", "serverId": q.server})
	return q
}

// remembered are the ids under which agents remember a message.
func remembered(message string, agents ...string) (ids []string) {
	for _, agent := range agents {
		ids = append(ids, string(memory.MemoryID(domain.AgentID(agent), domain.MessageID(message))))
	}
	return ids
}

// tombstones are where a deleted message must stay: its place in the order of the channel,
// under its id, and the key by which a late repeat of its post is recognised, so that it
// does not come back. Neither tells anything of what it said.
var tombstones = []string{"messages.id", "messages.dedupe"}

// TestWhatIsDeletedIsGone deletes everything that a server has, from the small to the
// large, and looks after each step for what is left of it, in the whole database.
func TestWhatIsDeletedIsGone(t *testing.T) {
	e := newEstate(t)
	fresh := e.counts()
	anna, bert := e.agent("Anna"), e.agent("Bert")
	one, two := e.inhabit("zebrafish", anna, bert), e.inhabit("wombatness", anna, bert)
	dm := id(e.do("GET", "/api/messaging/dm-channel?currentUserId="+person+"&targetUserId="+bert, nil))
	e.say(string(domain.DefaultServer), dm, "hello Bert", nil)
	e.settled()
	full := e.counts()
	for _, table := range []string{"servers", "channels", "participants", "messages", "turns", "agents", "agent_logs", "memories", "rooms",
		"worlds", "entities", "followers", "files", "file_refs", "reads"} {
		if full[table] <= fresh[table] {
			t.Errorf("nothing was put into %s: %d rows, %d before", table, full[table], fresh[table])
		}
	}
	for _, text := range slices.Concat([]string{one.first, one.direct, two.server, two.word, filepath.Base(one.picture), anna, bert, person, dm},
		one.messages[one.group], two.messages[two.direct], remembered(one.first, anna, bert)) {
		if found, err := e.db.Find(text); err != nil || len(found) == 0 {
			t.Fatalf("%s is not there to be deleted: %v", text, err)
		}
	}
	inGroup := e.listens("channels:join", object{"channelId": one.group})
	inDirect := e.listens("channels:join", object{"channelId": one.direct})
	elsewhere := e.listens("channels:join", object{"channelId": two.group})
	inDM := e.listens("channels:join", object{"channelId": dm})
	atAnna := e.listens("agents:join", object{"agentId": anna})

	e.gone("the old text of an edited message", []string{"remember zebrafish"},
		"agent_logs.body") // the log tells what was asked then, until the message goes
	e.do("DELETE", "/api/messaging/channels/"+one.group+"/messages/"+one.first, nil)
	e.hears(inGroup, "messageDeleted", one.first)
	e.hears(atAnna, "memoryDeleted", remembered(one.first, anna)[0])
	e.settled()
	// What answered it stays and says so.
	e.gone("a message", []string{one.first}, append(tombstones, "messages.in_reply_to", "messages.metadata", "messages.raw")...)
	e.gone("memories of a message", remembered(one.first, anna, bert), "memories.content")
	e.gone("what a message said, and showed", []string{"zebrafish", filepath.Base(one.picture)}, "servers.name", "rooms.name", "worlds.name")
	if len(e.stored()) != full["files"]-1 {
		t.Errorf("files are %v", e.stored())
	}

	e.do("DELETE", "/api/messaging/channels/"+one.group+"/messages", nil)
	e.hears(inGroup, "channelCleared", one.group)
	e.settled()
	e.gone("cleared messages", append(one.messages[one.group], one.first), tombstones...)
	for _, message := range one.messages[one.group] {
		e.gone("memories of cleared messages", remembered(message, anna, bert))
	}

	e.do("DELETE", "/api/messaging/channels/"+one.direct, nil)
	e.hears(inDirect, "channelDeleted", one.direct)
	e.settled()
	e.gone("a channel", append(one.messages[one.direct], one.direct,
		string(domain.UniqueUUID[domain.RoomID](domain.AgentID(anna), one.direct))))

	e.do("DELETE", "/api/messaging/servers/"+two.server, nil)
	e.hears(elsewhere, "channelDeleted", two.group)
	e.settled()
	e.gone("a server", slices.Concat([]string{two.server, two.group, two.direct, two.first, two.word},
		two.messages[two.group], two.messages[two.direct]))

	e.do("DELETE", "/api/agents/"+anna, nil)
	e.hears(inGroup, "channelUpdated", one.group)
	e.hears(inDM, "agentRemoved", anna)
	e.settled()
	// Channels keep what was said in them; others remember whom they have met.
	e.gone("an agent", []string{anna}, "messages.author", "messages.metadata", "messages.dedupe", "memories.metadata", "entities.metadata")
	for _, file := range e.stored() {
		if strings.Contains(file, anna) {
			t.Errorf("%s is left", file)
		}
	}

	e.do("DELETE", "/api/messaging/servers/"+one.server, nil)
	e.do("DELETE", "/api/messaging/channels/"+dm, nil)
	e.do("DELETE", "/api/agents/"+bert, nil)
	e.hears(inDM, "agentRemoved", bert)
	e.settled()
	if now := e.counts(); !maps.Equal(now, fresh) {
		t.Errorf("rows are %v, of a fresh installation %v", now, fresh)
	}
	e.gone("everything", []string{anna, bert, person, one.server, two.server, dm})
	if files := e.stored(); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}

	e.do("DELETE", "/api/messaging/channels/"+string(domain.StringToUUID[domain.ChannelID]("parley:lobby")), nil)
	agents, _ := e.do("GET", "/api/agents", nil)["agents"].([]any)
	for _, a := range agents {
		e.do("DELETE", "/api/agents/"+id(a.(object)), nil)
	}
	if now := fmt.Sprint(e.counts()); now != "map[servers:1]" {
		t.Errorf("without its first agents the server has %s", now)
	}
}
