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
		}
	}
	return len(line), nil
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
	w := &watcher{entries: make(chan Entry, max(buffer, 1))}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[w] = struct{}{}
	return w.entries, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, ok := l.watchers[w]; ok {
			delete(l.watchers, w)
			close(w.entries)
		}
	}
}
