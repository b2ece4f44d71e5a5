// Package media knows the files that people upload to agents and channels: which types
// are taken, under what names they are kept, who owns them, and when they go.
//
// # Row and bytes
//
// A file is a row (Store) and its contents (blob.Store), which no transaction joins. The
// row comes first, as arriving; then the contents, which are durable when the blob store
// says so; then the row becomes stored, and only then the uploader hears of it and anybody
// else sees it. A deletion goes the other way: the row becomes leaving, the contents go,
// the row goes. So wherever a crash strikes there is a row in a state other than stored
// which names what may be lying about, and the sweep (Run) finishes it off: contents
// without a row and stored rows without contents do not arise. The other order, contents
// first and a search of the disk for those without a row, would have to list every file at
// each start.
//
// # Files and messages
//
// A message refers to files of channels by the URLs of its attachments. When it is deleted
// its text and metadata are gone, and asking all other messages of a long channel who else
// shows the picture would cost too much. So a file's row lists the messages that refer to
// it. Noting wraps the channel log and writes the entry before the message is appended:
// a crash in between leaves an entry too many, never one too few; after an edit MessageEdited
// makes up for it. What is told by
// messaging.Dependents takes entries away, and a file that had some and has none left goes
// with them. Before that the remaining entries are checked against the log, so that those of
// messages that never came to be do not keep a file. A file that no message has ever
// referred to stays until it or its channel is deleted. Files of agents are not tied to
// messages: an agent may use them elsewhere.
//
// # Types
//
// The declared type or that of the content must be on the list. What a browser would run
// (HTML, SVG, scripts) and programs are refused whatever they are declared as, also behind
// the head of a picture. The stored extension is always one of the accepted type, so what
// is served has that type and no other.
package media
