package op

import (
	"encoding/json"
	"fmt"
	"reflect"
)

const (
	// maxText bounds a text, in bytes, unless its field says that it is long. Most texts are
	// names, words and queries, for which a request need not think of a limit.
	maxText = 64 << 10
	// maxEntries bounds a list.
	maxEntries = 10_000
)

// unfit says what is wrong with a value of the right type, "" if nothing is. mayHoldNUL
// says that raw is worth a look. No store keeps a NUL everywhere, and what is written in
// C ends a text there.
func (f field) unfit(raw json.RawMessage, value reflect.Value, mayHoldNUL bool) string {
	if mayHoldNUL {
		if _, nul := scanEscapes(raw); nul {
			return "must not contain NUL"
		}
	}
	return f.excess(value)
}

// excess says by what the value of the field is too large, "" if it is not.
func (f field) excess(value reflect.Value) string {
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return ""
		}
		value = value.Elem()
	}
	switch {
	case value.Kind() == reflect.String && value.Len() > maxText && !f.long:
		return fmt.Sprintf("is too long: more than %d bytes", maxText)
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() != reflect.Uint8:
		return f.excessOfList(value)
	default:
		return ""
	}
}

// excessOfList is that of a list and of its texts.
func (f field) excessOfList(list reflect.Value) string {
	if list.Len() > maxEntries {
		return fmt.Sprintf("has too many entries: more than %d", maxEntries)
	}
	if list.Type().Elem().Kind() != reflect.String {
		return ""
	}
	id := list.Type().Elem() != reflect.TypeFor[string]()
	for i := range list.Len() {
		if id && list.Index(i).Len() == 0 { // null, or "": an id may be absent, but not in a list
			return "has an empty entry"
		}
		if said := f.excess(list.Index(i)); said != "" {
			return fmt.Sprintf("has an entry that %s", said)
		}
	}
	return ""
}
