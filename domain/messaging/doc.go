// Package messaging holds message servers, channels and the channel log: the
// durable, ordered, deduplicated line of events that every client of a channel sees.
//
// # The channel log
//
// Each channel has one number line. A post takes the next number as its Seq and its
// Rev; an edit takes the next number as the message's new Rev, and so does a deletion,
// which leaves a tombstone. A clear is an entry of its own (KindClear) with the next
// number: it makes tombstones of all messages before it, which keep their Rev. Seq is the
// order of the channel, for everybody, for ever; numbers are never reused. Catch-up reads
// Rev > after: a number that is missing below the head was superseded by a later one of
// the same message.
//
// A message is durable before its sender hears of it, and its sender hears of it
// before anybody may assume otherwise: Service.Send submits to the Log, the Log
// answers in the order of the numbers, the Announcer hands the event to the rooms,
// and only then the sender's acknowledgement goes out.
//
// # Servers, agents, answers
//
// Channels belong to message servers. Which agents belong to which server is in the
// server's document; the Roster keeps it in memory, as every message asks it. Deleting a
// server retires it first, which is one small write: from then on it is gone, and its
// channels follow one by one, also after a crash.
//
// A caller that waits for the answer to its message (transport http or sse) follows the
// message in Answers, which hears of the agents' turns of this process.
//
// Dependents keep what hangs on messages elsewhere. They are told after a deletion or an
// edit is stored; a Leftover of a clear, or of a channel, stays until they were and the rows
// are erased, and a single message is untold until they were, so that a crash in between
// loses nothing: Run tells them.
//
// # Why it is so
//
// A clear covers its messages at once, by one number that every read compares with, and
// the rows follow in batches: the order of events needs no pause of the channel, a crash
// in between shows nobody anything, and an edit or a deletion of a covered message cannot
// slip in between. A deleted channel goes the same way: its row first, the rest later.
//
// Submission and completion are two steps (Log.Append takes a callback) because one
// socket's sends must enter the log in its order without waiting for one another's
// commits. Duties (Message.Awaiting) are part of the message document, so that no
// crash can lose the fact that an agent owes an answer.
package messaging
