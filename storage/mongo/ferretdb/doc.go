// Command ferretdb is a MongoDB for tests: FerretDB on SQLite, embedded, behind a proxy
// that lets one command run at a time and adds what the tests need and FerretDB lacks.
//
// It is a module of its own, so that neither FerretDB nor what it needs comes near the
// server. storage/mongo/mongotest builds and starts it; nobody else should need to.
//
// # Use
//
//	ferretdb [-dir DIR] [-listen 127.0.0.1:0]
//
// It prints the URI under which it can be reached as the only line of its standard
// output, and ends with SIGTERM, SIGINT or the end of its standard input. Started again
// with the same folder and address it serves the same data.
//
// # What the proxy does
//
// FerretDB 1.24 answers as MongoDB 7.0, but loses updates under concurrency: the proxy
// serves one command after the other, over all connections. It keeps no array elements in
// unique indexes: the proxy does (see uniques). It calls an update that breaks a unique
// index an internal error: the proxy says E11000, as MongoDB does.
package main
