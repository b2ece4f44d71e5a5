package op_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/op"
)

// note is the request of most tests here.
type note struct {
	ChannelID domain.ChannelID  `json:"channelId" alias:"roomId,channel_id"`
	AuthorID  domain.EntityID   `json:"authorId"`
	Text      string            `json:"text" alias:"content,message"`
	Limit     int               `json:"limit"`
	Ratio     float64           `json:"ratio"`
	Loud      bool              `json:"loud"`
	Tags      []string          `json:"tags"`
	Members   []domain.EntityID `json:"members"`
	Before    domain.Instant    `json:"before"`
	Metadata  domain.Metadata   `json:"metadata"`
	Lines     []line            `json:"lines"`
	Raw       jsonText          `json:"-" op:"payload"`
}

// line is an entry of a list.
type line struct {
	Number int `json:"number"`
}

// jsonText holds a payload as it came.
type jsonText = []byte

// Validate refuses the text "bad".
func (n *note) Validate() error {
	var f domain.Faults
	if n.Text == "bad" {
		f.Add("text", "is bad")
	}
	return f.Err()
}

// spec is a valid declaration.
func spec(name string, change ...func(*op.Spec)) op.Spec {
	s := op.Spec{Name: name, Help: "Does something.", Routes: []string{"POST /api/" + name}}
	for _, f := range change {
		f(&s)
	}
	return s
}

// echo answers with its request.
func echo(_ context.Context, _ domain.Actor, n note) (note, error) { return n, nil }

// admin may do everything.
var admin = domain.Actor{Role: domain.Admin}

func TestAccessRules(t *testing.T) {
	const ok = ""
	tests := []struct {
		access op.Access
		role   domain.Role
		want   string
	}{
		{op.Public, domain.Guest, ok}, {op.Public, domain.Member, ok}, {op.Public, domain.Admin, ok},
		{op.Member, domain.Guest, "AUTH_REQUIRED"}, {op.Member, domain.Member, ok}, {op.Member, domain.Admin, ok},
		{op.Admin, domain.Guest, "AUTH_REQUIRED"}, {op.Admin, domain.Member, "FORBIDDEN"}, {op.Admin, domain.Admin, ok},
	}
	for _, tt := range tests {
		called := false
		o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add", func(s *op.Spec) { s.Access = tt.access }),
			func(context.Context, domain.Actor, note) (note, error) { called = true; return note{}, nil })
		_, err := o.Call(t.Context(), domain.Actor{Role: tt.role}, op.Input{})
		got := ok
		if err != nil {
			got = err.WireCode()
		}
		if got != tt.want || called != (tt.want == ok) {
			t.Errorf("access %d, role %d: code %q, called %v; want %q", tt.access, tt.role, got, called, tt.want)
		}
	}
}

func TestPanicBecomesAnInternalErrorWithoutItsText(t *testing.T) {
	var log bytes.Buffer
	var seen []op.Observation
	r := op.NewRegistry(op.Options{Logger: zerolog.New(&log), Observe: func(o op.Observation) { seen = append(seen, o) }})
	o := op.Define(r, spec("notes:add"), func(context.Context, domain.Actor, note) (note, error) { panic("secret detail") })
	_, err := o.Call(t.Context(), admin, op.Input{})
	if err == nil || err.WireCode() != "INTERNAL_ERROR" || strings.Contains(err.Message, "secret") {
		t.Fatalf("err = %v", err)
	}
	if !strings.Contains(log.String(), "secret detail") || len(seen) != 1 || seen[0].Code != "internal" {
		t.Fatalf("log %s, observed %+v", log.String(), seen)
	}
}

func TestPanicAfterTheAnswerIsNotASecondAnswer(t *testing.T) {
	answers := 0
	o := op.DefineOrdered(op.NewRegistry(op.Options{}), spec("notes:add"),
		func(_ context.Context, _ domain.Actor, n note, done func(note, error)) {
			done(n, nil)
			done(n, nil)
			panic("late")
		})
	o.Start(t.Context(), admin, op.Input{}, func(_ any, err *domain.Error) {
		answers++
		if err != nil {
			t.Errorf("err = %v", err)
		}
	})
	if answers != 1 {
		t.Fatalf("%d answers", answers)
	}
}

func TestOrderedOperationMayAnswerAfterStartHasReturned(t *testing.T) {
	var finish func()
	o := op.DefineOrdered(op.NewRegistry(op.Options{}), spec("notes:add"),
		func(_ context.Context, _ domain.Actor, n note, done func(note, error)) {
			finish = func() { done(n, nil) }
		})
	answered := make(chan any, 1)
	o.Start(t.Context(), admin, op.Input{Body: []byte(`{"text":"hi"}`)}, func(res any, _ *domain.Error) { answered <- res })
	select {
	case <-answered:
		t.Fatal("answered before the operation did")
	default:
	}
	finish()
	if res := (<-answered).(note); res.Text != "hi" {
		t.Fatalf("res = %+v", res)
	}
}

func TestDeadlineAnswersForAnOperationThatDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late func()
		o := op.DefineOrdered(op.NewRegistry(op.Options{}), spec("notes:add", func(s *op.Spec) { s.Timeout = time.Second }),
			func(_ context.Context, _ domain.Actor, n note, done func(note, error)) {
				late = func() { done(n, nil) }
			})
		began := time.Now()
		_, err := o.Call(t.Context(), admin, op.Input{})
		if err == nil || err.WireCode() != "TIMEOUT" || time.Since(began) != time.Second {
			t.Fatalf("err = %v after %v", err, time.Since(began))
		}
		late() // must neither panic nor answer
	})
}

func TestCallerThatGoesAwayEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add"),
			func(ctx context.Context, _ domain.Actor, _ note) (note, error) {
				<-ctx.Done()
				return note{}, ctx.Err()
			})
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := o.Call(ctx, admin, op.Input{}); err == nil || err.Code != domain.Canceled {
			t.Fatalf("err = %v", err)
		}
	})
}

func TestUnclassifiedFailureGetsTheOperationsReason(t *testing.T) {
	o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add", func(s *op.Spec) { s.Reason = "CREATE_ERROR" }),
		func(_ context.Context, _ domain.Actor, n note) (note, error) {
			if n.Text == "known" {
				return note{}, domain.Errorf(domain.NotFound, "no such note")
			}
			return note{}, errors.New("disk on fire")
		})
	if _, err := o.Call(t.Context(), admin, op.Input{}); err.WireCode() != "CREATE_ERROR" || err.Message != "Internal error" {
		t.Errorf("err = %+v", err)
	}
	if _, err := o.Call(t.Context(), admin, op.Input{Body: []byte(`{"text":"known"}`)}); err.WireCode() != "NOT_FOUND" {
		t.Errorf("err = %+v", err)
	}
}

func TestPartialFailureKeepsItsResult(t *testing.T) {
	o := op.Define(op.NewRegistry(op.Options{}), spec("notes:add"),
		func(_ context.Context, _ domain.Actor, n note) (note, error) {
			return note{}, op.Partial{Result: n, Err: domain.Errorf(domain.Unavailable, "half of it")}
		})
	res, err := o.Call(t.Context(), admin, op.Input{Body: []byte(`{"text":"hi"}`)})
	if n, ok := res.(note); !ok || n.Text != "hi" || err == nil || err.Message != "half of it" {
		t.Fatalf("res = %+v, err = %+v", res, err)
	}
}

func TestCallsAreObservedOnceEach(t *testing.T) {
	var mu sync.Mutex
	codes := map[string]int{}
	r := op.NewRegistry(op.Options{Observe: func(o op.Observation) {
		mu.Lock()
		defer mu.Unlock()
		codes[o.Door+" "+o.Code]++
	}})
	o := op.Define(r, spec("notes:add"), echo)
	for range 3 {
		_, _ = o.Call(t.Context(), admin, op.Input{})
	}
	_, _ = o.Call(t.Context(), domain.Actor{}, op.Input{REST: true})
	_, _ = o.Call(t.Context(), admin, op.Input{REST: true, Body: []byte(`[]`)})
	if codes["socket ok"] != 3 || codes["rest unauthenticated"] != 1 || codes["rest invalid"] != 1 || len(codes) != 3 {
		t.Fatalf("codes = %v", codes)
	}
}

func TestRegistryFindsNamesAndEvents(t *testing.T) {
	r := op.NewRegistry(op.Options{})
	b := op.Define(r, spec("notes:b", func(s *op.Spec) { s.Events = []string{"note"} }), echo)
	a := op.Define(r, spec("notes:a"), echo)
	if r.Lookup("note") != b || r.Lookup("notes:b") != b || r.Lookup("notes:c") != nil {
		t.Error("Lookup is wrong")
	}
	if ops := r.Ops(); len(ops) != 2 || ops[0] != a || ops[1] != b {
		t.Errorf("Ops = %v", ops)
	}
}

func TestWrongDeclarationsPanic(t *testing.T) {
	tests := map[string]op.Spec{
		"no verb":          {Name: "notes", Help: "x", Routes: []string{"GET /a"}},
		"no help":          {Name: "notes:a", Routes: []string{"GET /a"}},
		"no route":         {Name: "notes:a", Help: "x"},
		"route, no method": {Name: "notes:a", Help: "x", Routes: []string{"/a"}},
		"unknown param":    {Name: "notes:a", Help: "x", Routes: []string{"GET /a/:nothing"}},
		"name taken":       {Name: "notes:b", Help: "x", Routes: []string{"GET /a"}},
		"event taken":      {Name: "notes:a", Help: "x", Routes: []string{"GET /a"}, Events: []string{"notes:b"}},
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			r := op.NewRegistry(op.Options{})
			op.Define(r, spec("notes:b"), echo)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			op.Define(r, s, echo)
		})
	}
}

func TestAnUndeclaredCodeIsLogged(t *testing.T) {
	var log bytes.Buffer
	r := op.NewRegistry(op.Options{Logger: zerolog.New(&log)})
	absent := func(context.Context, domain.Actor, struct{}) (struct{}, error) {
		return struct{}{}, domain.Errorf(domain.NotFound, "no")
	}
	silent := op.Define(r, op.Spec{Name: "things:get", Help: "Returns a thing.", Routes: []string{"GET /api/things"},
		Errors: []domain.Code{domain.NotFound}}, absent)
	wrong := op.Define(r, op.Spec{Name: "things:find", Help: "Finds a thing.", Routes: []string{"GET /api/found"}}, absent)
	if _, failure := silent.Call(t.Context(), domain.Actor{Role: domain.Admin}, op.Input{}); failure == nil {
		t.Error("it did not fail")
	}
	if strings.Contains(log.String(), "undeclared") {
		t.Errorf("logged %s", &log)
	}
	if _, failure := wrong.Call(t.Context(), domain.Actor{Role: domain.Admin}, op.Input{}); failure == nil {
		t.Error("it did not fail")
	}
	if !strings.Contains(log.String(), "undeclared") || !strings.Contains(log.String(), "things:find") {
		t.Errorf("logged %s", &log)
	}
}
