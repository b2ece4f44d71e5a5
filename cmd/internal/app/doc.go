// Package app is the only wiring code: it builds the server from its configuration,
// runs it and stops it. main and the whole-server tests both use it.
//
// # Why it is so
//
// New builds plainly, top to bottom, and closes what it opened if a later step
// fails. Run holds one errgroup and stops in one order: not ready, no new
// connections, transports ended spread over the drain time, agents' turns finished
// or left for the next start, stores closed.
package app
