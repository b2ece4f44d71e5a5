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
	return &Logs{watchers: map[*watcher]struct{}{}}
}

// Write takes one line of JSON. It never fails and never waits for a watcher.
func (l *Logs) Write(line []byte) (int, error) {
	e := parseEntry(line, time.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(stored{entry: e, size: min(len(line), maxEntry)})
	for w := range l.watchers {
		select {
		case w.entries <- e:
		default: // a slow watcher loses entries; it must not slow the server
			l.dropped++
		}
	}
	return len(line), nil
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
