// Package wire is the form in which Socket.IO servers talk to one another by way of Redis:
// that of the npm packages @socket.io/redis-adapter 8 (classic publish and subscribe) and
// @socket.io/redis-emitter 5, so that servers and services in Node.js can take part.
//
// # The form
//
// A broadcast is msgpack: [uid, {type, data, nsp}, {rooms, except, flags}], where uid names
// the server that sent it, and data is the array of the event's name and arguments. It
// travels on the channel `socket.io#<namespace>#`, or `socket.io#<namespace>#<room>#` if it
// is for exactly one room. Requests to all servers are JSON on
// `socket.io-request#<namespace>#`; those that carry an event are msgpack, as its arguments
// may be binary. Answers come on `socket.io-response#<namespace>#`, or on the channel of
// whoever asked.
//
// # Map
//
//   - channels.go: the names of the channels.
//   - broadcast.go: broadcasts, the hot path.
//   - request.go: requests and answers.
//   - reader.go, tojson.go, fromjson.go: msgpack, and its way to JSON and back.
//
// # Why it is so
//
// Clients get JSON and servers msgpack, so every event is turned from one into the other on
// both sides. That is done from bytes to bytes, in one pass and without values in between.
// What comes is foreign: every length is held against what there is before anything is made
// of it, and nesting is bounded.
package wire
