// Package bus carries short notes between the parts of a server, and between the
// replicas of a cluster: heads of channels, orders to agents, lines of the log, hints that
// a cache is stale.
//
// # Why it is so
//
// The bus is fast and forgetful; the store is the truth. A note can be lost when a
// connection breaks or when a subscriber is slower than what it is told. It then hears
// that it has missed something, and reads the store. So no part has two ways to stay
// right: one that hears everything and one for the rest.
//
// Events that clients see do not travel here, but in the wire format of Socket.IO's own
// adapter, so that other servers can take part.
//
// A single process has the Local bus, and the same code.
package bus
