// Package tracing implements domain/trace with OpenTelemetry: spans of its SDK, sent to a
// collector by OTLP over HTTP.
//
// # Why it is so
//
// The SDK's own exporters (otlptracehttp and otlptracegrpc) link gRPC and text/template,
// which make the program a third larger and keep every method of every type. So the spans
// are encoded here, by the Protocol Buffers that OpenTelemetry publishes, and posted by
// net/http.
//
// # What can go wrong, and does not
//
// Spans wait in a bounded queue and are dropped beyond it; whoever ends a span never waits.
// A collector that does not answer is tried again at the next batch and told of in the log
// when it begins to fail, now and then while it fails, and when it is back. The stop of the
// server waits for the last batch, within FlushTimeout.
//
// # The trace of a message
//
// Its id and the id of its first span are digests of the message's id, so that every replica
// finds it. Whether it is kept is asked of the sampler with that id, which answers alike
// everywhere.
package tracing
