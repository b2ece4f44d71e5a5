package domain

import (
	"encoding/json"
	"strconv"
	"time"
)

// Instant is a time in a request: a number of milliseconds since 1970, the same as
// text, or an ISO 8601 text. The zero value is absent.
type Instant struct{ time.Time }

// UnmarshalJSON reads any of the three forms; null and "" leave it zero.
func (i *Instant) UnmarshalJSON(data []byte) error {
	var ms int64
	if err := json.Unmarshal(data, &ms); err == nil {
		i.Time = time.Time{}
		if string(data) != "null" {
			i.Time = FromMillis(ms)
		}
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return Wrap(Invalid, err, "must be milliseconds since 1970 or an ISO 8601 time")
	}
	if text == "" {
		i.Time = time.Time{}
		return nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		i.Time = FromMillis(ms)
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return Wrap(Invalid, err, "must be milliseconds since 1970 or an ISO 8601 time")
	}
	i.Time = t.UTC()
	return nil
}
