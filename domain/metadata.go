package domain

import (
	"bytes"
	"encoding/json"
)

// Metadata is a JSON object whose values are kept byte for byte, as the clients
// rely on getting back exactly what they sent. The zero value is an empty object;
// reading is safe for concurrent use, Set is not.
type Metadata map[string]json.RawMessage

// String returns the text under key, or "" if there is none.
func (m Metadata) String(key string) string {
	var s string
	if json.Unmarshal(m[key], &s) != nil {
		return ""
	}
	return s
}

// True reports whether the value under key is exactly true.
func (m Metadata) True(key string) bool { return string(bytes.TrimSpace(m[key])) == "true" }

// Set stores value under key as JSON. A value that JSON cannot express is left out.
func (m Metadata) Set(key string, value any) {
	data, err := json.Marshal(value)
	if err == nil {
		m[key] = data
	}
}

// Clone returns a copy that can be changed; it is never nil.
func (m Metadata) Clone() Metadata {
	c := make(Metadata, len(m)+4)
	for k, v := range m {
		c[k] = v
	}
	return c
}

// MarshalJSON writes an object, {} for the zero value.
func (m Metadata) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("{}"), nil
	}
	return PlainJSON(map[string]json.RawMessage(m))
}

// PlainJSON encodes a value without HTML escapes, which make six bytes of one and are of
// no use where JSON is not part of a page.
func PlainJSON(value any) (json.RawMessage, error) {
	var buf bytes.Buffer
	j := json.NewEncoder(&buf)
	j.SetEscapeHTML(false)
	if err := j.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
