package resttest

import (
	"bytes"
	"net/http"
	"strings"
)

// recorder keeps a copy of a reply that passes through it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write notes the body, except for streams, which have no end.
func (r *recorder) Write(p []byte) (int, error) {
	if !strings.HasPrefix(r.Header().Get("Content-Type"), "text/event-stream") {
		r.body.Write(p)
	}
	return r.ResponseWriter.Write(p)
}

// Flush hands on what was written so far.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap lets the server find the writer proper.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
