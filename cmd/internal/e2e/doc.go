// Package e2e holds whole-server scenarios: the built program as a process, official
// clients under Node.js, a real browser, kill -9 under load.
//
// The tests start everything they need on free ports of the loopback interface and
// stop it by process id. They need Node.js, Chromium for the browser, and Python for the
// examples of the documentation, all of which are run; make test installs them, and where
// one is missing the test fails with the command that does.
package e2e
