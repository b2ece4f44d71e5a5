package op

import (
	"context"
	"runtime/debug"

	"parley/domain"
)

// Sink takes the events of a stream, one after the other.
type Sink interface {
	// Send hands out an event: its name, its id ("" for none, else a caller that comes back
	// tells it as lastEventId) and its data, which becomes JSON. It fails when the caller
	// has gone or is too slow.
	Send(event, id string, data any) error
}

// Streamer is implemented by requests that say themselves whether the answer is to be a
// stream. Those that do not are answered by one where the caller accepts text/event-stream.
type Streamer interface {
	// WantsStream reports whether the answer is to be a stream.
	WantsStream() bool
}

// DefineStream declares an operation that answers by returning, like Define, and can also
// answer as a stream of events. stream runs until it returns or ctx ends, which it does
// when the caller goes or the server stops; no Timeout bounds it. An error that it returns
// before the first event is answered like that of call.
func DefineStream[Req, Res any](r *Registry, spec Spec, call func(context.Context, domain.Actor, Req) (Res, error),
	stream func(context.Context, domain.Actor, Req, Sink) error) *Op {
	return DefineOrderedStream(r, spec, func(ctx context.Context, actor domain.Actor, req Req, done func(Res, error)) {
		done(call(ctx, actor, req))
	}, stream)
}

// DefineOrderedStream is DefineStream for an ordered operation; see DefineOrdered.
func DefineOrderedStream[Req, Res any](r *Registry, spec Spec,
	start func(ctx context.Context, actor domain.Actor, req Req, done func(Res, error)),
	stream func(context.Context, domain.Actor, Req, Sink) error) *Op {
	o := DefineOrdered(r, spec, start)
	o.stream = func(ctx context.Context, actor domain.Actor, req any, out Sink) error {
		return stream(ctx, actor, *req.(*Req), out)
	}
	return o
}

// Streams reports whether the operation can answer as a stream.
func (o *Op) Streams() bool { return o.stream != nil }

// Stream answers as a stream of events if the request wants that; accepts says whether
// the caller accepts one. streamed is false if it does not, and nothing has happened then.
// The failure is what ended the stream, nil if it came to its own end.
func (o *Op) Stream(ctx context.Context, actor domain.Actor, in Input, accepts bool, out Sink) (streamed bool, failure *domain.Error) {
	if o.stream == nil || o.Allow(actor) != nil {
		return false, nil
	}
	req, err := o.decoder.decode(actor, in)
	if err == nil {
		err = o.admit(ctx, actor, req)
	}
	if err != nil {
		return false, nil // Call answers it
	}
	if s, ok := req.(Streamer); ok && !s.WantsStream() || !ok && !accepts {
		return false, nil
	}
	began := o.registry.opts.Now()
	ctx, span := o.trace(ctx, in)
	defer func() {
		if p := recover(); p != nil {
			o.registry.opts.Logger.Error().Str("op", o.Name).Interface("panic", p).
				Bytes("stack", debug.Stack()).Msg("operation panicked")
			streamed, failure = true, domain.Errorf(domain.Internal, "Internal error")
		}
		o.report(ctx, actor, in, began, failure)
		endSpan(span, failure)
	}()
	return true, o.classify(o.stream(ctx, actor, req, out))
}
