// Package rest is the HTTP door: it binds the routes of every registered operation,
// and serves the web client, the metrics and nothing else. It is the only package
// that knows gin.
//
//	rest.go    Options and New: the order in which a request is processed
//	bind.go    the registry's routes and how a path finds its own
//	handler.go a request becomes an operation's input, its answer a reply
//	body.go    reading request bodies within their limits
//	upload.go  forms with a file: a stream to the disk
//	media.go   files on their way out
//	sse.go     answers that are streams of events
//	reply.go   the envelope, the dual body, entity tags
//	caller.go  credentials and the session cookie
//	limit.go   how many requests an address may send, in all and of a class
//	inspect.go what looks like an attack is logged
//	headers.go security headers; cors.go: which pages may call
//	static.go  the web client's files and the single-page fallback
//	metrics.go who may read the metrics
//
// # Why it is so
//
// An operation has no handler of its own, so that two hundred of them behave alike:
// limits, statuses, envelope and credentials are decided here once. gin's binding and
// validation are not used, because the socket door has to decode the same requests
// in the same way (package op does). Nor is gin's router, except for the metrics: it
// refuses two routes that name the same segment differently, though the authors of
// two operations need not agree on that, and it does not go back to a parameter when a
// literal leads nowhere (/worlds/:a hides /:b/logs/:c from the path /worlds/logs/1).
// What is left of gin is its context and its chain of middleware.
//
// The access rule is asked before the body is read: a caller without the key cannot
// make the server hold its megabytes.
package rest
