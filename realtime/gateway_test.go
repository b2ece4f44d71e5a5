package realtime_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/domain/presence"
	"parley/domain/system"
	"parley/realtime"
	"parley/realtime/realtimetest"
	"parley/realtime/sio/siotest"
	"parley/storage/sqlite"
)

// patience is how long a test waits for an event.
const patience = time.Minute

const (
	channelID = "11111111-1111-4111-8111-111111111111"
	ann       = "22222222-2222-4222-8222-222222222222"
	eliza     = "b850bc30-45f8-0041-a00a-83df46d8555d"
)

// idle plays the agents: there are none.
type idle struct{}

// Awaiting names nobody.
func (idle) Awaiting(context.Context, messaging.Channel, messaging.Message) []domain.AgentID {
	return nil
}

// Hint does nothing.
func (idle) Hint(messaging.Message) {}

// Withdraw does nothing.
func (idle) Withdraw(domain.ChannelID, int64, int64) {}

// AgentState knows one agent, which does not answer.
func (idle) AgentState(id domain.AgentID) (name string, running, known bool) {
	return "Eliza", id == eliza, id == eliza
}

// door is a gateway in front of an empty store.
type door struct {
	t        *testing.T
	url      string
	registry *op.Registry
	gateway  *realtime.Gateway
	service  *messaging.Service
	sockets  *realtimetest.Dialer
}

// openDoor serves a gateway until the test ends; change may set options.
func openDoor(t *testing.T, change func(*realtime.Options)) *door {
	t.Helper()
	return openDoorOn(t, change, func(s messaging.Store) messaging.Store { return s })
}

// openDoorOn is openDoor on what wrap makes of the store.
func openDoorOn(t *testing.T, change func(*realtime.Options), wrap func(messaging.Store) messaging.Store) *door {
	t.Helper()
	return openDoorAt(t, change, wrap(openStore(t)), nil)
}

// openStore opens an empty store, closed when the test ends.
func openStore(t *testing.T) messaging.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store.Messaging
}

// testLog is the log of a test.
func testLog(t *testing.T) zerolog.Logger {
	return zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.InfoLevel)
}

// openDoorAt is openDoor at a store; link, unless nil, runs before the first socket comes.
func openDoorAt(t *testing.T, change func(*realtime.Options), store messaging.Store, link func(*realtime.Gateway)) *door {
	t.Helper()
	auth, err := identity.New(identity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opts := realtime.Options{Identity: auth, Logs: system.NewLogs(), Presence: presence.NewLocal(time.Now), Now: time.Now, Logger: testLog(t)}
	if change != nil {
		change(&opts)
	}
	gateway, err := realtime.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	service := messaging.New(messaging.Options{Store: store, Announcer: gateway, Signals: gateway,
		Duties: idle{}, Agents: idle{}, Now: time.Now})
	if _, err := service.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	registry := op.NewRegistry(op.Options{Logger: testLog(t)})
	messaging.Ops(registry, service)
	presence.Ops(registry, opts.Presence)
	gateway.Bind(registry, service)
	if link != nil {
		link(gateway)
	}
	server := httptest.NewServer(gateway)

	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = gateway.Run(ctx) })
	if local, ok := opts.Presence.(*presence.Local); ok {
		running.Go(func() { _ = local.Run(ctx, gateway) })
	}
	t.Cleanup(func() {
		stop()
		// What was sent is handled until here: it would log to a test that is over.
		ending, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := gateway.Shutdown(ending); err != nil {
			t.Error(err)
		}
		server.Close()
		running.Wait()
	})
	return &door{t: t, url: server.URL, registry: registry, gateway: gateway, service: service, sockets: realtimetest.NewDialer(t, registry)}
}

// dial connects a socket; it is closed when the test ends.
func (d *door) dial() *siotest.Client {
	d.t.Helper()
	c, err := d.sockets.Dial(d.url, siotest.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(c.Close)
	return c
}

// dialAs is dial for somebody who says who they are. It returns when the server has taken the
// socket in: it hears what is meant for them.
func (d *door) dialAs(entity string) *siotest.Client {
	d.t.Helper()
	c, err := d.sockets.Dial(d.url, siotest.Options{Auth: fields{"entityId": entity}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(c.Close)
	ask(d.t, c, "servers:list", fields{})
	return c
}

// call runs an operation past the gateway, as REST does.
func (d *door) call(name string, request any) {
	d.t.Helper()
	if _, failure := d.try(name, request); failure != nil {
		d.t.Fatal(failure)
	}
}

// try runs an operation past the gateway and returns its answer.
func (d *door) try(name string, request any) (any, *domain.Error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, domain.AsError(err)
	}
	return d.registry.Lookup(name).Call(d.t.Context(), domain.Actor{Role: domain.Admin}, op.Input{Body: body, REST: true})
}

// fields are a payload as a client knows it.
type fields = map[string]any

// send is a good send, with some fields changed.
func send(change fields) fields {
	f := fields{"channelId": channelID, "serverId": string(domain.DefaultServer), "senderId": ann, "message": "hello", "messageId": "m-1"}
	for key, value := range change {
		f[key] = value
	}
	return f
}

// emit sends an event and fails the test if that is not possible.
func emit(t *testing.T, c *siotest.Client, event string, args ...any) {
	t.Helper()
	if err := c.Emit(event, args...); err != nil {
		t.Fatal(err)
	}
}

// next waits for an event and returns its first argument.
func next(t *testing.T, c *siotest.Client, event string) fields {
	t.Helper()
	e, err := c.Next(event, patience)
	if err != nil {
		t.Fatal(err)
	}
	return first(t, e)
}

// ask sends an event and returns its ack.
func ask(t *testing.T, c *siotest.Client, event string, args ...any) fields {
	t.Helper()
	e, err := c.EmitAck(patience, event, args...)
	if err != nil {
		t.Fatal(err)
	}
	return first(t, e)
}

// first is the first argument of an event.
func first(t *testing.T, e siotest.Event) fields {
	t.Helper()
	var f fields
	if err := json.Unmarshal(e.Args[0], &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// within is the object under a key, empty if there is none.
func within(f fields, key string) fields {
	inner, _ := f[key].(fields)
	return inner
}

func TestAnswersStayBelowWhatAConnectionCanHold(t *testing.T) {
	d := openDoor(t, nil)
	text := strings.Repeat("x", 90_000)
	for range 50 { // more than a connection may have waiting
		d.call("messages:send", send(fields{"message": text, "messageId": nil}))
	}
	c := d.dial()
	for _, event := range []string{"1", "channels:join"} {
		joined := within(ask(t, c, event, fields{"channelId": channelID, "after": 3}), "data")
		events, _ := joined["messages"].([]any)
		if len(events) == 0 || joined["truncated"] != true || joined["head"] != 50.0 {
			t.Fatalf("%s: %d events, truncated %v, head %v", event, len(events), joined["truncated"], joined["head"])
		}
		if earliest, _ := events[0].(fields); earliest["rev"] != 4.0 {
			t.Fatalf("%s: begins with %v", event, earliest["rev"])
		}
	}
	page := ask(t, c, "messages:list", fields{"channelId": channelID, "limit": 50})
	if page["success"] != false || within(page, "error")["code"] != "PAYLOAD_TOO_LARGE" {
		t.Fatalf("a page too large is answered with success %v, %v", page["success"], page["error"])
	}
	if page := ask(t, c, "messages:list", fields{"channelId": channelID, "limit": 5}); page["success"] != true {
		t.Fatalf("a small page: %v", page["error"])
	}
}

func TestTheSecondAnswerToAJoinIsTheReferencesOwn(t *testing.T) {
	d := openDoor(t, nil)
	d.call("messages:send", send(nil))
	c := d.dial()
	emit(t, c, "1", fields{"roomId": channelID, "agentId": ann, "after": 0})
	joined, again := next(t, c, "channel_joined"), next(t, c, "room_joined")
	if events, _ := joined["messages"].([]any); len(events) != 1 || joined["truncated"] != false {
		t.Errorf("channel_joined: %v", joined)
	}
	want := fields{"message": "Socket " + c.ID() + " successfully joined channel " + channelID + ".",
		"channelId": channelID, "roomId": channelID, "agentId": ann}
	if len(again) != len(want) {
		t.Errorf("room_joined: %v", again)
	}
	for key, value := range want {
		if again[key] != value || joined[key] != value {
			t.Errorf("%s is %v and %v, want %v", key, joined[key], again[key], value)
		}
	}
}

func TestARefusedSendNamesItselfAndEndsTheWait(t *testing.T) {
	stopped := time.Now()
	d := openDoor(t, func(o *realtime.Options) {
		o.EventRate, o.EventBurst, o.Now = 1, 1, func() time.Time { return stopped }
	})
	tests := []struct {
		name  string
		spend int // events before, of which the bucket holds one
		event []any
		code  string
	}{
		{"too many, event 2", 1, []any{"2", send(nil)}, "RATE_LIMITED"},
		{"too many, event message", 1, []any{"message", fields{"type": 2, "payload": send(nil)}}, "RATE_LIMITED"},
		{"too many, the operation", 1, []any{"messages:send", send(nil)}, "RATE_LIMITED"},
		{"no text, event 2", 0, []any{"2", send(fields{"message": ""})}, "INVALID_REQUEST"},
		{"no text, the operation", 0, []any{"messages:send", send(fields{"message": ""})}, "INVALID_REQUEST"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := d.dial()
			for range tt.spend {
				ask(t, c, "servers:list", fields{})
			}
			emit(t, c, tt.event[0].(string), tt.event[1:]...)
			refused, complete := next(t, c, "messageError"), next(t, c, "messageComplete")
			if refused["code"] != tt.code || refused["channelId"] != channelID || refused["roomId"] != channelID || refused["clientMessageId"] != "m-1" {
				t.Errorf("messageError: %v", refused)
			}
			if complete["channelId"] != channelID || complete["serverId"] != string(domain.DefaultServer) {
				t.Errorf("messageComplete: %v", complete)
			}
		})
	}
}

func TestTooManyJoinsAreRefusedInBothWays(t *testing.T) {
	stopped := time.Now()
	d := openDoor(t, func(o *realtime.Options) {
		o.EventRate, o.EventBurst, o.Now = 1, 1, func() time.Time { return stopped }
	})
	c := d.dial()
	ask(t, c, "1", fields{"channelId": channelID})
	if answer := ask(t, c, "1", fields{"channelId": channelID}); within(answer, "error")["code"] != "RATE_LIMITED" {
		t.Errorf("ack: %v", answer)
	}
	if refused := next(t, c, "messageError"); refused["code"] != "RATE_LIMITED" || refused["channelId"] != channelID {
		t.Errorf("messageError: %v", refused)
	}
}

func TestBinaryDataIsRefusedInsteadOfItsPlaceholderStored(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	payload := `{"channelId":"` + channelID + `","serverId":"` + string(domain.DefaultServer) + `","senderId":"` + ann +
		`","message":"look","attachments":[{"_placeholder":true,"num":0}]}`
	if err := c.SendRaw(`51-["2",`+payload+`]`, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if refused := next(t, c, "messageError"); refused["code"] != "INVALID_REQUEST" || refused["error"] != "Binary data is not accepted here" {
		t.Fatalf("messageError: %v", refused)
	}
}

func TestLeavingEndsTyping(t *testing.T) {
	d := openDoor(t, nil)
	typist, other := d.dial(), d.dial()
	for _, c := range []*siotest.Client{typist, other} {
		ask(t, c, "channels:join", fields{"channelId": channelID})
	}
	emit(t, typist, "typing", fields{"channelId": channelID, "isTyping": true})
	began := next(t, other, "typing")
	if _, named := began["senderId"]; named || began["isTyping"] != true {
		t.Errorf("typing: %v", began)
	}
	ask(t, typist, "leave", fields{"roomId": channelID})
	ask(t, other, "servers:list", fields{}) // what was sent before has come by then
	if e, err := other.Next("typing", time.Millisecond); err != nil || first(t, e)["isTyping"] != false {
		t.Errorf("typing: %s, %v", e.Args, err)
	}
}

func TestRefusedFiltersFailTheAckToo(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	if answer := ask(t, c, "update_log_filters", fields{}); within(answer, "error")["message"] != "Not subscribed to log stream" {
		t.Errorf("without a subscription: %v", answer)
	}
	ask(t, c, "subscribe_logs")
	if answer := ask(t, c, "update_log_filters", "warn"); answer["success"] != false || within(answer, "error")["code"] != "INVALID_REQUEST" {
		t.Errorf("a text: %v", answer)
	}
	if told := next(t, c, "log_filters_updated"); told["success"] != false || told["error"] != "Not subscribed to log stream" {
		t.Errorf("log_filters_updated: %v", told)
	}
}

func TestARepeatOfADeletedMessageIsAcknowledgedByItsClientsID(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	stored := within(ask(t, c, "2", send(nil)), "data")
	d.call("messages:delete", fields{"channelId": channelID, "messageId": stored["id"]})
	next(t, c, "messageAck")
	emit(t, c, "2", send(nil))
	if again := next(t, c, "messageAck"); again["messageId"] != stored["id"] || again["clientMessageId"] != "m-1" {
		t.Fatalf("messageAck: %v", again)
	}
}

func TestAPersonIsNotNamedByAnAgentsMetadata(t *testing.T) {
	d := openDoor(t, nil)
	c := d.dial()
	emit(t, c, "2", send(fields{"metadata": fields{"agentName": "Eliza"}}))
	if told := next(t, c, "messageBroadcast"); told["senderName"] != "User" {
		t.Fatalf("messageBroadcast: %v", told)
	}
}
