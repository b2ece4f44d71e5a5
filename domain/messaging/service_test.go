package messaging_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/storage/sqlite"
)

const (
	channelID domain.ChannelID = "11111111-1111-4111-8111-111111111111"
	ann       domain.EntityID  = "22222222-2222-4222-8222-222222222222"
	agent     domain.EntityID  = "b850bc30-45f8-0041-a00a-83df46d8555d"
)

// stage plays everything around the service and writes down what it is told.
type stage struct {
	t        *testing.T
	service  *messaging.Service
	registry *op.Registry

	// after gets a value when what follows a send has happened.
	after chan struct{}

	mu       sync.Mutex
	script   []string
	awaiting []domain.AgentID
}

func (s *stage) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, fmt.Sprintf(format, args...))
}

// took returns what was noted so far and forgets it.
func (s *stage) took() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.script, "; ")
	s.script = nil
	return out
}

func (s *stage) Announce(e messaging.Event) {
	kind := "post"
	if e.Message.Deleted {
		kind = "delete"
	}
	if e.Message.Edited() {
		kind = "edit"
	}
	if e.Message.Kind == messaging.KindClear {
		kind = "clear"
	}
	if e.Repeat {
		kind = "repeat"
	}
	s.note("%s seq %d rev %d to %s", kind, e.Message.Seq, e.Message.Rev, e.Origin.Socket)
	if e.Delivered != nil {
		e.Delivered()
	}
}

func (s *stage) Completed(messaging.Completion) {
	s.note("completed")
	s.after <- struct{}{}
}

func (s *stage) ChannelUpdated(c messaging.ChannelRow, people []domain.EntityID) {
	s.note("updated %s for %d", c.Name, len(people))
}

func (s *stage) MessageGone(domain.ChannelID, domain.MessageID) { s.note("message gone") }

func (s *stage) ChannelDeleted(domain.ChannelID) { s.note("channel deleted") }

func (s *stage) Awaiting(_ context.Context, c messaging.Channel, m messaging.Message) []domain.AgentID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.awaiting
}

func (s *stage) Hint(m messaging.Message) {
	s.note("hint %v", m.Awaiting)
	s.after <- struct{}{}
}

func (s *stage) Withdraw(_ domain.ChannelID, first, last int64) {
	s.note("withdraw %d to %d", first, last)
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s, _ := newStageOn(t)
	return s
}

// newStageOn is newStage with the store behind it.
func newStageOn(t *testing.T) (*stage, messaging.Store) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &stage{t: t, after: make(chan struct{}, 100)}
	s.service = messaging.New(messaging.Options{Store: store.Messaging, Announcer: s, Signals: s, Duties: s,
		Now: time.Now})
	if _, err := s.service.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.registry = op.NewRegistry(op.Options{Logger: zerolog.Nop(), Membership: s.service.TakesPart})
	messaging.Ops(s.registry, s.service)
	return s, store.Messaging
}

// call runs an operation by name and returns its data as JSON, or its failure.
func (s *stage) call(actor domain.Actor, name, body string) (map[string]any, *domain.Error) {
	s.t.Helper()
	res, failure := s.registry.Lookup(name).Call(s.t.Context(), actor, op.Input{Body: json.RawMessage(body)})
	if failure != nil {
		return nil, failure
	}
	data, err := json.Marshal(res)
	if err != nil {
		s.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		s.t.Fatal(err)
	}
	if name == "messages:send" {
		<-s.after // the sender is answered before the completion or the hint
	}
	s.note("answered")
	return out, nil
}

// socket is an actor behind a socket, rest one behind REST.
var (
	socket = domain.Actor{Role: domain.Admin, Socket: "sock"}
	rest   = domain.Actor{Role: domain.Admin}
)

func send(fields string) string {
	return `{"channelId":"` + string(channelID) + `","serverId":"` + string(domain.DefaultServer) + `","senderId":"` +
		string(ann) + `","message":"hello"` + fields + `}`
}

func TestASendIsStoredAnnouncedAnsweredAndCompletedInThisOrder(t *testing.T) {
	s := newStage(t)
	out, failure := s.call(socket, "messages:send", send(`,"messageId":"m-1"`))
	if failure != nil {
		t.Fatal(failure)
	}
	if out["seq"] != 1.0 || out["rev"] != 1.0 || out["content"] != "hello" || out["source_type"] != "socketio_client" {
		t.Fatalf("answer %v", out)
	}
	if got := s.took(); !strings.HasPrefix(got, "post seq 1 rev 1 to sock") || !strings.Contains(got, "completed") {
		t.Fatalf("script: %s", got)
	}
}

func TestARepeatStoresNothingAndGetsTheFirstAnswer(t *testing.T) {
	s := newStage(t)
	first, _ := s.call(socket, "messages:send", send(`,"messageId":"m-1"`))
	s.took()
	again, failure := s.call(socket, "messages:send", send(`,"messageId":"m-1"`))
	if failure != nil || again["id"] != first["id"] || again["seq"] != 1.0 || again["duplicate"] != true {
		t.Fatalf("again %v, %v", again, failure)
	}
	if got := s.took(); !strings.HasPrefix(got, "repeat seq 1") {
		t.Fatalf("script: %s", got)
	}
	list, _ := s.call(rest, "messages:list", `{"channelId":"`+string(channelID)+`"}`)
	if n := len(list["messages"].([]any)); n != 1 {
		t.Fatalf("%d messages are stored", n)
	}
}

func TestAnAwaitedMessageHintsInsteadOfCompleting(t *testing.T) {
	s := newStage(t)
	s.awaiting = []domain.AgentID{domain.AgentID(agent)}
	if _, failure := s.call(socket, "messages:send", send("")); failure != nil {
		t.Fatal(failure)
	}
	if got := s.took(); !strings.Contains(got, "hint ["+string(agent)+"]") || strings.Contains(got, "completed") {
		t.Fatalf("script: %s", got)
	}
}

func TestASendIntoNowhereMakesTheChannel(t *testing.T) {
	tests := []struct {
		name, fields  string
		actor         domain.Actor
		typ, channel  string
		createdBy     string
		participants  int
		metadataField string
	}{
		{"a group from a socket", "", socket, "GROUP", "Chat 11111111", "socketio_auto_creation", 1, ""},
		{"a group from REST", "", rest, "GROUP", "Chat 11111111", "gui_auto_creation", 1, ""},
		{"a DM by isDm", `,"metadata":{"isDm":true,"targetUserId":"` + string(agent) + `"}`, socket, "DM", "DM 11111111",
			"socketio_auto_creation", 2, "targetUserId"},
		{"a DM by channelType", `,"metadata":{"channelType":"DM"},"targetUserId":"` + string(agent) + `"`, socket, "DM",
			"DM 11111111", "socketio_auto_creation", 2, "channelType"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			if _, failure := s.call(tt.actor, "messages:send", send(tt.fields)); failure != nil {
				t.Fatal(failure)
			}
			got, failure := s.call(rest, "channels:get", `{"channelId":"`+string(channelID)+`"}`)
			if failure != nil {
				t.Fatal(failure)
			}
			metadata := got["metadata"].(map[string]any)
			if got["type"] != tt.typ || got["name"] != tt.channel || got["sourceType"] != "auto_created" ||
				metadata["created_by"] != tt.createdBy || metadata["created_for_user"] != string(ann) ||
				len(metadata["participantCentralUserIds"].([]any)) != tt.participants {
				t.Fatalf("channel %v", got)
			}
			if tt.metadataField != "" && metadata[tt.metadataField] == nil {
				t.Fatalf("the channel lacks the message's metadata: %v", metadata)
			}
		})
	}
}

func TestManyFirstMessagesAtOnceMakeOneChannelAndAllAreStored(t *testing.T) {
	s := newStage(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if _, failure := s.call(socket, "messages:send", send(fmt.Sprintf(`,"messageId":"m-%d"`, i))); failure != nil {
				t.Error(failure)
			}
		})
	}
	wg.Wait()
	list, _ := s.call(rest, "messages:list", `{"channelId":"`+string(channelID)+`","limit":1000}`)
	seen := map[float64]bool{}
	for _, m := range list["messages"].([]any) {
		seen[m.(map[string]any)["seq"].(float64)] = true
	}
	if len(seen) != 50 || !seen[1] || !seen[50] {
		t.Fatalf("%d different numbers", len(seen))
	}
}

func TestBadSendsAreRefusedAndChangeNothing(t *testing.T) {
	const unknown = "99999999-9999-4999-8999-999999999999"
	tests := []struct{ name, body, code, message string }{
		{"no channel", `{"message":"x","senderId":"` + string(ann) + `"}`, "INVALID_REQUEST", "channelId is required"},
		{"no text", strings.Replace(send(""), `"hello"`, `""`, 1), "INVALID_REQUEST", "message is required"},
		{"a number as text", strings.Replace(send(""), `"hello"`, `5`, 1), "INVALID_REQUEST", "message must be a string"},
		{"NUL", strings.Replace(send(""), `"hello"`, `"a\u0000"`, 1), "INVALID_REQUEST", "must not contain NUL"},
		{"too long", strings.Replace(send(""), `"hello"`, `"`+strings.Repeat("x", 100_001)+`"`, 1), "INVALID_REQUEST", "is too long"},
		{"bad channel id", strings.Replace(send(""), string(channelID), "x", 1), "INVALID_ID", "channelId must be a UUID"},
		{"unknown server", strings.Replace(send(""), string(domain.DefaultServer), unknown, 1), "NOT_FOUND", "Server " + unknown + " does not exist"},
		{"no server for a new channel", `{"channelId":"` + string(channelID) + `","senderId":"` + string(ann) + `","message":"x"}`,
			"INVALID_REQUEST", "serverId is required"},
		{"no author", `{"channelId":"` + string(channelID) + `","serverId":"` + string(domain.DefaultServer) + `","message":"x"}`,
			"INVALID_REQUEST", "senderId is required"},
		{"attachments that are no list", send(`,"attachments":{}`), "INVALID_REQUEST", "attachments must be a list"},
	}
	s := newStage(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, failure := s.call(socket, "messages:send", tt.body)
			if failure == nil || failure.WireCode() != tt.code || !strings.Contains(failure.Message, tt.message) {
				t.Fatalf("failure %v", failure)
			}
		})
	}
	if got := s.took(); got != "" {
		t.Fatalf("something was told: %s", got)
	}
	if _, failure := s.call(rest, "channels:get", `{"channelId":"`+string(channelID)+`"}`); failure == nil || failure.Code != domain.NotFound {
		t.Fatalf("a channel was made: %v", failure)
	}
}

func TestADisplayNameThatCannotBeStoredNamesNobody(t *testing.T) {
	s := newStage(t)
	for name, want := range map[string]any{`"Ann"`: "Ann", `"` + strings.Repeat("A", 300) + `"`: nil, `7`: nil} {
		data, failure := s.call(socket, "messages:send", send(`,"metadata":{"user_display_name":`+name+`}`))
		if failure != nil || data["author_display_name"] != want {
			t.Errorf("%.20s: %v, %v", name, data["author_display_name"], failure)
		}
	}
}

func TestASocketDoesNotGetItsOwnPayloadBack(t *testing.T) {
	s := newStage(t)
	data, failure := s.call(socket, "messages:send", send(""))
	if _, raw := data["raw_message"]; failure != nil || raw {
		t.Errorf("the answer on a socket holds %v, %v", data["raw_message"], failure)
	}
	data, failure = s.call(rest, "messages:send", send(`,"raw_message":{"a":1}`))
	if _, raw := data["raw_message"]; failure != nil || !raw {
		t.Errorf("the answer by REST lacks its raw message: %v", failure)
	}
}

func TestADeletionLeavesATombstoneWithTheNextNumber(t *testing.T) {
	s := newStage(t)
	first, _ := s.call(socket, "messages:send", send(""))
	if _, failure := s.call(socket, "messages:send", send("")); failure != nil {
		t.Fatal(failure)
	}
	s.took()
	body := `{"channelId":"` + string(channelID) + `","messageId":"` + first["id"].(string) + `"}`
	for range 2 { // the second time there is nothing left to do but to say so
		if _, failure := s.call(rest, "messages:delete", body); failure != nil {
			t.Fatal(failure)
		}
	}
	if got := s.took(); got != "withdraw 1 to 1; delete seq 1 rev 3 to ; answered; message gone; answered" {
		t.Fatalf("script: %s", got)
	}
	events, truncated, err := messaging.CatchUp(t.Context(), s.service, channelID, 1, 3)
	if err != nil || truncated || len(events) != 2 || events[0].Rev != 2 || events[1].Rev != 3 || !events[1].Deleted {
		t.Fatalf("catch-up %+v, %v, %v", events, truncated, err)
	}
}

func TestDeletingAQuestionEndsTheWaitForItsAnswer(t *testing.T) {
	s := newStage(t)
	s.awaiting = []domain.AgentID{domain.AgentID(agent)}
	asked, failure := s.call(socket, "messages:send", send(""))
	if failure != nil {
		t.Fatal(failure)
	}
	s.took()
	if _, failure := s.call(rest, "messages:delete", `{"channelId":"`+string(channelID)+`","messageId":"`+asked["id"].(string)+`"}`); failure != nil {
		t.Fatal(failure)
	}
	if got := s.took(); got != "withdraw 1 to 1; delete seq 1 rev 2 to ; completed; answered" {
		t.Fatalf("script: %s", got)
	}
}

func TestAReplyIsPostedOnceHoweverOftenItIsRepeated(t *testing.T) {
	s := newStage(t)
	if _, failure := s.call(socket, "messages:send", send("")); failure != nil {
		t.Fatal(failure)
	}
	s.took()
	reply := messaging.Message{ID: "44444444-4444-5444-8444-444444444444", ChannelID: channelID, AuthorID: agent,
		AuthorName: "Eliza", Content: "How do you do.", SourceType: "agent_response",
		Raw: []byte(`{"text":"How do you do.","thought":"greet","actions":["REPLY"]}`)}
	for range 2 {
		if err := s.service.PostReply(t.Context(), reply); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.took(); got != "post seq 2 rev 2 to ; repeat seq 2 rev 2 to " {
		t.Fatalf("script: %s", got)
	}
	list, _ := s.call(rest, "messages:list", `{"channelId":"`+string(channelID)+`","limit":1}`)
	row := list["messages"].([]any)[0].(map[string]any)
	if metadata := row["metadata"].(map[string]any); metadata["thought"] != "greet" || row["seq"] != 2.0 {
		t.Fatalf("row %v", row)
	}
}

func TestCreatedChannelsAreListedAndKeepTheirMetadata(t *testing.T) {
	s := newStage(t)
	made, failure := s.call(rest, "channels:create", `{"name":"Harbour","server_id":"`+string(domain.DefaultServer)+
		`","participantCentralUserIds":["`+string(ann)+`","`+string(ann)+`"],"metadata":{"x":{"y":[1,2.50]}}}`)
	if failure != nil {
		t.Fatal(failure)
	}
	if made["type"] != "GROUP" || made["channel"].(map[string]any)["id"] != made["id"] || len(made["participants"].([]any)) != 1 {
		t.Fatalf("made %v", made)
	}
	if got := s.took(); got != "updated Harbour for 1; answered" {
		t.Fatalf("script: %s", got)
	}
	list, failure := s.call(rest, "channels:list", `{"serverId":"`+string(domain.DefaultServer)+`","participantId":"`+string(ann)+`"}`)
	if failure != nil || len(list["channels"].([]any)) != 1 {
		t.Fatalf("list %v, %v", list, failure)
	}
	if _, failure := s.call(rest, "channels:create", `{"name":"","serverId":"`+string(domain.DefaultServer)+`","type":"PARTY"}`); failure == nil || len(failure.Issues) != 3 {
		t.Fatalf("failure %v", failure)
	}
}
