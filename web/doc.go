// Package web carries the chat page: its TypeScript sources, and their build, which is
// embedded in the program.
//
// # What is where
//
//	src/net     the wire: the socket with its operations and events, history over REST
//	src/state   the page's model, without a line of UI: one store, a log per channel,
//	            the outbox, and Chat, which ties them to the server
//	src/text    what text becomes on the page: links, times
//	src/ui      the components; they read the store and call Chat
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
// # Why it is so
//
// The build is committed, so that a machine with Go alone builds and runs the server.
// It has nothing inline, so that it works under the policy `default-src 'self';
// img-src 'self' data: blob:; connect-src 'self'`. What people and agents write becomes
// text nodes and checked links, never markup.
package web
