// Package identity decides who calls: it turns the credentials that a door has
// found into a domain.Actor. Both doors use the one Authenticator.
//
// # Modes
//
// Open mode is the reference's: everybody may do everything, so the server must not
// be reachable from elsewhere unless that is asked for (CheckExposure). Key mode has
// one server key; whoever holds it administers, everybody else is a Guest, whom
// REST refuses by the access rule of each operation and a socket at its handshake.
//
// JWT mode is for end users. Whoever shows a good token (package jwt) is a Member that is
// bound: it acts as the entity of the token and in the channels in which that takes part,
// which domain/op enforces. A token with the role admin administers, and so does the server
// key, if there is one.
//
// # Where a caller is
//
// Both doors ask Proxies who the caller is, so that a limit, a log line and the rule for
// callers on this machine (domain.Actor.Local) agree. A caller is local only if nothing
// hints at a page that this server did not serve: a browser on this machine does what
// foreign pages tell it, also under a name that is bound to our address.
//
// # The cookie
//
// The reference's web client cannot send the key with its panels and its socket
// handshake. A REST request with a valid key therefore gets a cookie: an expiry and
// its HMAC under a key derived from the server key, so that every replica accepts it
// and none has to remember it. It counts only where a foreign page cannot make use
// of it: for reading on REST, and for a handshake whose Origin is our own or listed.
//
// The official client begins with long-polling, and browsers send no Origin with a GET
// of a page's own origin. Such a handshake passes too: a foreign page can cause one
// without an Origin only where it cannot read the reply, and without the session id in
// it the session is of no use. Sec-Fetch-Site, where a browser sends it, must agree.
package identity
