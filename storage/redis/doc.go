// Package redis is what the replicas of a cluster share beside their store: the bus, the
// link of Socket.IO's adapter, the queue of hints, leases, sessions, presence, limits, and
// the list of members. It is the only importer of go-redis.
//
// # Why it is so
//
// Redis is the fast path and never the truth. What is lost with it is found again in the
// store: every key has a time to live, every message that others may miss is followed, after
// a break, by the word that something may be missing. Nothing here waits for Redis longer
// than a caller's context allows, and nothing fails for good because Redis was away.
//
// Own keys begin with "parley:". Names of channels of Socket.IO's adapter are its own.
package redis
