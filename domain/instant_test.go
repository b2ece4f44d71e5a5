package domain_test

import (
	"encoding/json"
	"testing"

	"parley/domain"
)

// FuzzInstant checks that what is read as a time can be told and stored again.
func FuzzInstant(f *testing.F) {
	for _, seed := range []string{`0`, `-1`, `1795453373498`, `"1795453373498"`, `"2026-11-23T17:02:53.498Z"`, `"2026-11-23T17:02:53+23:59"`, `9223372036854775807`, `null`, `""`, `"0000-01-01T00:00:00Z"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var i domain.Instant
		if err := json.Unmarshal(data, &i); err != nil || i.IsZero() {
			return
		}
		if _, err := json.Marshal(i); err != nil {
			t.Fatalf("%s becomes %v: %v", data, i, err)
		}
	})
}
