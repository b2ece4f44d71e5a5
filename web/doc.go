// Package web carries the chat page: its TypeScript sources, and their build, which is
// embedded in the program.
//
// # What is where
//
//	src/net     the wire: what the server says, checked, and what it is asked, over the
//	            socket and, for history, over REST
//	src/state   the page's model, without a line of UI: one store, and Chat, which ties
//	            together who owns a part of it: Follower the channels' logs and history,
//	            Messenger what the user writes, Directory agents and channels, Turns the
//	            answers under way, Reads and PresenceKeeper what their names say
//	src/text    what text becomes on the page: markdown, links, mentions, times
//	src/ui      the components; they read the store and call Chat and its parts
//	src/styles  the style sheets; colours have one name for a light page and a dark one
//	public      files that are copied as they are
//	dist        the build, made by `npm run build` and committed
//
// # How the page stays complete
//
// A channel's log is ordered by seq and merged by id, the higher rev winning, so that
// it does not matter by which way an entry comes or how often: live, in a catch-up, as
// history or as the answer to a send. Its cursor is the last rev up to which every
// event was seen. Only a join and the live events after it move the cursor; an answer
// to a send does not, since what others wrote just before may still be on its way.
// After a reconnect every channel is joined with after = cursor, then the outbox sends
// what was not acknowledged, under the ids that it had before.
//
// Answers that are being written are no part of a log. A join tells how far each is, and
// the pieces heard since go on from there; the message itself takes the place of its
// pieces under the same id. A message looked up in old history opens in a window of its
// own, a log with a ceiling, which becomes part of the channel's log as soon as they meet.
//
// Drafts and messages on their way are kept in the browser for each user. Several tabs
// may send the same message: its id makes the server store it once.
//
// # How the list stays smooth
//
// Layout knows the height of every row, measured or estimated, and only rows near the
// view are drawn. The list holds on to a row, not to a number of pixels. While the reader
// moves it, what heights turn out to be is taken from the space above, since to set the
// scroll position then would stop the movement; it is put right when the list rests.
//
// # Why it is so
//
// The build is committed, so that a machine with Go alone builds and runs the server.
// It has nothing inline, so that it works under the policy `default-src 'self';
// img-src 'self' data: blob:; connect-src 'self'`. What people and agents write is read as
// markdown by a parser of which every tag is written here, and goes through a sanitiser
// that lets only those tags through; markup in it is shown, not obeyed, and images become
// links. Long texts and such as are made to keep a parser busy stay plain text. Parser
// and sanitiser are loaded beside the page: texts are plain until they are there.
package web
