package messaging

import (
	"context"

	"parley/domain"
)

// Eraser takes away more than one message. Both ways have two steps: the first one is
// small, and from then on nobody can read what was there; Sweep then erases it from the
// disk, piece by piece, so that other writes go on in between. What a crash leaves
// unswept is found again by Unswept.
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
	// Sweep erases up to limit messages that clears, and deletions of channels, have left
	// behind under this id.
	Sweep(ctx context.Context, id domain.ChannelID, limit int) (Swept, error)
	// Unswept returns the channels in which Sweep has something to do. Its cost must not
	// depend on the number of channels.
	Unswept(ctx context.Context) ([]domain.ChannelID, error)
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
