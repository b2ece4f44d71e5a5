// Package quota counts what callers do in windows of time, so that a door can refuse
// those who do too much. Both doors count with it, each what is its own business.
//
// Windows begin and end for all callers together: what is remembered is forgotten at
// once, and needs no timer. The price is that a caller may spend two quotas in a moment,
// the last of one window and the first of the next.
package quota
