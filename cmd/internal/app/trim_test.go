package app

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// looks looks some times.
func (t *trimmer) looks(n int) {
	for range n {
		t.look()
	}
}

// TestMemoryIsGivenBackInQuietTimesOnly makes garbage without a collection, with one, and
// none at all.
func TestMemoryIsGivenBackInQuietTimesOnly(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // only this test collects
	given := 0
	trim := newTrimmer()
	trim.percent = 0
	trim.release = func() { given++; debug.FreeOSMemory() }
	waste := func() { runtime.KeepAlive(make([]byte, 256<<20)) }

	debug.FreeOSMemory()
	trim.look()
	waste()
	if trim.looks(trimQuiet - 1); given != 0 {
		t.Error("given back after a moment of quiet")
	}
	if trim.looks(trimQuiet); given != 1 {
		t.Fatalf("given back %d times in a quiet time with garbage, want 1", given)
	}
	if trim.looks(2 * trimQuiet); given != 1 {
		t.Errorf("given back %d times although nothing was there", given-1)
	}
	for range 2 * trimQuiet {
		waste()
		runtime.GC()
		trim.look()
	}
	if given != 1 {
		t.Errorf("given back in a busy time")
	}
}

// TestGarbageIsSparedWhileALargeHeapIsQuiet and not of a small one, nor of a busy one, nor
// where the operator said what is right.
func TestGarbageIsSparedWhileALargeHeapIsQuiet(t *testing.T) {
	before := debug.SetGCPercent(defaultPercent)
	defer debug.SetGCPercent(before)
	percent := func() int {
		p := debug.SetGCPercent(-1)
		debug.SetGCPercent(p)
		return p
	}
	large := make([]byte, 2*sparingLeast)
	trim := newTrimmer()
	trim.percent = defaultPercent
	runtime.GC()
	trim.looks(2)
	if got := percent(); got != sparingPercent {
		t.Errorf("%d %% in a quiet time", got)
	}
	for range sparingCycles + 1 {
		runtime.GC()
	}
	trim.look()
	if got := percent(); got != defaultPercent {
		t.Errorf("%d %% in a busy time", got)
	}
	runtime.KeepAlive(large)
	trim.percent = 0
	if trim.looks(2); percent() != defaultPercent {
		t.Error("changed against the operator's will")
	}
}
