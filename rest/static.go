package rest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// maxCached bounds the files kept in memory, in bytes; what is beyond is read anew
// for each request.
const maxCached = 64 << 20

// worthZipping is the least size at which a file is compressed.
const worthZipping = 1 << 10

// client holds the files of a web client. It is safe for concurrent use, and notices
// files that change.
type client struct {
	files    fs.FS
	modified time.Time

	mu     sync.Mutex
	cached map[string]*asset
	size   int64
}

// asset is one file in memory.
type asset struct {
	data, zipped []byte // zipped is nil if it would not help
	tag          string
	size         int64
	modified     time.Time
}

// newClient returns the client of files, which may be nil.
func newClient(files fs.FS, modified time.Time) *client {
	return &client{files: files, modified: modified.UTC().Truncate(time.Second), cached: map[string]*asset{}}
}

// hashedName is how bundlers name what never changes.
var hashedName = regexp.MustCompile(`-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$`)

// serveClient serves a file, or the page of the single-page client for any other path.
func (d *door) serveClient(c *gin.Context) {
	header := c.Writer.Header()
	header.Set("Content-Security-Policy", strictPolicy)
	if d.opts.ForeignUI {
		header.Set("Content-Security-Policy", d.referencePolicy())
	}
	name := strings.TrimPrefix(path.Clean(c.Request.URL.Path), "/")
	cache := "public, max-age=0"
	if hashedName.MatchString(name) {
		cache = "public, max-age=31536000, immutable"
	}
	if d.client.serve(c, name, cache) {
		return
	}
	if extension := path.Ext(name); extension == ".js" || extension == ".mjs" {
		c.Data(http.StatusNotFound, "application/javascript; charset=utf-8", []byte("// not found: the page may be older than the server\n"))
		return
	}
	if !d.client.serve(c, "index.html", "no-cache") {
		c.String(http.StatusNotFound, "No web client is installed")
	}
}

// serve writes the file of a name, and reports whether there is one.
func (f *client) serve(c *gin.Context, name, cache string) bool {
	if f.files == nil || !servable(name) {
		return false
	}
	file, err := f.files.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		return false
	}
	a, err := f.load(name, file, info)
	if err != nil {
		return false
	}
	header := c.Writer.Header()
	header.Set("Content-Type", contentType(name))
	header.Set("Cache-Control", cache)
	data, tag := a.data, a.tag
	if a.zipped != nil {
		header.Add("Vary", "Accept-Encoding")
		if acceptsGzip(c.GetHeader("Accept-Encoding")) {
			header.Set("Content-Encoding", "gzip")
			data, tag = a.zipped, a.tag+"-gzip"
		}
	}
	header.Set("ETag", `"`+tag+`"`)
	c.Status(http.StatusOK)
	http.ServeContent(c.Writer, c.Request, name, a.modified, bytes.NewReader(data))
	return true
}

// servable reports whether name may be asked for: a clean path without hidden parts.
func servable(name string) bool {
	return fs.ValidPath(name) && name != "." && !strings.HasPrefix(name, ".") && !strings.Contains(name, "/.")
}

// load returns the file of a name, from memory if it has not changed.
func (f *client) load(name string, file io.Reader, info fs.FileInfo) (*asset, error) {
	modified := info.ModTime()
	if modified.IsZero() {
		modified = f.modified
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if a := f.cached[name]; a != nil && a.size == info.Size() && a.modified.Equal(modified) {
		return a, nil
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	a := &asset{data: data, zipped: zip(name, data), size: info.Size(), modified: modified,
		tag: base64.RawURLEncoding.EncodeToString(sum[:15])}
	f.keep(name, a)
	return a, nil
}

// keep remembers a if there is room for it.
func (f *client) keep(name string, a *asset) {
	if old := f.cached[name]; old != nil {
		f.size -= int64(len(old.data) + len(old.zipped))
		delete(f.cached, name)
	}
	size := int64(len(a.data) + len(a.zipped))
	if f.size+size <= maxCached {
		f.cached[name] = a
		f.size += size
	}
}

// zip compresses data, nil if that is not worth it.
func zip(name string, data []byte) []byte {
	kind := contentType(name)
	text := strings.HasPrefix(kind, "text/") || strings.Contains(kind, "json") || strings.Contains(kind, "svg") ||
		kind == "application/wasm"
	if !text || len(data) < worthZipping {
		return nil
	}
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		return nil
	}
	if err := w.Close(); err != nil || buf.Len() >= len(data) {
		return nil
	}
	return buf.Bytes()
}

// acceptsGzip reads a header Accept-Encoding.
func acceptsGzip(header string) bool {
	for entry := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(entry, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			quality := strings.TrimRight(strings.ReplaceAll(params, " ", ""), "0")
			return quality != "q=" && quality != "q=0."
		}
	}
	return false
}

// contentType is the type of a file by its name; the system's own table comes last,
// because it calls scripts by odd names on some machines.
func contentType(name string) string {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".webp":
		return "image/webp"
	case ".ico":
		return "image/x-icon"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".wasm":
		return "application/wasm"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		if kind := mime.TypeByExtension(ext); kind != "" {
			return kind
		}
		return "application/octet-stream"
	}
}
