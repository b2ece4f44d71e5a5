package fanout

import (
	"container/list"
	"context"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"parley/domain"
	"parley/domain/messaging"
)

// The bounds of what Recent keeps, and for how long after it was last asked for.
const (
	maxWindows     = 256
	maxWindowBytes = 16 << 20
	windowFor      = 5 * time.Second
)

// slack is how many numbers before the one asked for a window begins: those who lost their
// connection at the same moment have not all heard the same.
const slack = 64

// Recent reads what follows a number of a channel, and keeps it for a moment, so that a
// thousand clients who come back at once cost the store one query per channel and not one
// each. What it returns is what the store has: an event that was superseded by a number that
// is asked for is left out. Who reads a channel at the same time waits for the same query.
// Safe for concurrent use.
type Recent struct {
	source messaging.Follower
	now    domain.Clock
	// queries counts those to the source.
	queries atomic.Uint64

	mu      sync.Mutex
	windows map[domain.ChannelID]*list.Element // of order, whose values are *window
	order   *list.List                         // the longest unused first
	bytes   int
	// sweeper drops what nobody asks for any more; nil while nothing is kept.
	sweeper *time.Timer
}

// window are all events of a channel with after < Rev <= upto that are not superseded by
// one of them.
type window struct {
	channel domain.ChannelID
	used    time.Time // guarded by Recent.mu, as is bytes
	bytes   int

	mu          sync.Mutex
	after, upto int64
	events      []messaging.Message
}

// NewRecent returns a Recent that keeps nothing yet.
func NewRecent(source messaging.Follower, now domain.Clock) *Recent {
	return &Recent{source: source, now: now, windows: map[domain.ChannelID]*list.Element{}, order: list.New()}
}

// Queries is how often the source was asked.
func (r *Recent) Queries() uint64 { return r.queries.Load() }

// Since is part of messaging.Follower.
func (r *Recent) Since(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]messaging.Message, error) {
	if after >= upto {
		return nil, nil
	}
	if upto-after > messaging.MaxCatchUp {
		// So much is not kept: whoever is that far behind reads history.
		return r.query(ctx, channel, after, upto, limit)
	}
	w := r.window(channel)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := r.widen(ctx, w, after, upto); err != nil {
		return nil, err
	}
	r.weigh(w)
	return w.slice(after, upto, limit), nil
}

// query asks the source.
func (r *Recent) query(ctx context.Context, channel domain.ChannelID, after, upto int64, limit int) ([]messaging.Message, error) {
	r.queries.Add(1)
	return r.source.Since(ctx, channel, after, upto, limit)
}

// widen makes a window hold what is between two numbers. w.mu is held.
func (r *Recent) widen(ctx context.Context, w *window, after, upto int64) error {
	if after < w.after || after > w.upto || upto-w.after > 4*messaging.MaxCatchUp {
		from := max(0, after-slack)
		events, err := r.query(ctx, w.channel, from, upto, int(upto-from))
		if err == nil {
			w.after, w.upto, w.events = from, upto, events
		}
		return err
	}
	if upto <= w.upto {
		return nil
	}
	events, err := r.query(ctx, w.channel, w.upto, upto, int(upto-w.upto))
	if err == nil {
		w.extend(events, upto)
	}
	return err
}

// extend adds events, and drops what they supersede. w.mu is held.
func (w *window) extend(events []messaging.Message, upto int64) {
	gone, cleared := make(map[domain.MessageID]bool, len(events)), int64(0)
	for _, m := range events {
		gone[m.ID] = true
		if m.Kind == messaging.KindClear {
			cleared = max(cleared, m.Upto)
		}
	}
	kept := make([]messaging.Message, 0, len(w.events)+len(events))
	for _, m := range w.events {
		switch {
		case gone[m.ID]:
		case m.Seq <= cleared && m.Kind == messaging.KindPost:
			kept = append(kept, m.Tombstone())
		default:
			kept = append(kept, m)
		}
	}
	kept = append(kept, events...)
	w.events, w.upto = kept, upto
}

// slice returns the events between two numbers. w.mu is held.
func (w *window) slice(after, upto int64, limit int) []messaging.Message {
	from := sort.Search(len(w.events), func(i int) bool { return w.events[i].Rev > after })
	to := sort.Search(len(w.events), func(i int) bool { return w.events[i].Rev > upto })
	return append([]messaging.Message(nil), w.events[from:min(to, from+limit)]...)
}

// window returns the window of a channel, made if there is none.
func (r *Recent) window(channel domain.ChannelID) *window {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.windows[channel]
	if e == nil {
		e = r.order.PushBack(&window{channel: channel, after: 1}) // nothing is between 1 and 0
		r.windows[channel] = e
		if r.sweeper == nil {
			r.sweeper = time.AfterFunc(windowFor, r.sweep)
		}
	}
	r.order.MoveToBack(e)
	w, _ := e.Value.(*window)
	w.used = r.now()
	return w
}

// weigh notes what a window takes, and drops the longest unused ones over the bounds. w.mu
// is held.
func (r *Recent) weigh(w *window) {
	bytes := 0
	for i := range w.events {
		m := &w.events[i]
		bytes += 512 + len(m.Content) + len(m.Raw)
		for _, v := range m.Metadata {
			bytes += len(v)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.windows[w.channel]
	if e == nil || e.Value != any(w) {
		return // dropped meanwhile
	}
	r.bytes += bytes - w.bytes
	w.bytes = bytes
	for r.order.Len() > maxWindows || r.bytes > maxWindowBytes {
		r.forget(r.order.Front())
	}
}

// Drop forgets a channel, because its numbers begin anew.
func (r *Recent) Drop(channel domain.ChannelID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.windows[channel]; e != nil {
		r.forget(e)
	}
}

// forget drops a window. r.mu is held.
func (r *Recent) forget(e *list.Element) {
	w, _ := r.order.Remove(e).(*window)
	delete(r.windows, w.channel)
	r.bytes -= w.bytes
}

// sweep drops what was not asked for lately.
func (r *Recent) sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for e := r.order.Front(); e != nil; e = r.order.Front() {
		if w, _ := e.Value.(*window); r.now().Sub(w.used) < windowFor {
			r.sweeper.Reset(windowFor)
			return
		}
		r.forget(e)
	}
	r.sweeper = nil
}

// Close drops everything.
func (r *Recent) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sweeper != nil {
		r.sweeper.Stop()
		r.sweeper = nil
	}
	for r.order.Len() > 0 {
		r.forget(r.order.Front())
	}
}
