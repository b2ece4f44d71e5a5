// Package tracingtest is an OpenTelemetry collector for tests: it takes traces by OTLP over
// HTTP and keeps them.
package tracingtest

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as the collector got it. The ids are hexadecimal digits.
type Span struct {
	Name, Kind            string
	Trace, ID, Parent     string
	Links                 []Link
	Attributes, Resource  map[string]string
	Failed                bool
	Status                string
	BeganNanos, EndsNanos uint64
}

// Link is another span that one names.
type Link struct{ Trace, ID string }

// Collector is a running collector. It is safe for concurrent use.
type Collector struct {
	// URL is its base.
	URL    string
	server *httptest.Server

	mu       sync.Mutex
	spans    []Span
	headers  []http.Header
	requests int
	status   int
}

// New starts a collector; Close ends it.
func New() *Collector {
	c := &Collector{status: http.StatusOK}
	c.server = httptest.NewServer(c)
	c.URL = c.server.URL
	return c
}

// Close ends the collector.
func (c *Collector) Close() { c.server.Close() }

// Answer sets the status of the answers; what is not answered with 200 is not kept.
func (c *Collector) Answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// ServeHTTP takes a batch.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data wire.TracesData
	if err == nil {
		err = proto.Unmarshal(body, &data)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	w.WriteHeader(c.status)
	if c.status != http.StatusOK {
		return
	}
	c.headers = append(c.headers, r.Header)
	for _, resource := range data.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, decode(s, attributes(resource.GetResource().GetAttributes())))
			}
		}
	}
}

// decode reads a span.
func decode(s *wire.Span, resource map[string]string) Span {
	span := Span{
		Name: s.GetName(), Kind: s.GetKind().String(), Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
		Parent: hex.EncodeToString(s.GetParentSpanId()), Attributes: attributes(s.GetAttributes()), Resource: resource,
		Failed: s.GetStatus().GetCode() == wire.Status_STATUS_CODE_ERROR, Status: s.GetStatus().GetMessage(),
		BeganNanos: s.GetStartTimeUnixNano(), EndsNanos: s.GetEndTimeUnixNano(),
	}
	for _, l := range s.GetLinks() {
		span.Links = append(span.Links, Link{Trace: hex.EncodeToString(l.GetTraceId()), ID: hex.EncodeToString(l.GetSpanId())})
	}
	return span
}

// attributes reads attributes, numbers as digits.
func attributes(list []*common.KeyValue) map[string]string {
	values := map[string]string{}
	for _, a := range list {
		if n, ok := a.GetValue().GetValue().(*common.AnyValue_IntValue); ok {
			values[a.GetKey()] = strconv.FormatInt(n.IntValue, 10)
			continue
		}
		values[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return values
}

// Spans returns what was kept so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Requests is how many batches came, kept or not.
func (c *Collector) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

// Headers returns the headers of the batches that were kept.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}
