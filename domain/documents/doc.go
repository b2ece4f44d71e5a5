// Package documents writes what others read about the server: OpenAPI 3.1, AsyncAPI 3.0,
// the pages below /api/docs and the tables of the README. All of it is made from the
// registry, so that what is declared is what is documented.
//
//	service.go   Service: the documents, each made once, when it is first asked for
//	ops.go       the operations that hand them out
//	catalogue.go what the documents tell of an operation
//	openapi.go   paths, parameters, bodies; replies.go: what they answer
//	asyncapi.go  channels, messages, events
//	snippets.go  examples in curl, JavaScript, Python and Go; program.go: Go;
//	             cmd/internal/e2e runs every one
//	site.go      what the pages show; pages.go: their HTML; site/: text, style and script
//	markdown.go  tables for the README and the terminal
//	nouns.go     what the operations of a noun are about
//	words.go     meanings of names that mean the same wherever they stand
//
// comments.json holds the doc comments of the types and fields that go over the wire, and
// replies.json what a server answered to the examples of the operations. Both are made by
// make docs; tests fail when they are behind the code.
//
// # Why it is so
//
// The documents are operations like others: they need the key where all of the API does,
// and a client can ask for them over its socket.
//
// Descriptions are the comments in the code, which are there anyway and which reviewers
// read; tags would say the same a second time. What a name such as channelId means
// everywhere is told once, in words.go.
//
// The pages are written without html/template: it calls methods by name, for which the
// linker keeps every method of every type in the program, 7 MB of it. Instead, what
// writes them takes markup of our own only, and escapes everything else.
package documents
