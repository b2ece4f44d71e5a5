package system

import (
	"io"
	"sync"
	"time"
)

// keptEntries is how many entries the buffer holds.
const keptEntries = 1000

// keptBytes bounds the lines of the entries that the buffer holds.
const keptBytes = 4 << 20

var _ io.Writer = (*Logs)(nil)

// Logs keeps the newest entries of the log and hands each to those who watch. It is
// an io.Writer for zerolog, one line per Write, and safe for concurrent use.
type Logs struct {
	mu       sync.Mutex
	kept     []stored // oldest first
	bytes    int
	watchers map[*watcher]struct{}
	dropped  uint64
	// replica is whose lines these are, "" for a server that is alone.
	replica string
	// wants counts those who want to see the lines of all replicas; changed is told when that
	// begins or ends.
	wants   int
	changed chan struct{}
}

// stored is an entry with the length of its line.
type stored struct {
	entry Entry
	size  int
}

// watcher is one subscription.
type watcher struct{ entries chan Entry }

// NewLogs returns an empty buffer; it never takes more than about 10 MB.
func NewLogs() *Logs {
	return &Logs{watchers: map[*watcher]struct{}{}, changed: make(chan struct{}, 1)}
}

// Write takes one line of JSON. It never fails and never waits for a watcher.
func (l *Logs) Write(line []byte) (int, error) {
	e := parseEntry(line, time.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Replica = l.replica
	l.keep(stored{entry: e, size: min(len(line), maxEntry)})
	l.tell(e)
	return len(line), nil
}

// tell hands an entry to all watchers. The caller holds the lock.
func (l *Logs) tell(e Entry) {
	for w := range l.watchers {
		select {
		case w.entries <- e:
		default: // a slow watcher loses entries; it must not slow the server
			l.dropped++
		}
	}
}

// tag says whose lines are written from now on.
func (l *Logs) tag(replica string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replica = replica
}

// Replica is whose lines these are, "" for a server that is alone.
func (l *Logs) Replica() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.replica
}

// show hands the entry of another replica to the watchers; it is kept there and not here.
func (l *Logs) show(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell(e)
}

// lost counts entries of which watchers elsewhere do not hear.
func (l *Logs) lost(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped += uint64(n) //nolint:gosec // a length
}

// Want says that somebody watches who wants the lines of all replicas too, until the
// function that it returns is called, which may be called again.
func (l *Logs) Want() (release func()) {
	l.count(1)
	return sync.OnceFunc(func() { l.count(-1) })
}

// count changes how many want the lines of all replicas.
func (l *Logs) count(by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.wants > 0
	l.wants += by
	if before != (l.wants > 0) {
		select {
		case l.changed <- struct{}{}:
		default:
		}
	}
}

// watched reports whether somebody wants the lines of all replicas.
func (l *Logs) watched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wants > 0
}

// Dropped is how many entries watchers have lost because they were slow.
func (l *Logs) Dropped() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// Clear forgets all entries and returns how many there were. Watchers go on.
func (l *Logs) Clear() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := len(l.kept)
	l.kept, l.bytes = nil, 0
	return count
}

// keep stores s and drops the oldest entries that there is no more room for.
func (l *Logs) keep(s stored) {
	l.kept = append(l.kept, s)
	l.bytes += s.size
	drop := 0
	for len(l.kept)-drop > keptEntries || l.bytes > keptBytes {
		l.bytes -= l.kept[drop].size
		drop++
	}
	if drop > 0 {
		clear(l.kept[:drop]) // the array lives on behind the slice
		l.kept = l.kept[drop:]
	}
}

// Entries returns what the buffer holds, oldest first.
func (l *Logs) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries()
}

// entries is Entries; the caller holds the lock.
func (l *Logs) entries() []Entry {
	out := make([]Entry, len(l.kept))
	for i, s := range l.kept {
		out[i] = s.entry
	}
	return out
}

// Subscribe returns the entries written from now on and a function that ends the
// subscription and closes the channel; calling it again does nothing. At most buffer
// entries wait in the channel, more are dropped.
func (l *Logs) Subscribe(buffer int) (<-chan Entry, func()) {
	_, entries, cancel := l.Follow(buffer)
	return entries, cancel
}

// Follow is Subscribe together with Entries: none is missed between the two, and none
// comes twice.
func (l *Logs) Follow(buffer int) ([]Entry, <-chan Entry, func()) {
	w := &watcher{entries: make(chan Entry, max(buffer, 1))}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[w] = struct{}{}
	return l.entries(), w.entries, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, ok := l.watchers[w]; ok {
			delete(l.watchers, w)
			close(w.entries)
		}
	}
}
