// Package agents holds the agents: their characters, whether they run, and the
// durable work of answering messages.
//
// # The way of a turn
//
// A stored message carries its duties (messaging.Message.Awaiting). Service.Hint puts
// the lane of each (agent, channel) in line; the Runner's workers serve the lanes in
// turn, one duty at a time, and always the oldest one, which they ask of the store.
// A duty is worked off step by step: take the turn (a document whose id is derived
// from agent and message) by raising its fence, think, write the whole outcome in one
// update conditional on the fence, append each reply under an id derived from agent,
// message and number, mark the turn done, remove the duty, and tell the channel when
// it was the message's last one.
//
// After a crash the sweep finds the duty: with an outcome only the appends are
// repeated, without one there is a new attempt. Nothing is answered twice. Whatever a
// model does (answer, silence, error, panic, too long) becomes an outcome, so every
// duty ends and the channel hears of it. Only what cannot be decided now (the store is
// away, the server stops, another runner took over) leaves the duty open.
//
// # An answer as it arises
//
// The model hands its text out in pieces; a stream gathers them into chunks, which the
// channel hears as they come and which, joined, are byte for byte the stored message. A
// turn under way can be cut off: by a person (Runner.Stop: what was said stays), because
// its question is gone (Service.Withdraw) or because the agent is stopped (Service.Halt).
// A turn that was stopped before it began is decided in the store, so that it stays
// stopped over a crash. When a turn begins again after a crash, its chunks carry a higher
// attempt, which resets the text.
//
// # Characters and their secrets
//
// A character comes from outside, so it is checked strictly (schema.go, validate.go) and
// every fault is named as the reference names it. Files are found by a Library, which
// reads below its folders only; a Fetcher decides about addresses when it dials them. A
// change is merged by the store, under whose one-document update none gets lost. The
// Service knows secrets in the reference's encrypted form, in which callers see them and
// send them back; the store holds that form sealed once more (see vault). Setting looks
// one up in clear, for whoever carries out what the agent does.
//
// # What an agent leaves behind
//
// A deletion writes down that the agent is on its way out; from then on nobody sees it.
// The Remover waits until the Runner has ended its turns, asks each Owner to remove what it
// keeps, and removes turns, log and agent itself, in this order: each step can be
// repeated, and what says that there is something to do goes last.
//
// Turns hand what they did over to the Journal when the channel has its answer. It gives
// the entries their ids as it stores them, so that the order of ids is that of the log,
// and who follows a log needs to be woken only: what is new is read from the store. Entries
// name the message that they are about. As the prompts in them quote the conversation, a
// deleted message takes with it all entries of its channel since it was posted (traces.go).
// A turn goes with its question; of a turn that is done the replies' texts are not kept.
//
// # Several processes
//
// Processes that share a store share the work. A worker that has a lane asks for its lease
// (Leases); if another process has it the lane is parked, for whoever gives a lease back
// looks once more for duties, which covers all that came until then. Hints also go to a
// queue (Hints), from which a process takes as many as it has workers free; it finishes a
// hint when the lane is empty, so that the hints of one that dies come to another. Without
// leases, as when Redis is away, a process works on what it has accepted itself, and on
// what has not moved for longer than a turn takes. Orders to turns (stop, withdraw) and
// changes of agents reach the others by the bus; who hears nothing reads the store. A
// duty's end may then be told to the channel twice, never its answer.
//
// # Why it is so
//
// Every step is idempotent and its place in the order is written down before it is
// relied on, so a kill at any point loses nothing. Hints carry nothing but the name of
// a lane: they may be lost, doubled or late without any effect on order, and a flood
// of messages in one channel takes the memory of one lane and one place in the line.
//
// How many agent messages stand in a row is counted in the log when an agent is about
// to answer an agent, before and after thinking, instead of being carried along in
// metadata: it cannot be forged and survives everything. Agents that decide within the
// same milliseconds may pass the limit by one message each.
//
// Which agents belong to which message servers is kept by messaging (see its Roster): an
// agent is asked only where it takes part in the channel and belongs to its server. One
// that starts is added to the default server, to which all listen anyway.
package agents
