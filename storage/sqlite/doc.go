// Package sqlite is the embedded backend: one SQLite database in the data folder,
// through modernc.org/sqlite, which needs no C compiler.
//
// # How it works
//
// One goroutine, the writer, owns the only connection that writes. Every change is a
// job in its queue. An idle writer commits a job at once; what arrives during a commit
// forms the next batch, which costs one sync of the disk however many jobs it holds.
// A second goroutine, the dispatcher, tells the submitters, in the order of the
// commits, while the writer is busy with the next one. Readers use a small pool of
// connections that cannot write, and never wait for the writer.
//
// A job that breaks a rule fails alone. When the disk fails the whole batch fails,
// nothing of it is stored, what the writer had in memory is dropped, and the next
// batch starts afresh: there is nothing to restart when the disk has space again.
//
// The folder belongs to one process at a time, by a lock that ends with the process.
//
// # Why it is so
//
// A channel's numbers are the tail of two integer keys, place (channel and seq) and
// revised (channel and rev), so the rows of a channel lie side by side, history and
// catch-up are ranges of keys, and the last number is found without counting. The
// time of creation rises with seq, hence one index serves pages by time and by number;
// it leaves out tombstones, so a cleared channel costs its readers nothing. The index by
// author makes storing a fifth dearer where rooms are many, and keeps anybody from having
// the server read a whole channel in search of an author.
// The entry of a clear is a row of messages whose deleted is 2, so the indexes of history,
// which are those of deleted = 0, never see it. channels.cleared says what clears cover,
// channels.swept how far the rows have followed; while they differ, reads bound
// themselves by the former.
//
// The number of a deleted channel is kept in remains until its messages are gone, so that
// no other channel gets it. What no channel owns any more is found by no read, as all of
// them start from the row of a channel.
//
// The file is not memory-mapped: a failing disk must be an error, not a signal that
// ends the process. database/sql is left out: with one writer and a fixed pool it would
// only add copying.
//
// There is one mutex, Store.mu; it is held while a job enters the queue, so that Close
// can tell when the last one has.
package sqlite
