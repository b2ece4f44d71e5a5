// Package resttest holds what a server really answers over REST against the OpenAPI
// document that it publishes, as strictly as parley/domain/documents/documentstest does.
// Tests wrap their handler in it.
package resttest
