// Parleyload drives servers that speak Parley's Socket.IO protocol, checks that every
// message arrives once and in order, and measures how fast and at what cost.
//
// # One run
//
//	parleyload -url http://127.0.0.1:3000 -sockets 1000 -channels 20 -rate 1500 \
//	           -duration 15s -pid $(pgrep -n parley) -json run.json -chart run.svg
//
// It works with any server of that protocol: Parley, the reference (ElizaOS 1.2.0), or
// the Node.js server in peers. Each second a line goes to standard error; the report
// goes to standard output, as JSON with everything to -json, and as a chart to -chart.
// The exit code is 1 if anything was lost, doubled, disordered or not acknowledged
// (unless -allow-loss), 2 for a wrong command line. Package internal/load tells what is
// checked and how.
//
// # The comparison
//
//	npm ci --prefix cmd/parleyload/peers
//	parleyload bench -parley bin/parley -node-peer cmd/parleyload/peers -out bench
//
// It starts each server itself on a free port, one after the other, in turn: broadcast at
// two rates, a search for the highest throughput, a durable send beside a probe of what
// the disk needs for a commit, and start time, memory and size of the binary. The table
// shows each figure beside its bar. A missed bar never fails the command: a timing
// depends on the machine. Results go to -out as JSON, charts and a text file.
//
// The reference is not started by it. To compare with it, start an ElizaOS 1.2.0 server
// (elizaos start, with its own database), find the process that listens, and add
//
//	-reference http://127.0.0.1:3000 -reference-pid <pid>
//
// Without these the row says "not measured".
//
// # Idle connections
//
//	parleyload idle -parley bin/parley -node-peer cmd/parleyload/peers -out bench
//
// It connects 8,000 sockets to each server, over WebSocket and over long-polling, lets them
// do nothing but answer pings, and reads what the server's process has resident: without
// them, when all are there, after a rest, and after their end. The rest is long enough for
// both runtimes to collect their garbage by themselves; nothing makes them.
//
// A polling client takes two open files of each side, so the system must allow 16,100
// (ulimit -Hn); the driver raises its own soft limit, as do Parley and Node.js. On Linux
// connections to this machine come from several addresses of 127.0.0.0/8: the ports of one
// would not do.
//
// # Replicas
//
//	(cd storage/mongo/ferretdb && CGO_ENABLED=0 go build -tags ferretdb_sqlite -o ../../../bin/ferretdb .)
//	parleyload replicas -parley bin/parley -node-peer cmd/parleyload/peers -out bench
//
// It starts one Parley alone, two on one MongoDB and one Redis, and two Node.js servers with
// @socket.io/redis-adapter. The members of each channel are dealt out to the servers in turn,
// and send typing:set, which nothing stores: FerretDB, which stands in for MongoDB unless
// -mongodb names one, has nothing to do meanwhile. All servers run from beginning to end and
// are driven in turn, in short rounds. The latency is measured at a low rate, and between
// members at different servers; CPU is that of the servers alone, Redis is told beside. Nothing
// else should run meanwhile: servers that starve join more packets into one write and look cheap.
//
// Later rows (ingest) become further sub-commands in main.go.
package main
