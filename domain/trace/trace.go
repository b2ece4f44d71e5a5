package trace

import "context"

// Kind says what role a span has in an exchange.
type Kind int

// The kinds.
const (
	// Internal is work of this process alone.
	Internal Kind = iota
	// Server answers a request from outside.
	Server
	// Client asks something outside, such as a database or a model.
	Client
	// Producer sends what others take later.
	Producer
	// Consumer takes what somebody sent earlier.
	Consumer
)

// Attr is something to know about a span: an id, a name or a number, never a text that
// somebody wrote and never a credential.
type Attr struct {
	Key, Text string
	Number    int64
	// IsNumber says that the value is Number.
	IsNumber bool
}

// Text is an attribute with a text; an empty one is left out.
func Text[T ~string](key string, value T) Attr { return Attr{Key: key, Text: string(value)} }

// Number is an attribute with a number.
func Number(key string, value int64) Attr { return Attr{Key: key, Number: value, IsNumber: true} }

// Beginning is how a span begins.
type Beginning struct {
	// Name is one of few: ids belong to the attributes.
	Name string
	Kind Kind
	// Parent is the W3C traceparent that the caller sent along. "" and what is malformed leave
	// the span of the context, or a trace of its own.
	Parent string
	// Link is the traceparent of something that led to this without waiting for it.
	Link string
	// Message puts the span into the trace of a message. The span of the context is linked.
	Message string
	// First says that it is the one with which the trace of Message begins.
	First bool
}

// Tracer begins spans. It is safe for concurrent use, must not block, and keeps the
// attributes that it is given.
type Tracer interface {
	// Begin begins a span and returns a context in which it is the current one.
	Begin(ctx context.Context, b Beginning, attrs []Attr) (context.Context, Recording)
}

// Recording is a span of a Tracer. It is safe for concurrent use.
type Recording interface {
	// Set adds attributes.
	Set(attrs []Attr)
	// End ends the span with what came of it; later calls do nothing.
	End(err error)
	// TraceID names the trace in hexadecimal digits.
	TraceID() string
}

// Span is a span, or nothing: every method of the zero value does nothing.
type Span struct{ recording Recording }

// On reports whether there is a span.
func (s Span) On() bool { return s.recording != nil }

// Set adds attributes.
func (s Span) Set(attrs ...Attr) {
	if s.recording != nil {
		s.recording.Set(kept(attrs))
	}
}

// End ends the span with what came of it; later calls do nothing.
func (s Span) End(err error) {
	if s.recording != nil {
		s.recording.End(err)
	}
}

// kept copies attributes, so that a caller's list need not outlive the call: one that did
// would be allocated also where nobody traces.
func kept(attrs []Attr) []Attr { return append([]Attr(nil), attrs...) }

// currentKey finds the current span in a context.
type currentKey struct{}

// current is the span that a context carries, and who began it.
type current struct {
	tracer    Tracer
	recording Recording
}

// Begin begins a span out of nothing, or below the one of ctx. A nil Tracer begins none.
func Begin(ctx context.Context, t Tracer, b Beginning, attrs ...Attr) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, recording := t.Begin(ctx, b, kept(attrs))
	return context.WithValue(ctx, currentKey{}, current{t, recording}), Span{recording}
}

// InMessage begins a span in the trace of a message. A nil Tracer begins none.
func InMessage[T ~string](ctx context.Context, t Tracer, message T, name string, kind Kind, attrs ...Attr) (context.Context, Span) {
	return Begin(ctx, t, Beginning{Name: name, Kind: kind, Message: string(message)}, attrs...)
}

// Start begins a child of the span of ctx; where there is none it begins none.
func Start(ctx context.Context, name string, kind Kind, attrs ...Attr) (context.Context, Span) {
	at, ok := ctx.Value(currentKey{}).(current)
	if !ok {
		return ctx, Span{}
	}
	return Begin(ctx, at.tracer, Beginning{Name: name, Kind: kind}, attrs...)
}

// Posted begins the trace of a message that was stored just now, linked with the span of
// ctx; where there is none it begins none. It must be called once for a message.
func Posted[T ~string](ctx context.Context, message T, attrs ...Attr) Span {
	at, ok := ctx.Value(currentKey{}).(current)
	if !ok {
		return Span{}
	}
	_, span := Begin(ctx, at.tracer, Beginning{Name: "message", Kind: Producer, Message: string(message), First: true}, attrs...)
	return span
}

// ID names the trace that ctx belongs to, "" if it belongs to none.
func ID(ctx context.Context) string {
	at, ok := ctx.Value(currentKey{}).(current)
	if !ok {
		return ""
	}
	return at.recording.TraceID()
}
