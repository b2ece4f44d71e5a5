package domain

import "time"

// Role says what an Actor may do.
type Role int

// The roles, each including the ones before it.
const (
	// Guest has shown no credential where one is needed.
	Guest Role = iota
	// Member may take part: send, read, join.
	Member
	// Admin may do everything.
	Admin
)

// Actor is whoever calls an operation, as established by the door it came through.
type Actor struct {
	// Entity is who the caller says it is ("" if it did not say).
	Entity EntityID
	// Role is what it may do.
	Role Role
	// Socket is the Socket.IO id of the caller, "" on REST.
	Socket string
	// Remote is the caller's network address without the port.
	Remote string
	// Keyed says that the caller has shown a credential of an administrator; in open mode
	// everybody is an Admin and nobody is Keyed.
	Keyed bool
	// Local says that the caller is a program on this machine, or a page that this server
	// or a listed origin has served: not a foreign page in a browser that runs here.
	Local bool
	// Bound says that the caller acts only as Entity, and only in channels where that takes
	// part: the users of the jwt mode.
	Bound bool
	// Name is how a bound caller is called, if its credential says it; it has no other then.
	Name string
	// Expires is when the caller's credential ends, zero for never. What lasts longer than
	// a call, such as a socket, ends then.
	Expires time.Time
}
