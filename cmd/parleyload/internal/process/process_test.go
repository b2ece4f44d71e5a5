package process

import (
	"os"
	"testing"
	"time"
)

// TestStatIsReadWhateverTheName covers names that look like fields.
func TestStatIsReadWhateverTheName(t *testing.T) {
	const rest = " S 1 2 3 4 5 6 7 8 9 10 250 150 0 0 20 0 8 0 100 1000 200"
	for _, name := range []string{"node", "a b", "x) S 1 (y", ""} {
		got, err := parseStat([]byte("42 (" + name + ")" + rest))
		if err != nil || got != 4*time.Second {
			t.Errorf("name %q: got %v and %v, want 4s", name, got, err)
		}
	}
}

// TestDamagedTextIsAnError keeps a short read from becoming a measurement.
func TestDamagedTextIsAnError(t *testing.T) {
	for _, text := range []string{"", "1 (a", "1 (a) S 1", "1 (a) S 1 2 3 4 5 6 7 8 9 10 x y z"} {
		if got, err := parseStat([]byte(text)); err == nil {
			t.Errorf("stat %q: got %v, want an error", text, got)
		}
	}
	for _, text := range []string{"", "12", "12 x"} {
		if got, err := parseStatm([]byte(text)); err == nil {
			t.Errorf("statm %q: got %v, want an error", text, got)
		}
	}
}

// TestOwnUsageIsThere reads the test process itself.
func TestOwnUsageIsThere(t *testing.T) {
	u, err := Read(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if u.Resident < 1<<20 {
		t.Errorf("a Go process is said to hold %d bytes", u.Resident)
	}
}
