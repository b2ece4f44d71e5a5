package tracing

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
)

// encode is the wire form of a batch, all of one process. As bytes TracesData is the same as
// the request of the collector's service, whose package links gRPC.
func encode(spans []sdk.ReadOnlySpan) *wire.TracesData {
	if len(spans) == 0 {
		return &wire.TracesData{}
	}
	scope := spans[0].InstrumentationScope()
	encoded := make([]*wire.Span, len(spans))
	for i, s := range spans {
		encoded[i] = encodeSpan(s)
	}
	return &wire.TracesData{ResourceSpans: []*wire.ResourceSpans{{
		Resource: &resource.Resource{Attributes: encodeAttributes(spans[0].Resource().Attributes())},
		ScopeSpans: []*wire.ScopeSpans{{
			Scope: &common.InstrumentationScope{Name: scope.Name, Version: scope.Version}, Spans: encoded,
		}},
	}}}
}

// encodeSpan is the wire form of a span.
func encodeSpan(s sdk.ReadOnlySpan) *wire.Span {
	at := s.SpanContext()
	traceID, spanID := at.TraceID(), at.SpanID()
	encoded := &wire.Span{
		TraceId: traceID[:], SpanId: spanID[:], TraceState: at.TraceState().String(), Flags: flags(at, s.Parent().IsRemote()),
		Name: s.Name(), Kind: wireKinds[s.SpanKind()], StartTimeUnixNano: nanos(s.StartTime()), EndTimeUnixNano: nanos(s.EndTime()),
		Attributes: encodeAttributes(s.Attributes()), DroppedAttributesCount: count(s.DroppedAttributes()),
		DroppedLinksCount: count(s.DroppedLinks()), Status: &wire.Status{},
	}
	if parent := s.Parent(); parent.IsValid() {
		id := parent.SpanID()
		encoded.ParentSpanId = id[:]
	}
	for _, l := range s.Links() {
		traceID, spanID := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		encoded.Links = append(encoded.Links, &wire.Span_Link{TraceId: traceID[:], SpanId: spanID[:], Flags: flags(l.SpanContext, l.SpanContext.IsRemote())})
	}
	if status := s.Status(); status.Code == codes.Error {
		encoded.Status = &wire.Status{Code: wire.Status_STATUS_CODE_ERROR, Message: status.Description}
	}
	return encoded
}

// wireKinds are the wire's words for the kinds.
var wireKinds = map[otel.SpanKind]wire.Span_SpanKind{
	otel.SpanKindInternal: wire.Span_SPAN_KIND_INTERNAL, otel.SpanKindServer: wire.Span_SPAN_KIND_SERVER,
	otel.SpanKindClient: wire.Span_SPAN_KIND_CLIENT, otel.SpanKindProducer: wire.Span_SPAN_KIND_PRODUCER,
	otel.SpanKindConsumer: wire.Span_SPAN_KIND_CONSUMER,
}

// encodeAttributes is the wire form of attributes, which are texts and numbers.
func encodeAttributes(attrs []attribute.KeyValue) []*common.KeyValue {
	encoded := make([]*common.KeyValue, len(attrs))
	for i, a := range attrs {
		value := &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: a.Value.String()}}
		if a.Value.Type() == attribute.INT64 {
			value.Value = &common.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		}
		encoded[i] = &common.KeyValue{Key: string(a.Key), Value: value}
	}
	return encoded
}

// flags are the wire's flags of a span; remote says that its parent, or what is linked, is
// of another process.
func flags(at otel.SpanContext, remote bool) uint32 {
	bits := uint32(at.TraceFlags()) | uint32(wire.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	if remote {
		bits |= uint32(wire.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	return bits
}

// nanos is the wire form of a time, which is not before 1970.
func nanos(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// count is the wire form of a number, which is not negative.
func count(n int) uint32 { return uint32(n) } //nolint:gosec // within the limits of a span
