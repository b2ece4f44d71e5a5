// Package client is a small Engine.IO 4 and Socket.IO 5 client for load driving: one
// connection, the default namespace, text packets, WebSocket or long polling.
//
// Why it is so: the driver shares its machine with the server that it measures, so a
// received packet costs no allocation, no JSON decoding and no goroutine hop. It does
// not reconnect, upgrade or read binary packets: a driver wants to see what happened.
//
// One goroutine calls Next; any may call Send; the connection's one mutex orders writes.
package client
