package presence

import (
	"context"
	"time"

	"parley/domain"
)

// Tracker knows who is in which channel. Its methods are safe for concurrent use and
// quick: they are called on the way of every join and disconnect. A tracker that serves
// several processes keeps the entries of each under a time to live, counts the sockets
// of all, and names in Listing.Missing those that it could not ask.
type Tracker interface {
	// Enter notes that a socket is in a channel as entity. In one channel a socket is
	// one entity: if it was another one before, that one leaves. An empty name keeps
	// the entity's earlier one.
	Enter(channel domain.ChannelID, entity domain.EntityID, name, socket string)
	// Leave notes that a socket is in the channel no more; without Enter it does nothing.
	Leave(channel domain.ChannelID, socket string)
	// LeaveAll is Leave for every channel that the socket is in.
	LeaveAll(socket string)
	// List returns who is in a channel. The one in this process never fails.
	List(ctx context.Context, channel domain.ChannelID) (Listing, error)
}

// Listing is who is in a channel.
type Listing struct {
	// Present are the longest present, at most MaxListed.
	Present []Present
	// Total is how many there are.
	Total int
	// Missing names the processes that could not be asked.
	Missing []string
}

// MaxListed is the most entities that a Listing holds.
const MaxListed = 1000

// Present is an entity in a channel.
type Present struct {
	EntityID domain.EntityID
	Name     string
	// Sockets is by how many sockets it is there, at least 1.
	Sockets int
	// Since is when the first of them came; a reload in between does not count.
	Since time.Time
}

// Announcer tells rooms who came and who went.
type Announcer interface {
	// Presence tells each change to its channel. It is called by one goroutine, in the
	// order in which the changes are to be told, and must not wait for a client.
	Presence(changes []Change)
}

// Change says that an entity came into a channel, or left it.
type Change struct {
	ChannelID domain.ChannelID
	EntityID  domain.EntityID
	Name      string
	Joined    bool
}
