package rest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"parley/rest"
)

// script is the text of a bundled script, long enough to be compressed.
var script = strings.Repeat("console.log('hello');\n", 200)

// clientFiles is a small web client.
func clientFiles() fstest.MapFS {
	built := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return fstest.MapFS{
		"index.html":               {Data: []byte("<!doctype html><title>Parley</title>")},
		"assets/app-Ab3_dEf9.js":   {Data: []byte(script), ModTime: built},
		"assets/app.css":           {Data: []byte("p{}"), ModTime: built},
		"logo.svg":                 {Data: []byte("<svg/>")},
		"images/agents/agent1.png": {Data: []byte("png")},
		"odd.zzz":                  {Data: []byte("<script>")},
		".env":                     {Data: []byte("KEY=1")},
		"assets/.secret/x.txt":     {Data: []byte("secret")},
	}
}

func TestClientFiles(t *testing.T) {
	server := serve(t, rest.Options{UI: true, Files: clientFiles(), FilesTime: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
	const page = "text:<!doctype html><title>Parley</title>"
	with := func(pairs ...string) map[string]string {
		header := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			header[pairs[i]] = pairs[i+1]
		}
		return header
	}
	plain := with("Accept-Encoding", "identity")
	for _, e := range []exchange{
		{name: "page", method: "GET", path: "/", status: 200, want: page, wantHeader: with("Content-Type", "text/html; charset=utf-8",
			"Cache-Control", "no-cache", "Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT")},
		{name: "page by its name", method: "GET", path: "/index.html", status: 200, want: page},
		{name: "any other path", method: "GET", path: "/chat/1234", status: 200, want: page, wantHeader: with("Cache-Control", "no-cache")},
		{name: "HEAD", method: "HEAD", path: "/chat/1234", status: 200, want: "text:"},
		{name: "folder", method: "GET", path: "/assets/", status: 200, want: page},
		{name: "hashed script", method: "GET", path: "/assets/app-Ab3_dEf9.js", header: plain, status: 200, want: "text:" + script,
			wantHeader: with("Content-Type", "text/javascript; charset=utf-8", "Cache-Control", "public, max-age=31536000, immutable",
				"Last-Modified", "Tue, 24 Nov 2026 12:00:00 GMT", "Content-Encoding", "")},
		{name: "style", method: "GET", path: "/assets/app.css", status: 200, want: "text:p{}",
			wantHeader: with("Content-Type", "text/css; charset=utf-8", "Cache-Control", "public, max-age=0")},
		{name: "picture", method: "GET", path: "/images/agents/agent1.png", status: 200, want: "text:png", wantHeader: with("Content-Type", "image/png")},
		{name: "drawing", method: "GET", path: "/logo.svg", status: 200, want: "text:<svg/>", wantHeader: with("Content-Type", "image/svg+xml")},
		{name: "unknown type is never guessed", method: "GET", path: "/odd.zzz", status: 200, wantHeader: with("Content-Type", "application/octet-stream")},
		{name: "range", method: "GET", path: "/assets/app-Ab3_dEf9.js", header: with("Accept-Encoding", "identity", "Range", "bytes=0-6"), status: 206, want: "text:console"},
		{name: "missing script", method: "GET", path: "/assets/old-12345678.js", status: 404,
			want: "text:// not found: the page may be older than the server\n", wantHeader: with("Content-Type", "application/javascript; charset=utf-8")},
		{name: "missing module", method: "GET", path: "/x.mjs", status: 404},
		{name: "hidden file", method: "GET", path: "/.env", status: 200, want: page},
		{name: "hidden folder", method: "GET", path: "/assets/.secret/x.txt", status: 200, want: page},
		{name: "dots", method: "GET", path: "/assets/../../etc/passwd", status: 200, want: page},
		{name: "escaped dots", method: "GET", path: "/%2e%2e/%2e%2e/etc/passwd", status: 200, want: page},
		{name: "NUL", method: "GET", path: "/a%00b", status: 200, want: page},
		{name: "backslash", method: "GET", path: `/..%5c..%5cetc`, status: 200, want: page},
		{name: "not modified since", method: "GET", path: "/assets/app.css", header: with("If-Modified-Since", "Tue, 24 Nov 2026 12:00:00 GMT"), status: 304, want: "text:"},
	} {
		e.run(t, server)
	}
}

func TestClientFilesAreCompressedAndTagged(t *testing.T) {
	server := serve(t, rest.Options{UI: true, Files: clientFiles()})
	get := exchange{method: "GET", path: "/assets/app-Ab3_dEf9.js", header: map[string]string{"Accept-Encoding": "br, gzip;q=0.8"}}
	resp, body := get.do(t, server)
	if resp.Header.Get("Content-Encoding") != "gzip" || len(body) >= len(script) || !strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Accept-Encoding") {
		t.Fatalf("headers %v, %d bytes", resp.Header, len(body))
	}
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, io.LimitReader(r, 1<<20)); err != nil || out.String() != script {
		t.Fatalf("unpacked %d bytes, %v", out.Len(), err)
	}
	get.header["If-None-Match"] = resp.Header.Get("ETag")
	if again, _ := get.do(t, server); again.StatusCode != http.StatusNotModified {
		t.Errorf("status %d for a known tag", again.StatusCode)
	}
	get.header = map[string]string{"Accept-Encoding": "gzip;q=0", "If-None-Match": resp.Header.Get("ETag")}
	if other, text := get.do(t, server); other.StatusCode != http.StatusOK || text != script {
		t.Errorf("status %d: the tag of the compressed form counts for the plain one", other.StatusCode)
	}
	if small, _ := (exchange{method: "GET", path: "/logo.svg", header: map[string]string{"Accept-Encoding": "gzip"}}).do(t, server); small.Header.Get("Content-Encoding") != "" {
		t.Error("a tiny file is compressed")
	}
}

func TestClientNoticesAChangedFile(t *testing.T) {
	folder := t.TempDir()
	write := func(text string, at time.Time) {
		t.Helper()
		name := filepath.Join(folder, "index.html")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("old", time.Unix(1_700_000_000, 0))
	server := serve(t, rest.Options{UI: true, Files: os.DirFS(folder)})
	exchange{name: "before", method: "GET", path: "/", status: 200, want: "text:old"}.run(t, server)
	write("new", time.Unix(1_800_000_000, 0))
	exchange{name: "after", method: "GET", path: "/", status: 200, want: "text:new"}.run(t, server)
}

func TestWithoutClient(t *testing.T) {
	for name, files := range map[string]fs.FS{"none": nil, "empty": fstest.MapFS{}} {
		server := serve(t, rest.Options{UI: true, Files: files})
		exchange{name: name, method: "GET", path: "/", status: 404, want: "text:No web client is installed"}.run(t, server)
	}
	off := serve(t, rest.Options{Files: clientFiles()})
	for _, e := range []exchange{
		{name: "page", method: "GET", path: "/", status: 403, want: "text:Forbidden"},
		{name: "file", method: "GET", path: "/assets/app.css", status: 403, want: "text:Forbidden"},
		{name: "the API goes on", method: "GET", path: "/api/dual", status: 200},
		{name: "media", method: "GET", path: "/media/x", status: 404},
	} {
		e.run(t, off)
	}
}
