// Package system tells about the server itself: whether it lives, whether it can
// take traffic, its version and its log.
//
// # Why it is so
//
// The log buffer (Logs) is a writer beside standard output, so that whatever is
// logged anywhere reaches the people who watch; it never blocks the writer and
// removes what looks like a credential, because it cannot trust every caller.
package system
