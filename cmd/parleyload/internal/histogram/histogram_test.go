package histogram

import (
	"math"
	"sync"
	"testing"
	"time"
)

// TestQuantilesAreRightToOnePercent compares with values known in closed form.
func TestQuantilesAreRightToOnePercent(t *testing.T) {
	for _, unit := range []time.Duration{time.Microsecond, 10 * time.Microsecond, time.Millisecond, 40 * time.Millisecond} {
		var h Histogram
		for i := 1; i <= 10_000; i++ {
			h.Record(time.Duration(i) * unit)
		}
		s := h.Snapshot()
		for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 0.999, 1} {
			want := q * 10_000 * float64(unit)
			got := float64(s.Quantile(q))
			if math.Abs(got-want) > 0.01*want {
				t.Errorf("unit %v, q %v: got %v, want %v", unit, q, time.Duration(got), time.Duration(want))
			}
		}
	}
}

// TestEveryDurationHasABucket walks the edges of the buckets and beyond the last one.
func TestEveryDurationHasABucket(t *testing.T) {
	previous := -1
	for v := uint64(1); v < 1<<40; v *= 2 {
		for _, us := range []uint64{v - 1, v, v + 1} {
			d := time.Duration(us) * time.Microsecond
			i := index(d)
			if i < 0 || i >= buckets {
				t.Fatalf("%v: bucket %d of %d", d, i, buckets)
			}
			if us == v && i < previous {
				t.Fatalf("%v: bucket %d lies below that of a shorter one", d, i)
			}
			previous = max(previous, i)
			if us < 1<<maxBits && math.Abs(float64(middle(i)-d)) > 0.008*float64(d) {
				t.Errorf("%v is told as %v", d, middle(i))
			}
		}
	}
	if got := index(-time.Second); got != 0 {
		t.Errorf("a negative duration is in bucket %d, want 0", got)
	}
}

// TestAnEmptyHistogramHasNoQuantile tells zero, not rubbish.
func TestAnEmptyHistogramHasNoQuantile(t *testing.T) {
	var s Snapshot
	if s.Quantile(0.5) != 0 || s.Total() != 0 {
		t.Error("an empty snapshot tells a duration")
	}
}

// TestSinceTellsWhatCameLater is how a single second is read from a running histogram.
func TestSinceTellsWhatCameLater(t *testing.T) {
	var h Histogram
	h.Record(time.Millisecond)
	first := h.Snapshot()
	h.Record(time.Second)
	second := h.Snapshot()
	d := second.Since(&first)
	if d.Total() != 1 || d.Quantile(0.5) < 990*time.Millisecond {
		t.Errorf("got %d durations with median %v, want the one second alone", d.Total(), d.Quantile(0.5))
	}
}

// TestRecordingFromManyGoroutinesLosesNothing runs under the race detector too.
func TestRecordingFromManyGoroutinesLosesNothing(t *testing.T) {
	var h Histogram
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 1000 {
				h.Record(time.Duration(g*i) * time.Microsecond)
			}
		})
	}
	group.Wait()
	s := h.Snapshot()
	if s.Total() != 8000 {
		t.Errorf("got %d, want 8000", s.Total())
	}
}
