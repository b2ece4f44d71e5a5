package schema

import (
	"encoding/json"
	"slices"
)

// Given returns the fields of an example request that say something, by their names on
// the wire: what is empty stands for absent, and is left out.
func (s *Set) Given(fields []Field, example any) map[string]any {
	data, err := json.Marshal(example)
	if err != nil {
		return nil
	}
	var all map[string]any
	if json.Unmarshal(data, &all) != nil {
		return nil
	}
	out := map[string]any{}
	for name, value := range all {
		known := slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
		if known && !empty(value) {
			out[name] = value
		}
	}
	return out
}

// empty reports whether a decoded value is that of an absent field.
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == "" || v == "0001-01-01T00:00:00Z"
	case float64:
		return v == 0
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, inner := range v {
			if !empty(inner) {
				return false
			}
		}
		return true
	default:
		return false
	}
}
