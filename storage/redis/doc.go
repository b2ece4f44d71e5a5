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
// Limits count in a script of our own, not with go-redis/redis_rate. That library is a leaky
// bucket: what is spent comes back drop by drop. The API promises windows, as the reference
// has them: RateLimit-Reset is when all of the quota is back, and whoever has shown too many
// wrong keys stays out until then. With the bucket one more guess would be free every second,
// and there is no way to look without taking.
//
// Own keys begin with "parley:". Names of channels of Socket.IO's adapter are its own.
package redis
