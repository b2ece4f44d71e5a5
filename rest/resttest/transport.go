package resttest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"parley/domain/documents/documentstest"
	"parley/domain/op"
)

// transport is a RoundTripper that checks.
type transport struct {
	checker func() (*Checker, error)
	reports *documentstest.Reports
	next    http.RoundTripper
}

// NewTransport returns next with all replies checked that clients of a registry's server
// get through it; faults go to t until it ends. All operations must be declared before
// the first request.
func NewTransport(t documentstest.Test, registry *op.Registry, next http.RoundTripper) http.RoundTripper {
	return &transport{reports: documentstest.NewReports(t), next: next,
		checker: sync.OnceValues(func() (*Checker, error) { return New(registry) })}
}

// RoundTrip is part of http.RoundTripper. It reads what is JSON to its end.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	checker, err := t.checker()
	if err != nil {
		return nil, err
	}
	w, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	kind := w.Header.Get("Content-Type")
	var body []byte
	if strings.HasPrefix(kind, "application/json") {
		body, err = io.ReadAll(w.Body)
		w.Body = &again{Reader: io.MultiReader(bytes.NewReader(body), failing{err}), Closer: w.Body}
		if err != nil {
			return w, nil //nolint:nilerr // who reads the body hears of it
		}
	}
	t.reports.Add(checker.Check(r, w.StatusCode, kind, body))
	return w, nil
}

// again is a body that was read once.
type again struct {
	io.Reader
	io.Closer
}

// failing ends a body as it ended the first time; nil is a good end.
type failing struct{ err error }

// Read is part of io.Reader.
func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}
