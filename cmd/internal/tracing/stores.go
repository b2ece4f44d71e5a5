package tracing

import (
	"context"
	"strings"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/domain/trace"
	"parley/storage"
)

// Stores lets the stores of a backend trace what is asked of them on the way of a message,
// each call as a child of the caller's span; what nobody traces costs a look into the
// context. The rest of the set stays as it is.
func Stores(set *storage.Set) {
	db := database(strings.ToLower(set.Caps.Name))
	set.Messaging = &messages{set.Messaging, db}
	set.Agents = &turns{set.Agents, db}
	set.Memory = &memories{set.Memory, db}
}

// database is the kind of database that is called.
type database string

// begin begins the span of a call.
func (d database) begin(ctx context.Context, name string) (context.Context, trace.Span) {
	return trace.Start(ctx, "store "+name, trace.Client, trace.Text("db.system.name", d), trace.Text("db.operation.name", name))
}

// do traces a call that returns no value.
func (d database) do(ctx context.Context, name string, call func(context.Context) error) error {
	ctx, span := d.begin(ctx, name)
	err := call(ctx)
	span.End(err)
	return err
}

// get traces a call that returns a value.
func get[T any](ctx context.Context, d database, name string, call func(context.Context) (T, error)) (T, error) {
	ctx, span := d.begin(ctx, name)
	value, err := call(ctx)
	span.End(err)
	return value, err
}

// messages traces the log of channels and the channels.
type messages struct {
	messaging.Store
	db database
}

// Append traces until the message is durable.
func (s *messages) Append(ctx context.Context, m messaging.Message, done func(messaging.Appended, error)) error {
	ctx, span := s.db.begin(ctx, "append")
	err := s.Store.Append(ctx, m, func(a messaging.Appended, err error) {
		span.End(err)
		done(a, err)
	})
	if err != nil {
		span.End(err)
	}
	return err
}

// Delete traces the call.
func (s *messages) Delete(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (m messaging.Message, changed bool, err error) {
	ctx, span := s.db.begin(ctx, "delete")
	m, changed, err = s.Store.Delete(ctx, channel, id)
	span.End(err)
	return m, changed, err
}

// Clear traces the call.
func (s *messages) Clear(ctx context.Context, entry messaging.Message) (m messaging.Message, changed bool, err error) {
	ctx, span := s.db.begin(ctx, "clear")
	m, changed, err = s.Store.Clear(ctx, entry)
	span.End(err)
	return m, changed, err
}

// EnsureChannel traces the call.
func (s *messages) EnsureChannel(ctx context.Context, c messaging.Channel) (stored messaging.Channel, created bool, err error) {
	ctx, span := s.db.begin(ctx, "ensure channel")
	stored, created, err = s.Store.EnsureChannel(ctx, c)
	span.End(err)
	return stored, created, err
}

// Edit traces the call.
func (s *messages) Edit(ctx context.Context, channel domain.ChannelID, id domain.MessageID,
	change func(messaging.Message) (messaging.Message, error)) (messaging.Message, error) {
	return get(ctx, s.db, "edit", func(ctx context.Context) (messaging.Message, error) {
		return s.Store.Edit(ctx, channel, id, change)
	})
}

// Message traces the call.
func (s *messages) Message(ctx context.Context, channel domain.ChannelID, id domain.MessageID) (messaging.Message, error) {
	return get(ctx, s.db, "message", func(ctx context.Context) (messaging.Message, error) { return s.Store.Message(ctx, channel, id) })
}

// Page traces the call.
func (s *messages) Page(ctx context.Context, q messaging.PageQuery) ([]messaging.Message, error) {
	return get(ctx, s.db, "page", func(ctx context.Context) ([]messaging.Message, error) { return s.Store.Page(ctx, q) })
}

// Since traces the call.
func (s *messages) Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]messaging.Message, error) {
	return get(ctx, s.db, "since", func(ctx context.Context) ([]messaging.Message, error) {
		return s.Store.Since(ctx, channel, after, upto, limit)
	})
}

// Head traces the call.
func (s *messages) Head(ctx context.Context, channel domain.ChannelID) (int64, error) {
	return get(ctx, s.db, "head", func(ctx context.Context) (int64, error) { return s.Store.Head(ctx, channel) })
}

// FinishDuty traces the call.
func (s *messages) FinishDuty(ctx context.Context, channel domain.ChannelID, id domain.MessageID, agent domain.AgentID) (int, error) {
	return get(ctx, s.db, "finish duty", func(ctx context.Context) (int, error) { return s.Store.FinishDuty(ctx, channel, id, agent) })
}

// Channel traces the call.
func (s *messages) Channel(ctx context.Context, id domain.ChannelID) (messaging.Channel, error) {
	return get(ctx, s.db, "channel", func(ctx context.Context) (messaging.Channel, error) { return s.Store.Channel(ctx, id) })
}

// AddParticipants traces the call.
func (s *messages) AddParticipants(ctx context.Context, id domain.ChannelID, entities ...domain.EntityID) (messaging.Channel, error) {
	return get(ctx, s.db, "add participants", func(ctx context.Context) (messaging.Channel, error) {
		return s.Store.AddParticipants(ctx, id, entities...)
	})
}

// turns traces the turns of agents.
type turns struct {
	agents.Store
	db database
}

// TakeTurn traces the call.
func (s *turns) TakeTurn(ctx context.Context, t agents.Turn) (agents.Turn, error) {
	return get(ctx, s.db, "take turn", func(ctx context.Context) (agents.Turn, error) { return s.Store.TakeTurn(ctx, t) })
}

// CommitOutcome traces the call.
func (s *turns) CommitOutcome(ctx context.Context, id agents.TurnID, fence int64, outcome agents.Outcome) error {
	return s.db.do(ctx, "commit outcome", func(ctx context.Context) error { return s.Store.CommitOutcome(ctx, id, fence, outcome) })
}

// FinishTurn traces the call.
func (s *turns) FinishTurn(ctx context.Context, id agents.TurnID, fence int64) error {
	return s.db.do(ctx, "finish turn", func(ctx context.Context) error { return s.Store.FinishTurn(ctx, id, fence) })
}

// Turn traces the call.
func (s *turns) Turn(ctx context.Context, id agents.TurnID) (agents.Turn, error) {
	return get(ctx, s.db, "turn", func(ctx context.Context) (agents.Turn, error) { return s.Store.Turn(ctx, id) })
}

// memories traces what agents remember.
type memories struct {
	memory.Store
	db database
}

// Put traces the call.
func (s *memories) Put(ctx context.Context, scene memory.Scene) ([]bool, error) {
	return get(ctx, s.db, "remember", func(ctx context.Context) ([]bool, error) { return s.Store.Put(ctx, scene) })
}

// Memories traces the call.
func (s *memories) Memories(ctx context.Context, q memory.Query) (memory.Page, error) {
	return get(ctx, s.db, "memories", func(ctx context.Context) (memory.Page, error) { return s.Store.Memories(ctx, q) })
}
