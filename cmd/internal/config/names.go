package config

import (
	"slices"
	"strings"
)

// withoutEffect are settings of the reference and of later versions. They are known,
// so that an ElizaOS .env starts without complaints, and do nothing here.
func withoutEffect() []string {
	return strings.Fields(`
		PGLITE_DATA_DIR POSTGRES_URL DATABASE_URL SQLITE_PATH ELIZA_DATABASE_DIR
		CENTRAL_MESSAGE_SERVER_URL
		LOG_TIMESTAMPS LOG_DIAGNOSTIC SENTRY_DSN SENTRY_LOGGING SENTRY_ENVIRONMENT
		SENTRY_TRACES_SAMPLE_RATE SENTRY_SEND_DEFAULT_PII ENABLE_DATA_ISOLATION ELIZA_SERVER_ID
		SESSION_DEFAULT_TIMEOUT_MINUTES SESSION_MIN_TIMEOUT_MINUTES SESSION_MAX_TIMEOUT_MINUTES
		SESSION_MAX_DURATION_MINUTES SESSION_WARNING_THRESHOLD_MINUTES SESSION_CLEANUP_INTERVAL_MINUTES
		CLEAR_SESSIONS_ON_SHUTDOWN TEE_MODE`)
}

// hasNoEffect reports whether name is a known setting that does nothing here.
func hasNoEffect(name string) bool {
	return strings.HasPrefix(name, "RATE_LIMIT_") ||
		slices.Contains(withoutEffect(), name)
}

// closest returns the one of names that was probably meant, or "".
func closest(name string, names []string) string {
	best, least := "", len(name)/4+2
	for _, n := range names {
		if d := distance(name, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// misspelt returns the one of names that name is one slip away from, or "". Short
// names are not judged: too many of them are a letter apart by right.
func misspelt(name string, names []string) string {
	for _, n := range names {
		if near := len(n) - len(name); len(name) >= 8 && near >= -1 && near <= 1 && distance(name, n) == 1 {
			return n
		}
	}
	return ""
}

// distance counts the letters to change, add, drop or swap with a neighbour to make
// b from a.
func distance(a, b string) int {
	width := len(b) + 1
	rows := make([]int, 3*width)
	// The current row and the two above it; every variable of the environment comes here.
	before, last, row := rows[:width], rows[width:2*width], rows[2*width:]
	for i := range len(a) + 1 {
		for j := range row {
			switch {
			case i == 0 || j == 0:
				row[j] = i + j
				continue
			case a[i-1] == b[j-1]:
				row[j] = last[j-1]
			default:
				row[j] = 1 + min(last[j-1], last[j], row[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
