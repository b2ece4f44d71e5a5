// Package bench measures Parley beside another server in one run on one machine, and
// prints the figures with the bars they are held against.
//
// The servers run one at a time, in turn (Parley, the peer, Parley, the peer), so that a
// machine that slows down slows both. Each server is started here on a free port of the
// loopback interface, with a fresh data folder, and stopped by its own process; what the
// driver itself costs is the same for both. A missed bar is told, never an error.
//
// Why the peer stores nothing: Node.js socket.io is what people would use instead, at
// its best; Parley has to bring durability along for less than that costs.
package bench
