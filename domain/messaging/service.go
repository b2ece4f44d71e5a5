package messaging

import (
	"context"
	"time"

	"parley/domain"
	"parley/domain/bus"
	"parley/domain/models"
)

// Options of a Service; the fields up to Now are needed.
type Options struct {
	Store     Store
	Announcer Announcer
	Signals   Signals
	Duties    Duties
	Now       domain.Clock

	// Roster knows which agents belong to which servers; nil makes one.
	Roster *Roster
	// Agents tells about agents; nil knows none.
	Agents Agents
	// Titles writes titles of conversations; nil cannot.
	Titles models.Titler
	// Dependents are told of deletions, one after the other.
	Dependents []Dependents
	// Caches tells other processes of changes, and this one of theirs; nil means that there
	// is no other.
	Caches *bus.Caches
	// Bus lets callers hear of answers that arise in other processes; nil means that there
	// is no other.
	Bus bus.Bus
	// AnswerWait is how long a send with transport http waits for the agent's answer; 0
	// means 28 s, as clients give up after 30.
	AnswerWait time.Duration
}

// setDefaults fills the fields that may be zero.
func (o *Options) setDefaults() {
	if o.Roster == nil {
		o.Roster = NewRoster(o.Store, o.Caches)
	}
	if o.Agents == nil {
		o.Agents = noAgents{}
	}
	if o.AnswerWait == 0 {
		o.AnswerWait = 28 * time.Second
	}
}

// Service holds the rules of servers, channels and messages. It is safe for
// concurrent use.
type Service struct {
	store     Store
	announcer Announcer
	signals   Signals
	duties    Duties
	now       domain.Clock
	channels  *directory
	roster    *Roster
	agents    Agents
	titles    models.Titler
	// dependents hear of deletions.
	dependents []Dependents
	// answers lets callers hear what becomes of a message.
	answers    *Answers
	answerWait time.Duration
	// unswept wakes Run.
	unswept chan struct{}
}

// New returns a service over the store of its options.
func New(o Options) *Service {
	o.setDefaults()
	return &Service{
		store: o.Store, announcer: o.Announcer, signals: o.Signals, duties: o.Duties, now: o.Now,
		channels: newDirectory(o.Store, o.Caches), roster: o.Roster, agents: o.Agents, titles: o.Titles, dependents: o.Dependents,
		answers: newAnswers(o.Bus), answerWait: o.AnswerWait, unswept: make(chan struct{}, 1),
	}
}

// EnsureDefaults makes the default server, reads which agents belong to which servers,
// and tells whether this is the first start. It must have succeeded before messages are
// accepted.
func (s *Service) EnsureDefaults(ctx context.Context) (first bool, err error) {
	now := s.stamp()
	_, first, err = s.store.EnsureServer(ctx, Server{
		ID: domain.DefaultServer, Name: "Default Server", SourceType: "eliza_default",
		CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return false, err
	}
	return first, s.roster.Load(ctx)
}

// Answers lets callers in this process hear what becomes of messages; whoever lets agents
// answer tells it of their turns.
func (s *Service) Answers() *Answers { return s.answers }

// completed ends the wait for answers to a message, in the room and in this process.
func (s *Service) completed(c Completion) {
	s.signals.Completed(c)
	s.answers.Completed(c)
}

// stamp is the present in the precision of the store.
func (s *Service) stamp() time.Time { return s.now().UTC().Truncate(time.Millisecond) }
