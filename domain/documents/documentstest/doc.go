// Package documentstest holds what a server really says against the documents that it
// publishes. It is for tests: rest/resttest compares the replies with the OpenAPI document,
// realtime/realtimetest the acknowledgements and events with the AsyncAPI document.
//
// It is stricter than the documents: a field that a schema does not name is a fault,
// unless the schema says that there may be others.
//
// Why it is so: both doors need it, no door may import the other, and a document is the
// domain's. The library that knows JSON Schema is imported here alone; no server has it,
// for only test suites may import this package.
package documentstest
