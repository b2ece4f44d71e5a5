package rest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/op"
	"parley/rest"
)

// sent is what the operation of these tests received.
type sent struct {
	ChannelID domain.ChannelID `json:"channelId"`
	File      *op.File         `json:"-" op:"file"`
	Note      string           `json:"note"`
	Count     int              `json:"count"`
	Metadata  domain.Metadata  `json:"metadata"`
	Users     []string         `json:"users,omitempty"`
}

// got is what it tells of that.
type got struct {
	sent
	Name    string `json:"name"`
	Type    string `json:"type"`
	Size    int64  `json:"size"`
	Content string `json:"content"`
}

// uploads is a door with one operation that takes files, spooled to a folder.
func uploads(t *testing.T, dir string) *httptest.Server {
	t.Helper()
	r := op.NewRegistry(op.Options{})
	op.Define(r, op.Spec{Name: "things:upload", Help: "Takes a file.", RESTOnly: true,
		Routes: []string{"POST /api/things/:channelId", "POST /api/media/things/:channelId"}},
		func(_ context.Context, _ domain.Actor, s sent) (got, error) {
			if s.File == nil {
				return got{sent: s}, nil
			}
			content, err := io.ReadAll(io.LimitReader(s.File.Content, 100))
			return got{s, s.File.Name, s.File.Type, s.File.Size, string(content)}, err
		})
	return serve(t, rest.Options{Registry: r, UploadDir: dir})
}

// part is one part of a form.
type part struct{ head, content string }

// filePart is a part with a file.
func filePart(name, filename, content string) part {
	return part{fmt.Sprintf("Content-Disposition: form-data; name=%q; filename=%q\r\nContent-Type: text/plain\r\n", name, filename), content}
}

// field is a part with a text.
func field(name, text string) part {
	return part{fmt.Sprintf("Content-Disposition: form-data; name=%q\r\n", name), text}
}

// formOf writes a form with the boundary b.
func formOf(parts ...part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--b\r\n" + p.head + "\r\n" + p.content + "\r\n")
	}
	return b.String() + "--b--\r\n"
}

// post sends a body and returns status, failure and data of the reply.
func post(t *testing.T, url, kind string, body io.Reader) (int, string, got) {
	t.Helper()
	resp, err := http.Post(url, kind, body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var reply struct {
		Data  got
		Error *domain.ErrorBody
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	if e := reply.Error; e != nil {
		return resp.StatusCode, strings.TrimRight(e.Code+": "+e.Message+" "+e.LegacyCode, " "), reply.Data
	}
	return resp.StatusCode, "", reply.Data
}

const formKind = "multipart/form-data; boundary=b"

// thingURL is the route of the operation.
const thingURL = "/api/things/11111111-1111-4111-8111-111111111111"

func TestFormsBecomeRequests(t *testing.T) {
	dir := t.TempDir()
	server := uploads(t, dir)
	form := formOf(field("note", "hello"), field("count", "7"), field("metadata", ` {"a": {"b": [1]}} `), filePart("file", "Zoë a.txt", "content"),
		field("users", "a,b"), field("users", "c"), field("channelId", "22222222-2222-4222-8222-222222222222"), field("unknown", "x"))
	status, fault, g := post(t, server.URL+thingURL+"?note=query", formKind, strings.NewReader(form))
	if status != 200 || fault != "" {
		t.Fatal(status, fault)
	}
	if g.Name != "Zoë a.txt" || g.Type != "text/plain" || g.Size != 7 || g.Content != "content" || g.Note != "hello" || g.Count != 7 ||
		string(g.Metadata["a"]) != `{"b":[1]}` && string(g.Metadata["a"]) != `{"b": [1]}` || strings.Join(g.Users, " ") != "a b c" ||
		g.ChannelID != "11111111-1111-4111-8111-111111111111" {
		t.Errorf("%+v", g)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	server := uploads(t, dir)
	one := filePart("file", "a.txt", "x")
	many := []part{one}
	for range 40 {
		many = append(many, field("a", "b"))
	}
	tests := []struct {
		name, url, kind, body, want string
	}{
		{"two files", thingURL, formKind, formOf(one, one), "400 INVALID_REQUEST: Only one file can be uploaded at a time LIMIT_FILE_COUNT"},
		{"another field", thingURL, formKind, formOf(filePart("media", "a.txt", "x")), "400 INVALID_REQUEST: Unexpected field media: the file must be named file LIMIT_UNEXPECTED_FILE"},
		{"many parts", thingURL, formKind, formOf(many...), "400 INVALID_REQUEST: The form has too many parts"},
		{"large field", thingURL, formKind, formOf(one, field("note", strings.Repeat("a", 33<<10))), "413 PAYLOAD_TOO_LARGE: The fields of the form are larger than 32768 bytes"},
		{"many large fields", thingURL, formKind, formOf(field("a", strings.Repeat("a", 20<<10)), field("b", strings.Repeat("a", 20<<10))),
			"413 PAYLOAD_TOO_LARGE: The fields of the form are larger than 32768 bytes"},
		{"large head", thingURL, formKind, formOf(part{"X: " + strings.Repeat("a", 20<<10) + "\r\n" + one.head, "x"}), "400 INVALID_REQUEST: The form is malformed"},
		{"long preamble", thingURL, formKind, strings.Repeat("a", 1<<20) + "\r\n" + formOf(one), "400 INVALID_REQUEST: The form is malformed"},
		{"part without a name", thingURL, formKind, formOf(part{"Content-Disposition: form-data\r\n", "x"}), "400 INVALID_REQUEST: A part of the form has no valid Content-Disposition"},
		{"part without a head", thingURL, formKind, formOf(part{"", "x"}), "400 INVALID_REQUEST: A part of the form has no valid Content-Disposition"},
		{"cut off", thingURL, formKind, formOf(one)[:80], "400 INVALID_REQUEST: The form is malformed"},
		{"no form at all", thingURL, formKind, "hello", "200 "},
		{"no boundary", thingURL, "multipart/form-data", formOf(one), "400 INVALID_REQUEST: The form has no valid boundary"},
		{"long boundary", thingURL, "multipart/form-data; boundary=" + strings.Repeat("b", 71), formOf(one), "400 INVALID_REQUEST: The form has no valid boundary"},
		{"bad field", thingURL, formKind, formOf(one, field("count", "x")), "400 INVALID_REQUEST: count must be an integer"},
		{"object that is none", thingURL, formKind, formOf(one, field("metadata", "[1]")), "400 INVALID_REQUEST: metadata must be an object"},
		{"object that is no JSON", thingURL, formKind, formOf(one, field("metadata", "{")), "400 INVALID_REQUEST: metadata must be JSON"},
		{"field that is no UTF-8", thingURL, formKind, formOf(one, field("note", "\xff")), "400 INVALID_REQUEST: note must be valid UTF-8"},
		{"another type", thingURL, "text/plain", "hello", "400 INVALID_CONTENT_TYPE: Content-Type must be multipart/form-data"},
		{"no type", thingURL, "", "hello", "400 INVALID_CONTENT_TYPE: Content-Type must be multipart/form-data"},
		{"another type below media", "/api/media/things/11111111-1111-4111-8111-111111111111", "text/plain", "hello", "200 "},
		{"JSON", thingURL, "application/json", `{"note":"x"}`, "200 "},
		{"plain form", thingURL, "application/x-www-form-urlencoded", `file=x`, "200 "},
		{"nothing", thingURL, "", "", "200 "},
		{"text instead of a file", thingURL, formKind, formOf(field("file", "x")), "200 "},
		{"file that was not chosen", thingURL, formKind, formOf(filePart("file", "", "")), "200 "},
		{"form without parts", thingURL, formKind, "--b--\r\n", "200 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, fault, g := post(t, server.URL+tt.url, tt.kind, strings.NewReader(tt.body))
			if answer := fmt.Sprint(status, " ", fault); answer != tt.want || g.Size != 0 {
				t.Errorf("%s\nwant %s", answer, tt.want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

// zeros gives as many zero bytes as are wanted.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// formWith is a form with one file of a size, of unknown length.
func formWith(size int64) io.Reader {
	head := "--b\r\n" + filePart("file", "a.bin", "").head + "\r\n"
	return io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader("\r\n--b--\r\n"))
}

func TestFilesUpToTheLimitAreTaken(t *testing.T) {
	server := uploads(t, t.TempDir())
	const most = 50 << 20
	if status, fault, g := post(t, server.URL+thingURL, formKind, formWith(most)); status != 200 || g.Size != most {
		t.Errorf("%d %s, %d bytes", status, fault, g.Size)
	}
	for _, size := range []int64{most + 1, most + 10<<20} {
		if status, fault, _ := post(t, server.URL+thingURL, formKind, formWith(size)); status != 413 || fault != "FILE_TOO_LARGE: File too large (max 50MB) LIMIT_FILE_SIZE" {
			t.Errorf("%d bytes: %d %s", size, status, fault)
		}
	}
	r, err := http.NewRequest(http.MethodPost, server.URL+thingURL, formWith(1<<30))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 1 << 30
	r.Header.Set("Content-Type", formKind)
	r.Header.Set("Expect", "100-continue")
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Fatalf("announced: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
}

func TestUploadWithoutTheKeyIsNotRead(t *testing.T) {
	dir := t.TempDir()
	r := op.NewRegistry(op.Options{})
	op.Define(r, op.Spec{Name: "things:upload", Help: "Takes a file.", RESTOnly: true, Routes: []string{"POST /api/things/:channelId"}},
		func(_ context.Context, _ domain.Actor, s sent) (got, error) { return got{}, nil })
	server := serve(t, rest.Options{Registry: r, UploadDir: dir}, keyMode)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000000\r\n\r\n", thingURL, formKind)
	reply, err := textproto.NewReader(bufio.NewReader(conn)).ReadLine()
	if err != nil || !strings.Contains(reply, "401") {
		t.Fatalf("%q, %v", reply, err)
	}
}

func TestFormThatDoesNotArriveEndsTheRequest(t *testing.T) {
	dir := t.TempDir()
	r := op.NewRegistry(op.Options{})
	op.Define(r, op.Spec{Name: "things:upload", Help: "Takes a file.", RESTOnly: true, Routes: []string{"POST /api/things/:channelId"}},
		func(context.Context, domain.Actor, sent) (got, error) { return got{}, nil })
	server := serve(t, rest.Options{Registry: r, UploadDir: dir, BodyTimeout: 50 * time.Millisecond})
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000000\r\n\r\n%s", thingURL, formKind,
		strings.TrimSuffix(formOf(filePart("file", "a.txt", "half")), "--b--\r\n"))
	reply, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(reply), "400 Bad Request") || !strings.Contains(string(reply), "took too long to arrive") {
		t.Fatalf("%q, %v", reply, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// FuzzUpload looks for forms that upset the door, and for files that are not what came.
func FuzzUpload(f *testing.F) {
	for _, p := range [][]part{{filePart("file", "a.txt", "x")}, {field("note", "x"), filePart("file", "../a", "\r\n--b")}, {field("metadata", "{}")}, {}} {
		f.Add(formKind, formOf(p...), "a.txt", "content")
	}
	f.Add("multipart/form-data; boundary=\"\r\"", "--\r--", "\"\\\r\n", "--b--")
	f.Add("multipart/form-data; boundary=b; boundary=c", "--b\r\n\r\n\r\n--b--", "a\x00b", "\r\n--b\r\n")
	dir := f.TempDir()
	var received *got
	r := op.NewRegistry(op.Options{})
	op.Define(r, op.Spec{Name: "things:upload", Help: "Takes a file.", RESTOnly: true, Routes: []string{"POST /api/things/:channelId"}},
		func(_ context.Context, _ domain.Actor, s sent) (got, error) {
			received = &got{sent: s}
			if s.File != nil {
				content, err := io.ReadAll(s.File.Content)
				received.Name, received.Size, received.Content = s.File.Name, s.File.Size, string(content)
				return got{}, err
			}
			return got{}, nil
		})
	auth, err := identity.New(identity.Options{})
	if err != nil {
		f.Fatal(err)
	}
	handler, err := rest.New(rest.Options{Registry: r, Identity: auth, UploadDir: dir})
	if err != nil {
		f.Fatal(err)
	}
	send := func(t *testing.T, kind string, body io.Reader) *httptest.ResponseRecorder {
		t.Helper()
		received = nil
		request := httptest.NewRequest(http.MethodPost, thingURL, body)
		request.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Fatalf("left %v, %v", left, err)
		}
		return w
	}
	f.Fuzz(func(t *testing.T, kind, body, filename, content string) {
		send(t, kind, strings.NewReader(body))
		// A form that the standard library writes arrives as it was written.
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		file, err := w.CreateFormFile("file", filename)
		if err != nil {
			t.Skip()
		}
		_, _ = io.WriteString(file, content)
		_ = w.Close()
		answer := send(t, w.FormDataContentType(), &b)
		if received != nil && received.File != nil && (received.Content != content || received.Size != int64(len(content))) {
			t.Fatalf("%d bytes came as %d", len(content), received.Size)
		}
		if answer.Code == 200 && received.File == nil && content != "" {
			t.Fatalf("a file named %q is lost", filename)
		}
	})
}
