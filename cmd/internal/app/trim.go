package app

import (
	"context"
	"math"
	"runtime/debug"
	gauge "runtime/metrics"
	"time"
)

// How memory that is not needed is given back: looked at in every trimInterval, and given
// back if it is trimLeast and a quarter of what is in use, or more.
const (
	trimInterval = 30 * time.Second
	trimLeast    = 8 << 20
)

// trimmer gives memory back to the system in quiet times. The Go runtime collects garbage
// when the heap has doubled, and keeps the room for it to do so again. After a rush, such as
// thousands of connections at once, a quiet server would keep for minutes what only the rush
// needed. Where no collection was needed for a while, one costs nobody anything.
type trimmer struct {
	samples []gauge.Sample
	cycles  uint64 // collections until the last look
	release func() // debug.FreeOSMemory
}

// newTrimmer returns a trimmer that has not looked yet.
func newTrimmer() *trimmer {
	t := &trimmer{release: debug.FreeOSMemory, cycles: math.MaxUint64}
	for _, name := range []string{
		"/gc/cycles/total:gc-cycles", "/gc/heap/live:bytes", "/memory/classes/heap/objects:bytes",
		"/memory/classes/heap/free:bytes", "/memory/classes/heap/stacks:bytes",
	} {
		t.samples = append(t.samples, gauge.Sample{Name: name})
	}
	return t
}

// Run looks until the context ends.
func (t *trimmer) Run(ctx context.Context) error {
	tick := time.NewTicker(trimInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			t.look()
		}
	}
}

// look gives memory back if it is worth while and nothing was collected since the last look.
func (t *trimmer) look() {
	gauge.Read(t.samples)
	cycles, live, objects := t.value(0), t.value(1), t.value(2)
	free, stacks := t.value(3), t.value(4)
	quiet := cycles == t.cycles
	t.cycles = cycles
	spare := free + max(objects, live) - live
	if quiet && spare >= trimLeast && spare >= (live+stacks)/4 {
		t.release()
		gauge.Read(t.samples[:1])
		t.cycles = t.value(0)
	}
}

// value is one of the samples.
func (t *trimmer) value(i int) uint64 { return t.samples[i].Value.Uint64() }
