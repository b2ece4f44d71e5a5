// Package interop tests that servers and services in Node.js, with the npm packages
// socket.io, @socket.io/redis-adapter and @socket.io/redis-emitter, and Parley's Socket.IO
// server make one cluster over one Redis.
package interop
