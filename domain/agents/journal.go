package agents

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/bus"
	"parley/domain/messaging"
)

// Bounds of the agents' logs.
const (
	// logsKept is how many entries an agent's log holds; the oldest go first. For a short
	// time there may be trimEvery more.
	logsKept = 2000
	// trimEvery is how many new entries of an agent make the Journal look for old ones.
	trimEvery = 100
	// journalQueue is how many entries may wait to be stored; more are dropped.
	journalQueue = 1024
	// journalBatch is how many entries are stored at once.
	journalBatch = 64
	// journalFlush bounds the storing of what waits when the server stops.
	journalFlush = 2 * time.Second
)

// JournalOptions are what a Journal needs.
type JournalOptions struct {
	Store LogStore
	// Log tells which messages exist: what was logged of others goes.
	Log JournalLog
	// Agents tells which agents exist: what others log is dropped. It also tells other
	// processes of what they must know of this one's log.
	Agents *Service
	Now    domain.Clock
	Logger zerolog.Logger
}

// JournalLog is what the Journal needs of the channel log; messaging.Store is one.
type JournalLog interface {
	// Lookup returns the message or tombstone of an id, or NotFound.
	Lookup(ctx context.Context, id domain.MessageID) (messaging.Message, error)
}

// Journal stores what agents log, beside their work: turns hand entries over and go on.
// When the store is away, or entries come faster than they can be stored, some are lost,
// never a turn. Make one with NewJournal and call Run once. It is safe for concurrent use.
type Journal struct {
	JournalOptions
	entries chan LogEntry
	dropped atomic.Int64
	backlog atomic.Int64
	// untrimmed counts, per agent, the entries since the log was trimmed; only Run uses it.
	untrimmed map[domain.AgentID]int

	mu       sync.Mutex
	watchers map[*logWatcher]struct{}
	// erased tells when a message of a channel was last deleted; see traces.go.
	erased map[domain.ChannelID]time.Time
	// unsure is when this process may last have missed that.
	unsure time.Time
}

// logWatcher is woken when an agent's log has grown.
type logWatcher struct {
	agent domain.AgentID
	woken chan struct{}
}

// NewJournal returns a journal that stores nothing until Run.
func NewJournal(o JournalOptions) *Journal {
	o.Logger = o.Logger.With().Str("component", "agents").Logger()
	j := &Journal{JournalOptions: o, entries: make(chan LogEntry, journalQueue),
		untrimmed: map[domain.AgentID]int{}, watchers: map[*logWatcher]struct{}{},
		erased: map[domain.ChannelID]time.Time{}}
	o.Agents.caches.Register(erasedKind, bus.Cache{Drop: j.heardErased, DropAll: j.missedErased})
	return j
}

// Record hands an entry over, whose id and time are given here. It never blocks; a nil
// Journal records nothing.
func (j *Journal) Record(e LogEntry) {
	if j == nil {
		return
	}
	e.CreatedAt = j.Now().UTC().Truncate(time.Millisecond)
	j.backlog.Add(1)
	select {
	case j.entries <- e:
	default:
		j.backlog.Add(-1)
		j.dropped.Add(1)
	}
}

// Run stores entries until ctx ends, and then, for a short time, those that wait.
func (j *Journal) Run(ctx context.Context) error {
	defer j.hearGrown()()
	for {
		select {
		case e := <-j.entries:
			j.flush(ctx, e)
		case <-ctx.Done():
			rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalFlush)
			defer cancel()
			for len(j.entries) > 0 && rest.Err() == nil {
				j.flush(rest, <-j.entries)
			}
			return nil
		}
	}
}

// flush stores an entry and what waits behind it.
func (j *Journal) flush(ctx context.Context, first LogEntry) {
	batch, taken := j.numbered(nil, first), int64(1)
	for ; taken < journalBatch && len(j.entries) > 0; taken++ {
		batch = j.numbered(batch, <-j.entries)
	}
	defer func() { j.backlog.Add(-taken) }()
	if n := j.dropped.Swap(0); n > 0 {
		j.Logger.Warn().Int64("entries", n).Msg("agents log faster than the store takes it, entries are lost")
	}
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
	defer cancel()
	if err := j.Store.AppendLogs(ctx, batch); err != nil {
		j.Logger.Warn().Err(err).Int("entries", len(batch)).Msg("agents' logs cannot be stored")
		return
	}
	if err := j.sift(ctx, batch); err != nil {
		j.Logger.Warn().Err(err).Msg("agents' logs cannot be held against what was deleted meanwhile")
	}
	grown := map[domain.AgentID]bool{}
	for _, e := range batch {
		j.untrimmed[e.AgentID]++
		grown[e.AgentID] = true
	}
	for agent := range grown {
		j.wake(agent)
		j.tellGrown(ctx, agent)
	}
	j.trim(ctx)
}

// numbered adds an entry to a batch with the next id, unless its agent is gone.
func (j *Journal) numbered(batch []LogEntry, e LogEntry) []LogEntry {
	if _, ok := j.Agents.visible(e.AgentID); !ok {
		return batch
	}
	e.ID = domain.NewID[domain.LogID]()
	return append(batch, e)
}

// trim removes what is too old from the logs that have grown.
func (j *Journal) trim(ctx context.Context) {
	for agent, n := range j.untrimmed {
		a, ok := j.Agents.visible(agent)
		if !ok {
			delete(j.untrimmed, agent)
			continue
		}
		if n < trimEvery {
			continue
		}
		if _, err := j.Store.TrimLogs(ctx, agent, logsKept, 10*trimEvery); err != nil {
			j.Agents.logOf(a).Warn().Err(err).Msg("agent's log cannot be trimmed")
			return
		}
		j.untrimmed[agent] = 0
	}
}

// watch returns a channel that has something to receive whenever an agent's log has
// grown, and a function that ends that.
func (j *Journal) watch(agent domain.AgentID) (<-chan struct{}, func()) {
	w := &logWatcher{agent: agent, woken: make(chan struct{}, 1)}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.watchers[w] = struct{}{}
	return w.woken, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.watchers, w)
	}
}

// wake tells who watches an agent's log that it has grown. A watcher that is slow finds
// all that is new at once, so nothing waits for it.
func (j *Journal) wake(agent domain.AgentID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for w := range j.watchers {
		if w.agent != agent {
			continue
		}
		select {
		case w.woken <- struct{}{}:
		default:
		}
	}
}
