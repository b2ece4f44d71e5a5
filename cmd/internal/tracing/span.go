package tracing

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"

	"parley/domain"
	"parley/domain/trace"
)

var (
	_ trace.Tracer    = (*Tracer)(nil)
	_ trace.Recording = recording{}
)

// Begin begins a span; see domain/trace.
func (t *Tracer) Begin(ctx context.Context, b trace.Beginning, attrs []trace.Attr) (context.Context, trace.Recording) {
	above := otel.SpanFromContext(ctx)
	options := []otel.SpanStartOption{otel.WithSpanKind(kinds[b.Kind]), otel.WithAttributes(attributes(attrs)...)}
	begin := ctx
	switch {
	case b.First:
		begin = withMessage(ctx, b.Message)
		options = append(options, otel.WithNewRoot())
	case b.Message != "":
		begin = otel.ContextWithRemoteSpanContext(ctx, t.message(b.Message))
	default:
		if parent := parse(b.Parent); parent.IsValid() {
			begin = otel.ContextWithRemoteSpanContext(ctx, parent)
		}
	}
	if b.Message != "" && above.SpanContext().IsSampled() {
		options = append(options, otel.WithLinks(otel.Link{SpanContext: above.SpanContext()}))
	}
	if cause := parse(b.Link); cause.IsValid() {
		options = append(options, otel.WithLinks(otel.Link{SpanContext: cause}))
	}
	under, span := t.tracer.Start(begin, b.Name, options...)
	if b.First && span.IsRecording() {
		above.AddLink(otel.Link{SpanContext: span.SpanContext()})
	}
	return under, recording{span}
}

// message is the first span of a message's trace, as seen from elsewhere.
func (t *Tracer) message(id string) otel.SpanContext {
	traceID, spanID := messageIDs(id)
	asked := t.sampler.ShouldSample(sdk.SamplingParameters{ParentContext: context.Background(), TraceID: traceID})
	var flags otel.TraceFlags
	return otel.NewSpanContext(otel.SpanContextConfig{TraceID: traceID, SpanID: spanID, Remote: true,
		TraceFlags: flags.WithSampled(asked.Decision == sdk.RecordAndSample)})
}

// parse reads a W3C traceparent; what it returns is invalid if that is.
func parse(traceparent string) otel.SpanContext {
	if traceparent == "" {
		return otel.SpanContext{}
	}
	carrier := propagation.MapCarrier{"traceparent": strings.TrimSpace(traceparent)}
	return otel.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// kinds are OpenTelemetry's words for the kinds.
var kinds = map[trace.Kind]otel.SpanKind{
	trace.Internal: otel.SpanKindInternal, trace.Server: otel.SpanKindServer, trace.Client: otel.SpanKindClient,
	trace.Producer: otel.SpanKindProducer, trace.Consumer: otel.SpanKindConsumer,
}

// attributes are OpenTelemetry's form of attributes, without empty ones.
func attributes(attrs []trace.Attr) []attribute.KeyValue {
	values := make([]attribute.KeyValue, 0, len(attrs))
	for _, a := range attrs {
		switch {
		case a.IsNumber:
			values = append(values, attribute.Int64(a.Key, a.Number))
		case a.Text != "":
			values = append(values, attribute.String(a.Key, a.Text))
		}
	}
	return values
}

// recording is a span.
type recording struct{ span otel.Span }

// Set adds attributes.
func (r recording) Set(attrs []trace.Attr) { r.span.SetAttributes(attributes(attrs)...) }

// End ends the span. Of an error only the code is told, for its text may quote anything;
// one that the caller has made is no fault of the span.
func (r recording) End(err error) {
	if err != nil {
		row := domain.AsError(err).Code.Info()
		code := string(row.Code)
		r.span.SetAttributes(attribute.String("error.type", code))
		if row.Level == "warn" || row.Level == "error" {
			r.span.SetStatus(codes.Error, code)
		}
	}
	r.span.End()
}

// TraceID names the trace.
func (r recording) TraceID() string { return r.span.SpanContext().TraceID().String() }
