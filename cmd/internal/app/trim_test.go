package app

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestMemoryIsGivenBackInQuietTimesOnly makes garbage without a collection, with one, and
// none at all.
func TestMemoryIsGivenBackInQuietTimesOnly(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // only this test collects
	given := 0
	trim := newTrimmer()
	trim.release = func() { given++; debug.FreeOSMemory() }
	waste := func() { runtime.KeepAlive(make([]byte, 256<<20)) }

	debug.FreeOSMemory()
	trim.look()
	waste()
	if trim.look(); given != 1 {
		t.Fatalf("given back %d times in a quiet time with garbage, want 1", given)
	}
	if trim.look(); given != 1 {
		t.Errorf("given back %d times although nothing was there", given-1)
	}
	waste()
	runtime.GC()
	if trim.look(); given != 1 {
		t.Errorf("given back in a busy time")
	}
}
