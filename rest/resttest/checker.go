package resttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"parley/domain"
	"parley/domain/documents/documentstest"
	"parley/domain/op"
)

// Checker compares replies with a document. It is safe for concurrent use.
type Checker struct {
	paths   map[string]map[string]operation
	schemas *documentstest.Schemas
}

// operation is what a check needs of an operation's object.
type operation struct {
	ID        string `json:"operationId"`
	Responses map[string]struct {
		Ref     string `json:"$ref"`
		Content map[string]struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

// New returns a checker for the operations of a registry.
func New(registry *op.Registry) (*Checker, error) {
	var document struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	schemas, err := documentstest.OpenAPI(registry, &document)
	if err != nil {
		return nil, err
	}
	return &Checker{paths: document.Paths, schemas: schemas}, nil
}

// Handler returns next with all its replies checked; faults go to t, with the operation,
// the path and what is wrong.
func (c *Checker) Handler(t documentstest.Test, next http.Handler) http.Handler {
	reports := documentstest.NewReports(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Helper()
		seen := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		reports.Add(c.Check(r, seen.status, seen.Header().Get("Content-Type"), seen.body.Bytes()))
	})
}

// Check compares one reply with the document. A path that the document lacks has nothing
// to be compared with.
func (c *Checker) Check(r *http.Request, status int, kind string, body []byte) *documentstest.Fault {
	method := r.Method
	if method == http.MethodHead {
		return nil
	}
	template, o, ok := c.find(strings.ToLower(method), r.URL)
	if !ok || status == http.StatusNotModified || status == domain.Canceled.Info().HTTP { // nobody hears the last one
		return nil
	}
	fault := func(format string, args ...any) *documentstest.Fault {
		return documentstest.NewFault(fmt.Sprintf("%s: %s %s: status %d", o.ID, method, template, status), fmt.Errorf(format, args...), body)
	}
	key := strconv.Itoa(status)
	response, ok := o.Responses[key]
	if !ok && status < 300 {
		key = "2XX"
		response, ok = o.Responses[key]
	}
	switch {
	case !ok:
		return fault("the document does not have it: declare the code in the operation's Errors")
	case status == http.StatusNoContent || response.Ref == "" && len(response.Content) == 0:
		if len(body) > 0 {
			return fault("there should be no body")
		}
		return nil
	case !strings.HasPrefix(kind, "application/json") || response.Content["*/*"].Schema != nil:
		return nil
	}
	if _, raw := response.Content["*/*"]; raw && !bytes.HasPrefix(body, []byte(`{"success"`)) {
		return nil // a document of its own
	}
	pointer := "#/paths/" + documentstest.Escape(template) + "/" + strings.ToLower(method) + "/responses/" + key + "/content/application~1json/schema"
	if response.Ref != "" {
		pointer = response.Ref + "/content/application~1json/schema"
	}
	if err := c.schemas.Validate(pointer, body); err != nil {
		return fault("%w", err)
	}
	return nil
}

// find returns the path of the document that a URL fits; where several do, that with a
// literal where they first differ.
func (c *Checker) find(method string, u *url.URL) (string, operation, bool) {
	segments := strings.Split(strings.TrimSuffix(u.EscapedPath(), "/"), "/")
	best := ""
	for template, item := range c.paths {
		if _, ok := item[method]; ok && fits(template, segments) && (best == "" || before(template, best)) {
			best = template
		}
	}
	return best, c.paths[best][method], best != ""
}

// fits reports whether a path of these segments is one of the template.
func fits(template string, segments []string) bool {
	parts := strings.Split(template, "/")
	if len(parts) != len(segments) {
		return false
	}
	for i, part := range parts {
		if part != segments[i] && (!strings.HasPrefix(part, "{") || segments[i] == "") {
			return false
		}
	}
	return true
}

// before reports whether template a wins over b.
func before(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range as {
		if as[i] != bs[i] {
			return !strings.HasPrefix(as[i], "{")
		}
	}
	return false
}
