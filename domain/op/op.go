package op

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/trace"
)

// Access says who may call an operation.
type Access int

// The access rules.
const (
	// Member needs a credential where the server asks for one.
	Member Access = iota
	// Public is open to everybody.
	Public
	// Admin needs the server key (or an admin token).
	Admin
)

// LimitClass names a class of REST calls that are limited more strictly than others.
type LimitClass string

// The classes; see the contract on rate limits.
const (
	// LimitUpload is for uploads to channels and everything about audio.
	LimitUpload LimitClass = "upload"
	// LimitChannelMedia is for uploads to /api/media/channels.
	LimitChannelMedia LimitClass = "channel_media"
)

// DefaultTimeout bounds an operation that names no Timeout of its own.
const DefaultTimeout = 30 * time.Second

// Spec declares an operation.
type Spec struct {
	// Name is `<plural noun>:<verb>`; it is the Socket.IO event of the operation.
	Name string
	// Help is one sentence for the catalogue.
	Help string
	// Routes are the REST bindings, "METHOD /path/:param"; all are aliases.
	Routes []string
	// Events are Socket.IO names beside Name.
	Events []string
	// Access says who may call it.
	Access Access
	// Status is the HTTP status of success; 0 means 200, 204 sends no body.
	Status int
	// Dual puts the fields of the result at the top level of the REST body too, also
	// those that a failure carries (Partial).
	Dual bool
	// Timeout bounds the call; 0 means DefaultTimeout.
	Timeout time.Duration
	// Slow lets a socket's later operations overtake this one.
	Slow bool
	// SocketOnly is set for operations about the connection itself, which have no REST twin.
	SocketOnly bool
	// RESTOnly is set for operations that carry files, which are no events.
	RESTOnly bool
	// Limit names the class of stricter limits that a REST call counts in beside the
	// general one; "" is none.
	Limit LimitClass
	// Errors are the codes that the operation may answer with, beside CommonErrors.
	Errors []domain.Code
	// Reason is the wire code of an unclassified failure; "" means INTERNAL_ERROR.
	Reason string
	// Unguarded says, for each field of the request that names a channel or an entity and
	// has no tag access, why a member may put anything there: mostly because it is no
	// permission, or because the service checks it.
	Unguarded map[string]string
	// Example is a valid request; it feeds the documents and the parity test.
	Example any
	// Final says that the server is not what it was after this operation, as after a stop:
	// who runs the examples runs it last.
	Final bool
}

// CommonErrors are the codes that any operation may answer with.
func CommonErrors() []domain.Code {
	return []domain.Code{domain.Invalid, domain.Unauthenticated, domain.Forbidden, domain.RateLimited, domain.TooLarge,
		domain.Canceled, domain.Internal, domain.Unavailable, domain.Timeout}
}

// Op is a declared operation.
type Op struct {
	Spec
	registry *Registry
	decoder  decoder
	result   reflect.Type
	start    func(ctx context.Context, actor domain.Actor, req any, done func(any, error))
	// stream answers as a stream of events, nil if the operation does not.
	stream func(ctx context.Context, actor domain.Actor, req any, out Sink) error
}

// Observation tells a metrics sink about one finished call.
type Observation struct {
	// Op is the operation's name.
	Op string
	// Door is "socket" or "rest".
	Door string
	// Code is "ok" or the error code.
	Code string
	// Duration runs from the decoded request to the answer.
	Duration time.Duration
}

// Options of a Registry.
type Options struct {
	// Logger gets one line per finished call.
	Logger zerolog.Logger
	// Now is the clock for durations.
	Now domain.Clock
	// Observe is told of each finished call; nil for nobody.
	Observe func(Observation)
	// Tracer traces each call; nil traces none.
	Tracer trace.Tracer
	// Membership decides which channels a bound caller may name; nil admits it to none.
	Membership Membership
}

// Registry holds the declared operations. It is filled at start and then only read.
type Registry struct {
	opts   Options
	ops    []*Op
	by     map[string]*Op
	events []Event
}

// NewRegistry returns an empty registry.
func NewRegistry(opts Options) *Registry {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Registry{opts: opts, by: map[string]*Op{}}
}

// Ops returns the operations ordered by name.
func (r *Registry) Ops() []*Op {
	list := slices.Clone(r.ops)
	slices.SortFunc(list, func(a, b *Op) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Lookup returns the operation of a name or alias event, nil if there is none.
func (r *Registry) Lookup(event string) *Op { return r.by[event] }

// Define declares an operation that answers by returning. It panics on a wrong
// declaration, which only a programmer can make.
func Define[Req, Res any](r *Registry, spec Spec, call func(context.Context, domain.Actor, Req) (Res, error)) *Op {
	return DefineOrdered(r, spec, func(ctx context.Context, actor domain.Actor, req Req, done func(Res, error)) {
		done(call(ctx, actor, req))
	})
}

// DefineOrdered declares an operation that may answer after it has returned: start
// submits in the caller's order and calls done exactly once, on any goroutine.
func DefineOrdered[Req, Res any](r *Registry, spec Spec,
	start func(ctx context.Context, actor domain.Actor, req Req, done func(Res, error))) *Op {
	o := &Op{
		Spec:     spec,
		registry: r,
		decoder:  newDecoder(reflect.TypeFor[Req]()),
		result:   reflect.TypeFor[Res](),
		start: func(ctx context.Context, actor domain.Actor, req any, done func(any, error)) {
			start(ctx, actor, *req.(*Req), func(res Res, err error) {
				if err != nil {
					done(partialResult(err), err)
					return
				}
				done(res, nil)
			})
		},
	}
	r.add(o)
	return o
}

// add checks the declaration and stores it under its names.
func (r *Registry) add(o *Op) {
	if noun, verb, ok := strings.Cut(o.Name, ":"); !ok || noun == "" || verb == "" || o.Help == "" {
		panic(fmt.Sprintf("operation %q needs a name <plural noun>:<verb> and a help text", o.Name))
	}
	if (len(o.Routes) == 0) != o.SocketOnly || o.SocketOnly && o.RESTOnly {
		panic(fmt.Sprintf("operation %s must have REST routes or else be marked SocketOnly", o.Name))
	}
	for _, route := range o.Routes {
		if err := o.checkRoute(route); err != nil {
			panic(fmt.Sprintf("operation %s: route %q: %v", o.Name, route, err))
		}
	}
	if err := o.checkExemptions(); err != nil {
		panic(fmt.Sprintf("operation %s: %v", o.Name, err))
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Status == 0 {
		o.Status = 200
	}
	for _, name := range append([]string{o.Name}, o.Events...) {
		if r.by[name] != nil {
			panic("two operations are named " + name)
		}
		r.by[name] = o
	}
	r.ops = append(r.ops, o)
}

// checkRoute reports a malformed route, and a parameter that the request lacks: its
// value would be lost.
func (o *Op) checkRoute(route string) error {
	method, path, ok := strings.Cut(route, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") {
		return errors.New("is not of the form METHOD /path")
	}
	for segment := range strings.SplitSeq(path, "/") {
		name, isParam := strings.CutPrefix(segment, ":")
		if isParam && !o.decoder.knows(name) {
			return fmt.Errorf("the request has no field %s", name)
		}
	}
	return nil
}

// Request returns the type of the request, Result that of the result.
func (o *Op) Request() reflect.Type { return o.decoder.typ }

// Result returns the type of the result.
func (o *Op) Result() reflect.Type { return o.result }

// Start runs the operation and calls done exactly once with its result or failure,
// possibly after Start has returned (ordered operations), at the latest when Timeout
// has passed or ctx has ended, which it does with the caller. An operation that
// answers later than that is not heard. With a failure the result is nil, or what
// Partial carries.
func (o *Op) Start(ctx context.Context, actor domain.Actor, in Input, done func(any, *domain.Error)) {
	began := o.registry.opts.Now()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	ctx, span := o.trace(ctx, in)
	var answered atomic.Bool // set by whoever comes first: the operation, its panic, the deadline
	answer := func(res any, err error) {
		if !answered.CompareAndSwap(false, true) {
			return
		}
		cancel()
		failure := o.classify(err)
		o.report(ctx, actor, in, began, failure)
		endSpan(span, failure)
		done(res, failure)
	}
	unwatch := context.AfterFunc(ctx, func() { answer(nil, ctx.Err()) })
	finish := func(res any, err error) {
		unwatch()
		answer(res, err)
	}
	defer func() {
		if p := recover(); p != nil {
			o.registry.opts.Logger.Error().Str("op", o.Name).Interface("panic", p).
				Bytes("stack", debug.Stack()).Msg("operation panicked")
			finish(nil, domain.Errorf(domain.Internal, "Internal error"))
		}
	}()
	if err := o.Allow(actor); err != nil {
		finish(nil, err)
		return
	}
	req, err := o.decoder.decode(actor, in)
	if err == nil {
		err = o.admit(ctx, actor, req)
	}
	if err != nil {
		finish(nil, err)
		return
	}
	o.start(ctx, actor, req, finish)
}

// Call runs the operation and waits for its answer; see Start.
func (o *Op) Call(ctx context.Context, actor domain.Actor, in Input) (any, *domain.Error) {
	type answer struct {
		res any
		err *domain.Error
	}
	answers := make(chan answer, 1)
	o.Start(ctx, actor, in, func(res any, err *domain.Error) { answers <- answer{res, err} })
	a := <-answers
	return a.res, a.err
}

// partialResult is what a failure carries beside itself, nil if nothing.
func partialResult(err error) any {
	var partial Partial
	if errors.As(err, &partial) {
		return partial.Result
	}
	return nil
}

// Allow checks the access rule; a door may ask it before it reads a body. Codes:
// unauthenticated, forbidden.
func (o *Op) Allow(actor domain.Actor) error {
	switch {
	case o.Access == Public, actor.Role == domain.Admin, o.Access == Member && actor.Role == domain.Member:
		return nil
	case actor.Role == domain.Guest:
		return domain.Errorf(domain.Unauthenticated, "Invalid or missing API Key")
	default:
		return domain.Errorf(domain.Forbidden, "%s needs admin rights", o.Name)
	}
}

// Traced reports whether calls are traced: those of public operations, which balancers make
// all day to ask for the health, are not.
func (o *Op) Traced() bool { return o.Access != Public }

// trace begins the span of a call.
func (o *Op) trace(ctx context.Context, in Input) (context.Context, trace.Span) {
	if !o.Traced() {
		return ctx, trace.Span{}
	}
	return trace.Begin(ctx, o.registry.opts.Tracer, trace.Beginning{Name: o.Name}, trace.Text("parley.door", in.Door()))
}

// endSpan ends a span with a failure, or without one.
func endSpan(span trace.Span, failure *domain.Error) {
	if failure == nil {
		span.End(nil)
		return
	}
	span.End(failure)
}

// classify gives an unclassified failure the operation's own wire code.
func (o *Op) classify(err error) *domain.Error {
	failure := domain.AsError(err)
	if failure != nil && failure.Code == domain.Internal && failure.Reason == "" && o.Reason != "" {
		named := *failure
		named.Reason = o.Reason
		return &named
	}
	return failure
}

// Declares reports whether the operation may answer with a code.
func (o *Op) Declares(code domain.Code) bool {
	return slices.Contains(CommonErrors(), code) || slices.Contains(o.Errors, code)
}

// undeclared is the log line about an answer that no client can be prepared for.
const undeclared = "operation answered with an undeclared code"

// report writes the one log line of the call and counts it. Bodies are never logged.
func (o *Op) report(ctx context.Context, actor domain.Actor, in Input, began time.Time, failure *domain.Error) {
	took := o.registry.opts.Now().Sub(began)
	code, level := "ok", zerolog.DebugLevel
	if failure != nil {
		row := failure.Code.Info()
		code = string(row.Code)
		if !o.Declares(row.Code) {
			o.registry.opts.Logger.Error().Str("op", o.Name).Str("code", code).Msg(undeclared)
		}
		parsed, err := zerolog.ParseLevel(row.Level)
		if err == nil {
			level = parsed
		}
	}
	if o.registry.opts.Observe != nil {
		o.registry.opts.Observe(Observation{Op: o.Name, Door: in.Door(), Code: code, Duration: took})
	}
	if level == zerolog.NoLevel || code == string(domain.Canceled) {
		return
	}
	line := o.registry.opts.Logger.WithLevel(level)
	if !line.Enabled() || o.registry.opts.Logger.GetLevel() > level {
		return
	}
	line.Str("op", o.Name).Str("door", in.Door()).Str("entity", string(actor.Entity)).Str("code", code).Dur("took", took)
	if id := trace.ID(ctx); id != "" {
		line.Str("trace_id", id)
	}
	if failure != nil && level >= zerolog.WarnLevel {
		line.Err(failure)
	}
	line.Msg("operation finished")
}
