package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/rest"
	"parley/storage/sqlite"
)

// errAbsent is what the store in memory says of messages and channels that are to change:
// it has none.
var errAbsent = domain.Errorf(domain.NotFound, "It does not exist")

// Lookup knows no message.
func (s *store) Lookup(context.Context, domain.MessageID) (messaging.Message, error) {
	return messaging.Message{}, errAbsent
}

// Edit knows no message.
func (s *store) Edit(context.Context, domain.ChannelID, domain.MessageID, func(messaging.Message) (messaging.Message, error)) (messaging.Message, error) {
	return messaging.Message{}, errAbsent
}

// Search finds nothing.
func (s *store) Search(context.Context, messaging.SearchQuery) (messaging.Found, error) {
	return messaging.Found{}, nil
}

// UpdateChannel knows no channel.
func (s *store) UpdateChannel(context.Context, domain.ChannelID, func(messaging.Channel) (messaging.Channel, error)) (messaging.Channel, error) {
	return messaging.Channel{}, errAbsent
}

// AddParticipants knows no channel.
func (s *store) AddParticipants(context.Context, domain.ChannelID, ...domain.EntityID) (messaging.Channel, error) {
	return messaging.Channel{}, errAbsent
}

// RemoveParticipant knows no channel.
func (s *store) RemoveParticipant(context.Context, domain.ChannelID, domain.EntityID) (messaging.Channel, error) {
	return messaging.Channel{}, errAbsent
}

// DeleteChannel knows no channel.
func (s *store) DeleteChannel(context.Context, domain.ChannelID) (bool, error) { return false, nil }

// stored returns a registry with messaging's operations on a store proper.
func stored(t *testing.T) *op.Registry {
	t.Helper()
	set, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	s := messaging.New(messaging.Options{Store: set.Messaging, Announcer: room{}, Signals: room{}, Duties: room{}, Now: time.Now})
	if _, err := s.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := op.NewRegistry(op.Options{})
	messaging.Ops(r, s)
	return r
}

func TestMessagesAndChannelsChangeThroughREST(t *testing.T) {
	server := serve(t, rest.Options{Registry: stored(t)})
	const api = "/api/messaging"
	const channel, ann, bob = api + "/channels/aaaaaaaa-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"
	const absent = api + "/messages/99999999-9999-4999-8999-999999999999"
	resp, body := exchange{method: "POST", path: channel + "/messages", body: `{"author_id":"` + ann + `","content":"Hello World","server_id":"00000000-0000-0000-0000-000000000000"}`}.do(t, server)
	var posted struct {
		Data struct{ ID string }
	}
	if err := json.Unmarshal([]byte(body), &posted); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.StatusCode, err)
	}
	message := api + "/messages/" + posted.Data.ID
	missing := failure("NOT_FOUND", "Message 99999999-9999-4999-8999-999999999999 does not exist")
	list := func(ids string) string { return `{"success":true,"data":[` + ids + `]}` }
	for _, e := range []exchange{
		{name: "get", method: "GET", path: message, status: 200},
		{name: "get absent", method: "GET", path: absent, status: 404, want: missing},
		{name: "get malformed", method: "GET", path: api + "/messages/x", status: 400},
		{name: "search", method: "POST", path: api + "/messages/search", body: `{"query":"WORLD hello"}`, status: 200},
		{name: "search nothing", method: "POST", path: api + "/messages/search", body: `{"query":"missing","limit":5}`, status: 200,
			want: `{"success":true,"data":{"messages":[],"total":0,"pagination":{"limit":5,"offset":0,"total":0,"hasMore":false}}}`},
		{name: "search without a query", method: "POST", path: api + "/messages/search", body: `{"query":" "}`, status: 400},
		{name: "edit", method: "PATCH", path: message, body: `{"content":"changed"}`, status: 200},
		{name: "edit within the channel", method: "PATCH", path: channel + "/messages/" + posted.Data.ID, body: `{"content":"again"}`, status: 200},
		{name: "edit within another channel", method: "PATCH", path: api + "/channels/bbbbbbbb-1111-4111-8111-111111111111/messages/" + posted.Data.ID,
			body: `{"content":"again"}`, status: 404},
		{name: "edit absent", method: "PATCH", path: absent, body: `{"content":"x"}`, status: 404, want: missing},
		{name: "edit to nothing", method: "PATCH", path: message, body: `{"content":""}`, status: 400},
		{name: "participants", method: "GET", path: channel + "/participants", status: 200, want: list(`"` + ann + `"`)},
		{name: "participants of nowhere", method: "GET", path: api + "/channels/bbbbbbbb-1111-4111-8111-111111111111/participants", status: 200, want: list("")},
		{name: "invite", method: "POST", path: channel + "/participants", body: `{"userIds":["` + bob + `"]}`, status: 201, want: list(`"` + ann + `","` + bob + `"`)},
		{name: "invite nobody", method: "POST", path: channel + "/participants", body: `{"userIds":[]}`, status: 400},
		{name: "invite to nowhere", method: "POST", path: api + "/channels/bbbbbbbb-1111-4111-8111-111111111111/participants", body: `{"userIds":["` + bob + `"]}`, status: 404},
		{name: "remove", method: "DELETE", path: channel + "/participants/" + ann, status: 204, want: "text:"},
		{name: "remove from nowhere", method: "DELETE", path: api + "/channels/bbbbbbbb-1111-4111-8111-111111111111/participants/" + ann, status: 404},
		{name: "update", method: "PATCH", path: channel, body: `{"name":"Harbour","metadata":{"a":1}}`, status: 200},
		{name: "update to no name", method: "PATCH", path: channel, body: `{"name":""}`, status: 400},
		{name: "update nowhere", method: "PATCH", path: api + "/channels/bbbbbbbb-1111-4111-8111-111111111111", body: `{"name":"x"}`, status: 404},
		{name: "purge of nobody", method: "DELETE", path: channel + "/messages/all", status: 400},
		{name: "purge", method: "DELETE", path: channel + "/messages/all?userId=" + bob, status: 200, want: `{"success":true,"data":{"deleted":0},"deleted":0}`},
		{name: "clear", method: "DELETE", path: channel + "/messages", status: 204, want: "text:"},
		{name: "clear again", method: "DELETE", path: channel + "/messages", status: 204, want: "text:"},
		{name: "clear nowhere", method: "DELETE", path: api + "/channels/bbbbbbbb-1111-4111-8111-111111111111/messages", status: 204, want: "text:"},
		{name: "get cleared", method: "GET", path: message, status: 404},
		{name: "edit cleared", method: "PATCH", path: message, body: `{"content":"x"}`, status: 404},
		{name: "delete channel", method: "DELETE", path: channel, status: 204, want: "text:"},
		{name: "delete channel again", method: "DELETE", path: channel, status: 204, want: "text:"},
		{name: "channel is gone", method: "GET", path: channel, status: 404},
	} {
		e.run(t, server)
	}
}

func TestEditedRowTellsOfIt(t *testing.T) {
	server := serve(t, rest.Options{Registry: stored(t)})
	const channel = "/api/messaging/channels/aaaaaaaa-1111-4111-8111-111111111111"
	post := func(raw string) (id string) {
		_, body := exchange{method: "POST", path: channel + "/messages", body: `{"author_id":"22222222-2222-4222-8222-222222222222","content":"old",
			"server_id":"00000000-0000-0000-0000-000000000000","raw_message":` + raw + `,"metadata":{"a":1,"b":2}}`}.do(t, server)
		var posted struct{ Data struct{ ID string } }
		if err := json.Unmarshal([]byte(body), &posted); err != nil {
			t.Fatal(err)
		}
		return posted.Data.ID
	}
	for raw, want := range map[string]string{
		`{"text":"old","n":1.50}`: `{"n":1.5,"text":"new"}`, `{"message":"old"}`: `{"message":"new"}`,
		`{"content":{"text":"old","x":1}}`: `{"content":{"text":"new","x":1}}`, `"old"`: `null`, `["old"]`: `null`,
	} {
		resp, body := exchange{method: "PATCH", path: "/api/messaging/messages/" + post(raw), body: `{"content":"new","metadata":{"b":3}}`}.do(t, server)
		var row struct{ Data messaging.MessageRow }
		if err := json.Unmarshal([]byte(body), &row); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp.StatusCode, err)
		}
		m := row.Data
		metadata := fmt.Sprintf("%s %s %s", m.Metadata["a"], m.Metadata["b"], m.Metadata["edited"])
		if m.Content != "new" || m.Rev <= m.Seq || m.UpdatedMS < m.CreatedMS || metadata != "1 3 true" {
			t.Errorf("%s: row is %s", raw, body)
		}
		if want == "null" && m.Raw != nil || want != "null" && !sameJSON(t, string(m.Raw), want) {
			t.Errorf("%s: raw message is %s, want %s", raw, m.Raw, want)
		}
	}
}
