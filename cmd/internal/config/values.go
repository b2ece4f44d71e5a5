package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"parley/domain"
	"parley/domain/identity"
)

// value is a field that can be set from a text and printed.
type value interface {
	// Set parses a text into the field, which is left alone on an error.
	Set(text string) error
	// String prints the field; a secret is masked.
	String() string
}

// bound is a value on a field: a way to parse a text into it, and to print it.
type bound[T any] struct {
	field  *T
	parse  func(string) (T, error)
	format func(T) string
}

// Set parses s into the field.
func (b bound[T]) Set(s string) error {
	v, err := b.parse(s)
	if err != nil {
		return err
	}
	*b.field = v
	return nil
}

// String prints the field.
func (b bound[T]) String() string { return b.format(*b.field) }

// text binds a text, taken as it is but for surrounding space.
func text(field *string) value {
	return bound[string]{field, func(s string) (string, error) { return strings.TrimSpace(s), nil },
		func(s string) string { return s }}
}

// proxies binds whom to believe about addresses.
func proxies(field *identity.Proxies) value {
	return bound[identity.Proxies]{field, identity.ParseProxies, identity.Proxies.String}
}

// lower binds a word in any case.
func lower(field *string) value {
	return bound[string]{field, func(s string) (string, error) { return strings.ToLower(strings.TrimSpace(s)), nil },
		func(s string) string { return s }}
}

// secret binds a text that is never printed.
func secret(field *domain.Secret) value {
	return bound[domain.Secret]{field, func(s string) (domain.Secret, error) { return domain.Secret(strings.TrimSpace(s)), nil },
		domain.Secret.String}
}

// boolean binds on or off, in the words of the reference.
func boolean(field *bool) value { return bound[bool]{field, parseBool, strconv.FormatBool} }

// whole binds a whole number.
func whole(field *int) value {
	return bound[int]{field, func(s string) (int, error) {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
		return n, nil
	}, strconv.Itoa}
}

// number binds a number.
func number(field *float64) value {
	return bound[float64]{field, func(s string) (float64, error) {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, fmt.Errorf("%q is not a number", s)
		}
		return n, nil
	}, func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }}
}

// duration binds a time such as 90s or 2m; a number alone is seconds.
func duration(field *time.Duration) value {
	return bound[time.Duration]{field, parseDuration, time.Duration.String}
}

// size binds a number of bytes such as 2mb.
func size(field *int64) value { return bound[int64]{field, parseSize, formatSize} }

// list binds texts separated by commas; empty ones are left out.
func list(field *[]string) value {
	return bound[[]string]{field, func(s string) ([]string, error) {
		var texts []string
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				texts = append(texts, part)
			}
		}
		return texts, nil
	}, func(texts []string) string { return strings.Join(texts, ",") }}
}

// secrets binds texts separated by commas that are never printed.
func secrets(field *[]domain.Secret) value {
	return bound[[]domain.Secret]{field, func(s string) ([]domain.Secret, error) {
		var all []domain.Secret
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, domain.Secret(part))
			}
		}
		return all, nil
	}, func(all []domain.Secret) string {
		if len(all) == 0 {
			return ""
		}
		return all[0].String()
	}}
}

// level binds a log level; the reference's own levels between debug and warn are info.
func level(field *string) value {
	return bound[string]{field, func(s string) (string, error) {
		switch s = strings.ToLower(strings.TrimSpace(s)); s {
		case "log", "progress", "success":
			return "info", nil
		default:
			return s, nil
		}
	}, func(s string) string { return s }}
}

// logLevels are the allowed log levels.
func logLevels() []string { return []string{"trace", "debug", "info", "warn", "error", "fatal"} }

// parseBool reads on and off in any of the usual words.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "yes", "y", "true", "t", "1", "on", "enable", "enabled":
		return true, nil
	case "no", "n", "false", "f", "0", "off", "disable", "disabled":
		return false, nil
	default:
		return false, fmt.Errorf("%q is neither on (true, yes, 1) nor off (false, no, 0)", s)
	}
}

// parseDuration reads a time, in seconds where no unit is given.
func parseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if _, err := strconv.Atoi(s); err == nil {
		s += "s"
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time such as 90s or 2m", s)
	}
	return d, nil
}

// units are the size units, the longest names first so that "kb" is not read as "b".
var units = []struct {
	name  string
	bytes int64
}{{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}, {"b", 1}}

// parseSize reads a number of bytes, with a unit or without; a kilobyte is 1024.
func parseSize(s string) (int64, error) {
	digits, unit := strings.ToLower(strings.TrimSpace(s)), int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(digits, u.name); ok {
			digits, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	total := n * float64(unit)
	if err != nil || math.IsNaN(total) || total < 0 || total >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a size such as 500kb or 2mb", s)
	}
	return int64(total), nil
}

// formatSize prints a size in its largest whole unit.
func formatSize(n int64) string {
	for _, u := range []int{2, 1, 0} {
		if unit := units[u]; n > 0 && n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}
