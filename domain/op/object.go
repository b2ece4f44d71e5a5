package op

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/domain"
)

// maxNamed is how much of a field's name that a caller made up is told back, in bytes.
const maxNamed = 64

// maxNesting is how deep lists and objects in a payload may be nested. What is stored must
// be readable by everybody: readers in other languages give up between 500 and 1,000.
const maxNesting = 200

// payloadObject is a body split into its fields.
type payloadObject struct {
	// fields alias the body.
	fields map[string]json.RawMessage
	// nul says that some text in it holds a NUL.
	nul bool
}

// parseObject checks the body's encoding and splits it into its fields, each of which
// may be there once: of two that differ, other programs on the way may have read the other.
func parseObject(body json.RawMessage) (payloadObject, error) {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 || string(trimmed) == "null" {
		return payloadObject{}, nil
	}
	lone, nul := scanEscapes(trimmed)
	if lone || !utf8.Valid(trimmed) {
		return payloadObject{}, domain.Errorf(domain.Invalid, "The payload must be valid UTF-8")
	}
	if trimmed[0] != '{' {
		return payloadObject{}, domain.Errorf(domain.Invalid, "The payload must be a JSON object")
	}
	if !json.Valid(trimmed) {
		return payloadObject{}, domain.Errorf(domain.Invalid, "The payload is not valid JSON")
	}
	if tooDeep(trimmed) {
		return payloadObject{}, domain.Errorf(domain.Invalid, "The payload is nested too deep: at most %d levels are allowed", maxNesting)
	}
	fields, twice := split(trimmed)
	if twice != "" {
		var faults domain.Faults
		faults.Add(twice, "is given twice")
		return payloadObject{}, faults.Err()
	}
	return payloadObject{fields: fields, nul: nul}, nil
}

// tooDeep reports whether a valid JSON value is nested deeper than maxNesting.
func tooDeep(value []byte) bool {
	if bytes.Count(value, []byte("{"))+bytes.Count(value, []byte("[")) <= maxNesting {
		return false // nearly all payloads; counting is much faster than what follows
	}
	depth := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			i = skipText(value, i) - 1
		case '{', '[':
			if depth++; depth > maxNesting {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// split returns the fields of a valid JSON object, and the name of one that is there
// twice, "" if none is. It costs half of what a decoder into a map does, which for
// a short payload is most of the work.
func split(object []byte) (fields map[string]json.RawMessage, twice string) {
	fields = make(map[string]json.RawMessage, 8)
	for i := skipSpace(object, 1); object[i] != '}'; {
		end := skipValue(object, i)
		name := fieldName(object[i:end])
		i = skipSpace(object, skipSpace(object, end)+1) // past the colon
		end = skipValue(object, i)
		if _, there := fields[name]; there {
			return nil, clipName(name)
		}
		fields[name] = object[i:end:end]
		i = skipSpace(object, end)
		if object[i] == ',' {
			i = skipSpace(object, i+1)
		}
	}
	return fields, ""
}

// fieldName is a name as it stands in JSON, without its quotes and escapes.
func fieldName(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var name string
	_ = json.Unmarshal(quoted, &name) // it is valid
	return name
}

// clipName shortens a name to tell it back; an empty one is still named.
func clipName(name string) string {
	if name == "" {
		return `""`
	}
	if len(name) > maxNamed {
		return strings.ToValidUTF8(name[:maxNamed], "") // half a letter may be left at the end
	}
	return name
}

// skipSpace returns where the white space that begins at i ends.
func skipSpace(data []byte, i int) int {
	for data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t' {
		i++
	}
	return i
}

// skipValue returns where the value that begins at i ends, in valid JSON.
func skipValue(data []byte, i int) int {
	switch data[i] {
	case '"':
		return skipText(data, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch data[i] {
			case '"':
				i = skipText(data, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	default:
		for ; i < len(data); i++ {
			switch data[i] {
			case ',', '}', ']', ' ', '\n', '\r', '\t':
				return i
			}
		}
		return i
	}
}

// skipText returns where the text that begins at i ends.
func skipText(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// scanEscapes reports whether a \u escape of half a surrogate pair stands alone, which
// decoding would silently replace, and whether one means NUL.
func scanEscapes(raw []byte) (lone, nul bool) {
	for i := bytes.IndexByte(raw, '\\'); i >= 0 && i+5 < len(raw); i++ {
		if raw[i] != '\\' {
			next := bytes.IndexByte(raw[i:], '\\')
			if next < 0 {
				break
			}
			i += next
			if i+5 >= len(raw) {
				break
			}
		}
		if raw[i+1] != 'u' {
			i++ // the escaped character cannot begin an escape
			continue
		}
		high, ok := hex4(raw[i+2:])
		if !ok || high < 0xD800 || high > 0xDFFF {
			nul = nul || ok && high == 0
			i += 5
			continue
		}
		if high >= 0xDC00 || i+11 >= len(raw) || raw[i+6] != '\\' || raw[i+7] != 'u' {
			return true, nul
		}
		low, ok := hex4(raw[i+8:])
		if !ok || low < 0xDC00 || low > 0xDFFF {
			return true, nul
		}
		i += 11
	}
	return false, nul
}

// hasLoneSurrogate reports whether half a surrogate pair stands alone in raw.
func hasLoneSurrogate(raw []byte) bool {
	lone, _ := scanEscapes(raw)
	return lone
}

// hex4 reads four hex digits.
func hex4(raw []byte) (uint16, bool) {
	n, err := strconv.ParseUint(string(raw[:4]), 16, 16)
	return uint16(n), err == nil
}
