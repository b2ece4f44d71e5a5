package messaging_test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
)

// zed takes part in no channel of these tests unless it is invited.
const zed domain.EntityID = "33333333-3333-4333-8333-333333333333"

// user is a caller of the jwt mode.
func user(entity domain.EntityID) domain.Actor {
	return domain.Actor{Role: domain.Member, Entity: entity, Bound: true}
}

// house is a stage with a channel of ann, in which she has written, and another of the
// agent, in which ann takes part; it returns the ids of her and the agent's message.
func house(t *testing.T) (s *stage, hers, its string) {
	t.Helper()
	s = newStage(t)
	post := func(a domain.Actor, channel domain.ChannelID, author domain.EntityID) string {
		out, failure := s.call(a, "messages:send", `{"channelId":"`+string(channel)+`","serverId":"`+
			string(domain.DefaultServer)+`","senderId":"`+string(author)+`","message":"a secret"}`)
		if failure != nil {
			t.Fatal(failure)
		}
		return out["id"].(string)
	}
	hers = post(user(ann), channelID, ann)
	s.mustCall("channels:invite", `{"channelId":"`+string(channelID)+`","userIds":["`+string(agent)+`"]}`)
	its = post(rest, channelID, agent)
	post(rest, itsChannel, agent)
	s.mustCall(`channels:invite`, `{"channelId":"`+string(itsChannel)+`","userIds":["`+string(ann)+`"]}`)
	s.took()
	return s, hers, its
}

// itsChannel is the one that the agent owns.
const itsChannel domain.ChannelID = "44444444-4444-4444-8444-444444444444"

// mustCall calls an operation that must not fail, whatever it answers with.
func (s *stage) mustCall(name, body string) {
	s.t.Helper()
	if failure := s.ask(rest, name, body); failure != nil {
		s.t.Fatal(failure)
	}
}

// ask calls an operation and returns its failure.
func (s *stage) ask(a domain.Actor, name, body string) *domain.Error {
	_, failure := s.registry.Lookup(name).Call(s.t.Context(), a, op.Input{Body: json.RawMessage(body)})
	return failure
}

// onDefault is a payload about the default server.
func onDefault(fields string) string {
	return `{"serverId":"` + string(domain.DefaultServer) + `"` + fields + `}`
}

func TestAStrangerMayDoNothingInAChannel(t *testing.T) {
	s, hers, _ := house(t)
	in := func(fields string) string { return `{"channelId":"` + string(channelID) + `"` + fields + `}` }
	own := `,"senderId":"` + string(zed) + `"`
	calls := []struct{ name, body string }{
		{"messages:send", in(own + `,"message":"hi"`)},
		{"messages:send", `{"roomId":"` + string(channelID) + `"` + own + `,"message":"hi"}`},
		{"messages:list", in("")},
		{"messages:delete", in(`,"messageId":"` + hers + `"`)},
		{"messages:get", `{"messageId":"` + hers + `"}`},
		{"messages:update", `{"messageId":"` + hers + `","content":"mine"}`},
		{"messages:update", in(`,"messageId":"` + hers + `","content":"mine"`)},
		{"messages:clear", in("")},
		{"messages:purge", in(`,"userId":"` + string(ann) + `"`)},
		{"messages:search", in(`,"query":"secret"`)},
		{"channels:get", in("")},
		{"channels:update", in(`,"name":"mine"`)},
		{"channels:delete", in("")},
		{"channels:participants", in("")},
		{"channels:invite", in(`,"userIds":["` + string(zed) + `"]`)},
		{"channels:remove", in(`,"userId":"` + string(ann) + `"`)},
		{"channels:remove", in(`,"userId":"` + string(zed) + `"`)},
		{"reads:set", in(`,"seq":1`)},
		{"reads:list", in("")},
		{"reads:unread", `{"channelIds":["` + string(channelID) + `"]}`},
		{"messages:send", in(own + `,"message":"hi","transport":"http"`)},
		{"channels:agents", in("")},
		{"channels:link", in(`,"agentId":"` + string(agent) + `"`)},
		{"channels:unlink", in(`,"agentId":"` + string(agent) + `"`)},
		{"channels:title", in(`,"agentId":"` + string(agent) + `"`)},
		{"channels:direct", `{"participantIds":["` + string(ann) + `","` + string(agent) + `"]}`},
		{"channels:direct", `{"currentUserId":"` + string(ann) + `","targetUserId":"` + string(agent) + `"}`},
		{"messages:submit", in(`,"authorId":"` + string(zed) + `","content":"hi"`)},
		{"messages:act", in(`,"authorId":"` + string(zed) + `","content":"hi"`)},
		{"messages:progress", `{"id":"` + hers + `","content":"mine"}`},
		{"messages:complete", in(`,"serverId":"` + string(domain.DefaultServer) + `"`)},
		{"messages:ingest", in(`,"serverId":"` + string(domain.DefaultServer) + `","authorId":"joe","content":"hi"`)},
		{"servers:create", `{"name":"Mine","sourceType":"test"}`},
		{"servers:update", onDefault(`,"name":"Mine"`)},
		{"servers:delete", onDefault("")},
		{"servers:sync", onDefault(`,"channels":[]`)},
		{"servers:link", onDefault(`,"agentId":"` + string(agent) + `"`)},
		{"servers:unlink", onDefault(`,"agentId":"` + string(agent) + `"`)},
	}
	tried := map[string]bool{"channels:create": true, "channels:add": true, "channels:list": true, "servers:list": true,
		"servers:get": true, "servers:agents": true, "servers:current": true, "agents:servers": true} // need no channel
	for _, tt := range calls {
		tried[tt.name] = true
		if failure := s.ask(user(zed), tt.name, tt.body); failure == nil || failure.WireCode() != "FORBIDDEN" {
			t.Errorf("%s %s: %v", tt.name, tt.body, failure)
		}
	}
	for _, o := range s.registry.Ops() {
		if !tried[o.Name] {
			t.Errorf("%s was not tried by a stranger", o.Name)
		}
		if names := o.Unguarded(); len(names) > 0 {
			t.Errorf("%s has unguarded fields: %v", o.Name, names)
		}
	}
	if script := s.took(); strings.Contains(script, "post") || strings.Contains(script, "updated") || strings.Contains(script, "delete") {
		t.Errorf("something happened: %s", script)
	}
}

func TestAUserSeesOnlyItsOwn(t *testing.T) {
	s, _, _ := house(t)
	server := `{"serverId":"` + string(domain.DefaultServer) + `"}`
	for _, tt := range []struct {
		who      domain.EntityID
		channels int
		found    float64
	}{{ann, 2, 3}, {zed, 0, 0}} {
		out, failure := s.call(user(tt.who), "channels:list", server)
		if failure != nil || len(out["channels"].([]any)) != tt.channels {
			t.Errorf("channels of %s: %v, %v", tt.who, out, failure)
		}
		out, failure = s.call(user(tt.who), "messages:search", `{"query":"secret"}`)
		if failure != nil || out["total"] != tt.found {
			t.Errorf("search by %s: %v, %v", tt.who, out, failure)
		}
	}
	other := `{"serverId":"` + string(domain.DefaultServer) + `","participantId":"` + string(ann) + `"}`
	if failure := s.ask(user(zed), "channels:list", other); !domain.IsCode(failure, domain.Forbidden) {
		t.Errorf("the channels of somebody else: %v", failure)
	}
	if out, _ := s.call(rest, "channels:list", server); len(out["channels"].([]any)) != 2 {
		t.Errorf("the channels of all: %v", out)
	}
}

func TestServersOfOthersAreNotListed(t *testing.T) {
	s, store := newStageOn(t)
	for _, id := range []domain.ServerID{"55555555-5555-4555-8555-555555555555", "66666666-6666-4666-8666-666666666666"} {
		if _, _, err := store.EnsureServer(t.Context(), messaging.Server{ID: id, Name: string(id[:4]), SourceType: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	if failure := s.ask(user(ann), "channels:create", `{"name":"Hers","serverId":"55555555-5555-4555-8555-555555555555","participantCentralUserIds":[]}`); failure != nil {
		t.Fatal(failure)
	}
	for who, want := range map[string]int{"all": 3, "ann": 2, "zed": 1} {
		actor := map[string]domain.Actor{"all": rest, "ann": user(ann), "zed": user(zed)}[who]
		if out, failure := s.call(actor, "servers:list", `{}`); failure != nil || len(out["servers"].([]any)) != want {
			t.Errorf("%s sees %v, %v", who, out, failure)
		}
		failure := s.ask(actor, "servers:get", `{"serverId":"55555555-5555-4555-8555-555555555555"}`)
		if hidden := who == "zed"; hidden != (failure != nil && failure.Code == domain.NotFound) || !hidden && failure != nil {
			t.Errorf("%s asks for hers: %v", who, failure)
		}
	}
}

func TestAUserActsAsItself(t *testing.T) {
	s, _, _ := house(t)
	in := `{"channelId":"` + string(channelID) + `","message":"hi","seq":1,"channelIds":[],"senderId":"` + string(zed) + `","entityId":"` + string(zed) + `"`
	for name, body := range map[string]string{"messages:send": in + "}", "reads:set": in + "}", "reads:list": in + "}", "reads:unread": in + "}"} {
		if failure := s.ask(user(ann), name, body); !domain.IsCode(failure, domain.Forbidden) {
			t.Errorf("%s as another: %v", name, failure)
		}
	}
	speaks := `{"channelId":"` + string(channelID) + `","message":"I am a robot","source":"agent_response"}`
	if failure := s.ask(user(ann), "messages:send", speaks); !domain.IsCode(failure, domain.Forbidden) {
		t.Errorf("as an agent: %v", failure)
	}
	named := user(ann)
	named.Name = "Ann"
	out, failure := s.call(named, "messages:send", `{"channelId":"`+string(channelID)+`","message":"hi","senderName":"The Admin","metadata":{"user_display_name":"The Admin"}}`)
	if metadata, _ := out["metadata"].(map[string]any); failure != nil || out["author_display_name"] != "Ann" || metadata["user_display_name"] != "Ann" {
		t.Errorf("under another name: %v, %v", out, failure)
	}
	out, failure = s.call(user(ann), "messages:send", `{"channelId":"`+string(channelID)+`","message":"hi"}`)
	if failure != nil || out["author_id"] != string(ann) {
		t.Errorf("without a name: %v, %v", out, failure)
	}
}

func TestASendIntoNowhereMakesTheUsersOwnChannel(t *testing.T) {
	s := newStage(t)
	fresh := `{"channelId":"77777777-7777-4777-8777-777777777777","serverId":"` + string(domain.DefaultServer) + `","message":"hi"`
	if _, failure := s.call(user(zed), "messages:send", fresh+`}`); failure != nil {
		t.Fatal(failure)
	}
	if failure := s.ask(user(ann), "messages:send", fresh+`}`); !domain.IsCode(failure, domain.Forbidden) {
		t.Errorf("another one's send into it: %v", failure)
	}
	if failure := s.ask(user(ann), "messages:list", `{"channelId":"88888888-7777-4777-8777-777777777777"}`); !domain.IsCode(failure, domain.NotFound) {
		t.Errorf("the history of nowhere: %v", failure)
	}
}

func TestOfManyFirstMessagesAtOnceOneUserOwnsTheChannel(t *testing.T) {
	s := newStage(t)
	const fresh domain.ChannelID = "77777777-7777-4777-8777-777777777777"
	body := `{"channelId":"` + string(fresh) + `","serverId":"` + string(domain.DefaultServer) + `","message":"hi"}`
	var all sync.WaitGroup
	var let atomic.Int32
	for range 20 {
		all.Go(func() {
			failure := s.ask(user(domain.NewID[domain.EntityID]()), "messages:send", body)
			if failure == nil {
				let.Add(1)
			} else if failure.WireCode() != "FORBIDDEN" {
				t.Errorf("failure %v", failure)
			}
		})
	}
	all.Wait()
	c, err := s.service.Channel(t.Context(), fresh)
	if err != nil || let.Load() != 1 || len(c.Participants) != 1 {
		t.Fatalf("%d may write, participants %v, %v", let.Load(), c.Participants, err)
	}
}

func TestTheOwnerOfAChannelDecides(t *testing.T) {
	people := `,"participantCentralUserIds":["` + string(zed) + `"]`
	calls := []struct {
		name, fields string
		// everybody says that who takes part may do it too.
		everybody bool
	}{
		{"channels:update", `,"name":"Renamed"`, true},
		{"channels:invite", `,"userIds":["` + string(zed) + `"]`, true},
		{"channels:update", people, false},
		{"channels:remove", `,"userId":"` + string(zed) + `"`, false},
		{"messages:purge", `,"userId":"` + string(agent) + `"`, false},
		{"messages:clear", "", false},
		{"channels:delete", "", false},
	}
	for _, tt := range calls {
		s, _, _ := house(t)
		if failure := s.ask(user(ann), tt.name, `{"channelId":"`+string(channelID)+`"`+tt.fields+`}`); failure != nil {
			t.Errorf("%s%s by the owner: %v", tt.name, tt.fields, failure)
		}
		failure := s.ask(user(ann), tt.name, `{"channelId":"`+string(itsChannel)+`"`+tt.fields+`}`)
		if tt.everybody && failure != nil || !tt.everybody && !domain.IsCode(failure, domain.Forbidden) {
			t.Errorf("%s%s by who takes part: %v", tt.name, tt.fields, failure)
		}
	}
}

func TestAUserChangesItsOwnMessages(t *testing.T) {
	s, hers, its := house(t)
	body := func(id string) string {
		return `{"channelId":"` + string(channelID) + `","messageId":"` + id + `","content":"changed","userId":"` + string(ann) + `"}`
	}
	if failure := s.ask(user(ann), "messages:update", body(its)); !domain.IsCode(failure, domain.Forbidden) {
		t.Errorf("editing another's: %v", failure)
	}
	for _, name := range []string{"messages:update", "messages:delete", "messages:delete", "messages:purge"} {
		if failure := s.ask(user(ann), name, body(hers)); failure != nil {
			t.Errorf("%s of its own: %v", name, failure)
		}
	}
	s.mustCall("channels:update", `{"channelId":"`+string(channelID)+`","participantIds":["`+string(agent)+`","`+string(ann)+`"]}`)
	if failure := s.ask(user(ann), "messages:delete", body(its)); !domain.IsCode(failure, domain.Forbidden) {
		t.Errorf("deleting another's in a channel of another: %v", failure)
	}
	if failure := s.ask(user(ann), "channels:remove", body(its)); failure != nil {
		t.Errorf("leaving: %v", failure)
	}
	if failure := s.ask(user(ann), "messages:list", body(its)); !domain.IsCode(failure, domain.Forbidden) {
		t.Errorf("reading after leaving: %v", failure)
	}
}
