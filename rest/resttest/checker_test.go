package resttest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/op"
	"parley/rest/resttest"
)

// request and result are those of the operation here.
type request struct {
	ThingID domain.ChannelID `json:"thingId"`
}

type result struct {
	ID    domain.ChannelID `json:"id"`
	Names []string         `json:"names"`
	Note  string           `json:"note,omitempty"`
}

// faults gathers what a checker reports.
type faults struct{ list []string }

// Helper does nothing.
func (*faults) Helper() {}

// Cleanup does nothing: the faults are read at once.
func (*faults) Cleanup(func()) {}

// Errorf notes a fault.
func (f *faults) Errorf(format string, args ...any) {
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

func TestTheCheckerFindsWhatTheDocumentDoesNotSay(t *testing.T) {
	const id = `"11111111-1111-4111-8111-111111111111"`
	r := op.NewRegistry(op.Options{})
	op.Define(r, op.Spec{Name: "things:get", Help: "Returns a thing.", Routes: []string{"GET /api/things/:thingId"}},
		func(context.Context, domain.Actor, request) (result, error) { return result{}, nil })
	checker, err := resttest.New(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status int
		body   string
		want   string // "" is no fault
	}{
		"a good reply":               {200, `{"success":true,"data":{"id":` + id + `,"names":["a"]}}`, ""},
		"a declared failure":         {400, `{"success":false,"error":{"code":"INVALID_ID","message":"no"}}`, ""},
		"a list that is null":        {200, `{"success":true,"data":{"id":` + id + `,"names":null}}`, "null"},
		"an id that is none":         {200, `{"success":true,"data":{"id":"","names":[]}}`, "uuid"},
		"a field that is missing":    {200, `{"success":true,"data":{"names":[]}}`, "id"},
		"a field too many":           {200, `{"success":true,"data":{"id":` + id + `,"names":[],"extra":1}}`, "extra"},
		"a code that is undeclared":  {404, `{"success":false,"error":{"code":"NOT_FOUND","message":"no"}}`, "declare the code"},
		"an error that is no object": {400, `{"success":false,"error":"no"}`, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			var handled, sent faults
			checker.Handler(&handled, answer).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/things/1", nil))
			server := httptest.NewServer(answer)
			defer server.Close()
			client := &http.Client{Transport: resttest.NewTransport(&sent, r, http.DefaultTransport)}
			w, err := client.Get(server.URL + "/api/things/1")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Body.Close() }()
			if body, err := io.ReadAll(w.Body); err != nil || string(body) != c.body {
				t.Errorf("the client got %q, %v", body, err)
			}
			for way, found := range map[string]*faults{"handler": &handled, "transport": &sent} {
				text := strings.Join(found.list, "\n")
				if (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
					t.Errorf("the %s reported %q, want %q", way, text, c.want)
				}
			}
		})
	}
}
