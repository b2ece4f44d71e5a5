package tracing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

var _ sdk.IDGenerator = ids{}

// ids makes random ids, and for the first span of a message's trace those of the message.
type ids struct{}

// messageKey finds, in a context, the message whose trace begins.
type messageKey struct{}

// withMessage lets the next trace that begins be that of a message.
func withMessage(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, messageKey{}, id)
}

// messageIDs are the ids of a message's trace and of the first span in it. A digest, because
// samplers judge by bits that are fixed in a UUID.
func messageIDs(id string) (traceID otel.TraceID, spanID otel.SpanID) {
	digest := sha256.Sum256([]byte("message:" + id))
	copy(traceID[:], digest[:16])
	copy(spanID[:], digest[16:])
	return traceID, spanID
}

// NewIDs makes the ids of a trace and its first span.
func (ids) NewIDs(ctx context.Context) (otel.TraceID, otel.SpanID) {
	if id, ok := ctx.Value(messageKey{}).(string); ok {
		return messageIDs(id)
	}
	var traceID otel.TraceID
	for !traceID.IsValid() {
		_, _ = rand.Read(traceID[:]) // it never fails
	}
	return traceID, newSpanID()
}

// NewSpanID makes the id of a span below another one.
func (ids) NewSpanID(context.Context, otel.TraceID) otel.SpanID { return newSpanID() }

// newSpanID makes the id of a span.
func newSpanID() (id otel.SpanID) {
	for !id.IsValid() {
		_, _ = rand.Read(id[:]) // it never fails
	}
	return id
}
