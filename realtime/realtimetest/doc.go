// Package realtimetest holds what clients of a server really hear over their sockets
// against the AsyncAPI document that it publishes, as strictly as
// parley/domain/documents/documentstest does: every acknowledgement and every event.
//
// Tests connect their clients through a Dialer, and only so: outside the transport itself,
// which knows no document, nothing else may call siotest.Dial. So no test has to ask for
// the comparison, and none can forget it.
package realtimetest
