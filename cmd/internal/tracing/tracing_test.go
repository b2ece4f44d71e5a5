package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"parley/cmd/internal/tracing"
	"parley/cmd/internal/tracing/tracingtest"
	"parley/domain"
	"parley/domain/trace"
)

// told runs do with a tracer and returns what a collector got of it.
func told(t *testing.T, sampler string, ratio float64, do func(*tracing.Tracer)) []tracingtest.Span {
	t.Helper()
	collector := tracingtest.New()
	defer collector.Close()
	tracer, err := tracing.New(tracing.Options{URL: collector.URL + "/v1/traces", Service: "test", Sampler: sampler, SamplerArg: ratio,
		Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	do(tracer)
	if err := tracer.Close(); err != nil {
		t.Error(err)
	}
	return collector.Spans()
}

func TestOnlyFaultsOfTheServerFailASpan(t *testing.T) {
	secret := errors.New("hush")
	for _, tc := range []struct {
		err    error
		code   string
		failed bool
	}{
		{nil, "", false},
		{domain.Wrap(domain.NotFound, secret, "hush"), "not_found", false},
		{domain.Wrap(domain.Invalid, secret, "hush"), "invalid", false},
		{context.Canceled, "canceled", false},
		{domain.Wrap(domain.Unavailable, secret, "hush"), "unavailable", true},
		{context.DeadlineExceeded, "timeout", true},
		{secret, "internal", true},
	} {
		spans := told(t, "always_on", 1, func(tracer *tracing.Tracer) {
			_, span := trace.Begin(t.Context(), tracer, trace.Beginning{Name: "work"}, trace.Number("rows", 3), trace.Text("none", ""))
			span.End(tc.err)
			span.End(secret)
		})
		if len(spans) != 1 || spans[0].Attributes["error.type"] != tc.code || spans[0].Failed != tc.failed ||
			spans[0].Attributes["rows"] != "3" || strings.Contains(fmt.Sprint(spans), "hush") {
			t.Errorf("%v: %+v", tc.err, spans)
		}
		if _, there := spans[0].Attributes["none"]; there {
			t.Error("an empty text is told")
		}
	}
}

func TestAMalformedTraceparentBeginsATraceOfItsOwn(t *testing.T) {
	for _, parent := range []string{"", "nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		strings.Repeat("0", 10_000)} {
		spans := told(t, "", 1, func(tracer *tracing.Tracer) {
			_, span := trace.Begin(t.Context(), tracer, trace.Beginning{Name: "work", Parent: parent, Link: parent})
			span.End(nil)
		})
		if len(spans) != 1 || spans[0].Parent != "" || len(spans[0].Links) != 0 {
			t.Errorf("%.60q: %+v", parent, spans)
		}
	}
}

// TestEveryReplicaJudgesTheTraceOfAMessageAlike has two processes sample the same messages.
func TestEveryReplicaJudgesTheTraceOfAMessageAlike(t *testing.T) {
	var ids []string
	for range 400 {
		ids = append(ids, domain.NewID[string]())
	}
	traces := func(sampler string) map[string]bool {
		kept := map[string]bool{}
		for _, s := range told(t, sampler, 0.5, func(tracer *tracing.Tracer) {
			for _, id := range ids {
				_, span := trace.InMessage(t.Context(), tracer, id, "turn", trace.Consumer, trace.Text("id", id))
				span.End(nil)
			}
		}) {
			kept[s.Attributes["id"]] = true
		}
		return kept
	}
	one, other := traces("parentbased_traceidratio"), traces("traceidratio")
	if len(one) < 120 || len(one) > 280 {
		t.Errorf("%d of %d were kept", len(one), len(ids))
	}
	for _, id := range ids {
		if one[id] != other[id] {
			t.Errorf("%s is kept by one only", id)
		}
	}
}

func TestACallerThatDoesNotTraceIsNotTraced(t *testing.T) {
	spans := told(t, "parentbased_always_on", 1, func(tracer *tracing.Tracer) {
		ctx, span := trace.Begin(t.Context(), tracer, trace.Beginning{Name: "work", Parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"})
		if trace.ID(ctx) != "0af7651916cd43dd8448eb211c80319c" {
			t.Error("the caller's trace is not named")
		}
		message := trace.Posted(ctx, "a message")
		message.End(nil)
		span.End(nil)
	})
	if len(spans) != 1 || spans[0].Name != "message" || len(spans[0].Links) != 0 {
		t.Errorf("%+v", spans)
	}
}

// TestACollectorThatHangsHoldsUpNobody has one take everything and answer nothing.
func TestACollectorThatHangsHoldsUpNobody(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	release, asked := make(chan struct{}), make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	var log lines // whoever hangs may still write when the tracer is closed
	tracer, err := tracing.New(tracing.Options{URL: server.URL, Headers: http.Header{"Api-Key": {"hush"}}, Logger: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	for range 20_000 { // more than the queue takes
		_, span := trace.Begin(t.Context(), tracer, trace.Beginning{Name: "work"})
		span.End(nil)
	}
	<-asked
	began := time.Now()
	if err := tracer.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > tracing.FlushTimeout+20*time.Second {
		t.Errorf("the stop took %v", took)
	}
	close(release)
	server.Close()
	goleak.VerifyNone(t, goleak.IgnoreCurrent())
	if n := strings.Count(log.String(), "traces cannot be sent"); n > 1 || strings.Contains(log.String(), "hush") {
		t.Errorf("the log: %s", log.String())
	}
}

// lines is a log that may be written and read at the same time.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write is part of io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is what was written until now.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestARedirectedCollectorGetsNoHeaders(t *testing.T) {
	other := tracingtest.New()
	defer other.Close()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, other.URL+"/v1/traces", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	tracer, err := tracing.New(tracing.Options{URL: server.URL, Headers: http.Header{"Api-Key": {"hush"}}, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	_, span := trace.Begin(t.Context(), tracer, trace.Beginning{Name: "work"})
	span.End(nil)
	if err := tracer.Close(); err != nil {
		t.Error(err)
	}
	if asked != 1 || other.Requests() != 0 {
		t.Errorf("asked %d times, the other %d times", asked, other.Requests())
	}
}
