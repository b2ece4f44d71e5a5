package system_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/domain/system"
)

// inside is a fake of what a server has inside.
type inside struct {
	vars    []system.Variable
	written map[string]string
	merged  bool
	err     error
}

// ListServers lists one.
func (i *inside) ListServers(context.Context, domain.Actor, messaging.ListServersRequest) (messaging.ServerList, error) {
	return messaging.ServerList{Servers: []messaging.ServerRow{{Name: "Default Server"}}}, i.err
}

// Inspect sees one agent.
func (i *inside) Inspect(context.Context) (system.Internals, error) {
	return system.Internals{Agents: []system.AgentState{{Name: "Eliza", Status: "active", Plugins: []string{}, Pending: 2, InFlight: 1}},
		Sockets: system.SocketState{Connections: 3, Rooms: 2, LogSubscribers: 1}, Bus: system.BusState{Published: 5, Delivered: 4, Dropped: 1},
		Database: system.DatabaseState{Driver: "sqlite", SizeBytes: 4096, OpenConnections: 2}}, i.err
}

// Metrics has one of each kind.
func (i *inside) Metrics(context.Context) (system.Metrics, error) {
	return system.Metrics{Counters: map[string]float64{`a_total{b="c"}`: 1}, Gauges: map[string]float64{"g": 2.5},
		Histograms: map[string]system.Histogram{"h": {Count: 1, Sum: 0.5, Buckets: map[string]uint64{"1": 1}}}}, i.err
}

// MetricsText has one line.
func (i *inside) MetricsText(context.Context) (contentType string, text []byte, err error) {
	return "text/plain", []byte("a_total 1\n"), nil
}

// Variables are those it was given.
func (i *inside) Variables(context.Context) ([]system.Variable, error) { return i.vars, i.err }

// ReadFile returns what was written.
func (i *inside) ReadFile(context.Context) (map[string]string, error) { return i.written, i.err }

// WriteFile notes what is to be written.
func (i *inside) WriteFile(_ context.Context, values map[string]string, merge bool) error {
	i.written, i.merged = values, merge
	return i.err
}

// File is there.
func (i *inside) File(context.Context) system.EnvFile {
	return system.EnvFile{Exists: true, Writable: true}
}

// opened returns the operations over i.
func opened(i *inside, change ...func(*system.Options)) *op.Registry {
	o := system.Options{Version: "0.1.0", Agents: fake{}, Store: fake{}, Servers: i, Inspector: i, Env: i, Stop: func() {}}
	for _, c := range change {
		c(&o)
	}
	r := op.NewRegistry(op.Options{})
	system.Ops(r, system.New(o))
	return r
}

// ask calls an operation and returns the result as JSON.
func ask(t *testing.T, r *op.Registry, name string, actor domain.Actor, body string) (string, *domain.Error) {
	t.Helper()
	res, failure := r.Lookup(name).Call(t.Context(), actor, op.Input{Body: []byte(body)})
	data, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), failure
}

// keyed has shown the key, local is a program on this machine.
var (
	keyed = domain.Actor{Role: domain.Admin, Keyed: true}
	local = domain.Actor{Role: domain.Admin, Local: true}
)

func TestStopAndEnvironmentNeedAKeyOrThisMachine(t *testing.T) {
	bodies := map[string]string{"system:stop": "", "system:env": "", "system:read-env": "", "system:write-env": `{"content":{"A":"1"}}`}
	for name, body := range bodies {
		for _, tc := range []struct {
			actor domain.Actor
			allow bool
			code  domain.Code
		}{
			{domain.Actor{}, false, domain.Unauthenticated},
			{domain.Actor{}, true, domain.Unauthenticated},
			{domain.Actor{Role: domain.Member, Local: true}, true, domain.Forbidden},
			{admin, false, domain.Forbidden}, // the open mode, from afar
			{admin, true, ""},
			{keyed, false, ""},
			{local, false, ""},
		} {
			stopped := 0
			i := &inside{}
			r := opened(i, func(o *system.Options) {
				o.Stop = func() { stopped++ }
				o.AllowRemoteEnv = tc.allow && name != "system:stop"
				o.AllowRemoteStop = tc.allow && name == "system:stop"
			})
			_, failure := ask(t, r, name, tc.actor, body)
			if (failure == nil) != (tc.code == "") || failure != nil && failure.Code != tc.code {
				t.Errorf("%s for %+v, allowed %v: %v", name, tc.actor, tc.allow, failure)
			}
			if failure != nil && (stopped > 0 || i.written != nil) {
				t.Errorf("%s was refused and yet done", name)
			}
			if failure == nil && name == "system:stop" && stopped != 1 {
				t.Errorf("stopped %d times", stopped)
			}
		}
	}
}

func TestEnvironmentIsShownMasked(t *testing.T) {
	const secret = "sk-proj-0123456789abcd"
	i := &inside{vars: []system.Variable{
		{Name: "LOG_LEVEL", Value: "debug", Set: true, Source: "flag", Description: "Least level."},
		{Name: "OPENAI_API_KEY", Value: secret, Set: true, Source: "/x/.env"},
		{Name: "ELIZA_SERVER_AUTH_TOKEN", Value: "hunter2hunter2", Set: true, Secret: true, Source: "environment"},
		{Name: "SHORT_KEY", Value: "hunter2hunt", Set: true, Source: "environment"},
		{Name: "DATABASE", Value: "postgres://u:hunter2@h/db", Set: true, Source: "environment"},
		{Name: "SENTRY_DSN", Value: "https://hunter2@x", Set: true, Source: "environment"},
		{Name: "PARLEY_AUTH", Value: "key", Set: true, Source: "environment"},
		{Name: "EMPTY_SECRET", Source: "default"},
	}}
	text, failure := ask(t, opened(i, func(o *system.Options) { o.AuthMode = "key"; o.Database = "sqlite" }), "system:env", keyed, "")
	if failure != nil || strings.Contains(text, "hunter2h") || strings.Contains(text, secret) || strings.Contains(text, ":hunter2@") {
		t.Fatalf("%v %s", failure, text)
	}
	var view system.EnvView
	if err := json.Unmarshal([]byte(text), &view); err != nil {
		t.Fatal(err)
	}
	want := map[string]system.VariableView{
		"LOG_LEVEL":               {Set: true, Value: "debug", Source: "flag", Description: "Least level."},
		"OPENAI_API_KEY":          {Set: true, Value: "****abcd", Masked: true, Source: "/x/.env"},
		"ELIZA_SERVER_AUTH_TOKEN": {Set: true, Value: "****ter2", Masked: true, Source: "environment"},
		"SHORT_KEY":               {Set: true, Value: "****", Masked: true, Source: "environment"},
		"DATABASE":                {Set: true, Value: "postgres://***@h/db", Masked: true, Source: "environment"},
		"SENTRY_DSN":              {Set: true, Value: "****r2@x", Masked: true, Source: "environment"},
		"PARLEY_AUTH":             {Set: true, Value: "key", Source: "environment"},
		"EMPTY_SECRET":            {Source: "default"},
	}
	if !maps.Equal(view.Variables, want) {
		t.Errorf("%+v", view.Variables)
	}
	if !view.File.Exists || !view.File.Writable || view.Configuration.AuthMode != "key" || !view.Configuration.RequiresAuth || view.Configuration.Database != "sqlite" {
		t.Errorf("%s", text)
	}
}

func TestEnvFileIsReadAndWritten(t *testing.T) {
	i := &inside{}
	r := opened(i)
	if text, failure := ask(t, r, "system:read-env", local, ""); failure != nil || text != "{}" {
		t.Errorf("without a file: %s, %v", text, failure)
	}
	text, failure := ask(t, r, "system:write-env", local, `{"content":{"A":"x y","CHARACTER.ELIZA.K":"é\n"}}`)
	if failure != nil || text != `{}` || i.merged || i.written["A"] != "x y" || i.written["CHARACTER.ELIZA.K"] != "é\n" {
		t.Errorf("%s %v %v", text, failure, i.written)
	}
	if text, failure := ask(t, r, "system:read-env", local, ""); failure != nil || text != `{"A":"x y","CHARACTER.ELIZA.K":"é\n"}` {
		t.Errorf("%s, %v", text, failure)
	}
	if _, failure := ask(t, r, "system:write-env", local, `{"content":{},"merge":true}`); failure != nil || !i.merged || len(i.written) != 0 {
		t.Errorf("an empty merge: %v", failure)
	}
}

func TestWrongVariablesAreRefusedAndNamed(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	for name, body := range map[string]string{
		"no content": `{}`, "content of the wrong kind": `{"content":"A=1"}`, "a list": `{"content":["A"]}`, "null": `{"content":null}`,
		"a number": `{"content":{"A":1}}`, "a truth value": `{"content":{"A":true}}`, "an object": `{"content":{"A":{}}}`, "a null value": `{"content":{"A":null}}`,
		"NUL": `{"content":{"A":"a\u0000b"}}`, "no name": `{"content":{"":"x"}}`, "a name with =": `{"content":{"A=B":"x"}}`,
		"a name with a line end": `{"content":{"A\nB":"x"}}`, "a name with a space": `{"content":{"A B":"x"}}`, "a comment": `{"content":{"#A":"x"}}`,
		"a value too long": `{"content":{"A":"` + long + `"}}`, "a name too long": `{"content":{"` + long[:300] + `":"x"}}`, "half a surrogate": `{"content":{"A":"\ud800"}}`,
	} {
		i := &inside{}
		_, failure := ask(t, opened(i), "system:write-env", keyed, body)
		if failure == nil || failure.WireCode() != "INVALID_REQUEST" || i.written != nil {
			t.Errorf("%s: %v", name, failure)
		}
	}
	_, failure := ask(t, opened(&inside{}), "system:write-env", keyed, `{"content":{"A":1,"B C":"x","D":"`+long+`"}}`)
	if failure == nil || len(failure.Issues) != 3 {
		t.Errorf("not all faults are named: %+v", failure)
	}
}

func TestFailuresHaveTheContractsCodes(t *testing.T) {
	r := opened(&inside{err: errors.New("hunter2")})
	for name, want := range map[string]string{"system:env": "FETCH_ERROR", "system:read-env": "FETCH_ERROR", "system:write-env": "UPDATE_ERROR",
		"system:state": "INTERNAL_ERROR", "system:metrics": "INTERNAL_ERROR", "system:servers": "INTERNAL_ERROR"} {
		body := ""
		if name == "system:write-env" {
			body = `{"content":{}}`
		}
		_, failure := ask(t, r, name, keyed, body)
		if failure == nil || failure.WireCode() != want || strings.Contains(failure.Message, "hunter2") {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}

func TestStateTellsWhatGoesOn(t *testing.T) {
	r := opened(&inside{}, func(o *system.Options) { o.Limits = system.Limits{JSONBody: 7} })
	text, failure := ask(t, r, "system:state", admin, "")
	if failure != nil {
		t.Fatal(failure)
	}
	for _, part := range []string{`"version":"0.1.0"`, `"pid":`, `"startedAt":"20`, `"uptime":`, `"environment":"development"`, `"pending":2,"inFlight":1`,
		`"sockets":{"connections":3,"sockets":0,"rooms":2,"logSubscribers":1}`, `"bus":{"published":5,"delivered":4,"dropped":1}`,
		`"database":{"driver":"sqlite","sizeBytes":4096,"openConnections":2}`, `"heap":`, `"jsonBody":7`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
	if strings.Contains(text, "sessions") || strings.Contains(text, "jobs") {
		t.Errorf("what there is not is told: %s", text)
	}
	if text, failure := ask(t, r, "system:servers", admin, ""); failure != nil || !strings.Contains(text, `"count":1`) || !strings.Contains(text, "Default Server") {
		t.Errorf("%s %v", text, failure)
	}
}

func TestMetricsAreForThisMachineAndAdministrators(t *testing.T) {
	for _, tc := range []struct {
		actor domain.Actor
		open  bool
		code  domain.Code
	}{
		{domain.Actor{}, false, domain.Unauthenticated}, {domain.Actor{Role: domain.Member}, false, domain.Forbidden},
		{domain.Actor{}, true, ""}, {domain.Actor{Local: true}, false, ""}, {admin, false, ""},
	} {
		r := opened(&inside{}, func(o *system.Options) { o.MetricsOpen = tc.open })
		text, failure := ask(t, r, "system:metrics", tc.actor, "")
		if (failure == nil) != (tc.code == "") || failure != nil && failure.Code != tc.code {
			t.Errorf("%+v, open %v: %v", tc.actor, tc.open, failure)
		}
		if failure == nil && (!strings.Contains(text, `"counters":{"a_total{b=\"c\"}":1}`) || !strings.Contains(text, `"gauges":{"g":2.5}`)) {
			t.Errorf("%s", text)
		}
	}
	r := opened(&inside{})
	res, failure := r.Lookup("system:metrics").Call(t.Context(), admin, op.Input{Body: []byte(`{"format":"prometheus"}`)})
	raw, _ := res.(op.Raw)
	if failure != nil || raw == nil {
		t.Fatal(failure)
	}
	if kind, text, ok := raw.Raw(); !ok || kind != "text/plain" || string(text) != "a_total 1\n" {
		t.Errorf("%s %s %v", kind, text, ok)
	}
	if _, failure := ask(t, r, "system:metrics", admin, `{"format":"xml"}`); failure == nil || failure.Code != domain.Invalid {
		t.Errorf("an unknown format: %v", failure)
	}
}

func TestCapabilitiesAreFacts(t *testing.T) {
	o := system.Options{Agents: fake{}, Store: fake{}, AuthMode: "key", SocketAuth: true, WebUI: true, Models: system.Models{Text: "builtin"}}
	r := op.NewRegistry(op.Options{})
	system.Ops(r, system.New(o))
	text, failure := ask(t, r, "system:capabilities", domain.Actor{Role: domain.Member}, "")
	if failure != nil || !strings.Contains(text, `"auth":true,"socketAuth":true,"plugins":false,"tee":false,"sessions":false`) ||
		!strings.Contains(text, `"text":"builtin"`) || !strings.Contains(text, `"transports":["polling","websocket"]`) || !strings.Contains(text, `"webUi":true`) {
		t.Errorf("%s %v", text, failure)
	}
	op.Define(r, op.Spec{Name: "sessions:create", Help: "x", Routes: []string{"POST /s"}, Example: system.Request{}},
		func(context.Context, domain.Actor, system.Request) (system.Request, error) {
			return system.Request{}, nil
		})
	if text, _ := ask(t, r, "system:capabilities", admin, ""); !strings.Contains(text, `"sessions":true,"jobs":false`) {
		t.Errorf("with sessions: %s", text)
	}
	for mode, want := range map[string]string{"": `{"requiresAuth":false,"authMode":"open"}`, "open": `{"requiresAuth":false,"authMode":"open"}`,
		"key": `{"requiresAuth":true,"authMode":"key"}`, "jwt": `{"requiresAuth":true,"authMode":"jwt"}`} {
		if text, failure := ask(t, opened(&inside{}, func(o *system.Options) { o.AuthMode = mode }), "system:config", domain.Actor{}, ""); failure != nil || text != want {
			t.Errorf("mode %q: %s, %v", mode, text, failure)
		}
	}
}
