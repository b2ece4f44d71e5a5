package rest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/rest"
)

// now is when these tests happen.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// store keeps what the operations bound here need, in memory; the rest of the port
// is not called. The stores proper have a contract suite of their own.
type store struct {
	messaging.Store
	mu       sync.Mutex
	servers  []messaging.Server
	channels map[domain.ChannelID]messaging.Channel
	log      []messaging.Message
}

// EnsureServer keeps s.
func (s *store) EnsureServer(_ context.Context, server messaging.Server) (messaging.Server, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers = append(s.servers, server)
	return server, true, nil
}

// Server returns the one server.
func (s *store) Server(_ context.Context, id domain.ServerID) (messaging.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range s.servers {
		if server.ID == id {
			return server, nil
		}
	}
	return messaging.Server{}, domain.Errorf(domain.NotFound, "Server not found")
}

// Servers returns all servers.
func (s *store) Servers(context.Context) ([]messaging.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.servers), nil
}

// EnsureChannel keeps c unless there is one.
func (s *store) EnsureChannel(_ context.Context, c messaging.Channel) (messaging.Channel, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.channels[c.ID]; ok {
		return old, false, nil
	}
	s.channels[c.ID] = c
	return c, true, nil
}

// Channel returns one channel.
func (s *store) Channel(_ context.Context, id domain.ChannelID) (messaging.Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.channels[id]; ok {
		return c, nil
	}
	return messaging.Channel{}, domain.Errorf(domain.NotFound, "Channel not found")
}

// Channels returns the channels of a server.
func (s *store) Channels(_ context.Context, q messaging.ChannelQuery) ([]messaging.Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []messaging.Channel
	for _, c := range s.channels {
		if c.ServerID == q.Server {
			out = append(out, c)
		}
	}
	return out, nil
}

// Append stores m and answers from another goroutine, as a store proper does.
func (s *store) Append(_ context.Context, m messaging.Message, done func(messaging.Appended, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Seq = int64(len(s.log) + 1)
	m.Rev, m.CreatedAt, m.UpdatedAt = m.Seq, now, now
	s.log = append(s.log, m)
	go done(messaging.Appended{Message: m}, nil)
	return nil
}

// Message knows no message.
func (s *store) Message(context.Context, domain.ChannelID, domain.MessageID) (messaging.Message, error) {
	return messaging.Message{}, domain.Errorf(domain.NotFound, "Message not found")
}

// Page returns the log, newest first.
func (s *store) Page(_ context.Context, q messaging.PageQuery) ([]messaging.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := slices.DeleteFunc(slices.Clone(s.log), func(m messaging.Message) bool { return m.ChannelID != q.Channel })
	slices.Reverse(page)
	return page[:min(len(page), q.Limit)], nil
}

// room delivers at once and signals nobody.
type room struct{}

// Announce delivers.
func (room) Announce(e messaging.Event) { e.Delivered() }

// Completed is not listened to.
func (room) Completed(messaging.Completion) {}

// ChannelUpdated is not listened to.
func (room) ChannelUpdated(messaging.ChannelRow, []domain.EntityID) {}

// MessageGone is not listened to.
func (room) MessageGone(domain.ChannelID, domain.MessageID) {}

// ChannelDeleted is not listened to.
func (room) ChannelDeleted(domain.ChannelID) {}

// Awaiting names nobody.
func (room) Awaiting(context.Context, messaging.Channel, messaging.Message) []domain.AgentID {
	return nil
}

// Hint is not listened to.
func (room) Hint(messaging.Message) {}

// Withdraw is not listened to.
func (room) Withdraw(domain.ChannelID, int64, int64) {}

// chat returns a registry with messaging's operations on an empty store.
func chat(t *testing.T) *op.Registry {
	t.Helper()
	r := op.NewRegistry(op.Options{})
	s := messaging.New(messaging.Options{Store: &store{channels: map[domain.ChannelID]messaging.Channel{}}, Announcer: room{},
		Signals: room{}, Duties: room{}, Now: func() time.Time { return now }})
	if _, err := s.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	messaging.Ops(r, s)
	return r
}

func TestMessagingThroughREST(t *testing.T) {
	server := serve(t, rest.Options{Registry: chat(t)})
	const channel = "/api/messaging/central-channels/aaaaaaaa-1111-4111-8111-111111111111"
	post := `{"author_id":"22222222-2222-4222-8222-222222222222","content":"<hello>","server_id":"00000000-0000-0000-0000-000000000000",
		"metadata":{"user_display_name":"Zed","isDm":true}}`
	fault := func(code, field, message string) string {
		return `{"success":false,"error":{"code":"` + code + `","message":"` + field + " " + message + `","issues":[{"path":"` + field + `","message":"` + message + `"}]}}`
	}
	for _, e := range []exchange{
		{name: "no channel yet", method: "GET", path: channel + "/details", status: 404, want: failure("NOT_FOUND", "Channel not found")},
		{name: "no history yet", method: "GET", path: channel + "/messages", status: 200, want: `{"success":true,"data":{"messages":[],"hasOlder":false,"hasNewer":false}}`},
		{name: "message makes the channel", method: "POST", path: channel + "/messages", body: post, status: 201},
		{name: "channel under its other name", method: "GET", path: "/api/messaging/channels/AAAAAAAA-1111-4111-8111-111111111111", status: 200},
		{name: "unknown server", method: "POST", path: "/api/messaging/channels/bbbbbbbb-1111-4111-8111-111111111111/messages", status: 404,
			body: `{"author_id":"22222222-2222-4222-8222-222222222222","content":"x","server_id":"99999999-0000-0000-0000-000000000000"}`,
			want: failure("NOT_FOUND", "Server 99999999-0000-0000-0000-000000000000 does not exist")},
		{name: "empty message", method: "POST", path: channel + "/messages", body: `{"author_id":"22222222-2222-4222-8222-222222222222","content":""}`,
			status: 400, want: fault("INVALID_REQUEST", "content", "is required")},
		{name: "NUL in a message", method: "POST", path: channel + "/messages", body: `{"author_id":"22222222-2222-4222-8222-222222222222","content":"a\u0000"}`,
			status: 400, want: fault("INVALID_REQUEST", "content", "must not contain NUL")},
		{name: "bad channel", method: "POST", path: "/api/messaging/channels/nope/messages", body: post, status: 400,
			want: fault("INVALID_ID", "channelId", "must be a UUID")},
		{name: "limit that is no number", method: "GET", path: channel + "/messages?limit=abc", status: 400,
			want: fault("INVALID_REQUEST", "limit", "must be an integer")},
		{name: "limit out of range", method: "GET", path: channel + "/messages?limit=99999999999999999999", status: 200},
		{name: "time of the web client", method: "GET", path: channel + "/messages?limit=30&before=2026-11-24T12:00:00.000Z", status: 200},
		{name: "unknown message", method: "DELETE", path: channel + "/messages/33333333-3333-4333-8333-333333333333", status: 204, want: "text:"},
		{name: "servers", method: "GET", path: "/api/messaging/servers", status: 200},
	} {
		e.run(t, server)
	}
}
