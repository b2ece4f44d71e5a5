package resttest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/domain/documents/documentstest"
	"parley/rest/resttest"
)

func TestTheCheckerFindsWhatTheDocumentDoesNotSay(t *testing.T) {
	const id = `"11111111-1111-4111-8111-111111111111"`
	r := documentstest.Things()
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
			var handled, sent documentstest.Notes
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
			for way, found := range map[string]*documentstest.Notes{"handler": &handled, "transport": &sent} {
				text := found.Take()
				if (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
					t.Errorf("the %s reported %q, want %q", way, text, c.want)
				}
			}
		})
	}
}
