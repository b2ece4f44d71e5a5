package documents_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/documents"
	"parley/domain/op"
)

// request is that of the operation here.
type request struct {
	ThingID domain.ChannelID `json:"thingId" alias:"id"`
	Text    string           `json:"text" alias:"content"`
	Loud    bool             `json:"loud"`
	Tags    []string         `json:"tags"`
}

// Validate asks for a text.
func (r *request) Validate() error {
	var f domain.Faults
	f.Require("text", r.Text)
	return f.Err()
}

// result is that of the operation here; it may have another status.
type result struct {
	ID   domain.ChannelID `json:"id"`
	Next *string          `json:"next"`
	Note string           `json:"note,omitempty"`
}

// HTTPStatus is that of the operation.
func (result) HTTPStatus() int { return 0 }

// thing returns a service for one operation that two routes lead to.
func thing() (*op.Op, *documents.Service) {
	r := op.NewRegistry(op.Options{})
	o := op.Define(r, op.Spec{Name: "things:say", Help: "Says a thing.", Status: 201, Errors: []domain.Code{domain.Conflict},
		Routes:  []string{"POST /api/things/:thingId", "POST /api/others/:id/said", "DELETE /api/others/:thingId/said"},
		Example: request{ThingID: "11111111-1111-4111-8111-111111111111", Text: "it's <b>", Loud: true, Tags: []string{"a", "b"}},
	}, func(context.Context, domain.Actor, request) (result, error) { return result{}, nil })
	r.Describe(op.Event{Name: "said", Help: "A thing was said.", Direction: op.ToClient})
	return o, documents.New(documents.Options{Registry: r, Version: "1"})
}

// read returns the document at a path of keys.
func read(t *testing.T, d documents.Document, keys ...string) any {
	t.Helper()
	text, err := d.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var at any
	if err := json.Unmarshal(text, &at); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		object, ok := at.(map[string]any)
		if !ok || object[key] == nil {
			t.Fatalf("there is no %s", strings.Join(keys, " "))
		}
		at = object[key]
	}
	return at
}

func TestOpenAPITellsAnOperation(t *testing.T) {
	o, s := thing()
	d, err := s.OpenAPI(t.Context(), domain.Actor{}, documents.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Status != 201 {
		t.Errorf("the documents changed the operation's status to %d", o.Status)
	}
	// Two paths that differ only in the names of their parameters are one.
	post := read(t, d, "paths", "/api/others/{id}/said", "post", "operationId")
	drop := read(t, d, "paths", "/api/others/{id}/said", "delete", "operationId")
	if post != "things_say_2" || drop != "things_say_3" {
		t.Errorf("the operations are %v and %v", post, drop)
	}
	for _, status := range []string{"201", "2XX", "400", "401", "409", "500"} {
		read(t, d, "paths", "/api/things/{thingId}", "post", "responses", status)
	}
	body, _ := json.Marshal(read(t, d, "paths", "/api/things/{thingId}", "post", "requestBody"))
	for _, part := range []string{`"anyOf":[{"required":["text"]},{"required":["content"]}]`, `"tags":["a","b"]`, `"Another name of text."`} {
		if !strings.Contains(string(body), part) {
			t.Errorf("the body lacks %s: %s", part, body)
		}
	}
	of, _ := json.Marshal(read(t, d, "components", "schemas", "documents_test.result"))
	if string(of) != `{"properties":{"id":{"description":"Its id.","format":"uuid","type":"string"},"next":{"type":["string","null"]},"note":{"type":"string"}},`+
		`"required":["id","next"],"type":"object"}` {
		t.Errorf("the result is %s", of)
	}
}

func TestAsyncAPITellsOperationsAndEvents(t *testing.T) {
	_, s := thing()
	d, err := s.AsyncAPI(t.Context(), domain.Actor{}, documents.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if read(t, d, "channels", "things_say", "address") != "things:say" || read(t, d, "operations", "receive_things_say", "action") != "receive" ||
		read(t, d, "operations", "send_said", "action") != "send" {
		t.Error("an event is not as it was declared")
	}
	read(t, d, "operations", "receive_things_say", "reply", "messages")
}

func TestExamplesAreWrittenForEachLanguage(t *testing.T) {
	_, s := thing()
	snippets, err := s.Snippets()
	if err != nil {
		t.Fatal(err)
	}
	code := map[string]string{}
	for _, one := range snippets {
		code[one.Language] = one.Code
	}
	for language, want := range map[string]string{
		"curl":            `"text": "it'\''s <b>"`,
		"fetch":           `"X-API-KEY": process.env.PARLEY_KEY ?? ""`,
		"socket":          `await socket.emitWithAck("things:say", {`,
		"requests":        `"loud": True`,
		"python-socketio": `socket.call("things:say", {`,
		"go":              "strings.NewReader(`",
	} {
		if !strings.Contains(code[language], want) {
			t.Errorf("%s lacks %s:\n%s", language, want, code[language])
		}
	}
}

func TestThePagesAreAsStrictAsTheyCanBe(t *testing.T) {
	_, s := thing()
	for name, want := range map[string]string{"": "things:say", "things": "Says a thing.", "events": "A thing was said.", "docs.js": "search", "docs.css": "--page"} {
		page, err := s.Page(t.Context(), domain.Actor{}, documents.PageRequest{Page: name})
		if err != nil || !strings.Contains(page.Text, want) {
			t.Errorf("page %q lacks %q (%v)", name, want, err)
		}
		if strings.Contains(page.Text, "<script>") || strings.Contains(page.Text, "style=") || !strings.Contains(page.Headers()["Content-Security-Policy"], "default-src 'none'") {
			t.Errorf("page %q has something inline, or no strict policy", name)
		}
	}
	if _, err := s.Page(t.Context(), domain.Actor{}, documents.PageRequest{Page: "../x"}); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("a page that is none: %v", err)
	}
}

func TestThePagesShowTextAsText(t *testing.T) {
	r := op.NewRegistry(op.Options{})
	op.Define(r, op.Spec{Name: "things:say", Help: `Says "a" & <b>, 100%s.`, Routes: []string{"POST /api/things"},
		Example: request{Text: "</code><script>"},
	}, func(context.Context, domain.Actor, request) (result, error) { return result{}, nil })
	s := documents.New(documents.Options{Registry: r, Version: "1"})
	page, err := s.Page(t.Context(), domain.Actor{}, documents.PageRequest{Page: "things"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`title="Says &#34;a&#34; &amp; &lt;b&gt;, 100%s."`, "<p>Says &#34;a&#34; &amp; &lt;b&gt;, 100%s.</p>", "&lt;/code&gt;&lt;script&gt;"} {
		if !strings.Contains(page.Text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page.Text, "</code><script>") {
		t.Error("the example became markup")
	}
}

func TestADocumentIsTheSameWhicheverIsAskedForFirst(t *testing.T) {
	ask := map[string]func(*documents.Service) string{}
	for _, name := range []string{"", "things", "events"} {
		ask["page "+name] = func(s *documents.Service) string {
			page, err := s.Page(t.Context(), domain.Actor{}, documents.PageRequest{Page: name})
			if err != nil {
				t.Error(err)
			}
			return page.Text
		}
	}
	for name, document := range map[string]func(*documents.Service, context.Context, domain.Actor, documents.Request) (documents.Document, error){
		"openapi": (*documents.Service).OpenAPI, "asyncapi": (*documents.Service).AsyncAPI,
	} {
		ask[name] = func(s *documents.Service) string {
			d, err := document(s, t.Context(), domain.Actor{}, documents.Request{})
			if err != nil {
				t.Error(err)
			}
			text, _ := d.MarshalJSON()
			return string(text)
		}
	}
	_, shared := thing()
	var asking sync.WaitGroup
	for name, one := range ask {
		asking.Go(func() {
			_, own := thing()
			if first := one(own); first == "" || first != one(shared) {
				t.Errorf("%s is another one after others", name)
			}
		})
	}
	asking.Wait()
}
