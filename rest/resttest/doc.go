// Package resttest holds what a server really answers against the OpenAPI document that
// it publishes. Tests wrap their handler in it.
//
// It is stricter than the document: a field that a schema does not name is a fault,
// unless the schema says that there may be others.
package resttest
