// Package fanout brings a channel's committed events to the members of its room, in
// the order of the channel's numbers, without gap and without doubling.
//
// A Sequencer keeps one line per channel that has local members. What arrives in
// order is delivered at once; what comes early waits briefly for its predecessors;
// what stays missing is fetched from the store, which is the truth. A member enters
// under the line's lock and learns the last delivered number H: the answer to its
// join carries the events up to H, live ones are above it.
//
// A channel may be deleted and made anew with numbers from 1: Reset makes its line forget.
//
// # Lock order
//
// Sequencer.mu before line.mu. Deliveries and the callbacks of events run under
// line.mu; they must not call the Sequencer for the same channel.
//
// # Why it is so
//
// A channel without local members has no line: nobody here needs its events, and a
// member who enters later starts from the store's head. So memory is bounded by the
// rooms in use.
package fanout
