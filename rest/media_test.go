package rest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/blob"
	"parley/domain/media"
	"parley/domain/op"
	"parley/rest"
	"parley/storage/files"
	"parley/storage/sqlite"
)

// library is a registry with the operations on files, and where their contents are.
func library(t *testing.T) (*op.Registry, *files.Store) {
	t.Helper()
	dir := t.TempDir()
	set, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	blobs, err := files.Open(files.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	kinds, err := media.UploadKinds([]string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	r := op.NewRegistry(op.Options{})
	media.Ops(r, media.New(media.Options{Store: set.Files, Blobs: blobs, Messages: set.Messaging, Kinds: kinds, Now: time.Now, Logger: zerolog.Nop()}))
	return r, blobs
}

// shelf is the registry of library.
func shelf(t *testing.T) *op.Registry {
	r, _ := library(t)
	return r
}

func TestFilesThroughREST(t *testing.T) {
	registry, blobs := library(t)
	server := serve(t, rest.Options{Registry: registry, Blobs: blobs, UploadDir: blobs.Spool()})
	const id = "11111111-1111-4111-8111-111111111111"
	var last media.Uploaded
	for path, kind := range map[string]string{
		"/api/media/agents/" + id + "/upload": "document", "/api/media/agents/" + id + "/upload-media": "document",
		"/api/media/" + id + "/upload-media":    "document",
		"/api/media/channels/" + id + "/upload": "text/plain", "/api/media/channels/" + id + "/upload-media": "text/plain",
		"/api/messaging/channels/" + id + "/upload-media": "text/plain", "/api/messaging/central-channels/" + id + "/upload-media": "text/plain",
	} {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="file"; filename="t.txt"`}, "Content-Type": {"text/plain"}})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, "abc")
		_ = w.Close()
		var up media.Uploaded
		if status := call(t, server, http.MethodPost, path, w.FormDataContentType(), &b, &up); status != 200 || up.Type != kind || up.OriginalName != "t.txt" || up.Size != 3 {
			t.Errorf("%s: %d %+v", path, status, up)
		}
		if _, body := (exchange{path: up.URL}).do(t, server); body != "abc" {
			t.Errorf("%s: %q", up.URL, body)
		}
		last = up
	}
	var list media.List
	if status := call(t, server, http.MethodGet, "/api/media/files?channelId="+id+"&limit=3", "", nil, &list); status != 200 || len(list.Files) != 3 ||
		list.Pagination != (domain.Pagination{Limit: 3, Total: 4, HasMore: true}) {
		t.Errorf("list %+v", list)
	}
	path := "/api/media/files/" + string(last.ID)
	if resp, body := (exchange{path: path + "?content=true", header: map[string]string{"Range": "bytes=1-"}}).do(t, server); resp.StatusCode != http.StatusPartialContent || body != "bc" ||
		resp.Header.Get("Content-Disposition") != "inline; filename=t.txt" {
		t.Errorf("%d %q %v", resp.StatusCode, body, resp.Header)
	}
	var got media.Got
	if status := call(t, server, http.MethodGet, path, "", nil, &got); status != 200 || got.File.ID != last.ID {
		t.Errorf("get %+v", got)
	}
	for _, want := range []int{204, 404} {
		if resp, _ := (exchange{method: "DELETE", path: path}).do(t, server); resp.StatusCode != want {
			t.Errorf("delete: %d, want %d", resp.StatusCode, want)
		}
	}
	if resp, _ := (exchange{path: last.URL}).do(t, server); resp.StatusCode != http.StatusNotFound {
		t.Errorf("deleted contents: %d", resp.StatusCode)
	}
}

func TestServedFiles(t *testing.T) {
	_, blobs := library(t)
	server := serve(t, rest.Options{Registry: op.NewRegistry(op.Options{}), Blobs: blobs}, keyMode)
	const id = "11111111-1111-4111-8111-111111111111"
	for _, area := range blob.Areas() {
		for _, name := range []string{"a.png", "a.svg", "Zoë 1.txt"} {
			if _, err := blobs.Put(t.Context(), blob.Key{Area: area, Owner: id, Name: name}, strings.NewReader("content")); err != nil {
				t.Fatal(err)
			}
		}
		root := "/media/" + string(area) + "/" + id
		for path, want := range map[string]string{
			root + "/a.png": "200 content", root + "/Zo%C3%AB%201.txt": "200 content", root + "/x%2Fa.png": "200 content", root + "/..%2F..%2Fa.png": "200 content",
			strings.Replace(root, id, strings.ToUpper(id), 1) + "/a.png": "200 content",
			root + "/b.png": "404 NOT_FOUND", root + "/": "404 NOT_FOUND", root: "404 NOT_FOUND", root + "/x/a.png": "404 NOT_FOUND", root + "/.": "404 NOT_FOUND",
			root + "/..": "403 FORBIDDEN", root + "/%2e%2e": "403 FORBIDDEN", root + "/..%5Ca.png": "403 FORBIDDEN", root + "/a%2F..": "403 FORBIDDEN",
			root + "/a.png%00": "404 NOT_FOUND", root + "/" + strings.Repeat("a", 300): "404 NOT_FOUND",
			"/media/" + string(area) + "/nope/a.png": "400 INVALID_ID", "/media/" + string(area) + "/%2e%2e/a.png": "400 INVALID_ID",
			"/media/" + string(area) + "/.incoming/a.png": "400 INVALID_ID", "/media/tmp/" + id + "/a.png": "404 NOT_FOUND",
		} {
			resp, body := (exchange{path: path}).do(t, server)
			code := strings.TrimPrefix(body, `{"success":false,"error":{"code":"`)
			code, _, _ = strings.Cut(code, `"`)
			if got := resp.Status[:3] + " " + code; got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
		}
	}
	root := "/media/uploads/agents/" + id
	resp, _ := (exchange{path: root + "/a.png"}).do(t, server)
	for name, want := range map[string]string{"Content-Type": "image/png", "Cache-Control": "public, max-age=0", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "sandbox", "Content-Disposition": "inline; filename=a.png", "Accept-Ranges": "bytes", "Content-Length": "7"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	tag, modified := resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
	for _, tt := range []struct {
		header map[string]string
		status int
		body   string
	}{
		{map[string]string{"Range": "bytes=2-3"}, 206, "nt"}, {map[string]string{"Range": "bytes=-2"}, 206, "nt"}, {map[string]string{"Range": "bytes=99-"}, 416, ""},
		{map[string]string{"If-None-Match": tag}, 304, ""}, {map[string]string{"If-Modified-Since": modified}, 304, ""},
		{map[string]string{"Range": "bytes=0-1", "If-Range": tag}, 206, "co"}, {map[string]string{"Range": "bytes=0-1", "If-Range": `"x"`}, 200, "content"},
	} {
		resp, body := (exchange{path: root + "/a.png", header: tt.header}).do(t, server)
		if resp.StatusCode != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%v: %d %q", tt.header, resp.StatusCode, body)
		}
	}
	if resp, body := (exchange{method: "HEAD", path: root + "/a.png"}).do(t, server); resp.StatusCode != http.StatusOK || body != "" || resp.ContentLength != 7 {
		t.Errorf("HEAD: %d %q", resp.StatusCode, body)
	}
	if resp, _ := (exchange{method: "POST", path: root + "/a.png"}).do(t, server); resp.StatusCode != http.StatusNotFound {
		t.Errorf("POST: %d", resp.StatusCode)
	}
	if resp, _ := (exchange{path: root + "/a.svg"}).do(t, server); resp.Header.Get("Content-Disposition") != "attachment; filename=a.svg" ||
		resp.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("SVG: %v", resp.Header)
	}
}

// call sends a request and reads the data of the reply.
func call(t *testing.T, server *httptest.Server, method, path, kind string, body io.Reader, data any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	reply := struct{ Data any }{data}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}
