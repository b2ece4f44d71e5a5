package domain_test

import (
	"encoding/json"
	"testing"

	"parley/domain"
)

func TestAnInstantHasSeveralForms(t *testing.T) {
	for text, want := range map[string]string{
		`1795453373498`:                   "2026-11-23T17:02:53.498Z",
		`"1795453373498"`:                 "2026-11-23T17:02:53.498Z",
		`"2026-11-23T18:02:53.498+01:00"`: "2026-11-23T17:02:53.498Z",
		`"2026-11-23"`:                    "2026-11-23T00:00:00.000Z",
	} {
		var i domain.Instant
		if err := json.Unmarshal([]byte(text), &i); err != nil || domain.ISO(i.Time) != want {
			t.Errorf("%s is %s, %v; want %s", text, domain.ISO(i.Time), err, want)
		}
	}
	for _, text := range []string{`"2026-13-45"`, `"2026-11"`, `"tomorrow"`, `1.5`, `true`} {
		if json.Unmarshal([]byte(text), new(domain.Instant)) == nil {
			t.Errorf("%s is read as a time", text)
		}
	}
}

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
