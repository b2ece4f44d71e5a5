// Package cluster knows the replicas that serve together: who they are, how loaded, who has
// gone, and the secret by which they know one another.
//
// # Why it is so
//
// Every replica announces itself every few seconds, and its entry lives a little longer than
// that by the clock of the store that all share, so nobody's own clock matters. Who stops
// announcing is gone for the others; that is the only sign of life there is, for a replica
// that cannot reach the store cannot take part either.
//
// A store that comes back empty, or after a break, says nothing about who lives: for the life
// of an entry after a break nobody is declared dead, since all announce themselves again
// within it. While the store is away the last list counts, marked stale.
//
// A name belongs to one process at a time, told apart by an id that each makes up. One that
// starts under a name that is taken listens: if the other is heard, it refuses to start; if
// the other is silent for longer than two announcements take, it has died and the name is
// free. So a crashed replica can be started again under its name at once, and one that was
// frozen meanwhile finds its name taken when it wakes up, and stops.
package cluster
