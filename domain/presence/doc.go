// Package presence knows who is in which channel, and tells the channels when that
// changes.
//
// A person is present in a channel with every socket that entered it in the person's
// name; a second tab is a second socket of the same person. What the room hears is
// settled: a state that differs from the one told last is told when it has lasted a
// second. So a page that reloads tells nothing, nobody is told of more than once a
// second, and the last state is always told.
//
// # Why it is so
//
// When a thousand people lose their connection at once, a thousand others would hear
// of each of them: a million frames that nobody asked for, in front of the messages.
// Changes therefore wait in lines, one per channel, and are told by one goroutine, the
// channels in turn, as many at a time as it takes deliveries; a large room hears of them
// later, a small one beside it does not. What List returns is exact at all times.
//
// Nothing is stored: who is here is known by the connections alone, and a process that
// starts has none. Several processes note what they have in a Registry, where it expires: a
// Cluster settles there, in one step, whether a change of this process is news to all, so
// that a page that reloads at another process tells nothing either. When a process dies one
// of the others tells who has left with it; if all die together, one of those that come next.
package presence
