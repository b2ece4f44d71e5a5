package diff

import (
	"encoding/json"
	"regexp"
	"strings"
)

// The forms that stand for what differs from run to run.
var (
	uuids    = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	instants = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	sockets  = regexp.MustCompile(`^[A-Za-z0-9_-]{20}$|(^Socket )[A-Za-z0-9_-]{20}( )`)
	uploads  = regexp.MustCompile(`\d{13}-\d{1,9}(\.[a-z0-9]+)`)
	sealed   = regexp.MustCompile(`^[0-9a-f]{32}:[0-9a-f]+$`)
	seconds  = regexp.MustCompile(`server-\d{13}`)
)

// The bounds of numbers that are taken for times in milliseconds.
const (
	firstMillis = 1_500_000_000_000
	lastMillis  = 4_000_000_000_000
)

// Names maps ids that the script knows to what it calls them.
type Names map[string]string

// Normal returns a decoded JSON value with everything that differs from run to run
// replaced: ids by their names or <uuid>, times by <iso> and <ms>, socket ids by <sid>,
// the generated part of upload names by <upload>, encrypted values by <sealed>, what was
// measured by <measured>.
func Normal(value any, names Names) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, inner := range v {
			out[text(key, names)] = Normal(inner, names)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = Normal(inner, names)
		}
		return out
	case string:
		return text(v, names)
	case json.Number:
		return number(v)
	default:
		return value
	}
}

// text replaces what differs in a text.
func text(s string, names Names) string {
	if sealed.MatchString(s) {
		return "<sealed>"
	}
	s = uuids.ReplaceAllStringFunc(s, func(id string) string {
		if name, ok := names[strings.ToLower(id)]; ok {
			return "<" + name + ">"
		}
		return "<uuid>"
	})
	s = instants.ReplaceAllString(s, "<iso>")
	s = uploads.ReplaceAllString(s, "<upload>$1")
	s = seconds.ReplaceAllString(s, "server-<ms>")
	return sockets.ReplaceAllString(s, "$1<sid>$2")
}

// number replaces a time, and what has decimals, which is measured anew each time.
func number(n json.Number) any {
	if whole, err := n.Int64(); err == nil {
		if whole >= firstMillis && whole <= lastMillis {
			return "<ms>"
		}
		return whole
	}
	return "<measured>"
}
