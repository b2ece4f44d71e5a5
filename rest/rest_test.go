package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/op"
	"parley/rest"
	"parley/rest/resttest"
)

// key is the server key of these tests.
const key = "s3rver-key"

// thingID names a thing.
const thingID = "11111111-1111-4111-8111-111111111111"

// thing is the request and result of the operations here.
type thing struct {
	ID    domain.ChannelID `json:"thingId,omitempty"`
	Text  string           `json:"text,omitempty" alias:"content"`
	Limit int              `json:"limit,omitempty"`
	Loud  bool             `json:"loud,omitempty"`
	Tags  []string         `json:"tags,omitempty"`
	By    domain.EntityID  `json:"by,omitempty"`
	From  string           `json:"from,omitempty"`
}

// Validate refuses a negative limit.
func (r *thing) Validate() error {
	var f domain.Faults
	if r.Limit < 0 {
		f.Add("limit", "must not be negative")
	}
	return f.Err()
}

// echo answers with its request and who sent it.
func echo(_ context.Context, a domain.Actor, r thing) (thing, error) {
	r.By, r.From = a.Entity, a.Remote
	return r, nil
}

// named answers with a fixed text.
func named(text string) func(context.Context, domain.Actor, thing) (thing, error) {
	return func(context.Context, domain.Actor, thing) (thing, error) { return thing{Text: text}, nil }
}

// fails answers with err.
func fails(err error) func(context.Context, domain.Actor, thing) (thing, error) {
	return func(context.Context, domain.Actor, thing) (thing, error) { return thing{}, err }
}

// panel is a page.
type panel struct{}

// Raw is the page.
func (panel) Raw() (string, []byte, bool) { return "text/html; charset=utf-8", []byte("<p>"), true }

// things returns a registry of operations that show what a door can do.
func things() *op.Registry {
	r := op.NewRegistry(op.Options{})
	declare := func(name, route string, call func(context.Context, domain.Actor, thing) (thing, error), change ...func(*op.Spec)) {
		s := op.Spec{Name: "things:" + name, Help: "Shows what a door can do.", Routes: strings.Split(route, ", ")}
		for _, c := range change {
			c(&s)
		}
		op.Define(r, s, call)
	}
	declare("list", "GET /api/things", echo)
	declare("get", "GET /api/things/:thingId, GET /api/alias/:thingId/details", echo)
	declare("all", "GET /api/things/all", named("all"))
	declare("add", "POST /api/things", echo, func(s *op.Spec) { s.Status = 201 })
	declare("put", "PUT /api/things/:thingId, PATCH /api/things/:thingId", echo)
	declare("drop", "DELETE /api/things/:thingId", echo, func(s *op.Spec) { s.Status = 204 })
	declare("public", "GET /api/public, GET /public", named("hello"), func(s *op.Spec) { s.Access = op.Public })
	declare("admin", "POST /api/admin", named("done"), func(s *op.Spec) { s.Access = op.Admin })
	declare("dual", "GET /api/dual", named("both"), func(s *op.Spec) { s.Dual = true })
	declare("part", "GET /api/part", func(context.Context, domain.Actor, thing) (thing, error) {
		return thing{}, op.Partial{Result: thing{Text: "half"}, Err: &domain.Error{Code: domain.Unavailable, Reason: "SERVICE_UNAVAILABLE", Message: "down"}}
	}, func(s *op.Spec) { s.Dual = true })
	op.Define(r, op.Spec{Name: "things:panel", Help: "Is a page.", Routes: []string{"GET /api/panel"}},
		func(context.Context, domain.Actor, thing) (panel, error) { return panel{}, nil })
	declare("upload", "POST /api/upload", named("kept"), func(s *op.Spec) { s.Limit = op.LimitUpload })
	declare("media", "POST /api/media", named("kept"), func(s *op.Spec) { s.Limit = op.LimitChannelMedia })
	declare("html", "GET /api/html", named("<b> & \u2028"))
	declare("boom", "GET /api/boom", func(context.Context, domain.Actor, thing) (thing, error) { panic("secret") })
	declare("wait", "GET /api/wait", fails(&domain.Error{Code: domain.RateLimited, Message: "slow down", RetryAfter: 1500 * time.Millisecond}))
	declare("hang", "GET /api/hang", func(ctx context.Context, _ domain.Actor, _ thing) (thing, error) {
		<-ctx.Done()
		return thing{}, ctx.Err()
	}, func(s *op.Spec) { s.Timeout = time.Millisecond })
	for _, row := range domain.Codes() {
		declare("fail-"+string(row.Code), "GET /api/fail/"+string(row.Code), fails(domain.Errorf(row.Code, "it failed")),
			func(s *op.Spec) { s.Errors = []domain.Code{row.Code} })
	}
	return r
}

// checked is a handler whose replies are compared with the OpenAPI document.
func checked(t testing.TB, registry *op.Registry, handler http.Handler) http.Handler {
	t.Helper()
	checker, err := resttest.New(registry)
	if err != nil {
		t.Fatal(err)
	}
	return checker.Handler(t, handler)
}

// serve starts a server of the options, filled where they are empty.
func serve(t testing.TB, o rest.Options, mode ...func(*identity.Options)) *httptest.Server {
	t.Helper()
	access := identity.Options{Mode: identity.Open}
	for _, change := range mode {
		change(&access)
	}
	auth, err := identity.New(access)
	if err != nil {
		t.Fatal(err)
	}
	o.Identity = auth
	if o.Registry == nil {
		o.Registry = things()
	}
	handler, err := rest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(checked(t, o.Registry, handler))
	t.Cleanup(server.Close)
	return server
}

// keyMode asks for the server key.
func keyMode(o *identity.Options) { o.Mode, o.Key, o.SocketAuth = identity.Key, key, true }

// exchange is one request and what must come back.
type exchange struct {
	name, method, path, body string
	header                   map[string]string
	chunked                  bool

	status int
	// want is the JSON body, or another one with the prefix "text:"; "" is not checked.
	want string
	// wantHeader holds header values, "" for a header that must be absent.
	wantHeader map[string]string
}

// do sends the request and returns the reply with its body.
func (e exchange) do(t *testing.T, server *httptest.Server) (*http.Response, string) {
	t.Helper()
	var body io.Reader = strings.NewReader(e.body)
	if e.chunked {
		body = io.MultiReader(body) // of unknown length
	}
	req, err := http.NewRequestWithContext(t.Context(), e.method, server.URL+e.path, body)
	if err != nil {
		t.Fatal(err)
	}
	if e.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range e.header {
		req.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(data)
}

// run checks the exchange.
func (e exchange) run(t *testing.T, server *httptest.Server) {
	t.Helper()
	t.Run(e.name, func(t *testing.T) {
		resp, body := e.do(t, server)
		if resp.StatusCode != e.status {
			t.Fatalf("status %d, want %d: %.200s", resp.StatusCode, e.status, body)
		}
		if text, ok := strings.CutPrefix(e.want, "text:"); ok && body != text {
			t.Fatalf("body %.200q, want %q", body, text)
		} else if !ok && e.want != "" && !sameJSON(t, body, e.want) {
			t.Fatalf("body %.400s\nwant %s", body, e.want)
		}
		for name, want := range e.wantHeader {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

// sameJSON compares two JSON texts by value.
func sameJSON(t *testing.T, got, want string) bool {
	t.Helper()
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil {
		return false
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("want %s: %v", want, err)
	}
	return reflect.DeepEqual(a, b)
}

// failure is the envelope of an error.
func failure(code, message string) string {
	return `{"success":false,"error":{"code":"` + code + `","message":"` + message + `"}}`
}

func TestRepliesOfOperations(t *testing.T) {
	server := serve(t, rest.Options{})
	json := map[string]string{"Content-Type": "application/json; charset=utf-8"}
	for _, e := range []exchange{
		{name: "result", method: "GET", path: "/api/things/" + thingID, status: 200, wantHeader: json,
			want: `{"success":true,"data":{"thingId":"` + thingID + `","from":"127.0.0.1"}}`},
		{name: "alias path", method: "GET", path: "/api/alias/" + thingID + "/details", status: 200,
			want: `{"success":true,"data":{"thingId":"` + thingID + `","from":"127.0.0.1"}}`},
		{name: "id in capitals", method: "GET", path: "/api/things/ABCDEFAB-1111-4111-8111-111111111111", status: 200,
			want: `{"success":true,"data":{"thingId":"abcdefab-1111-4111-8111-111111111111","from":"127.0.0.1"}}`},
		{name: "literal before parameter", method: "GET", path: "/api/things/all", status: 200, want: `{"success":true,"data":{"text":"all"}}`},
		{name: "trailing slash", method: "GET", path: "/api/things/all/", status: 200, want: `{"success":true,"data":{"text":"all"}}`},
		{name: "query", method: "GET", path: "/api/things?limit=5&loud=true&tags=a,b&tags=c&content=x%20y", status: 200,
			want: `{"success":true,"data":{"text":"x y","limit":5,"loud":true,"tags":["a","b","c"],"from":"127.0.0.1"}}`},
		{name: "body", method: "POST", path: "/api/things", body: `{"content":"hi"}`, status: 201,
			want: `{"success":true,"data":{"text":"hi","from":"127.0.0.1"}}`},
		{name: "no body", method: "POST", path: "/api/things", header: map[string]string{"Content-Type": "application/json"}, status: 201,
			want: `{"success":true,"data":{"from":"127.0.0.1"}}`},
		{name: "path over body over query", method: "PUT", path: "/api/things/" + thingID + "?limit=1&text=query",
			body: `{"thingId":"22222222-2222-4222-8222-222222222222","text":"body"}`, status: 200,
			want: `{"success":true,"data":{"thingId":"` + thingID + `","text":"body","limit":1,"from":"127.0.0.1"}}`},
		{name: "no content", method: "DELETE", path: "/api/things/" + thingID, status: 204, want: "text:", wantHeader: map[string]string{"Content-Type": ""}},
		{name: "dual body", method: "GET", path: "/api/dual", status: 200, want: `{"success":true,"data":{"text":"both"},"text":"both"}`},
		{name: "dual failure", method: "GET", path: "/api/part", status: 503,
			want: `{"success":false,"error":{"code":"SERVICE_UNAVAILABLE","message":"down"},"text":"half"}`},
		{name: "no HTML escapes", method: "GET", path: "/api/html", status: 200,
			want: "text:" + `{"success":true,"data":{"text":"<b> & \u2028"}}`},
		{name: "panic", method: "GET", path: "/api/boom", status: 500, want: failure("INTERNAL_ERROR", "Internal error")},
		{name: "deadline", method: "GET", path: "/api/hang", status: 504, want: failure("TIMEOUT", "The operation took too long")},
		{name: "wait", method: "GET", path: "/api/wait", status: 429, want: failure("RATE_LIMITED", "slow down"),
			wantHeader: map[string]string{"Retry-After": "2"}},
		{name: "HEAD", method: "HEAD", path: "/api/things/all", status: 200, want: "text:", wantHeader: json},
		{name: "entity", method: "GET", path: "/api/things", header: map[string]string{"X-Entity-Id": thingID}, status: 200,
			want: `{"success":true,"data":{"by":"` + thingID + `","from":"127.0.0.1"}}`},
		{name: "bad entity", method: "GET", path: "/api/things", header: map[string]string{"X-Entity-Id": "me"}, status: 400,
			want: failure("INVALID_ID", "Valid entityId required")},
		{name: "forwarded address without a trusted proxy", method: "GET", path: "/api/things", header: map[string]string{"X-Forwarded-For": "9.9.9.9"},
			status: 200, want: `{"success":true,"data":{"from":"127.0.0.1"}}`},
	} {
		e.run(t, server)
	}
	for _, row := range domain.Codes() {
		exchange{name: "code " + string(row.Code), method: "GET", path: "/api/fail/" + string(row.Code), status: row.HTTP,
			want: failure(row.Reason, "it failed")}.run(t, server)
	}
}

func TestUnknownPaths(t *testing.T) {
	server := serve(t, rest.Options{UI: true, Files: fstest.MapFS{"index.html": {Data: []byte("<p>")}}})
	missing := failure("NOT_FOUND", "API endpoint not found")
	for _, e := range []exchange{
		{name: "path", method: "GET", path: "/api/nothing", status: 404, want: missing},
		{name: "root", method: "GET", path: "/api", status: 404, want: missing},
		{name: "root with slash", method: "GET", path: "/api/", status: 404, want: missing},
		{name: "method", method: "POST", path: "/api/dual", status: 404, want: missing},
		{name: "odd method", method: "BREW", path: "/api/dual", status: 404, want: missing},
		{name: "below a known path", method: "GET", path: "/api/dual/x", status: 404, want: missing},
		{name: "doubled slash", method: "GET", path: "/api//dual", status: 404, want: missing},
		{name: "script below the API", method: "GET", path: "/api/x.js", status: 404, want: missing},
		{name: "dots", method: "GET", path: "/api/../api/%2e%2e/etc/passwd", status: 404, want: missing},
		{name: "media", method: "GET", path: "/media/x.png", status: 404, want: failure("NOT_FOUND", "Not found")},
		{name: "sockets", method: "GET", path: "/socket.io/", status: 404, want: failure("NOT_FOUND", "Not found")},
		{name: "post to a page", method: "POST", path: "/chat", body: "{}", status: 404, want: failure("NOT_FOUND", "Not found")},
		{name: "not the API", method: "GET", path: "/apiary", status: 200, want: "text:<p>"},
	} {
		e.run(t, server)
	}
}

func TestBadInput(t *testing.T) {
	server := serve(t, rest.Options{})
	invalid := func(field, message string) string {
		return `{"success":false,"error":{"code":"INVALID_REQUEST","message":"` + field + " " + message +
			`","issues":[{"path":"` + field + `","message":"` + message + `"}]}}`
	}
	badID := `{"success":false,"error":{"code":"INVALID_ID","message":"thingId must be a UUID","issues":[{"path":"thingId","message":"must be a UUID"}]}}`
	wrongType := failure("INVALID_CONTENT_TYPE", "Content-Type must be application/json (UTF-8, not compressed)")
	tooLarge := failure("PAYLOAD_TOO_LARGE", "The request body is larger than 2097152 bytes")
	with := func(name, value string) map[string]string { return map[string]string{name: value} }
	big := `{"text":"` + strings.Repeat("x", 3<<20) + `"}`
	for _, e := range []exchange{
		{name: "id that is no UUID", method: "GET", path: "/api/things/nope", status: 400, want: badID},
		{name: "line breaks in an id", method: "GET", path: "/api/things/a%0d%0aSet-Cookie:%20a=b", status: 400, want: badID, wantHeader: with("Set-Cookie", "")},
		{name: "a field twice", method: "PATCH", path: "/api/things/" + thingID, body: `{"text":"a","text":"b"}`, status: 400,
			want: `{"success":false,"error":{"code":"INVALID_REQUEST","message":"text is given twice","issues":[{"path":"text","message":"is given twice"}]}}`},
		{name: "NUL in an id", method: "GET", path: "/api/things/%00", status: 400, want: badID},
		{name: "slash in an id", method: "GET", path: "/api/things/a%2Fb", status: 400, want: badID},
		{name: "invalid UTF-8 in an id", method: "GET", path: "/api/things/%ff", status: 400, want: invalid("thingId", "must be valid UTF-8")},
		{name: "invalid UTF-8 in the query", method: "GET", path: "/api/things?text=%ff", status: 400, want: invalid("text", "must be valid UTF-8")},
		{name: "word as a number", method: "GET", path: "/api/things?limit=abc", status: 400, want: invalid("limit", "must be an integer")},
		{name: "negative number", method: "GET", path: "/api/things?limit=-1", status: 400, want: invalid("limit", "must not be negative")},
		{name: "broken query", method: "GET", path: "/api/things?text=%zz", status: 400, want: failure("INVALID_REQUEST", "The query is malformed")},
		{name: "huge query", method: "GET", path: "/api/things?text=" + strings.Repeat("x", 40_000), status: 413,
			want: failure("PAYLOAD_TOO_LARGE", "The query is longer than 32768 bytes")},
		{name: "broken JSON", method: "POST", path: "/api/things", body: `{"text":`, status: 400, want: failure("INVALID_REQUEST", "The payload is not valid JSON")},
		{name: "list", method: "POST", path: "/api/things", body: `[]`, status: 400, want: failure("INVALID_REQUEST", "The payload must be a JSON object")},
		{name: "wrong type", method: "POST", path: "/api/things", body: `{"text":5}`, status: 400, want: invalid("text", "must be a string")},
		{name: "invalid UTF-8", method: "POST", path: "/api/things", body: "{\"text\":\"\xff\"}", status: 400, want: failure("INVALID_REQUEST", "The payload must be valid UTF-8")},
		{name: "half a surrogate pair", method: "POST", path: "/api/things", body: `{"text":"\ud83d"}`, status: 400, want: failure("INVALID_REQUEST", "The payload must be valid UTF-8")},
		{name: "10,000 levels", method: "POST", path: "/api/things", status: 400, want: failure("INVALID_REQUEST", "The payload is not valid JSON"),
			body: strings.Repeat(`{"a":`, 10_001) + "1" + strings.Repeat("}", 10_001)},
		{name: "3 MB", method: "POST", path: "/api/things", body: big, status: 413, want: tooLarge},
		{name: "3 MB in chunks", method: "POST", path: "/api/things", body: big, chunked: true, status: 413, want: tooLarge},
		{name: "chunks", method: "POST", path: "/api/things", body: `{"text":"hi"}`, chunked: true, status: 201},
		{name: "wrong content type", method: "POST", path: "/api/things", body: `{}`, header: with("Content-Type", "text/plain"), status: 400, want: wrongType},
		{name: "wrong content type in chunks", method: "POST", path: "/api/things", body: `{}`, chunked: true, header: with("Content-Type", "text/plain"), status: 400, want: wrongType},
		{name: "no content type", method: "PUT", path: "/api/things/" + thingID, body: `{}`, header: with("Content-Type", ""), status: 400, want: wrongType},
		{name: "broken content type", method: "PATCH", path: "/api/things/" + thingID, body: `{}`, header: with("Content-Type", ";;"), status: 400, want: wrongType},
		{name: "another charset", method: "POST", path: "/api/things", body: `{}`, header: with("Content-Type", "application/json; charset=utf-16"), status: 400, want: wrongType},
		{name: "compressed", method: "POST", path: "/api/things", body: `{}`, header: with("Content-Encoding", "gzip"), status: 400, want: wrongType},
		{name: "charset", method: "POST", path: "/api/things", body: `{}`, header: with("Content-Type", "application/json; charset=UTF-8"), status: 201},
		{name: "form where JSON was needed", method: "POST", path: "/api/things?limit=-1", body: `text=hi`, header: with("Content-Type", "application/x-www-form-urlencoded"), status: 400,
			want: `{"success":false,"error":{"code":"INVALID_REQUEST","message":"limit must not be negative","issues":[{"path":"limit","message":"must not be negative"}],` +
				`"details":"The body came as a form, of which nothing is read: send JSON with Content-Type: application/json"}}`},
		{name: "form, which holds nothing", method: "POST", path: "/api/things", body: `text=hi`, header: with("Content-Type", "application/x-www-form-urlencoded"), status: 201,
			want: `{"success":true,"data":{"from":"127.0.0.1"}}`},
		{name: "text on DELETE", method: "DELETE", path: "/api/things/" + thingID, body: `bye`, header: with("Content-Type", "text/plain"), status: 204},
		{name: "body on GET", method: "GET", path: "/api/things", body: `{"text":"x"}`, status: 200, want: `{"success":true,"data":{"from":"127.0.0.1"}}`},
	} {
		e.run(t, server)
	}
}

func TestBodyThatDoesNotArriveEndsTheRequest(t *testing.T) {
	server := serve(t, rest.Options{BodyTimeout: 50 * time.Millisecond})
	reader, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/things", reader)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	go func() { _, _ = writer.Write([]byte(`{"text":"`)) }() // ends with the pipe
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(data), "took too long") {
		t.Fatalf("status %d, %s, %v", resp.StatusCode, data, err)
	}
}

func TestKeyMode(t *testing.T) {
	server := serve(t, rest.Options{Origins: []string{"https://chat.example"}}, keyMode,
		func(o *identity.Options) { o.Origins = []string{"https://chat.example"} })
	refused := failure("AUTH_REQUIRED", "Invalid or missing API Key")
	with := func(pairs ...string) map[string]string {
		header := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			header[pairs[i]] = pairs[i+1]
		}
		return header
	}
	resp, _ := exchange{method: "GET", path: "/api/things", header: with("X-API-KEY", key)}.do(t, server)
	cookies := resp.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "parley_session" || !cookies[0].HttpOnly || cookies[0].Secure ||
		cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].MaxAge != 12*3600 || cookies[0].Path != "/" {
		t.Fatalf("cookies = %+v", cookies)
	}
	cookie := "parley_session=" + cookies[0].Value
	for _, e := range []exchange{
		{name: "nothing", method: "GET", path: "/api/things", status: 401, want: refused, wantHeader: with("Set-Cookie", "")},
		{name: "wrong key", method: "GET", path: "/api/things", header: with("X-API-KEY", "x"), status: 401, want: refused, wantHeader: with("Set-Cookie", "")},
		{name: "key", method: "POST", path: "/api/things", header: with("X-API-KEY", key), status: 201},
		{name: "bearer", method: "POST", path: "/api/things", header: with("Authorization", "bearer "+key), status: 201, wantHeader: with("Set-Cookie", "")},
		{name: "basic", method: "GET", path: "/api/things", header: with("Authorization", "Basic "+key), status: 401, want: refused},
		{name: "key in the query", method: "GET", path: "/api/things?apiKey=" + key, status: 401, want: refused},
		{name: "admin operation", method: "POST", path: "/api/admin", header: with("X-API-KEY", key), status: 200},
		{name: "public operation", method: "GET", path: "/api/public", status: 200},
		{name: "public operation outside the API", method: "GET", path: "/public", status: 200},
		{name: "unknown path, nothing", method: "GET", path: "/api/nothing", status: 401, want: refused},
		{name: "unknown path, key", method: "GET", path: "/api/nothing", header: with("X-API-KEY", key), status: 404},
		{name: "preflight", method: "OPTIONS", path: "/api/things", status: 204},
		{name: "the key comes before faults of the body", method: "POST", path: "/api/things", body: "{", status: 401, want: refused},
		{name: "the key comes before the size", method: "POST", path: "/api/things", body: strings.Repeat("x", 3<<20), status: 401, want: refused},
		{name: "cookie on GET", method: "GET", path: "/api/things", header: with("Cookie", cookie), status: 200},
		{name: "cookie on HEAD", method: "HEAD", path: "/api/things", header: with("Cookie", cookie), status: 200},
		{name: "cookie on POST", method: "POST", path: "/api/things", header: with("Cookie", cookie), status: 401, want: refused},
		{name: "cookie on GET from our page", method: "GET", path: "/api/things", header: with("Cookie", cookie, "Origin", server.URL), status: 200},
		{name: "cookie on GET from a listed page", method: "GET", path: "/api/things", header: with("Cookie", cookie, "Origin", "https://chat.example"), status: 200},
		{name: "cookie on GET from a foreign page", method: "GET", path: "/api/things", header: with("Cookie", cookie, "Origin", "http://127.0.0.1:1"), status: 401},
		{name: "forged cookie", method: "GET", path: "/api/things", header: with("Cookie", cookie+"x"), status: 401},
		{name: "fresh cookie is not renewed", method: "GET", path: "/api/things", header: with("Cookie", cookie, "X-API-KEY", key), status: 200, wantHeader: with("Set-Cookie", "")},
	} {
		e.run(t, server)
	}
}

func TestCookieIsSecureOverTLS(t *testing.T) {
	server := serve(t, rest.Options{Proxies: oneProxy}, keyMode)
	resp, body := exchange{method: "GET", path: "/api/things", header: map[string]string{
		"X-API-KEY": key, "X-Forwarded-Proto": "https", "X-Forwarded-For": "1.1.1.1, 9.9.9.9"}}.do(t, server)
	if cookies := resp.Cookies(); len(cookies) != 1 || !cookies[0].Secure || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookies %v, headers %v", cookies, resp.Header)
	}
	if !strings.Contains(body, `"from":"9.9.9.9"`) {
		t.Errorf("address of the caller: %s", body)
	}
}

func TestConditionalRequests(t *testing.T) {
	server := serve(t, rest.Options{})
	resp, _ := exchange{method: "GET", path: "/api/dual"}.do(t, server)
	tag := resp.Header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) {
		t.Fatalf("ETag %q", tag)
	}
	for _, e := range []exchange{
		{name: "same", method: "GET", path: "/api/dual", header: map[string]string{"If-None-Match": `"x", ` + tag}, status: 304, want: "text:",
			wantHeader: map[string]string{"ETag": tag}},
		{name: "other", method: "GET", path: "/api/dual", header: map[string]string{"If-None-Match": `W/"x"`}, status: 200},
		{name: "failures have none", method: "GET", path: "/api/part", status: 503, wantHeader: map[string]string{"ETag": ""}},
	} {
		e.run(t, server)
	}
}

func TestSecurityHeaders(t *testing.T) {
	common := map[string]string{
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "cross-origin", "Origin-Agent-Cluster": "?1",
		"X-Content-Type-Options": "nosniff", "X-DNS-Prefetch-Control": "off", "X-Download-Options": "noopen",
		"X-Frame-Options": "SAMEORIGIN", "X-Permitted-Cross-Domain-Policies": "none", "X-Powered-By": "", "Server": "",
	}
	and := func(pairs ...string) map[string]string {
		all := map[string]string{}
		for name, value := range common {
			all[name] = value
		}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i]] = pairs[i+1]
		}
		return all
	}
	const (
		strict = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; " +
			"connect-src 'self' ws: wss:; media-src 'self' blob: data:; object-src 'none'; frame-src 'self'; frame-ancestors 'self'; " +
			"base-uri 'self'; form-action 'self'"
		development = "default-src 'self'; style-src 'self' 'unsafe-inline' https: http:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; " +
			"img-src 'self' data: blob: https: http:; font-src 'self' https: http: data:; connect-src 'self' ws: wss: https: http:; " +
			"media-src 'self' blob: data:; object-src 'none'; frame-src 'self' data:; base-uri 'self'; form-action 'self'"
		production = "default-src 'self'; style-src 'self' 'unsafe-inline' https:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; " +
			"img-src 'self' data: blob: https: http:; font-src 'self' https: data:; connect-src 'self' ws: wss: https: http:; " +
			"media-src 'self' blob: data:; object-src 'none'; frame-src 'none'; base-uri 'self'; form-action 'self'; " +
			"frame-ancestors 'self'; script-src-attr 'none'; upgrade-insecure-requests"
		data = "default-src 'none'; frame-ancestors 'self'"
		hsts = "max-age=31536000; includeSubDomains; preload"
	)
	files := fstest.MapFS{"index.html": {Data: []byte("<p>")}}
	dev := serve(t, rest.Options{UI: true, Files: files})
	prod := serve(t, rest.Options{Production: true})
	foreign := serve(t, rest.Options{UI: true, Files: files, ForeignUI: true, Production: true})
	for name, c := range map[string]struct {
		server *httptest.Server
		exchange
	}{
		"API": {dev, exchange{path: "/api/dual", status: 200, wantHeader: and("Content-Security-Policy", data,
			"X-XSS-Protection", "1; mode=block", "Referrer-Policy", "no-referrer", "Strict-Transport-Security", "", "Vary", "Origin")}},
		"API failure":                   {dev, exchange{path: "/api/nothing", status: 404, wantHeader: and("X-XSS-Protection", "1; mode=block", "Content-Security-Policy", data)}},
		"page of the API":               {dev, exchange{path: "/api/panel", status: 200, wantHeader: and("Content-Security-Policy", development)}},
		"page of the API in production": {prod, exchange{path: "/api/panel", status: 200, wantHeader: and("Content-Security-Policy", production)}},
		"our page": {dev, exchange{path: "/", status: 200, wantHeader: and("Content-Security-Policy", strict,
			"X-XSS-Protection", "0", "Referrer-Policy", "no-referrer-when-downgrade")}},
		"API in production": {prod, exchange{path: "/api/dual", status: 200, wantHeader: and("Content-Security-Policy", data,
			"Strict-Transport-Security", hsts)}},
		"no client": {prod, exchange{path: "/", status: 403, want: "text:Forbidden", wantHeader: and("X-XSS-Protection", "0")}},
		"foreign client": {foreign, exchange{path: "/", status: 200, wantHeader: and("Content-Security-Policy",
			strings.Replace(production, "frame-src 'none'", "frame-src 'self'", 1))}},
	} {
		c.name, c.method = name, "GET"
		c.run(t, c.server)
	}
}

func TestRequestIDs(t *testing.T) {
	server := serve(t, rest.Options{})
	for given, kept := range map[string]bool{"abc-1.2_3:4": true, "": false, "a b": false, "<script>": false, strings.Repeat("x", 65): false} {
		resp, _ := exchange{method: "GET", path: "/api/nothing", header: map[string]string{"X-Request-Id": given}}.do(t, server)
		if got := resp.Header.Get("X-Request-Id"); got == "" || (got == given) != kept {
			t.Errorf("%q became %q", given, got)
		}
	}
}

func TestCORS(t *testing.T) {
	const ours, theirs = "https://a.example", "https://evil.example"
	free := serve(t, rest.Options{})
	fixed := serve(t, rest.Options{Origins: []string{ours}})
	listed := serve(t, rest.Options{Origins: []string{"https://b.example", ours}})
	api := serve(t, rest.Options{Origins: []string{ours}, APIOrigins: []string{"https://api.example"}})
	for name, c := range map[string]struct {
		server       *httptest.Server
		path, origin string
		want         string
	}{
		"unset echoes":                    {free, "/api/dual", theirs, theirs},
		"unset without origin":            {free, "/api/dual", "", ""},
		"one is sent as it is":            {fixed, "/api/dual", theirs, ours},
		"one is sent without origin":      {fixed, "/api/dual", "", ours},
		"of a list the matching one":      {listed, "/api/dual", ours, ours},
		"of a list nothing for others":    {listed, "/api/dual", theirs, ""},
		"the API has its own":             {api, "/api/dual", theirs, "https://api.example"},
		"which does not count outside it": {api, "/public", theirs, ours},
	} {
		exchange{name: name, method: "GET", path: c.path, header: map[string]string{"Origin": c.origin}, status: 200, wantHeader: map[string]string{
			"Access-Control-Allow-Origin": c.want, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
			"Access-Control-Expose-Headers": "X-Total-Count,RateLimit-Policy,RateLimit-Limit,RateLimit-Remaining,RateLimit-Reset,Retry-After,X-Request-Id",
		}}.run(t, c.server)
	}
	exchange{name: "preflight", method: "OPTIONS", path: "/api/things", status: 204, want: "text:",
		header: map[string]string{"Origin": theirs, "Access-Control-Request-Method": "POST"}, wantHeader: map[string]string{
			"Access-Control-Allow-Origin": theirs, "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,PATCH,OPTIONS",
			"Access-Control-Allow-Headers": "Content-Type,Authorization,X-API-KEY,X-Entity-Id,Last-Event-ID", "Access-Control-Max-Age": "86400",
		}}.run(t, free)
}

func TestMetricsAreForThisMachineAndAdministrators(t *testing.T) {
	text := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
	keyed := serve(t, rest.Options{Metrics: text}, keyMode)
	open := serve(t, rest.Options{Metrics: text, MetricsEnabled: true}, keyMode)
	proxied := serve(t, rest.Options{Metrics: text, Proxies: oneProxy}, keyMode)
	none := serve(t, rest.Options{})
	far := map[string]string{"X-Forwarded-For": "9.9.9.9"}
	for _, c := range []struct {
		server *httptest.Server
		exchange
	}{
		{keyed, exchange{name: "this machine", status: 200, want: "text:up 1\n"}},
		{keyed, exchange{name: "through a proxy on this machine", header: far, status: 401}},
		{keyed, exchange{name: "claims to be this machine", header: map[string]string{"X-Forwarded-For": "127.0.0.1"}, status: 401}},
		{keyed, exchange{name: "with the key", header: map[string]string{"X-Forwarded-For": "9.9.9.9", "X-API-KEY": key}, status: 200}},
		{open, exchange{name: "enabled for all", header: far, status: 200}},
		{proxied, exchange{name: "trusted proxy, from afar", header: far, status: 401}},
		{proxied, exchange{name: "trusted proxy, from here", header: map[string]string{"X-Forwarded-For": "127.0.0.1"}, status: 200}},
		{none, exchange{name: "no metrics", status: 403}},
	} {
		c.method, c.path = "GET", "/metrics"
		c.run(t, c.server)
	}
}

func TestPanicOfTheDoorIsAnsweredOnce(t *testing.T) {
	var log bytes.Buffer
	before := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") })
	server := serve(t, rest.Options{Metrics: before, Logger: zerolog.New(&log)})
	exchange{name: "before the reply", method: "GET", path: "/metrics", status: 500, want: failure("INTERNAL_ERROR", "Internal error")}.run(t, server)
	if !strings.Contains(log.String(), "secret") {
		t.Errorf("log: %s", log.String())
	}
	half := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		panic("late")
	})
	server = serve(t, rest.Options{Metrics: half, Logger: zerolog.Nop()})
	resp, err := http.Get(server.URL + "/metrics")
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("half a reply looks like a whole one")
	}
}
