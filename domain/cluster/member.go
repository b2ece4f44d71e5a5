package cluster

import (
	"context"
	"time"

	"parley/domain"
)

// Member is one replica, as it announces itself.
type Member struct {
	// Name is unique in the cluster; the ids of its connections begin with it.
	Name string `json:"name"`
	// Instance tells this process from earlier ones of the same name.
	Instance string `json:"instance"`
	// Version is the program's.
	Version string `json:"version"`
	// Address is the private host:port at which other replicas reach it.
	Address string `json:"address"`
	// Started is when the process began, by its own clock.
	Started domain.Instant `json:"started"`
	// Draining says that it is about to leave and takes no new connections.
	Draining bool `json:"draining"`
	// Beat counts its announcements.
	Beat int64 `json:"beat"`
	// Load is how busy it was at the last announcement.
	Load Load `json:"load"`
}

// Load is how busy a replica is.
type Load struct {
	// Connections and Sockets are those open here.
	Connections int `json:"connections"`
	Sockets     int `json:"sockets"`
	// Goroutines run in the process.
	Goroutines int `json:"goroutines"`
	// CPU is how many processors it kept busy since the announcement before, 0 where the
	// system does not tell it.
	CPU float64 `json:"cpu"`
	// Resident is its memory in RAM in bytes, 0 where the system does not tell it.
	Resident uint64 `json:"rss"`
}

// Store keeps the list of members for all replicas. Its clock decides about the life of
// entries. Codes of all methods: unavailable if it does not answer.
type Store interface {
	// Announce keeps an entry for a.TTL and returns all that live. If another instance has
	// the name nothing is kept, and the round says who.
	Announce(ctx context.Context, a Announcement) (Round, error)
	// Withdraw takes the entry of this very instance away.
	Withdraw(ctx context.Context, m Member) error
}

// Announcement is what a replica tells the store.
type Announcement struct {
	Member Member
	// TTL is how long the entry lives.
	TTL time.Duration
	// Instead is an entry of the same name that may be replaced if its instance has not
	// announced itself since; the zero value replaces none.
	Instead Member
	// Secret is kept if the store has none; "" asks for none.
	Secret domain.Secret
}

// Round is the store's answer to an announcement.
type Round struct {
	// Holder is who has the name, nil if it is the one that announced itself; all else is
	// empty then.
	Holder *Member
	// Known says that the entry was there already.
	Known bool
	// Members are all that live, the one that announced itself included, in no order.
	Members []Member
	// Secret is the one that all share, "" if none was asked for.
	Secret domain.Secret
}
