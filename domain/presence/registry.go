package presence

import (
	"context"
	"time"

	"parley/domain"
)

// State is what one process has of an entity in a channel.
type State struct {
	ChannelID domain.ChannelID
	EntityID  domain.EntityID
	Name      string
	// Sockets is by how many sockets of the process it is there; 0 is not at all.
	Sockets int
	// Since is when the first of them came, by that process's clock.
	Since time.Time
	// Told says that the process has told the room, or would have if another one had not.
	Told bool
}

// Registry is where the processes of a cluster note who is in which channel. What a process
// has noted expires, within a minute, unless it is refreshed. All methods but those that say
// otherwise are about the calling process's own notes. Safe for concurrent use.
type Registry interface {
	// Put notes states; one without sockets is removed.
	Put(ctx context.Context, states []State) error
	// Settle is Put, and tells for each state whether it is news to the cluster: somebody
	// is there whom no process has, or the last one has gone. alive are the processes whose
	// notes count. Of several processes that settle the same at the same time one gets true.
	Settle(ctx context.Context, states []State, alive []string) (news []bool, err error)
	// Replace makes what is noted of a channel be the states alone, and notes of whom the
	// room was told. It returns the entities that no process has any more.
	Replace(ctx context.Context, channel domain.ChannelID, states []State, alive []string) (gone []State, err error)
	// Refresh keeps what is noted of channels from expiring.
	Refresh(ctx context.Context, channels []domain.ChannelID) error
	// Seats returns what all processes have noted of a channel, by their names.
	Seats(ctx context.Context, channel domain.ChannelID) (map[string][]State, error)
	// Noted lists the processes that have noted something that has not expired, dead ones
	// among them, and keeps it from that until the next call.
	Noted(ctx context.Context) (processes []string, err error)
	// Bury removes some of what a process that is dead has noted, and returns the entities
	// that no process alive has; more says that there is more. Entities of whom a room was
	// told and whom no process has any more, as the dead one did not come to tell that, are
	// among them, without names. Of several processes that bury the same one gets each entity.
	Bury(ctx context.Context, process string, alive []string) (gone []State, more bool, err error)
}
