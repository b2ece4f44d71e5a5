// Package sio is the Socket.IO server, the one place that imports the library
// github.com/zishang520/socket.io/v2. Out of it come only types of its own.
//
// # Map
//
//   - server.go, namespace.go, socket.go, event.go: the public API.
//   - encode.go: events and acks on their way out, encoded once as WebSocket frames.
//   - packet.go, session.go: packets on their way in, and the worker that handles
//     those of one connection in order.
//   - admission.go: the decision about a CONNECT: middlewares, and whether a socket comes
//     back (connection state recovery).
//   - trail.go: what was sent on a connection, to tell what has arrived.
//   - index.go, roomset.go: which socket is in which room.
//   - parser.go, adapter.go, library.go: the seams to the library: its packets, its
//     rooms, its view of a connection.
//   - engine.go, httpfault.go, handshake.go: Engine.IO's HTTP side: verification,
//     sessions, CORS, shutdown. engineconn.go offers it without Socket.IO.
//   - conn.go: one Engine.IO session, its state and its queue.
//   - polling.go, websocket.go, link.go: the two transports and the upgrade.
//   - parked.go, idle.go: what remains of them while nothing comes.
//   - frame.go, flush.go: what is written, and who writes it.
//   - timers.go: pings and timeouts of all connections.
//   - cluster.go, remote.go, subscriptions.go: other servers, by way of a Link: their
//     broadcasts and ours. serve.go, lane.go: what they ask of us; ask.go, gather.go: what
//     we ask of them; acks.go: what clients answer to broadcasts.
//
// # The way of a packet
//
// In: the reader of a WebSocket, or a POST, decodes an event and puts it on the
// session's queue; a full queue stops the reading. The session's worker, a goroutine
// only while there is work, hands it to the socket's handler. CONNECT, DISCONNECT and
// acks pass through the same queue to the library, and the worker waits for the
// library's answer. So does the end of the connection: what came before is handled.
//
// Out: an event is encoded once into a WebSocket frame, which every member's queue
// shares. A broadcast puts it on all queues and then hands the connections to a few
// flush workers, which write without blocking; a connection that does not take all of
// it gets a goroutine that may block. A poll cuts its payload out of the same frames.
// A connection whose queue grows over its bound is closed: its transport ends, so
// that its client comes back, and no DISCONNECT is sent.
//
// # Why it is so
//
// The library's own transports lose pre-encoded packets, lose the first packet of a
// fast client, reorder what one client sends and what is sent during an upgrade, and
// have goroutines for each write and each timer. Each of these could be patched by
// itself in a transport or an engine of ours; but a session's state would then be
// spread over the library's socket, its two transports, their emitters and timers,
// each with locks of its own, and every order of events between them would need
// thought. Our own engine.Socket is one state machine under one lock, in which the
// questions of what overtakes what have one answer. The library keeps what is its own:
// namespaces, middlewares and the life of sockets.
//
// The library would restore a socket, with its rooms and packets, before it asks the
// middlewares. So the decision is made before it hears of a CONNECT, and it is only told
// the ids. Rooms and packets are the application's affair.
//
// A worker drives the library's client for one connection, so the library never sees
// two packets of one connection at once. It is told of a closed connection through
// the same worker; a handler that hangs delays only its own connection's end.
//
// # Lock order
//
// Server.creating, Server.spacesMu; index.mu; conn.inbound; conn.mu; then any one of
// Engine.mu, session.mu, timers.mu, link.mu, slots.mu, tracker.mu, Socket.mu, lane.mu,
// questions.mu, which
// are held for a moment and never while another lock is taken; only session.mu and
// timers.mu may be followed by tracker.mu. No lock is held while a handler runs,
// except that the hooks of OnRoom run under index.mu and messages are delivered under
// conn.inbound. inquiries.mu is held by itself; inquiry.mu comes before the lock of whoever
// gathers the answers. A Link's Subscribe and Unsubscribe are called under index.mu.
package sio
