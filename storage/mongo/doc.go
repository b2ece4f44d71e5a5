// Package mongo is the backend for several replicas: one MongoDB database, of a replica
// set or a single server, through MongoDB's own driver.
//
// # How it works
//
// Every write is one of a single document, safe with a majority and in the journal before
// it is answered; every read is one of what a majority has, from the primary. A reader
// therefore sees nothing that a change of the primary takes back, and whoever decides by
// what it has read finds out with its write whether that was still so. Nothing is read from
// secondaries. No transactions, change streams, pipeline updates or expressions are used.
//
// A channel's log is appended to optimistically. Each channel with something to write has
// a lane: one goroutine that takes what waits, at most 100 messages, gives them the numbers
// after the last one that it knows, and inserts them in order. A unique index refuses a
// number that another replica was faster to take; then the end of the log is read again.
// It also refuses a repeat, which is answered with the first message. After an error of the
// network what was sent is looked up before it is sent again. Edits, deletions and clears
// go through the lane too.
//
// # Why it is so
//
// An entry keeps all numbers that it has had (numbers), in a unique index of its elements:
// were the old one let go when an edit takes a new one, a replica that has not heard of
// two edits could give it to a message that nobody would look for there any more. So
// there is no document with a counter, and no hole.
//
// The entry of a clear is all there is of the clear: while its messages have not followed
// (Sweep), it is in the sparse index of clears, and all reads ask that index how far they
// are covered. The index is all but empty nearly always.
//
// A channel that is made anew under the id of a deleted one has another key, by which
// messages know their channel. Whether the channel is still there is asked beside each
// insert: no replica need be told of a deletion.
//
// What is sparse is a field of its own, which is there only while it matters (owed,
// awaiting, clears, untold), as partial indexes are not to be had everywhere.
//
// # Locks
//
// Store.mu is held while a call is counted in, lanes.mu while a queue is changed; they are
// never held together.
package mongo
