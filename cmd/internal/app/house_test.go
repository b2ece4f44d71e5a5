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
	"parley/realtime/realtimetest"
	"parley/realtime/sio/siotest"
	"parley/rest/resttest"
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
const patience = time.Minute

// comesTrue polls until something is so, and reports whether it came about.
func comesTrue(is func() bool) bool {
	for end := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// object is a JSON object.
type object = map[string]any

// house is a whole server in jwt mode.
type house struct {
	*app.App
	t       *testing.T
	url     string
	sockets *realtimetest.Dialer
	http    *http.Client
}

// newHouse is the house of a server.
func newHouse(t *testing.T, a *app.App) *house {
	t.Helper()
	return &house{App: a, t: t, url: "http://" + a.Addr(), sockets: realtimetest.NewDialer(t, a.Registry()),
		http: &http.Client{Transport: resttest.NewTransport(t, a.Registry(), http.DefaultTransport)}}
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
	return newHouse(t, a)
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
	resp, err := s.http.Do(r)
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
	c, err := s.sockets.Dial(s.url, siotest.Options{Auth: object{"token": token}})
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
