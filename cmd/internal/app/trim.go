package app

import (
	"context"
	"os"
	"runtime/debug"
	gauge "runtime/metrics"
	"time"
)

// When the runtime is told to be sparing. It is looked at in every trimInterval.
const (
	trimInterval = 10 * time.Second
	// Memory is given back after trimQuiet looks without a collection, if it is trimLeast and
	// a quarter of what is in use, or more.
	trimQuiet = 3
	trimLeast = 8 << 20
	// While a heap of sparingLeast or more is collected sparingCycles times between two looks,
	// or less, garbage may be half as much as what is in use rather than as much: one more
	// collection in some seconds costs a hundredth of a processor.
	sparingLeast   = 32 << 20
	sparingCycles  = 3
	sparingPercent = 50
	defaultPercent = 100
)

// trimmer spares memory in quiet times. The Go runtime collects garbage when the heap has
// doubled, and keeps the room for it to do so again. After a rush, such as thousands of
// connections at once, a quiet server would keep for minutes what only the rush needed; and
// one with thousands of idle clients twice what they need. In busy times the runtime's own
// way is the better one.
type trimmer struct {
	samples []gauge.Sample
	cycles  uint64 // collections until the last look
	quiet   int    // looks since one that found a collection
	percent int    // how much garbage there may be, 0 if that is the operator's affair (GOGC)
	release func() // debug.FreeOSMemory
}

// newTrimmer returns a trimmer that has not looked yet.
func newTrimmer() *trimmer {
	t := &trimmer{release: debug.FreeOSMemory, percent: defaultPercent}
	if os.Getenv("GOGC") != "" {
		t.percent = 0
	}
	for _, name := range []string{
		"/gc/cycles/total:gc-cycles", "/gc/heap/live:bytes", "/memory/classes/heap/objects:bytes",
		"/memory/classes/heap/free:bytes", "/memory/classes/heap/stacks:bytes",
	} {
		t.samples = append(t.samples, gauge.Sample{Name: name})
	}
	return t
}

// Run looks until the context ends, and leaves the runtime as it was.
func (t *trimmer) Run(ctx context.Context) error {
	tick := time.NewTicker(trimInterval)
	defer tick.Stop()
	defer t.spare(false)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			t.look()
		}
	}
}

// look spares and gives back what it may.
func (t *trimmer) look() {
	gauge.Read(t.samples)
	live, objects, free, stacks := t.value(1), t.value(2), t.value(3), t.value(4)
	since := t.value(0) - t.cycles
	t.cycles += since
	t.spare(since <= sparingCycles && live+stacks >= sparingLeast)
	if t.quiet++; since > 0 {
		t.quiet = 0
	}
	surplus := free + max(objects, live) - live
	if t.quiet >= trimQuiet && surplus >= trimLeast && surplus >= (live+stacks)/4 {
		t.release()
		gauge.Read(t.samples[:1])
		t.cycles, t.quiet = t.value(0), 0
	}
}

// spare sets how much garbage there may be.
func (t *trimmer) spare(sparing bool) {
	percent := defaultPercent
	if sparing {
		percent = sparingPercent
	}
	if t.percent != 0 && t.percent != percent {
		t.percent = percent
		debug.SetGCPercent(percent)
	}
}

// value is one of the samples.
func (t *trimmer) value(i int) uint64 { return t.samples[i].Value.Uint64() }
