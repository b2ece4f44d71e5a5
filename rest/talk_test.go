package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/rest"
	"parley/storage/sqlite"
)

// A person and servers of these tests; nowhere is none.
const (
	ann     = "22222222-2222-4222-8222-222222222222"
	nowhere = "77777777-7777-4777-8777-777777777777"
	zero    = "00000000-0000-0000-0000-000000000000"
)

// office is messaging on a store proper, with an agent that answers at once.
type office struct {
	room
	service *messaging.Service
}

// AgentState knows one agent, which runs.
func (*office) AgentState(id domain.AgentID) (name string, running, known bool) {
	return "Eliza", id == eliza, id == eliza
}

// Awaiting asks the agent where it takes part.
func (*office) Awaiting(_ context.Context, c messaging.Channel, m messaging.Message) []domain.AgentID {
	if m.AuthorID != eliza && slices.Contains(c.Participants, eliza) {
		return []domain.AgentID{eliza}
	}
	return nil
}

// Hint lets the agent answer.
func (o *office) Hint(m messaging.Message) { go o.answer(m) }

// answer says something in one piece.
func (o *office) answer(m messaging.Message) {
	id := domain.DerivedID[domain.MessageID](m.ID, eliza)
	o.service.Answers().Streamed(messaging.AnswerPiece{Question: m.ID, Answer: id, AgentID: eliza, Attempt: 1, Text: "well"})
	_ = o.service.PostReply(context.Background(), messaging.Message{ID: id, ChannelID: m.ChannelID, AuthorID: eliza, AuthorName: "Eliza",
		Content: "well", Raw: []byte(`{"text":"well","thought":"t","actions":["REPLY"]}`), SourceType: messaging.SourceAgent, InReplyTo: m.ID})
}

// openOffice serves an office until the test ends.
func openOffice(t testing.TB) (*httptest.Server, messaging.Store) {
	t.Helper()
	set, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	o := &office{}
	o.service = messaging.New(messaging.Options{Store: set.Messaging, Announcer: o, Signals: o, Duties: o, Agents: o, Now: time.Now})
	if _, err := o.service.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := op.NewRegistry(op.Options{})
	messaging.Ops(r, o.service)
	return serve(t, rest.Options{Registry: r}), set.Messaging
}

// data sends a request, which must succeed, and returns the reply's body.
func data(t *testing.T, server *httptest.Server, method, path, body string, status int) map[string]any {
	t.Helper()
	resp, text := exchange{method: method, path: "/api/messaging" + path, body: body}.do(t, server)
	var out map[string]any
	if resp.StatusCode != status || json.Unmarshal([]byte(text), &out) != nil || out["success"] != true {
		t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	return out
}

// keys are the names of an object's fields, in order.
func keys(object any) string {
	var names []string
	for name := range object.(map[string]any) {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestServersThroughREST(t *testing.T) {
	server, _ := openOffice(t)
	made := data(t, server, "POST", "/servers", `{"name":"Port","sourceType":"test"}`, 201)["data"].(map[string]any)["server"].(map[string]any)
	id := made["id"].(string)
	const api = "/api/messaging"
	removed := func(what string) string {
		return fmt.Sprintf(`{"success":true,"data":{"serverId":%q,"messageServerId":%q,"agentId":%q,"message":"Agent %s server successfully"}}`, id, id, eliza, what)
	}
	for _, e := range []exchange{
		{name: "create without a name", method: "POST", path: api + "/message-servers", body: `{"sourceType":"test"}`, status: 400},
		{name: "list under each name", method: "GET", path: api + "/message-servers", status: 200, wantHeader: map[string]string{"X-Total-Count": "2"}},
		{name: "get under each name", method: "GET", path: api + "/message-servers/" + id, status: 200},
		{name: "get malformed", method: "GET", path: api + "/servers/x", status: 400},
		{name: "get unknown", method: "GET", path: api + "/servers/" + nowhere, status: 404, want: failure("NOT_FOUND", "Server "+nowhere+" does not exist")},
		{name: "rename", method: "PATCH", path: api + "/central-servers/" + id, body: `{"name":"Bay"}`, status: 200},
		{name: "link", method: "POST", path: api + "/servers/" + id + "/agents", body: `{"agentId":"` + eliza + `"}`, status: 201, want: removed("added to")},
		{name: "link an unknown agent", method: "POST", path: api + "/servers/" + id + "/agents", body: `{"agentId":"` + nowhere + `"}`, status: 404},
		{name: "agents", method: "GET", path: api + "/central-servers/" + id + "/agents", status: 200,
			want: fmt.Sprintf(`{"success":true,"data":{"serverId":%q,"messageServerId":%q,"agents":[%q]}}`, id, id, eliza)},
		{name: "servers of an agent", method: "GET", path: api + "/agents/" + eliza + "/message-servers", status: 200,
			want: fmt.Sprintf(`{"success":true,"data":{"agentId":%q,"servers":[%q],"messageServers":[%q]}}`, eliza, id, id)},
		{name: "unlink", method: "DELETE", path: api + "/message-servers/" + id + "/agents/" + eliza, status: 200, want: removed("removed from")},
		{name: "current", method: "GET", path: api + "/message-server/current", status: 200, want: `{"success":true,"data":{"messageServerId":"` + zero + `"}}`},
		{name: "sync", method: "POST", path: api + "/servers/" + id + "/sync-channels", body: `{"channels":[{"name":"general","type":"GROUP","sourceId":"1"}]}`, status: 200},
		{name: "channels", method: "GET", path: api + "/servers/" + id + "/channels?type=GROUP&limit=1", status: 200, wantHeader: map[string]string{"X-Total-Count": "1"}},
		{name: "channels of nowhere", method: "GET", path: api + "/central-servers/" + nowhere + "/channels", status: 200, want: `{"success":true,"data":{"channels":[]}}`},
		{name: "delete the default one", method: "DELETE", path: api + "/servers/" + zero, status: 403},
		{name: "delete", method: "DELETE", path: api + "/servers/" + id, status: 204, want: "text:"},
		{name: "delete again", method: "DELETE", path: api + "/servers/" + id, status: 404},
	} {
		e.run(t, server)
	}
}

func TestTheReplyToAPostHasTheFormOfTheReference(t *testing.T) {
	server, _ := openOffice(t)
	const channel = "/central-channels/11111111-1111-4111-8111-111111111111"
	post := `{"author_id":"` + ann + `","content":"hello","server_id":"` + zero + `","in_reply_to_message_id":"nonsense",
		"metadata":{"user_display_name":"Zed","isDm":true,"targetUserId":"` + eliza + `"}`
	out := data(t, server, "POST", channel+"/messages", post+"}", 201)
	row := out["data"].(map[string]any)
	if got := keys(row); got != "author_display_name author_id channel_id content created_at id message_server_id metadata rev seq server_id source_type userMessage" {
		t.Errorf("fields %s", got)
	}
	for key, want := range map[string]any{"channel_id": "11111111-1111-4111-8111-111111111111", "server_id": zero, "message_server_id": zero,
		"author_id": ann, "author_display_name": "Zed", "content": "hello", "source_type": "eliza_gui"} {
		if row[key] != want {
			t.Errorf("%s is %v", key, row[key])
		}
	}
	if keys(out) != "data success userMessage" || out["userMessage"].(map[string]any)["id"] != row["id"] || row["userMessage"].(map[string]any)["id"] != row["id"] {
		t.Errorf("body %v", out)
	}
	out = data(t, server, "POST", channel+"/messages", post+`,"transport":"http"}`, 201)
	if keys(out) != "agentResponse data success userMessage" || fmt.Sprint(out["agentResponse"]) != fmt.Sprint(out["data"].(map[string]any)["agentResponse"]) ||
		out["agentResponse"].(map[string]any)["text"] != "well" || out["agentResponse"].(map[string]any)["thought"] != "t" {
		t.Errorf("body %v", out)
	}
	answer := out["agentResponse"].(map[string]any)["messageId"]
	list := data(t, server, "GET", channel+"/messages", "", 200)["data"].(map[string]any)["messages"].([]any)
	at := slices.IndexFunc(list, func(row any) bool { return row.(map[string]any)["id"] == answer })
	if at < 0 {
		t.Fatalf("the answer is not listed: %v", list)
	}
	newest := list[at].(map[string]any)
	metadata := newest["metadata"].(map[string]any)
	if newest["content"] != "well" || metadata["thought"] != "t" || fmt.Sprint(metadata["actions"]) != "[REPLY]" || newest["created_at"].(float64) < 1e12 {
		t.Errorf("row %v", newest)
	}
	for _, e := range []exchange{
		{name: "before as the web client says it", method: "GET", path: "/api/messaging" + channel + "/messages?before=" + newest["createdAt"].(string), status: 200},
		{name: "no transport", method: "POST", path: "/api/messaging" + channel + "/messages", body: post + `,"transport":"pigeon"}`, status: 400},
	} {
		e.run(t, server)
	}
	older := data(t, server, "GET", channel+"/messages?before="+newest["createdAt"].(string), "", 200)["data"].(map[string]any)["messages"].([]any)
	if len(older) < 2 || older[0].(map[string]any)["seq"].(float64) != newest["seq"].(float64)-1 {
		t.Errorf("older %v", older)
	}
}

func TestAPostIsAnsweredAsAStream(t *testing.T) {
	server, _ := openOffice(t)
	post := `{"author_id":"` + ann + `","content":"hello","server_id":"` + zero + `","metadata":{"isDm":true,"targetUserId":"` + eliza + `"},"mode":"stream"}`
	resp, text := exchange{method: "POST", path: "/api/messaging/channels/11111111-1111-4111-8111-111111111111/messages", body: post}.do(t, server)
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("%d %s %s", resp.StatusCode, resp.Header.Get("Content-Type"), text)
	}
	var events []string
	for line := range strings.SplitSeq(text, "\n") {
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			events = append(events, name)
		}
	}
	if fmt.Sprint(events) != "[user_message chunk done]" || !strings.Contains(text, `"type":"complete"`) || !strings.Contains(text, `"text":"well"`) {
		t.Errorf("stream %s", text)
	}
	resp, text = exchange{method: "POST", path: "/api/messaging/channels/" + nowhere + "/messages", body: strings.Replace(post, eliza, ann, 1)}.do(t, server)
	if resp.StatusCode != http.StatusBadRequest || !strings.Contains(text, "INVALID_REQUEST") {
		t.Errorf("a stream without an agent: %d %s", resp.StatusCode, text)
	}
}

func TestTheCoreThroughREST(t *testing.T) {
	server, _ := openOffice(t)
	const api = "/api/messaging"
	channel := data(t, server, "POST", "/central-channels", `{"name":"n","server_id":"`+zero+`","participantCentralUserIds":[]}`, 201)["data"].(map[string]any)
	id := channel["id"].(string)
	if channel["channel"].(map[string]any)["id"] != id || len(channel["participants"].([]any)) != 0 || channel["type"] != "GROUP" {
		t.Errorf("channel %v", channel)
	}
	submit := `{"channel_id":"` + id + `","server_id":"` + zero + `","author_id":"` + eliza + `","content":"said","source_type":"agent_response","raw_message":{"text":"said"}`
	row := data(t, server, "POST", "/submit", submit+"}", 201)["data"].(map[string]any)
	if got := keys(row); got != "authorDisplayName authorId channelId content createdAt created_at id inReplyToRootMessageId metadata rawMessage rev seq serverId sourceType updatedAt updated_at" {
		t.Errorf("fields %s", got)
	}
	action := data(t, server, "POST", "/action", submit+"}", 201)["data"].(map[string]any)["id"].(string)
	ingest := `{"channel_id":"` + id + `","server_id":"` + zero + `","author_id":"joe","content":"ahoy","source_type":"irc","source_id":"1"}`
	first := data(t, server, "POST", "/ingest-external", ingest, 202)
	message := first["data"].(map[string]any)["messageId"].(string)
	if first["message"] != "Message ingested and published to bus" || keys(first["data"]) != "messageId" {
		t.Errorf("ingested %v", first)
	}
	for _, e := range []exchange{
		{name: "ingest again", method: "POST", path: api + "/external-messages", body: ingest, status: 200, want: `{"success":true,"message":"Message ingested and published to bus",
			"duplicate":true,"data":{"messageId":"` + message + `","duplicate":true}}`},
		{name: "submit nowhere", method: "POST", path: api + "/submit", body: strings.Replace(submit, id, nowhere, 1) + "}", status: 404},
		{name: "submit a lone surrogate", method: "POST", path: api + "/submit", body: strings.Replace(submit, `"said"`, `"\ud800"`, 1) + "}", status: 400},
		{name: "submit in reply to no UUID", method: "POST", path: api + "/submit", body: submit + `,"in_reply_to_message_id":"x"}`, status: 400},
		{name: "complete", method: "POST", path: api + "/complete", body: `{"channel_id":"` + id + `","server_id":"` + zero + `"}`, status: 200,
			want: `{"success":true,"message":"Completion event emitted","data":{"message":"Completion event emitted"}}`},
		{name: "complete without a server", method: "POST", path: api + "/complete", body: `{"channel_id":"` + id + `"}`, status: 400},
		{name: "change an action", method: "PATCH", path: api + "/action/" + action, body: `{"content":"done"}`, status: 200},
		{name: "change an unknown action", method: "PATCH", path: api + "/action/" + nowhere, body: `{"content":"done"}`, status: 404},
		{name: "change an action malformed", method: "PATCH", path: api + "/action/x", body: `{"content":"done"}`, status: 400},
		{name: "agents of a channel", method: "GET", path: api + "/central-channels/" + id + "/agents", status: 200,
			want: `{"success":true,"data":{"channelId":"` + id + `","participants":[],"agents":[]}}`},
		{name: "add an agent", method: "POST", path: api + "/channels/" + id + "/agents", body: `{"agentId":"` + eliza + `"}`, status: 201,
			want: `{"success":true,"data":{"channelId":"` + id + `","agentId":"` + eliza + `","message":"Agent added to channel successfully"}}`},
		{name: "remove an agent", method: "DELETE", path: api + "/channels/" + id + "/agents/" + eliza, status: 200},
		{name: "remove an agent again", method: "DELETE", path: api + "/channels/" + id + "/agents/" + eliza, status: 404},
		{name: "title of few messages", method: "POST", path: api + "/channels/" + id + "/generate-title?limit=2", body: `{"agentId":"` + eliza + `"}`, status: 200,
			want: `{"success":true,"data":{"title":null,"channelId":"` + id + `","reason":"Not enough messages to generate a title"}}`},
		{name: "title of an agent that does not run", method: "POST", path: api + "/channels/" + id + "/generate-title", body: `{"agentId":"` + nowhere + `"}`, status: 404,
			want: `{"success":false,"error":{"code":"NOT_FOUND","message":"Agent not found","details":"Agent is not running"}}`},
		{name: "direct conversation", method: "GET", path: api + "/dm-channel?participantIds=" + ann + "," + eliza, status: 200},
		{name: "direct conversation with oneself", method: "GET", path: api + "/dm-channel?targetUserId=" + ann + "&currentUserId=" + ann, status: 400},
		{name: "group under its other name", method: "POST", path: api + "/group-channels", body: `{"name":"g","server_id":"` + zero + `","participants":["` + ann + `"]}`, status: 201},
		{name: "channel without a type", method: "POST", path: api + "/channels", body: `{"name":"g","serverId":"` + zero + `"}`, status: 400},
		{name: "channel with one", method: "POST", path: api + "/channels", body: `{"name":"g","serverId":"` + zero + `","type":"FORUM"}`, status: 201},
	} {
		e.run(t, server)
	}
}

// historySize is how many messages the benchmarks below have in their channel.
const historySize = 100_000

// BenchmarkHistory lists 50 messages of a long channel, and gets one, by REST. It reports
// the median, which a busy machine disturbs less than the mean.
func BenchmarkHistory(b *testing.B) {
	server, store := openOffice(b)
	channel := domain.RandomID[domain.ChannelID]()
	if _, _, err := store.EnsureChannel(b.Context(), messaging.Channel{ID: channel, ServerID: zero, Type: messaging.TypeGroup}); err != nil {
		b.Fatal(err)
	}
	ids := make([]domain.MessageID, historySize)
	stored := make(chan error, historySize)
	for i := range ids {
		ids[i] = domain.NewID[domain.MessageID]()
		m := messaging.Message{ID: ids[i], ChannelID: channel, ServerID: zero, AuthorID: ann, AuthorName: "Ann", SourceType: "eliza_gui",
			Content: strings.Repeat("some words of a chat ", 6), Dedupe: messaging.DedupeID(ids[i]),
			Metadata: domain.Metadata{"user_display_name": []byte(`"Ann"`), "channelType": []byte(`"GROUP"`)}}
		if err := store.Append(b.Context(), m, func(_ messaging.Appended, err error) { stored <- err }); err != nil {
			b.Fatal(err)
		}
	}
	for range ids {
		if err := <-stored; err != nil {
			b.Fatal(err)
		}
	}
	newest := server.URL + "/api/messaging/central-channels/" + string(channel) + "/messages?limit=50"
	for name, url := range map[string]func(n int) string{
		"newest50": func(int) string { return newest },
		"before50": func(n int) string { return newest + fmt.Sprintf("&beforeSeq=%d", n*7919%historySize+51) },
		"one":      func(n int) string { return server.URL + "/api/messaging/messages/" + string(ids[n*7919%historySize]) },
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				began := time.Now()
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url(n), nil)
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, fetch(b, req, began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
		})
	}
}

// fetch reads a reply, which must be a success, and returns how long that has taken.
func fetch(b *testing.B, req *http.Request, began time.Time) time.Duration {
	b.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	var reply struct{ Success bool }
	err = json.NewDecoder(resp.Body).Decode(&reply)
	took := time.Since(began)
	_ = resp.Body.Close()
	if err != nil || !reply.Success {
		b.Fatal(resp.StatusCode, err)
	}
	return took
}
