// Command conformance serves a small echo application over package sio, set up as the
// two protocol pages ask of a server under test. Its tests state the pages, sentence by
// sentence, from the outside: raw HTTP requests and raw WebSocket frames.
//
// # The server
//
//	go run ./realtime/sio/conformance -port 3000           # Socket.IO v5 at /socket.io/
//	go run ./realtime/sio/conformance -port 3000 -engine   # Engine.IO v4 at /engine.io/
//
// Both use a ping interval of 300 ms, a ping timeout of 200 ms, a largest payload of
// 1,000,000 bytes, and admit every origin.
//
// The Socket.IO application has the namespaces "/" and "/custom", and closes a client
// that joins neither within a second. On connection it emits "auth" with the payload of
// the CONNECT packet. It answers "message" by "message-back" with the same arguments,
// and acknowledges "message-with-ack" with the arguments it got. The Engine.IO
// application sends every message back, text as text and bytes as bytes.
//
// # The official suites
//
// The suites of the protocol pages expect a server at http://localhost:3000. Start the
// server as above, then, in a checkout of https://github.com/socketio/socket.io:
//
//	cd docs/socket.io-protocol/v5-test-suite && npm ci && npm test   # without -engine
//	cd docs/engine.io-protocol/v4-test-suite && npm ci && npm test   # with -engine
//
// # The tests of this folder
//
//	go test ./realtime/sio/conformance
//
// starts both servers in the test process. The same tests run against any other server
// with the same application, such as the reference under Node.js, if its address is in
// CONFORMANCE_SOCKETIO_URL or CONFORMANCE_ENGINEIO_URL:
//
//	CONFORMANCE_SOCKETIO_URL=http://localhost:3000 go test ./realtime/sio/conformance
//
// Where the reference is laxer than its page, our own server is held to the page, and
// the test says so.
package main
