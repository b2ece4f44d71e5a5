package domain

import (
	"encoding/json"
	"strconv"
	"time"
)

// Instant is a time in a request: a number of milliseconds since 1970, the same as
// text, or an ISO 8601 text; a mere date is its beginning in UTC. The zero value is absent. What lies before the year 0 or after
// 9999, which ISO 8601 cannot say, is moved to there.
type Instant struct{ time.Time }

// The ends of what ISO 8601 can say.
const (
	firstMilli = -62_167_219_200_000
	lastMilli  = 253_402_300_799_999
)

// newInstant is the time of a number of milliseconds since 1970.
func newInstant(ms int64) Instant { return Instant{FromMillis(min(max(ms, firstMilli), lastMilli))} }

// UnmarshalJSON reads any of the three forms; null and "" leave it zero.
func (i *Instant) UnmarshalJSON(data []byte) error {
	var ms int64
	if err := json.Unmarshal(data, &ms); err == nil {
		i.Time = time.Time{}
		if string(data) != "null" {
			*i = newInstant(ms)
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
		*i = newInstant(ms)
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	if err != nil {
		return Wrap(Invalid, err, "must be milliseconds since 1970 or an ISO 8601 time")
	}
	if i.Time = t.UTC(); i.Year() < 0 || i.Year() > 9999 { // by its offset
		*i = newInstant(t.UnixMilli())
	}
	return nil
}
