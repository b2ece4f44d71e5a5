package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/audio"
	"parley/domain/identity"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/domain/system"
	"parley/rest"
)

func TestBothDoorsGiveTheSameAnswer(t *testing.T) {
	registries := map[string]func(*testing.T) *op.Registry{
		"messaging": chat,
		"presence":  hall,
		"memory":    mind,
		"media":     shelf,
		"audio": func(*testing.T) *op.Registry {
			r := op.NewRegistry(op.Options{})
			audio.Ops(r, audio.New(audio.Options{Agents: noAgents{}}))
			return r
		},
		"agents": func(t *testing.T) *op.Registry {
			t.Helper()
			r, _ := staff(t, time.Minute)
			return r
		},
		"system": func(*testing.T) *op.Registry {
			r := op.NewRegistry(op.Options{})
			system.Ops(r, system.New(system.Options{Agents: noAgents{}, Store: noAgents{}, Servers: noAgents{}, Inspector: noAgents{},
				Env: noAgents{}, AllowRemoteEnv: true, AllowRemoteStop: true, Stop: func() {}, Now: func() time.Time { return now }}))
			return r
		},
	}
	for name, fresh := range registries {
		for i, o := range fresh(t).Ops() {
			for _, route := range o.Routes {
				t.Run(name+" "+o.Name+" "+route, func(t *testing.T) {
					same(t, fresh(t).Ops()[i], fresh(t), route)
				})
			}
		}
	}
}

// same calls o directly and its twin in a second registry by the route, and compares
// what comes back; ids and numbers that are made up on the way may differ.
func same(t *testing.T, o *op.Op, twin *op.Registry, route string) {
	t.Helper()
	auth, err := identity.New(identity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := rest.New(rest.Options{Registry: twin, Identity: auth})
	if err != nil {
		t.Fatal(err)
	}
	fields := example(t, o)
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	result, refusal := o.Call(t.Context(), domain.Actor{Role: domain.Admin}, op.Input{Body: body})
	direct, err := json.Marshal(op.NewReply(result, refusal))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	checked(t, twin, handler).ServeHTTP(w, request(t, route, fields))
	if o.Status == 204 && refusal == nil {
		if w.Code != 204 || w.Body.Len() != 0 {
			t.Fatalf("status %d, %s", w.Code, w.Body)
		}
		return
	}
	if a, b := envelope(t, direct), envelope(t, w.Body.Bytes()); !reflect.DeepEqual(a, b) {
		t.Fatalf("directly %v\nby REST  %v", a, b)
	}
}

// noAgents stands in for an empty server.
type noAgents struct{}

// Counts counts nothing.
func (noAgents) Counts() (total, active int) { return 0, 0 }

// Runs knows no agent.
func (noAgents) Runs(context.Context, domain.AgentID) (exists, runs bool, err error) {
	return false, false, nil
}

// Ping answers.
func (noAgents) Ping(ctx context.Context) error { return ctx.Err() }

// ListServers lists none.
func (noAgents) ListServers(context.Context, domain.Actor, messaging.ListServersRequest) (messaging.ServerList, error) {
	return messaging.ServerList{Servers: []messaging.ServerRow{}}, nil
}

// Inspect sees nothing.
func (noAgents) Inspect(context.Context) (system.Internals, error) {
	return system.Internals{Agents: []system.AgentState{}}, nil
}

// Metrics has one number.
func (noAgents) Metrics(context.Context) (system.Metrics, error) {
	return system.Metrics{Counters: map[string]float64{"parley_one_total": 1}, Gauges: map[string]float64{}, Histograms: map[string]system.Histogram{}}, nil
}

// MetricsText has the same one.
func (noAgents) MetricsText(context.Context) (contentType string, text []byte, err error) {
	return "text/plain; version=0.0.4", []byte("parley_one_total 1\n"), nil
}

// Variables has one with a secret.
func (noAgents) Variables(context.Context) ([]system.Variable, error) {
	return []system.Variable{{Name: "A_KEY", Value: "hunter2", Set: true, Source: "environment"}}, nil
}

// ReadFile has one variable.
func (noAgents) ReadFile(context.Context) (map[string]string, error) {
	return map[string]string{"A": "1"}, nil
}

// WriteFile writes nothing.
func (noAgents) WriteFile(context.Context, map[string]string, bool) error { return nil }

// File is there.
func (noAgents) File(context.Context) system.EnvFile { return system.EnvFile{Exists: true} }

// example is the operation's example as flat JSON, without what is not set.
func example(t *testing.T, o *op.Op) map[string]any {
	t.Helper()
	data, err := json.Marshal(o.Example)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(fields, func(_ string, v any) bool {
		return v == nil || v == "" || v == false || v == 0.0 || v == "0001-01-01T00:00:00Z"
	})
	return fields
}

// request builds the REST request of a route: path parameters, then query or body.
func request(t *testing.T, route string, fields map[string]any) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	left := maps.Clone(fields)
	for name, value := range fields {
		if text, ok := value.(string); ok && strings.Contains(path+"/", "/:"+name+"/") {
			path = strings.TrimSuffix(strings.Replace(path+"/", "/:"+name+"/", "/"+url.PathEscape(text)+"/", 1), "/")
			delete(left, name)
		}
	}
	if method == "GET" {
		query := url.Values{}
		for name, value := range left {
			switch v := value.(type) {
			case string:
				query.Set(name, v)
			case float64:
				query.Set(name, strconv.FormatFloat(v, 'f', -1, 64))
			case bool:
				query.Set(name, strconv.FormatBool(v))
			}
		}
		return httptest.NewRequest(method, path+"?"+query.Encode(), nil)
	}
	data, err := json.Marshal(left)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(data))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// madeUp are the ids that the server chooses by time or at random, which differ between calls.
var madeUp = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// envelope reads success, data and error of a reply.
func envelope(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(madeUp.ReplaceAll(data, []byte("made-up")), &fields); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	maps.DeleteFunc(fields, func(key string, _ any) bool { return key != "success" && key != "data" && key != "error" })
	if result, ok := fields["data"].(map[string]any); ok {
		delete(result, "memory") // differs from one moment to the next
	}
	return fields
}
