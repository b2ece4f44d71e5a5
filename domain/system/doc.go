// Package system tells about the server itself: whether it lives and can take traffic,
// its version and abilities, what goes on in it, its log and its environment; and it
// stops the server when an administrator asks for that.
//
// # Why it is so
//
// The log buffer (Logs) is a writer beside standard output, so that whatever is
// logged anywhere reaches the people who watch; it never blocks the writer and
// removes what looks like a credential, because it cannot trust every caller.
//
// What is known elsewhere comes through the ports Inspector, Environment and Servers, so
// that no metrics library and no file format is known here.
//
// In the open mode everybody is an administrator. So what would hand over the machine (the
// secrets of the .env, the stop) also asks for a credential or for a caller on the server's
// own machine.
package system
