package fanout

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
)

// maxEarly bounds the events of one channel that wait for a predecessor; what comes
// on top is fetched from the store when its turn comes.
const maxEarly = 1024

// Source is the store's side of a channel; messaging.Service implements it.
type Source interface {
	// Head is the channel's last assigned number.
	Head(ctx context.Context, channel domain.ChannelID) (int64, error)
	// Since returns the events with after < Rev <= upto, by rising Rev, at most limit.
	Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]messaging.Message, error)
}

// Event is a committed event on its way to the members of its channel.
type Event struct {
	messaging.Event
	// Encoded is the event as it goes to the members, nil if nobody has encoded it yet. An
	// event of another server has nothing else, but for its channel and its Rev.
	Encoded any
}

// Sink is where events go.
type Sink interface {
	// Room brings e to the members of its channel, and to its origin.
	Room(e Event)
	// Origin brings e to its origin only: the room has it already or has no members.
	Origin(e Event)
	// BegunAnew says that the store's head is below what the members of a channel have: it
	// was deleted, and this process did not hear of it.
	BegunAnew(channel domain.ChannelID)
}

// Options of a Sequencer.
type Options struct {
	Source Source
	Sink   Sink
	// Made is when a channel was made, as the store has it, zero if there is none; nil knows
	// nothing of that.
	Made func(ctx context.Context, channel domain.ChannelID) (time.Time, error)
	// Patience is how long an early event waits before the gap is fetched; 0 means 50 ms.
	Patience time.Duration
	Logger   zerolog.Logger
}

// Sequencer delivers events in order; see the package comment. It is safe for
// concurrent use.
type Sequencer struct {
	opts Options
	ctx  context.Context // ends the fetches; set once by New
	stop context.CancelFunc
	wg   sync.WaitGroup

	// reading has a place for each fetch that asks the store at the same time.
	reading chan struct{}

	mu    sync.Mutex
	lines map[domain.ChannelID]*line
}

// line is one channel's state.
type line struct {
	channel domain.ChannelID
	members int        // guarded by Sequencer.mu
	loading sync.Mutex // held while the head is read for the first time

	mu     sync.Mutex
	loaded bool
	// made is when the channel of these numbers was made, zero if that is not known.
	made time.Time
	// epoch rises with each Reset: what was read of the store before is of another channel.
	epoch    int
	closed   bool // the last member left; only origins hear of what still comes
	fetching bool
	// unsure says that there may be events above target of which nobody told this process.
	unsure    bool
	delivered int64
	// target is the highest number known of; a fetch goes on until it is delivered.
	target int64
	early  map[int64]Event
}

// New returns a Sequencer; Close ends it.
func New(o Options) *Sequencer {
	if o.Patience == 0 {
		o.Patience = 50 * time.Millisecond
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Sequencer{opts: o, ctx: ctx, stop: stop, reading: make(chan struct{}, maxFetches), lines: map[domain.ChannelID]*line{}}
}

// Close stops all fetches and waits for them. Events that wait are dropped; they
// are in the store.
func (s *Sequencer) Close() {
	s.stop()
	s.wg.Wait()
}

// Announce hands over a committed event. It returns when the event is delivered or
// put aside to wait for its predecessors.
func (s *Sequencer) Announce(e Event) {
	s.mu.Lock()
	l := s.lines[e.Message.ChannelID]
	s.mu.Unlock()
	if l == nil {
		s.toOrigin(e)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch rev := e.Message.Rev; {
	case l.closed, l.loaded && rev <= l.delivered:
		s.toOrigin(e)
	case l.loaded && rev == l.delivered+1 && !e.Repeat:
		s.toRoom(l, e)
		s.drain(l)
	default:
		s.putAside(l, e)
	}
}

// toRoom delivers the next event of the line. l.mu is held.
func (s *Sequencer) toRoom(l *line, e Event) {
	l.delivered = e.Message.Rev
	s.opts.Sink.Room(e)
	if e.Delivered != nil {
		e.Delivered()
	}
}

// toOrigin tells only the sender of e.
func (s *Sequencer) toOrigin(e Event) {
	s.opts.Sink.Origin(e)
	if e.Delivered != nil {
		e.Delivered()
	}
}

// putAside keeps an early event and sees to it that the gap is closed. l.mu is held.
func (s *Sequencer) putAside(l *line, e Event) {
	l.target = max(l.target, e.Message.Rev)
	if len(l.early) < maxEarly {
		l.early[e.Message.Rev] = e
	} else {
		// The room gets it by the fetch; its sender must not wait for that.
		s.toOrigin(e)
	}
	if l.loaded {
		s.fetchLater(l)
	}
}

// Check makes channels deliver what the store has and nobody told this process of; none
// stands for all with members here. It does not wait for the store.
func (s *Sequencer) Check(channels ...domain.ChannelID) {
	s.mu.Lock()
	var lines []*line
	for _, channel := range channels {
		if l := s.lines[channel]; l != nil {
			lines = append(lines, l)
		}
	}
	if len(channels) == 0 {
		lines = slices.Collect(maps.Values(s.lines))
	}
	s.mu.Unlock()
	for _, l := range lines {
		l.mu.Lock()
		l.unsure = true
		if l.loaded {
			s.fetchLater(l)
		}
		l.mu.Unlock()
	}
}

// Hint says that a channel has come to a number: whoever has not delivered it yet fetches it.
func (s *Sequencer) Hint(channel domain.ChannelID, number int64) {
	s.mu.Lock()
	l := s.lines[channel]
	s.mu.Unlock()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = max(l.target, number)
	if l.loaded && l.delivered < l.target {
		s.fetchLater(l)
	}
}

// drain delivers the early events whose predecessors are there now. l.mu is held.
func (s *Sequencer) drain(l *line) {
	for {
		e, ok := l.early[l.delivered+1]
		if !ok {
			return
		}
		delete(l.early, l.delivered+1)
		s.toRoom(l, e)
	}
}

// Enter lets a member into the channel: enter runs under the line's lock with the last
// delivered number and tells whether it joined anew. Enter returns the last delivered number; live events are
// above it. after is what the member has, 0 if that is not known: it may have heard more from
// another server than this one has delivered, which catches up first. Each joined member must
// Leave once. Codes: those of Source.Head and enter.
func (s *Sequencer) Enter(ctx context.Context, channel domain.ChannelID, after int64, enter func(head int64) (joined bool, err error)) (int64, error) {
	l := s.hold(channel)
	err := s.load(ctx, l)
	if err == nil {
		err = s.advance(ctx, l, after)
	}
	if err != nil && !errors.Is(err, ErrBegunAnew) {
		s.Leave(channel)
		return 0, err
	}
	l.mu.Lock()
	head := l.delivered
	joined, err := enter(head)
	l.mu.Unlock()
	if err != nil || !joined {
		s.Leave(channel)
	}
	return head, err
}

// Head is the number up to which a channel's events are delivered here, or the store's if
// nobody here is in the channel, or if somebody has heard more than that of another server:
// everything up to after.
func (s *Sequencer) Head(ctx context.Context, channel domain.ChannelID, after int64) (int64, error) {
	l := s.hold(channel)
	defer s.Leave(channel)
	if err := s.load(ctx, l); err != nil {
		return 0, err
	}
	l.mu.Lock()
	head := l.delivered
	l.mu.Unlock()
	if head >= after {
		return head, nil
	}
	return s.opts.Source.Head(ctx, channel)
}

// hold counts a member of the channel's line, which it makes if there is none.
func (s *Sequencer) hold(channel domain.ChannelID) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[channel]
	if l == nil {
		l = &line{channel: channel, early: map[int64]Event{}}
		s.lines[channel] = l
	}
	l.members++
	return l
}

// load reads the head of a new line. Events that arrive meanwhile are put aside.
func (s *Sequencer) load(ctx context.Context, l *line) error {
	l.loading.Lock()
	defer l.loading.Unlock()
	for {
		l.mu.Lock()
		loaded, epoch := l.loaded, l.epoch
		l.mu.Unlock()
		if loaded {
			return nil
		}
		made, head, err := s.readHead(ctx, l.channel)
		if err != nil {
			return err
		}
		if s.begin(l, made, head, epoch) {
			return nil
		}
	}
}

// begin lets a line start at a head that was read in an epoch; false if that has passed.
func (s *Sequencer) begin(l *line, made time.Time, head int64, epoch int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch != epoch {
		return false
	}
	l.loaded, l.made, l.delivered, l.target = true, made, head, max(l.target, head)
	for _, rev := range sortedKeys(l.early) {
		if rev <= head {
			s.toOrigin(l.early[rev])
			delete(l.early, rev)
		}
	}
	s.drain(l)
	if l.target > l.delivered || l.unsure {
		s.fetchLater(l)
	}
	return true
}

// Reset makes the channel's line forget its numbers, because the channel was deleted: one
// of the same id begins anew. Members stay members; the next one to enter reads the head
// again, and until then events wait. Call it after the deletion is stored.
func (s *Sequencer) Reset(channel domain.ChannelID) {
	s.mu.Lock()
	l := s.lines[channel]
	s.mu.Unlock()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
	l.loaded, l.delivered, l.target = false, 0, 0
	s.release(l)
}

// release tells the senders of the events that wait, and no room. l.mu is held.
func (s *Sequencer) release(l *line) {
	for _, rev := range sortedKeys(l.early) {
		s.toOrigin(l.early[rev])
	}
	clear(l.early)
}

// Leave ends one membership; with the last one the line goes.
func (s *Sequencer) Leave(channel domain.ChannelID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[channel]
	if l == nil {
		return
	}
	if l.members--; l.members > 0 {
		return
	}
	// Still under s.mu, so that no new line can begin while an event is delivered here.
	delete(s.lines, channel)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	s.release(l)
}

// Lines is the number of channels with local members.
func (s *Sequencer) Lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// sortedKeys returns the numbers of waiting events, rising.
func sortedKeys(early map[int64]Event) []int64 {
	keys := make([]int64, 0, len(early))
	for rev := range early {
		keys = append(keys, rev)
	}
	slices.Sort(keys)
	return keys
}
