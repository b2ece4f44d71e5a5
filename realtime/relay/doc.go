// Package relay brings a request of a Socket.IO session to the replica that has the session,
// so that a plain round-robin balancer serves long-polling and upgrades to WebSocket too.
//
// The id of a session begins with the name of its replica. A request with the id of another
// one goes to that replica's private address: polls as streams of one HTTP/2 connection, a
// WebSocket as a connection of its own, whose bytes are copied both ways without a look at
// them. Everything else is served here, and so is a request whose replica is unknown or does
// not answer: the engine has no such session and says so, upon which clients connect anew.
//
// # Why it is so
//
// Replicas know one another by certificates of an authority that each derives from the secret
// of the cluster: nothing has to be issued, renewed or distributed. They are valid for ever and
// are checked at a fixed time, so that a wrong clock cannot part a cluster. Who listens on the
// private network learns nothing and gets no answer.
//
// The private address serves the engine itself and not the relay, so a request is never
// relayed twice. What the balancer and the client said about themselves is carried along, and
// is believed there because only a replica can say it.
//
// A relayed poll costs this replica one waiting request and one stream. A replica that stops
// asks the owners to answer the polls that wait in it, so that their clients come again by
// another way and nothing that was on its way is lost.
package relay
