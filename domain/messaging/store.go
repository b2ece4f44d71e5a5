package messaging

import (
	"context"
	"time"

	"parley/domain"
)

// Store is what the service needs to keep. Every method is safe for concurrent
// use. Errors are domain errors: NotFound for what is absent, Unavailable when the
// store cannot answer now (disk full, locked, shut down); times have millisecond
// precision and are in UTC. Each method needs writes that are atomic for one document
// only: a server holds its agents, a channel its participants, a message its duties. A
// change by function is a compare-and-set of the document; DeleteChannel notes what is
// left before it removes the channel.
type Store interface {
	Log
	Reads
	Eraser
	Searcher

	// EnsureServer stores s unless its id exists; it returns the stored one and
	// whether it was created. Conflict if the id is that of a retired server.
	EnsureServer(ctx context.Context, s Server) (Server, bool, error)
	// Server returns one server, or NotFound.
	Server(ctx context.Context, id domain.ServerID) (Server, error)
	// Servers returns all servers, the default one first, then by name.
	Servers(ctx context.Context) ([]Server, error)
	// UpdateServer stores what change makes of the server's Name, Metadata and Agents, and
	// returns it with its new UpdatedAt. change is as that of UpdateChannel.
	UpdateServer(ctx context.Context, id domain.ServerID, change func(Server) (Server, error)) (Server, error)
	// RetireServer lets a server be gone for every other method; of several at once
	// exactly one hears that it existed. Its id stays taken (Conflict) until ForgetServer.
	RetireServer(ctx context.Context, id domain.ServerID) (existed bool, err error)
	// RetiredServers returns the ids of servers that are retired and not forgotten.
	RetiredServers(ctx context.Context) ([]domain.ServerID, error)
	// ForgetServer removes a retired server; one that is not there is no error.
	ForgetServer(ctx context.Context, id domain.ServerID) error

	// EnsureChannel stores c with its participants unless its id exists; it returns
	// the stored one and whether it was created. Of several at once exactly one creates.
	EnsureChannel(ctx context.Context, c Channel) (Channel, bool, error)
	// Channel returns one channel, or NotFound.
	Channel(ctx context.Context, id domain.ChannelID) (Channel, error)
	// Channels returns the channels of a query, the last updated first.
	Channels(ctx context.Context, q ChannelQuery) ([]Channel, error)
	// CountChannels returns how many channels a query has, without its Limit and Offset.
	CountChannels(ctx context.Context, q ChannelQuery) (int, error)
	// AddParticipants lists entities as participants; those listed already stay
	// where they are. NotFound if the channel is absent.
	AddParticipants(ctx context.Context, id domain.ChannelID, entities ...domain.EntityID) (Channel, error)
	// RemoveParticipant takes entity off the list; one that is not on it is no error.
	RemoveParticipant(ctx context.Context, id domain.ChannelID, entity domain.EntityID) (Channel, error)
	// UpdateChannel stores what change makes of the channel's Name, Type, Metadata and
	// Participants, and returns it with its new UpdatedAt. change must be quick, may run
	// again, and must not change the maps and slices that it is given. NotFound if the
	// channel is absent; an error of change comes back as it is.
	UpdateChannel(ctx context.Context, id domain.ChannelID, change func(Channel) (Channel, error)) (Channel, error)
}

// ChannelQuery selects channels. Zero fields do not restrict.
type ChannelQuery struct {
	Server      domain.ServerID
	Type        ChannelType
	Participant domain.EntityID
	// Name goes with Participant.
	Name string
	// SourceID goes with Server.
	SourceID string
	// Limit is at most how many are returned; 0 means 1000.
	Limit int
	// Offset skips that many.
	Offset int
}

// Log is the channel log; see the package comment for its rules.
type Log interface {
	// Append submits m and returns at once; it blocks only while the queue is full.
	// The order of calls for one channel is the order of numbers. done is called
	// exactly once unless Append itself returns an error: after m is durable, in the
	// order of numbers per channel, on a goroutine of the store that it must not
	// block for long. m.ID, ChannelID, Dedupe must be set; Seq, Rev, CreatedAt and
	// UpdatedAt are assigned. The channel must exist (NotFound through done).
	// A repeat of a dedupe key stores nothing and answers with the first message
	// (Duplicate). Errors through done: NotFound, Unavailable, Conflict (the id is
	// taken by another message).
	Append(ctx context.Context, m Message, done func(Appended, error)) error
	// Delete leaves an untold tombstone with the channel's next number as its Rev, and removes
	// the message's duties and turns. The tombstone of an earlier deletion is returned with
	// changed false. NotFound if there is no such message in the channel.
	Delete(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (m Message, changed bool, err error)
	// Edit stores what change makes of the message's Content, Raw, Metadata, SourceType and
	// InReplyTo, with the channel's next number as its Rev; Seq and the duties stay, and it is
	// untold then. change is as that of UpdateChannel. NotFound if there is no such message in the channel or it is deleted.
	Edit(ctx context.Context, channel domain.ChannelID, id domain.MessageID, change func(Message) (Message, error)) (Message, error)
	// Untold returns messages and tombstones that Edit and Delete have left untold, in no
	// particular order, at most limit. Its cost must not depend on how many others there are.
	Untold(ctx context.Context, limit int) ([]Message, error)
	// Told makes a message a told one unless it was changed after rev; it may be absent.
	Told(ctx context.Context, channel domain.ChannelID, id domain.MessageID, rev int64) error
	// Lookup returns the message or tombstone of an id in whatever channel, or NotFound.
	Lookup(ctx context.Context, id domain.MessageID) (Message, error)
	// Head is the channel's last assigned number, 0 for an empty or unknown channel.
	Head(ctx context.Context, channel domain.ChannelID) (int64, error)
	// Message returns one message or tombstone of the channel, or NotFound.
	Message(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (Message, error)
	// Page returns a page of history without tombstones and clears, newest first.
	Page(ctx context.Context, q PageQuery) ([]Message, error)
	// Since returns the messages, tombstones and clears with after < Rev <= upto, by
	// rising Rev, at most limit. Its cost must not depend on the channel's length.
	Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]Message, error)

	// FinishDuty removes agent from the message's Awaiting and returns how many agents
	// still owe it a turn. A duty that is not there is no error.
	FinishDuty(ctx context.Context, channel domain.ChannelID, id domain.MessageID, agent domain.AgentID) (left int, err error)
	// Duties returns messages that await agents, oldest CreatedAt first (ties by ID),
	// that come after the given message in that order ("" and zero time: from the
	// start); at most limit.
	Duties(ctx context.Context, after DutyCursor, limit int) ([]Message, error)
	// DutiesOf returns messages that await one agent, in no particular order; at most limit.
	DutiesOf(ctx context.Context, agent domain.AgentID, limit int) ([]Message, error)
}

// Appended is the outcome of an Append.
type Appended struct {
	// Message is the stored document, with its numbers and times.
	Message Message
	// Duplicate says that it was stored earlier, under the same dedupe key.
	Duplicate bool
}

// PageQuery selects a page of history.
type PageQuery struct {
	Channel domain.ChannelID
	// Limit is at most how many are returned; must be positive.
	Limit int
	// Before and After bound CreatedAt, both exclusive; zero does not bound.
	Before, After time.Time
	// BeforeSeq and AfterSeq bound Seq, both exclusive; 0 does not bound.
	BeforeSeq, AfterSeq int64
	// Oldest picks the oldest ones within the bounds instead of the newest; the page
	// still begins with the newest.
	Oldest bool
	// Author restricts to one author if not empty.
	Author domain.EntityID
}

// DutyCursor is a place in the order of Duties.
type DutyCursor struct {
	CreatedAt time.Time
	ID        domain.MessageID
}
