package messaging

import (
	"context"
	"time"

	"parley/domain"
)

// Eraser takes away more than one message. Both ways have two steps: the first one is
// small, and from then on nobody can read what was there; Sweep then erases it from the
// disk, piece by piece, so that other writes go on in between. What a crash leaves
// unswept is found again by Unswept, also what hangs on it elsewhere: a leftover is there
// until a Sweep of it has reached its end.
type Eraser interface {
	// Clear appends entry, of which ID, ChannelID and Dedupe must be set, as a clear with
	// the channel's next number as its Seq and Rev and the one before as its Upto. From
	// then on every message with a Seq up to it is a tombstone with the Rev that it had,
	// and its duties are gone. If there is no message to clear, changed is false and
	// nothing is stored. NotFound if the channel is absent.
	Clear(ctx context.Context, entry Message) (m Message, changed bool, err error)
	// DeleteChannel removes the channel, its participants, messages, duties and turns; one
	// that does not exist is no error. A channel of the same id may be made at once; it
	// starts with number 1.
	DeleteChannel(ctx context.Context, id domain.ChannelID) (existed bool, err error)
	// Sweep erases up to limit messages of a leftover, and nothing that was cleared or
	// deleted after Unswept told of it. One that is swept already is no error.
	Sweep(ctx context.Context, l Leftover, limit int) (Swept, error)
	// Unswept returns what clears, and deletions of channels, have left behind under an id,
	// "" for all ids. Its cost must not depend on the number of channels.
	Unswept(ctx context.Context, id domain.ChannelID) ([]Leftover, error)
}

// Leftover is what a clear, or the deletion of a channel, has left behind.
type Leftover struct {
	ChannelID domain.ChannelID
	// Deleted says that it is of a channel that was deleted, else it is of clears.
	Deleted bool
	// At is when that was; zero if it was not noted. No message that it covers is younger.
	At time.Time
	// Mark is by what the store knows it.
	Mark int64
}

// Swept is the outcome of a Sweep.
type Swept struct {
	// Awaited are the tombstones of cleared messages that agents owed an answer.
	Awaited []Message
	// Left says that there is more to do.
	Left bool
}

// Searcher finds messages by their text.
type Searcher interface {
	// Search returns the messages of a query, the newest first. Its work is bounded: what
	// it had to leave out is said by Partial. It ends when ctx does.
	Search(ctx context.Context, q SearchQuery) (Found, error)
}
