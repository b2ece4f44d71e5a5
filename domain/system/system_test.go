package system_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"parley/domain"
	"parley/domain/op"
	"parley/domain/system"
)

// fake stands in for agents and store.
type fake struct {
	total, active int
	err           error
	hangs         bool
}

// Counts tells the fake's numbers.
func (f fake) Counts() (total, active int) { return f.total, f.active }

// Ping fails as told, or hangs until ctx ends.
func (f fake) Ping(ctx context.Context) error {
	if f.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.err
}

// newService returns a service over f that has run for 90 seconds.
func newService(f fake, change ...func(*system.Options)) *system.Service {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	o := system.Options{Version: "0.1.0", Agents: f, Store: f, Now: func() time.Time { return now }}
	for _, c := range change {
		c(&o)
	}
	s := system.New(o)
	now = now.Add(90 * time.Second)
	return s
}

// call runs one of the service's operations and returns the result as JSON.
func call(t *testing.T, s *system.Service, name string, actor domain.Actor) (map[string]any, *domain.Error) {
	t.Helper()
	r := op.NewRegistry(op.Options{})
	system.Ops(r, s)
	res, failure := r.Lookup(name).Call(t.Context(), actor, op.Input{})
	data, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	return fields, failure
}

// admin may do everything.
var admin = domain.Actor{Role: domain.Admin}

func TestAnswersCarryTheContractsFields(t *testing.T) {
	s := newService(fake{total: 3, active: 2})
	const stamp = "2026-11-24T12:01:30.000Z"
	tests := map[string]map[string]any{
		"system:ping":   {"pong": true, "timestamp": 1795521690000.0},
		"system:hello":  {"message": "Hello World!"},
		"system:status": {"status": "ok", "agentCount": 2.0, "timestamp": stamp, "uptime": 90.0, "version": "0.1.0"},
		"system:health": {"status": "OK", "version": "0.1.0", "timestamp": stamp, "agentCount": 2.0, "uptime": 90.0},
		"system:check":  {"status": "OK"},
		"system:alive":  {"status": "ok", "timestamp": stamp},
		"system:version": {"version": "1.2.0", "source": "server", "timestamp": stamp, "environment": "development",
			"uptime": 90.0},
	}
	for name, want := range tests {
		got, err := call(t, s, name, admin)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s = %v, want %v", name, key, got[key], value)
			}
		}
	}
	status, _ := call(t, s, "system:status", admin)
	counts, memory := status["agents"].(map[string]any), status["memory"].(map[string]any)
	if counts["total"] != 3.0 || counts["active"] != 2.0 || counts["inactive"] != 1.0 || memory["heap"].(float64) <= 0 {
		t.Errorf("status = %v", status)
	}
}

func TestVersionTellsStrangersNothingOfTheBuild(t *testing.T) {
	s := newService(fake{}, func(o *system.Options) { o.Environment = "production" })
	open, _ := call(t, s, "system:version", domain.Actor{})
	if len(open) != 5 || open["environment"] != "production" {
		t.Errorf("a guest reads %v", open)
	}
	keyed, _ := call(t, s, "system:version", admin)
	if server, _ := keyed["server"].(map[string]any); server["name"] != "Parley" || server["version"] != "0.1.0" {
		t.Errorf("an admin reads %v", keyed)
	}
}

func TestOnlyPingVersionAndRootChecksArePublic(t *testing.T) {
	s := newService(fake{total: 1, active: 1})
	s.SetReady(true)
	public := map[string]bool{"system:ping": true, "system:version": true, "system:check": true, "system:alive": true, "system:ready": true, "system:config": true}
	r := op.NewRegistry(op.Options{})
	system.Ops(r, s)
	for _, o := range r.Ops() {
		_, err := o.Call(t.Context(), domain.Actor{}, op.Input{})
		if (err == nil) != public[o.Name] {
			t.Errorf("%s for a guest: %v", o.Name, err)
		}
	}
}

func TestHealth(t *testing.T) {
	strict := func(o *system.Options) { o.NoAgentsStatus = 503 }
	asIs := func(*system.Options) {}
	down := errors.New("disk on fire")
	tests := []struct {
		name                     string
		fake                     fake
		opts                     func(*system.Options)
		fails                    bool
		status, agents, database string
	}{
		{"all is well", fake{total: 1, active: 1}, asIs, false, "OK", "healthy", "healthy"},
		{"no agent runs", fake{total: 1}, asIs, false, "OK", "no_agents", "healthy"},
		{"no agent runs, as in the reference", fake{total: 1}, strict, true, "OK", "no_agents", "healthy"},
		{"store is down", fake{active: 1, err: down}, asIs, true, "UNAVAILABLE", "healthy", "unhealthy"},
		{"store is down, no agent", fake{err: down}, strict, true, "UNAVAILABLE", "no_agents", "unhealthy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := call(t, newService(tt.fake, tt.opts), "system:health", admin)
			if (err != nil) != tt.fails || err != nil && (err.WireCode() != "SERVICE_UNAVAILABLE" || err.Code.Info().HTTP != 503) {
				t.Fatalf("err = %+v", err)
			}
			on := got["dependencies"].(map[string]any)
			if got["status"] != tt.status || on["agents"] != tt.agents || on["database"] != tt.database {
				t.Fatalf("got %v", got)
			}
		})
	}
}

func TestHealthDoesNotWaitForAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := call(t, newService(fake{active: 1, hangs: true}), "system:check", domain.Actor{})
		if err == nil || err.WireCode() != "SERVICE_UNAVAILABLE" || time.Since(began) > 3*time.Second {
			t.Fatalf("err = %v after %v", err, time.Since(began))
		}
	})
}

func TestReadiness(t *testing.T) {
	s := newService(fake{})
	if _, err := call(t, s, "system:ready", domain.Actor{}); err == nil {
		t.Error("ready while starting")
	}
	s.SetReady(true)
	if _, err := call(t, s, "system:ready", domain.Actor{}); err != nil || !s.Ready() {
		t.Errorf("not ready: %v", err)
	}
	s.SetReady(false)
	if got, err := call(t, s, "system:ready", domain.Actor{}); err == nil || got["status"] != "unavailable" {
		t.Errorf("ready while draining: %v", got)
	}
	broken := newService(fake{err: errors.New("gone")})
	broken.SetReady(true)
	if _, err := call(t, broken, "system:ready", domain.Actor{}); err == nil {
		t.Error("ready without a store")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for status, good := range map[int]bool{0: true, 200: true, 503: true, 404: false, -1: false} {
		if err := (system.Options{NoAgentsStatus: status}).Validate(); (err == nil) != good {
			t.Errorf("%d: %v", status, err)
		}
	}
}
