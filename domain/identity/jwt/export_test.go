package jwt

import "time"

// testNow is the present of these tests.
func testNow() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }

// The times of a Remote, for tests.
const (
	RefreshAfter = refreshAfter
	RetryAfter   = retryAfter
	StaleAfter   = staleAfter
)
