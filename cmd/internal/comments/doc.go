// Package comments reads the doc comments of the types and fields that go over the wire,
// for the documents that the server makes of itself. Its test keeps
// domain/documents/comments.json current; make docs renews it.
package comments
