// Package e2e holds whole-server scenarios: the built program as a process, official
// clients under Node.js, a real browser, kill -9 under load.
//
// The tests start everything they need on free ports of the loopback interface and
// stop it by process id. They need Node.js, and Chromium for the browser; make test
// installs both, and where one is missing the test fails with the command that does.
package e2e
