// Package quota counts what callers do in windows of time, so that a door can refuse
// those who do too much. Both doors count with it, each what is its own business.
//
//	limit.go    Limit, and Limiter, which counts by one
//	window.go   Window, the Limiter of one process
//	cluster.go  Cluster, whose limiters count for all replicas
//	shared.go   what a replica remembers of the common counts
//
// # Why it is so
//
// The windows of one process begin and end for all callers together: what is remembered is
// forgotten at once, and needs no timer. Those of a cluster begin with what a caller does
// first, and end by the clock of the common store, so that the clocks of replicas are no
// matter. In either case a caller may spend two quotas in a moment, the last of one window
// and the first of the next.
//
// A limit must not be what a request fails or waits by. So a replica asks the common store
// with a short patience, and if that is not met counts for a second by itself. It goes on
// from what it knew, whoever was refused stays refused, and a store that has forgotten all
// is told. It does not ask for whom it knows to have nothing left either: nothing but time
// changes that, and a flood costs the store nothing.
package quota
