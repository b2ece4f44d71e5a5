package sio

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxRuns bounds what a trail remembers one by one: 32 bytes each.
const maxRuns = 1024

// maxProven is how many runs are compared with one another to keep the last of each channel;
// more go into a map.
const maxProven = 32

// maxBefore bounds the channels of which the last number is kept: more than a socket may
// be in.
const maxBefore = 4 * maxRuns

// mark says where an event stands in the log of a channel; without a name it is none.
type mark struct {
	channel string
	number  int64
}

// parseOffset reads the text of a mark, `<channel>:<number>`.
func parseOffset(offset string) (mark, bool) {
	at := strings.LastIndexByte(offset, ':')
	if at <= 0 {
		return mark{}, false
	}
	number, err := strconv.ParseInt(offset[at+1:], 10, 64)
	return mark{channel: offset[:at], number: number}, err == nil
}

// ParseOffset reads an offset, `<channel>:<number>`: where a client stands in the log of a
// channel. ok is false for one that says nothing.
func ParseOffset(offset string) (channel string, number int64, ok bool) {
	m, ok := parseOffset(offset)
	return m.channel, m.number, ok
}

// run is a number of marked events of one channel, sent one after the other with
// rising numbers.
type run struct {
	channel     string
	first, last int64
}

// Trail remembers which marked events were sent on a connection, in the order of
// sending, so that one offset of the client's tells for every channel what has arrived.
// Events of one channel in a row take one entry: a socket in one channel needs one or two,
// whatever it hears. Nil remembers nothing, and its methods work.
type Trail struct {
	runs []run
	// cut makes the next event begin a run: a ping was sent before it.
	cut bool
	// proven is how many runs the last answered ping has proved; pinged how many were sent
	// before the ping that is out, -1 if those were forgotten meanwhile.
	proven, pinged int
	// before are the last numbers of the runs that were forgotten, and known those of them
	// that are proven; nil means all.
	before, known map[string]int64
}

// Len is how many entries the trail holds.
func (t *Trail) Len() int {
	if t == nil {
		return 0
	}
	return len(t.runs) + len(t.before) + len(t.known)
}

// note remembers an event that is queued now.
func (t *Trail) note(m mark) *Trail {
	if t == nil {
		t = &Trail{}
	}
	if n := len(t.runs); n > 0 && !t.cut {
		if last := &t.runs[n-1]; last.channel == m.channel && last.last < m.number {
			last.last = m.number
			return t
		}
	}
	if len(t.runs) == maxRuns {
		t.forget()
	}
	t.cut = false
	t.runs = append(t.runs, run{channel: m.channel, first: m.number, last: m.number})
	return t
}

// forget makes room: what is proven is kept as one number for each channel; if nothing is,
// the oldest quarter, and with it the way to tell which of it has arrived.
func (t *Trail) forget() {
	n := t.proven
	if n == 0 {
		n = maxRuns / 4
		if t.known == nil {
			t.known = maps.Clone(t.before)
			if t.known == nil {
				t.known = map[string]int64{}
			}
		}
	}
	t.fold(n)
	t.proven = max(0, t.proven-n)
	if t.pinged -= n; t.pinged < 0 {
		t.pinged = -1
	}
}

// fold keeps of the oldest n runs one number for each channel.
func (t *Trail) fold(n int) {
	if t.before == nil || len(t.before) > maxBefore {
		// Only a client that sends to channels without end comes here. To know less is safe.
		t.before = map[string]int64{}
	}
	raise(t.before, t.runs[:n])
	t.runs = slices.Delete(t.runs, 0, n)
}

// raise notes the last numbers of runs.
func raise(numbers map[string]int64, runs []run) {
	for _, r := range runs {
		if last, ok := numbers[r.channel]; !ok || last < r.last {
			numbers[r.channel] = r.last
		}
	}
}

// ping notes that a ping is sent next.
func (t *Trail) ping() {
	if t != nil {
		t.pinged, t.cut = len(t.runs), true
	}
}

// pong notes that the ping was answered: what was sent before it has arrived.
func (t *Trail) pong() {
	if t == nil || t.pinged < 0 {
		return
	}
	t.proven, t.known = t.pinged, nil
	if t.proven > maxProven {
		t.fold(t.proven)
		t.proven, t.pinged = 0, 0
		return
	}
	// Of what is proven only the last number of each channel counts.
	kept := t.proven
	for i := t.proven - 1; i >= 0; i-- {
		if !slices.ContainsFunc(t.runs[kept:t.proven], func(r run) bool { return r.channel == t.runs[i].channel }) {
			kept--
			t.runs[kept] = t.runs[i]
		}
	}
	t.runs = slices.Delete(t.runs, 0, kept)
	t.proven -= kept
	t.pinged = t.proven
}

// drop forgets a channel, because its numbers begin anew.
func (t *Trail) drop(channel string) {
	if t == nil {
		return
	}
	delete(t.before, channel)
	delete(t.known, channel)
	for i := range t.runs {
		if t.runs[i].channel == channel {
			t.runs[i] = run{first: math.MaxInt64} // keeps the places of the others, and is never found
		}
	}
}

// Arrived returns for each channel the last number that has certainly arrived at a client
// whose last marked event is that of the offset. What the offset does not decide, because
// it is none or too old, is as the last answered ping has proved it.
func (t *Trail) Arrived(offset string) map[string]int64 {
	if t == nil {
		return map[string]int64{}
	}
	out, upto := t.before, t.proven
	m, ok := parseOffset(offset)
	found := -1
	for i := len(t.runs) - 1; ok && i >= t.proven && found < 0; i-- {
		if r := t.runs[i]; r.channel == m.channel && r.first <= m.number && m.number <= r.last {
			found, upto = i, i
		}
	}
	if found < 0 && t.known != nil {
		out = t.known
	}
	out = maps.Clone(out)
	if out == nil {
		out = map[string]int64{}
	}
	raise(out, t.runs[:upto])
	if found >= 0 || ok && t.known != nil {
		raise(out, []run{{channel: m.channel, last: m.number}})
	}
	delete(out, "")
	return out
}

// Last is the last number of a channel that was sent, 0 if none is known.
func (t *Trail) Last(channel string) int64 {
	_, number := t.last(channel)
	return number
}

// last returns the newest mark that is known, of which no name means that there is none, and
// the last number of a channel.
func (t *Trail) last(channel string) (newest mark, number int64) {
	if t == nil {
		return mark{}, 0
	}
	number = t.before[channel]
	for i := len(t.runs) - 1; i >= 0; i-- {
		if t.runs[i].channel == channel {
			number = t.runs[i].last
			break
		}
	}
	switch n := len(t.runs); {
	case n > 0:
		newest = mark{channel: t.runs[n-1].channel, number: t.runs[n-1].last}
	case number > 0:
		newest = mark{channel: channel, number: number}
	}
	return newest, number
}
