package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
)

// answer lets eliza answer a message in two pieces.
func (h *town) answer(m messaging.Message) {
	id := domain.DerivedID[domain.MessageID](eliza, string(m.ID))
	hub := h.service.Answers()
	for _, piece := range []string{"hello ", "back"} {
		hub.Streamed(messaging.AnswerPiece{Question: m.ID, Answer: id, AgentID: eliza, Attempt: 1, Text: piece})
	}
	reply := messaging.Message{ID: id, ChannelID: m.ChannelID, AuthorID: domain.EntityID(eliza), Content: "hello back",
		Raw: []byte(`{"text":"hello back","thought":"t","actions":["REPLY"]}`), SourceType: messaging.SourceAgent, InReplyTo: m.ID}
	if err := h.service.PostReply(context.WithoutCancel(h.t.Context()), reply); err != nil {
		h.t.Error(err)
	}
	h.end(m, messaging.ResultAnswered)
}

// end ends the wait for answers to a message, as a runner does.
func (h *town) end(m messaging.Message, result messaging.Result) {
	if _, err := h.store.FinishDuty(context.WithoutCancel(h.t.Context()), m.ChannelID, m.ID, eliza); err != nil {
		h.t.Error(err)
	}
	h.service.Answers().Completed(messaging.Completion{ChannelID: m.ChannelID, MessageID: m.ID, AgentID: eliza, Result: result})
}

// ask sends a message of ann's with more fields.
func ask(channel string, fields ...any) []any {
	return append([]any{"channelId", channel, "senderId", ann, "message", "hello"}, fields...)
}

func TestASendOverHTTPWaitsForTheAgent(t *testing.T) {
	for _, tt := range []struct {
		name string
		// turn is what eliza does when she is asked.
		turn        func(h *town, m messaging.Message)
		text, code  string
		transport   []any
		actionsWant string
	}{
		{name: "she answers", turn: (*town).answer, text: "hello back", transport: []any{"transport", "http"}, actionsWant: "[REPLY]"},
		{name: "in older words", turn: (*town).answer, text: "hello back", transport: []any{"mode", "sync"}, actionsWant: "[REPLY]"},
		{name: "she stays silent", turn: func(h *town, m messaging.Message) { h.end(m, messaging.ResultSilent) },
			transport: []any{"transport", "http"}, actionsWant: "[IGNORE]"},
		{name: "she fails", turn: func(h *town, m messaging.Message) {
			h.service.Answers().Failed(messaging.AnswerFailure{Question: m.ID, AgentID: eliza, Error: "no model"})
			h.end(m, messaging.ResultFailed)
		}, code: "MODEL_ERROR", transport: []any{"transport", "http"}},
		{name: "she takes too long", turn: func(*town, messaging.Message) {}, code: "TIMEOUT", transport: []any{"transport", "http"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := openTown(t, func(o *messaging.Options) {
				if tt.code == "TIMEOUT" {
					o.AnswerWait = time.Second // within which the message must be stored
				}
			})
			done := h.agentsDo(tt.turn)
			c := h.channel(ann, domain.EntityID(eliza))
			out, failure := h.try("messages:send", ask(c, tt.transport...)...)
			done(1) // who takes too long may be told so before the message is stored
			eventually(t, "the end of following", func() bool { return h.service.Answers().Followed() == 0 })
			if tt.code != "" {
				h.wantFailure(failure, tt.code, "")
				if texts := h.texts(c); len(texts) != 1 {
					t.Errorf("the message is not there: %v", texts)
				}
				return
			}
			if failure != nil {
				t.Fatal(failure)
			}
			response := out["agentResponse"].(map[string]any)
			if response["text"] != tt.text || fmt.Sprint(response["actions"]) != tt.actionsWant || out["content"] != "hello" {
				t.Errorf("answer %v", out)
			}
			if row := out["userMessage"].(map[string]any); row["id"] != out["id"] || row["message_server_id"] != string(domain.DefaultServer) {
				t.Errorf("user message %v", row)
			}
		})
	}
}

func TestWhoIsToAnswerOverHTTP(t *testing.T) {
	h := openTown(t, nil)
	h.agentsDo((*town).answer)
	for _, tt := range []struct {
		name         string
		participants []domain.EntityID
		target       domain.AgentID
		code, words  string
	}{
		{"the first agent that takes part", []domain.EntityID{ann, bob, domain.EntityID(eliza)}, "", "", ""},
		{"the one that is named, if none takes part", []domain.EntityID{ann}, eliza, "", ""},
		{"nobody", []domain.EntityID{ann, bob}, "", "INVALID_REQUEST", "No agent takes part"},
		{"one that does not run", []domain.EntityID{domain.EntityID(smith)}, eliza, "NOT_FOUND", "Agent is not running"},
		{"one that is named and unknown", nil, "77777777-7777-4777-8777-777777777777", "NOT_FOUND", "Agent not found"},
		{"the author itself", []domain.EntityID{domain.EntityID(eliza)}, eliza, "INVALID_REQUEST", "No agent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := h.channel(tt.participants...)
			author := ann
			if tt.name == "the author itself" {
				author = domain.EntityID(eliza)
			}
			out, failure := h.try("messages:send", "channelId", c, "senderId", author, "message", "hello", "transport", "http",
				"metadata", map[string]any{"targetAgentId": tt.target})
			if tt.code != "" {
				h.wantFailure(failure, tt.code, tt.words)
				if texts := h.texts(c); len(texts) != 0 {
					t.Errorf("the message is stored: %v", texts)
				}
				return
			}
			if failure != nil || out["agentResponse"].(map[string]any)["agentId"] != string(eliza) {
				t.Errorf("answer %v, %v", out, failure)
			}
		})
	}
	id := h.server()
	_, failure := h.try("messages:send", ask(h.channelOn(id, domain.EntityID(eliza)), "transport", "http")...)
	h.wantFailure(failure, "NOT_FOUND", "does not belong to this server")
	const nowhere = "77777777-7777-4777-8777-777777777777"
	_, failure = h.try("messages:send", ask(nowhere, "serverId", domain.DefaultServer, "transport", "http")...)
	h.wantFailure(failure, "INVALID_REQUEST", "No agent takes part")
	_, failure = h.try("channels:get", "channelId", nowhere) // it is not made for nothing
	h.wantFailure(failure, "NOT_FOUND", "")
	made := h.do("messages:send", ask(nowhere, "serverId", domain.DefaultServer, "transport", "http", "metadata", map[string]any{"targetAgentId": eliza})...)
	if made["agentResponse"] == nil {
		t.Errorf("a new channel: %v", made)
	}
	_, failure = h.try("messages:send", ask(h.channel(), "transport", "pigeon")...)
	h.wantFailure(failure, "INVALID_REQUEST", "transport must be websocket, http or sse")
}

func TestARepeatedSendOverHTTPGetsTheAnswerThatWasGiven(t *testing.T) {
	h := openTown(t, nil)
	done := h.agentsDo((*town).answer)
	c := h.channel(domain.EntityID(eliza))
	first := h.do("messages:send", ask(c, "transport", "http", "messageId", "m-1")...)
	done(1) // the caller has the answer before the turn has ended
	again := h.do("messages:send", ask(c, "transport", "http", "messageId", "m-1")...)
	if again["id"] != first["id"] || again["duplicate"] != true || fmt.Sprint(again["agentResponse"]) != fmt.Sprint(first["agentResponse"]) {
		t.Errorf("first %v\nagain %v", first, again)
	}
	s := &sink{}
	if failure := h.stream(s, ask(c, "transport", "sse", "messageId", "m-1")...); failure != nil {
		t.Error(failure)
	}
	if s.names() != "user_message done" {
		t.Errorf("streamed %s", s.names())
	}
}

func TestACallerThatGoesStopsFollowing(t *testing.T) {
	h := openTown(t, nil)
	c := h.channel(domain.EntityID(eliza))
	for _, transport := range []string{"http", "sse"} {
		ctx, cancel := context.WithCancel(t.Context())
		h.hinted = func(messaging.Message) { cancel() }
		in := input(ask(c, "transport", transport)...)
		if transport == "http" {
			if _, failure := h.registry.Lookup("messages:send").Call(ctx, rest, in); failure == nil || failure.Code != domain.Canceled {
				t.Errorf("%s: %v", transport, failure)
			}
		} else if _, failure := h.registry.Lookup("messages:send").Stream(ctx, rest, in, false, &sink{}); failure == nil || failure.Code != domain.Canceled {
			t.Errorf("%s: %v", transport, failure)
		}
		eventually(t, "the end of following", func() bool { return h.service.Answers().Followed() == 0 })
	}
}

// sink keeps the events of a stream.
type sink struct {
	events []string
	data   []map[string]any
	// broken lets the caller be gone from the event of this number on, 0 never.
	broken int
}

// Send keeps an event.
func (s *sink) Send(event, _ string, data any) error {
	if s.broken > 0 && len(s.events)+1 >= s.broken {
		return errors.New("gone")
	}
	raw, err := domain.PlainJSON(data)
	if err != nil {
		return err
	}
	s.events = append(s.events, event)
	s.data = append(s.data, decoded(raw))
	return nil
}

// names are the events, repeats left out.
func (s *sink) names() string {
	var names []string
	for i, e := range s.events {
		if i == 0 || s.events[i-1] != e {
			names = append(names, e)
		}
	}
	return strings.Join(names, " ")
}

// stream runs messages:send as a stream.
func (h *town) stream(s *sink, fields ...any) *domain.Error {
	h.t.Helper()
	streamed, failure := h.registry.Lookup("messages:send").Stream(h.t.Context(), rest, input(fields...), false, op.Sink(s))
	if !streamed {
		h.t.Error("it is not streamed")
	}
	return failure
}

func TestAStreamTellsTheAnswerAsItArises(t *testing.T) {
	for _, tt := range []struct {
		name, events, code string
		turn               func(h *town, m messaging.Message)
		broken             int
	}{
		{"she answers", "user_message chunk done", "", (*town).answer, 0},
		{"she stays silent", "user_message done", "", func(h *town, m messaging.Message) { h.end(m, messaging.ResultSilent) }, 0},
		{"she fails", "user_message", "MODEL_ERROR", func(h *town, m messaging.Message) {
			h.service.Answers().Failed(messaging.AnswerFailure{Question: m.ID, AgentID: eliza, Error: "no model"})
			h.end(m, messaging.ResultFailed)
		}, 0},
		{"the caller is gone", "user_message", "INTERNAL_ERROR", (*town).answer, 2},
		{"another agent speaks too", "user_message chunk done", "", func(h *town, m messaging.Message) {
			h.service.Answers().Streamed(messaging.AnswerPiece{Question: m.ID, Answer: m.ID, AgentID: smith, Attempt: 1, Text: "me"})
			h.service.Answers().Failed(messaging.AnswerFailure{Question: m.ID, AgentID: smith, Error: "no"})
			h.answer(m)
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := openTown(t, nil)
			done := h.agentsDo(tt.turn)
			s := &sink{broken: tt.broken}
			failure := h.stream(s, ask(h.channel(domain.EntityID(eliza)), "mode", "stream")...)
			done(1)
			if s.names() != tt.events || (failure == nil) != (tt.code == "") || failure != nil && failure.WireCode() != tt.code {
				t.Fatalf("events %s, %v", s.names(), failure)
			}
			if first := s.data[0]; first["type"] != "user_message" || first["text"] != "hello" || first["content"] != "hello" || first["author_id"] != string(ann) {
				t.Errorf("first %v", first)
			}
			text := ""
			for i, e := range s.events {
				if e == "chunk" {
					text += s.data[i]["chunk"].(string)
					if s.data[i]["type"] != "chunk" || s.data[i]["index"] != float64(i-1) || s.data[i]["text"] != s.data[i]["chunk"] {
						t.Errorf("chunk %v", s.data[i])
					}
				}
			}
			if last := s.data[len(s.data)-1]; strings.Contains(tt.events, "chunk") && (text != "hello back" || last["type"] != "complete" ||
				last["text"] != text || last["thought"] != "t" || fmt.Sprint(last["actions"]) != "[REPLY]") {
				t.Errorf("text %q, last %v", text, last)
			}
			if n := h.service.Answers().Followed(); n != 0 {
				t.Errorf("%d are still followed", n)
			}
		})
	}
}
