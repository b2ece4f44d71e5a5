package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/domain"
	"parley/domain/identity/jwt/jwttest"
	"parley/domain/op"
	"parley/realtime/sio/siotest"
)

const (
	// owner has a channel of its own, stranger has nothing.
	owner    = "aaaaaaaa-1111-4111-8111-111111111111"
	stranger = "bbbbbbbb-1111-4111-8111-111111111111"
	// adminKey is the server key, which administers beside the tokens.
	adminKey = "the-server-key-of-the-tests"
	// foreign is the owner's channel.
	foreign = "cccccccc-1111-4111-8111-111111111111"
)

// patience is how long a test waits for an answer.
const patience = 10 * time.Second

// object is a JSON object.
type object = map[string]any

// house is a whole server in jwt mode.
type house struct {
	*app.App
	t   *testing.T
	url string
}

// serve runs a server in jwt mode, in which the owner has its channel, until the test ends.
func serve(t *testing.T) *house {
	t.Helper()
	s := serveWith(t, func(*config.Config) {})
	status, _, reply := s.rest(tokenOf(owner, ""), "POST", "/api/messaging/channels/"+foreign+"/messages",
		object{"serverId": domain.DefaultServer, "content": "a secret", "authorId": owner})
	if status != http.StatusCreated {
		t.Fatalf("the owner's first message: %d %s", status, reply)
	}
	return s
}

// serveWith runs a server in jwt mode with other settings.
func serveWith(t *testing.T, change func(*config.Config)) *house {
	t.Helper()
	cfg := config.Default()
	cfg.Port, cfg.DataDir, cfg.WorkDir, cfg.BuiltinPace, cfg.LogLevel = 0, t.TempDir(), t.TempDir(), 0, "error"
	cfg.Auth, cfg.JWTSecret, cfg.ServerKey, cfg.DrainTimeout = "jwt", jwttest.Secret, adminKey, time.Second
	cfg.UploadRate, cfg.FileRate, cfg.MediaRate = 0, 0, 0
	change(&cfg)
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	a, err := app.New(t.Context(), cfg, app.Options{Version: "test", Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &house{App: a, t: t, url: "http://" + a.Addr()}
}

// tokenOf is a token of somebody for an hour.
func tokenOf(sub, role string) string {
	return jwttest.HS256(object{"sub": sub, "role": role, "exp": time.Now().Add(time.Hour).Unix()})
}

// rest sends a request with a token, "" for none.
func (s *house) rest(token, method, path string, body object) (status int, code string, reply []byte) {
	s.t.Helper()
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if reply, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		s.t.Fatal(err)
	}
	var envelope struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(reply, &envelope)
	return resp.StatusCode, envelope.Error.Code, reply
}

// dial connects a socket with a token.
func (s *house) dial(token string) *siotest.Client {
	s.t.Helper()
	c, err := siotest.Dial(s.url, siotest.Options{Auth: object{"token": token}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// ask sends an operation over a socket and returns the code of its failure, "" for success.
func (s *house) ask(c *siotest.Client, event string, body any) string {
	s.t.Helper()
	answer, err := c.EmitAck(patience, event, body)
	if err != nil {
		s.t.Fatalf("%s: %v", event, err)
	}
	var reply op.Reply
	if err := json.Unmarshal(answer.Args[0], &reply); err != nil {
		s.t.Fatal(err)
	}
	if reply.Error != nil {
		return reply.Error.Code
	}
	return ""
}

// example is the operation's example without what is not set.
func example(t *testing.T, o *op.Op) object {
	t.Helper()
	data, err := json.Marshal(o.Example)
	if err != nil {
		t.Fatal(err)
	}
	var fields object
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(fields, func(_ string, v any) bool {
		return v == nil || v == "" || v == false || v == 0.0 || v == "0001-01-01T00:00:00Z"
	})
	return fields
}

// withField is fields with an id in one of them, in a list if the request has one there.
func withField(o *op.Op, fields object, name, id string) object {
	out := maps.Clone(fields)
	out[name] = id
	for f := range o.Request().Fields() {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			typ := f.Type
			for typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			if typ.Kind() == reflect.Slice {
				out[name] = []string{id}
			}
		}
	}
	return out
}

// byRoute sends fields to a route of an operation.
func (s *house) byRoute(token, route string, fields object) (int, string) {
	s.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	left := maps.Clone(fields)
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			value, known := left[name].(string)
			if !known {
				value = "99999999-1111-4111-8111-111111111111"
			}
			path = strings.Replace(path, segment, url.PathEscape(value), 1)
			delete(left, name)
		}
	}
	var body object
	if method == http.MethodGet {
		query := url.Values{}
		for name, value := range left {
			if list, ok := value.([]string); ok {
				value = strings.Join(list, ",")
			}
			query.Set(name, fmt.Sprint(value))
		}
		path += "?" + query.Encode()
	} else {
		body = left
	}
	status, code, _ := s.rest(token, method, path, body)
	return status, code
}

// eachDoor calls an operation through every route and as an event, and wants a code.
func (s *house) eachDoor(o *op.Op, token string, socket *siotest.Client, fields object, want string) {
	s.t.Helper()
	for _, route := range o.Routes {
		if status, code := s.byRoute(token, route, fields); code != want {
			s.t.Errorf("%s with %v: %d %s, want %s", route, fields, status, code, want)
		}
	}
	if !o.RESTOnly && socket != nil {
		if code := s.ask(socket, o.Name, fields); code != want {
			s.t.Errorf("%s with %v: %s, want %s", o.Name, fields, code, want)
		}
	}
}

func TestEveryFieldThatNamesAChannelOrAnEntityIsGuarded(t *testing.T) {
	for _, o := range serve(t).Registry().Ops() {
		if names := o.Unguarded(); o.Access != op.Admin && len(names) > 0 {
			t.Errorf("%s: %v need a tag access, or a reason in Spec.Unguarded", o.Name, names)
		}
	}
}

func TestAStrangerEntersNoChannelByAnyOperation(t *testing.T) {
	s := serve(t)
	token := tokenOf(stranger, "")
	socket := s.dial(token)
	for _, o := range s.Registry().Ops() {
		if o.Access != op.Member {
			continue
		}
		channels, selves := o.Guarded()
		fields := example(t, o)
		for _, name := range selves {
			delete(fields, name)
		}
		for _, name := range channels {
			s.eachDoor(o, token, socket, withField(o, fields, name, foreign), "FORBIDDEN")
		}
		for _, name := range channels {
			delete(fields, name)
		}
		for _, name := range selves {
			s.eachDoor(o, token, socket, withField(o, fields, name, owner), "FORBIDDEN")
		}
	}
}

func TestUsersAdministerNothing(t *testing.T) {
	s := serve(t)
	token := tokenOf(stranger, "")
	socket := s.dial(token)
	for _, o := range s.Registry().Ops() {
		switch o.Access {
		case op.Admin:
			s.eachDoor(o, token, socket, example(t, o), "FORBIDDEN")
			s.eachDoor(o, "", nil, example(t, o), "AUTH_REQUIRED")
		case op.Member:
			s.eachDoor(o, "", nil, example(t, o), "AUTH_REQUIRED")
		case op.Public:
		}
	}
	if err := socket.Emit("subscribe_logs"); err != nil {
		t.Fatal(err)
	}
	e, err := socket.Next("messageError", patience)
	if err != nil || !bytes.Contains(e.Args[0], []byte("FORBIDDEN")) {
		t.Errorf("the log: %s, %v", e.Args, err)
	}
}

func TestRESTSaysWhatIsMissing(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/api/agents", "/api/nothing"} {
		status, code, reply := s.rest("x.y.z", "GET", path, nil)
		if status != http.StatusUnauthorized || code != "AUTH_REQUIRED" || !bytes.Contains(reply, []byte("Invalid, expired or missing token")) {
			t.Errorf("%s: %d %s", path, status, reply)
		}
	}
	if status, code, _ := s.rest(tokenOf(stranger, ""), "GET", "/api/nothing", nil); status != http.StatusNotFound || code != "NOT_FOUND" {
		t.Errorf("an unknown path: %d %s", status, code)
	}
	if status, _, _ := s.rest(tokenOf(stranger, ""), "GET", "/metrics", nil); status != http.StatusOK {
		t.Errorf("metrics on this machine: %d", status)
	}
}

func TestAgentsAreShownWithoutWhatIsTheirMakers(t *testing.T) {
	s := serve(t)
	_, _, list := s.rest(tokenOf(stranger, ""), "GET", "/api/agents", nil)
	var agents struct {
		Data struct {
			Agents []struct {
				ID string `json:"id"`
			} `json:"agents"`
		} `json:"data"`
	}
	if err := json.Unmarshal(list, &agents); err != nil || len(agents.Data.Agents) == 0 {
		t.Fatalf("%s, %v", list, err)
	}
	path := "/api/agents/" + agents.Data.Agents[0].ID
	for who, token := range map[string]string{"user": tokenOf(stranger, ""), "admin": tokenOf(stranger, "admin"), "key": adminKey} {
		status, _, body := s.rest(token, "GET", path, nil)
		var agent struct {
			Data object `json:"data"`
		}
		if err := json.Unmarshal(body, &agent); err != nil || status != http.StatusOK || agent.Data["name"] == "" {
			t.Fatalf("%s: %d %s", who, status, body)
		}
		if _, shown := agent.Data["system"]; shown != (who != "user") {
			t.Errorf("%s sees the instructions: %v", who, shown)
		}
	}
}

func TestTheReferencesJoinIsDeniedInItsOwnWords(t *testing.T) {
	s := serve(t)
	c := s.dial(tokenOf(stranger, ""))
	if err := c.Emit("message", object{"type": 1, "payload": object{"channelId": foreign, "entityId": stranger}}); err != nil {
		t.Fatal(err)
	}
	e, err := c.Next("messageError", patience)
	if err != nil || !bytes.Contains(e.Args[0], []byte("Access denied")) || !bytes.Contains(e.Args[0], []byte("FORBIDDEN")) {
		t.Fatalf("%s, %v", e.Args, err)
	}
	s.rest(tokenOf(owner, ""), "POST", "/api/messaging/channels/"+foreign+"/messages", object{"content": "still secret"})
	s.hearsNothing(c)
}

// hearsNothing fails if a message has come. A post answers when the room has heard it, and
// what was sent before an ack comes before it.
func (s *house) hearsNothing(c *siotest.Client) {
	s.t.Helper()
	s.ask(c, "system:ping", object{})
	if e, err := c.Next("messageBroadcast", time.Millisecond); err == nil {
		s.t.Errorf("it hears %s", e.Args)
	}
}

func TestWhoIsTakenOffTheListHearsNoMore(t *testing.T) {
	s := serve(t)
	guest := s.dial(tokenOf(stranger, ""))
	hers := tokenOf(owner, "")
	s.rest(hers, "POST", "/api/messaging/channels/"+foreign+"/participants", object{"userIds": []string{stranger}})
	join := object{"channelId": foreign}
	if code := s.ask(guest, "channels:join", join); code != "" {
		t.Fatalf("an invited one: %s", code)
	}
	s.rest(hers, "DELETE", "/api/messaging/channels/"+foreign+"/participants/"+stranger, nil)
	if _, err := guest.Next("channel_left", patience); err != nil {
		t.Fatal(err)
	}
	s.rest(hers, "POST", "/api/messaging/channels/"+foreign+"/messages", object{"content": "we are alone"})
	s.hearsNothing(guest)
	if code := s.ask(guest, "channels:join", join); code != "FORBIDDEN" {
		t.Errorf("joining again: %s", code)
	}
}

func TestSocketsShowATokenOrTheKey(t *testing.T) {
	s := serve(t)
	expired := jwttest.HS256(object{"sub": owner, "exp": time.Now().Add(-time.Hour).Unix()})
	for name, tt := range map[string]struct {
		options siotest.Options
		want    string // what the refusal says
	}{
		"auth.token":              {siotest.Options{Auth: object{"token": tokenOf(owner, "")}}, ""},
		"auth.apiKey":             {siotest.Options{Auth: object{"apiKey": tokenOf(owner, "")}}, ""},
		"Authorization":           {siotest.Options{Header: http.Header{"Authorization": {"Bearer " + tokenOf(owner, "")}}}, ""},
		"the server key":          {siotest.Options{Auth: object{"apiKey": adminKey}}, ""},
		"nothing":                 {siotest.Options{}, "Invalid, expired or missing token"},
		"an expired token":        {siotest.Options{Auth: object{"token": expired}}, "AUTH_REQUIRED"},
		"a token as another":      {siotest.Options{Auth: object{"token": tokenOf(owner, ""), "entityId": stranger}}, "FORBIDDEN"},
		"a token that is no text": {siotest.Options{Auth: object{"token": []string{tokenOf(owner, "")}}}, "AUTH_REQUIRED"},
	} {
		for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
			tt.options.Transport = transport
			c, err := siotest.Dial(s.url, tt.options)
			if err == nil {
				c.Close()
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%s over %s: %v", name, transport, err)
			}
		}
	}
}

func TestASocketEndsWithItsTokenByTheEndOfItsTransport(t *testing.T) {
	s := serve(t)
	for _, transport := range []string{siotest.WebSocket, siotest.Polling} {
		// The default leeway of 30 s counts too, so it has two left.
		soon := jwttest.HS256(object{"sub": owner, "exp": float64(time.Now().Add(-28*time.Second).UnixMilli()) / 1000})
		c, err := siotest.Dial(s.url, siotest.Options{Transport: transport, Auth: object{"token": soon}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Next("unauthorized", patience); err != nil {
			t.Errorf("%s: %v", transport, err)
		}
		select {
		case <-c.Done():
		case <-time.After(patience):
			t.Errorf("%s: the socket lives on", transport)
		}
	}
}
