// Package op declares operations: each one once, with its types, its access rule,
// its REST routes and its Socket.IO events. Both doors are bound from the Registry,
// so an operation needs no handler of its own in either.
//
// # The way of a call
//
// A door hands raw input to Op.Start (or Op.Call, which waits): recover, deadline,
// access, decode, guard and validate, call, log and count. Nothing of that is repeated by
// an operation. An ordered operation (DefineOrdered) returns before it is finished
// and answers through a callback, so that one socket's calls can be submitted in
// order without waiting for one another.
//
// An operation may also answer as a stream of events (DefineStream): over REST as
// server-sent events, where the caller asks for them.
//
// What the server tells without being asked, and what the reference's clients send, the
// door that speaks it declares by Registry.Describe, so that the documents know it.
//
// # Who acts, and where
//
// A bound caller, a user of the jwt mode, acts as itself and in its own channels. Which
// fields of a request that concerns is said by the tag access (guard.go):
//
//	ChannelID domain.ChannelID `json:"channelId" access:"channel"` // where it must take part
//	AuthorID  domain.EntityID  `json:"senderId" access:"self"`     // filled in, or its own
//
// A request that names a channel only by something in it, such as a message, is checked by
// its service, with ErrNoPart. A field without a tag needs its reason in Spec.Unguarded.
//
// # What no request may hold
//
// One check for all operations refuses a field that stands twice in a payload, half a
// surrogate pair, NUL, an empty id in a list, a list of more than 10,000 entries and a text of
// more than 64 KiB. A field whose text may be longer says so, and Validate then has a limit:
//
//	Text string `json:"message" text:"long"`
//
// # What a result may say to the doors
//
// Beside its JSON form a result may tell a REST status of its own (Statuser), how many
// entries a list has in all (Totaler), that the reply is no JSON at all (Raw, Filer), or that
// some of its fields stand beside data as well (Lifter).
//
// # Why it is so
//
// The registry is a value that wiring builds, not a global, and knows no transport:
// adding a door adds no code here, adding an operation adds one Define.
package op
