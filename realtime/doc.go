// Package realtime is the Socket.IO door: it authenticates sockets, binds the
// registry's operations as events, speaks the reference's own events beside them
// (compat.go) and delivers what the channels say.
//
//	gateway.go  the Gateway, its options and life
//	admission.go who may open a socket and stay in a room, and for how long
//	connect.go  a socket begins and ends
//	dispatch.go an event becomes an operation, its answer an ack
//	compat.go   the reference's events: message, "1", "2", join, leave
//	rooms.go    channels:join, channels:leave: rooms with gap-free catch-up
//	deliver.go  committed events become frames
//	channels.go channels change, are cleared and go
//	signals.go  messageComplete and typing, which nothing stores
//	streams.go  answers of agents as they arise
//	presence.go who is in a channel, and what its room hears of it
//	reads.go    readUpdated
//	logs.go     subscribe_logs and its filters
//	agents.go   rooms of agents, for administrators
//	world.go    what surrounds a channel
//	recovery.go a socket comes back after a lost connection
//	sessions.go what is kept of it meanwhile
//	ends.go     the last completions, for who missed one
//	cluster.go  the gateways of several replicas as one: events and notes of others
//	hearing.go  what goes before the first member of a channel at a replica
//	heads.go    numbers of channels of which others may not have heard
//	vault.go    sessions where all replicas find them
//	saver.go    those of open connections, saved in case this replica dies
//	spare.go    those that could not be saved, until they can
//	release.go  a session is taken from another replica
//	tasks.go    goroutines that end with the gateway
//	events.go   the table of all events that are no operations
//
// # Coming back
//
// The reference's web client connects again by itself and never joins again; but its
// Socket.IO client takes part in connection state recovery. So each event of a channel's
// log ends with `<channelId>:<rev>`, which the client sends back as its offset, and each
// connection remembers what it sent in which order (sio.Trail): together they tell, for
// every channel, what has arrived. When the connection is gone that is saved for two
// minutes. Who comes back as the same identity, even while the old connection still stands,
// gets the same id, then the channel events it missed, in order, then live ones. A channel
// that the offset does not decide goes on from the last answered ping.
//
// What a recovery brings is bounded (maxMissed); who missed more, or came too late, gets a
// fresh session. Not brought again: typing, presence and read marks, which have their
// lists; chunks of answers, whose message brings the whole text; acks. Sessions are saved
// when the connection has ended, since in one process nobody could read them before: one
// whose connection stands is found in the gateway. Among several replicas they are
// saved while it stands, too. Where they cannot be had for a moment, who comes back is sent
// away to come again; for longer, it gets a fresh session, and catches up by its joins.
//
// # Answers that arise
//
// The chunks of an agent's answer are not in the channel's log, so a join cannot catch
// them up by number. The gateway keeps the text so far of each open answer; a chunk goes
// out, and a socket enters a room, under one lock per channel, so what the join tells and
// the chunks that follow fit together without gap or overlap. The stored message ends it.
//
// # Why it is so
//
// The rules of an operation are in domain; here is only what belongs to a
// connection: its order, its limits, its rooms. Aliases such as roomId meet in the
// requests' tags and in compat.go and go no further.
package realtime
