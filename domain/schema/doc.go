// Package schema describes what goes over the wire as JSON Schema (2020-12), by
// reflection over the Go types of requests and results, so that no document can say
// something else than the code does.
//
//	schema.go  Set: from a type to its schema
//	fields.go  the fields of a struct as encoding/json sees them
//	request.go requests: aliases, and what is required
//	sample.go  an example value of a type
//
// # What a type may say of itself
//
// A type that encodes itself cannot be seen through. It says its form by a method
// Forms() []any, which returns a zero value of each Go type in whose form it may stand on
// the wire: agents.Bio returns "" and []string{}. A struct among them may have one map
// named "*" for fields without a fixed name. A type of few values lists them by a method
// Enum() []string. A request that takes its whole payload and reads it itself returns a
// zero value of the struct that stands there from a method Payload() any. None of these
// needs to import this package. An ID is known by what it does: it refuses a text that is
// no UUID.
//
// # Why it is so
//
// What a request requires is asked of its Validate, with an empty request: whatever it
// then calls for is required. A tag would have to be kept true beside it.
package schema
