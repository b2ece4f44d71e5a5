// Package trace is the port through which a message's way is traced: who does a piece of
// work begins a span, and ends it with what came of it. It knows no tracing system; wiring
// hands in a Tracer where one is configured.
//
// # Where spans come from
//
// The doors and the runners of turns begin spans out of nothing (Begin, InMessage), for
// which they are given a Tracer. Everybody below begins children of the span that the
// context carries (Start), needs no Tracer for it, and does nothing where there is none.
// Attributes name things by their ids and never quote texts or credentials.
//
// # The trace of a message
//
// Beside the trace of the request that posts it, every message has a trace whose id follows
// from the message's id. Posted begins it and links it with the request's. Whatever a message
// brings about, on whichever replica and however much later, begins with InMessage and so
// finds that trace without being told of it: nothing is stored, and nothing is added to
// what goes over a wire.
//
// # Cost
//
// Where nobody traces, Begin compares with nil and Start looks into the context; neither
// allocates.
package trace
