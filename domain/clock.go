package domain

import "time"

// Clock tells the time; tests replace it.
type Clock func() time.Time

// Millis is the wire's number form of t: milliseconds since 1970.
func Millis(t time.Time) int64 { return t.UnixMilli() }

// FromMillis is the time of a number of milliseconds since 1970, in UTC.
func FromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// ISO is the wire's text form of t: ISO 8601 in UTC with milliseconds.
func ISO(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
