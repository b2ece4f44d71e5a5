package e2e_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// journal is what a client has heard of one channel, in the order of hearing. No edits and
// deletions are part of the scenarios that keep one, so its numbers must follow one another
// without a gap.
type journal struct {
	heard []entry
	last  int64
	// repeats are events that came again under the same number and id, which is allowed only
	// after a replica has died silently.
	repeats int
	again   []string // the first of them, for who looks for the reason
	// where is on which way the next event comes.
	where  string
	faults []string
}

// maxFaults bounds what is kept of what went wrong; the first ones tell most.
const maxFaults = 5

// faultf notes what went wrong.
func (j *journal) faultf(format string, args ...any) {
	if len(j.faults) < maxFaults {
		j.faults = append(j.faults, fmt.Sprintf(format, args...))
	}
}

// addLocked takes the next event. The owner's lock is held.
func (j *journal) addLocked(e entry) {
	switch {
	case e.Rev == j.last+1:
		j.heard = append(j.heard, e)
		j.last = e.Rev
	case e.Rev > j.last:
		j.faultf("%d follows %d: what is between is lost", e.Rev, j.last)
		j.heard = append(j.heard, e)
		j.last = e.Rev
	case slices.Contains(j.heard, e):
		j.repeats++
		if len(j.again) < maxFaults {
			j.again = append(j.again, fmt.Sprintf("%d after %d in %s", e.Rev, j.last, j.where))
		}
	default:
		j.faultf("%d is %s and comes after %d", e.Rev, e.ID, j.last)
	}
}

// hasLocked reports whether a message was heard. The owner's lock is held.
func (j *journal) hasLocked(id string) bool {
	return slices.ContainsFunc(j.heard, func(e entry) bool { return e.ID == id })
}

// broken says what has gone wrong for good, "" if nothing has. repeats says whether events may
// have come again.
func (j *journal) broken(repeats bool) string {
	faults := slices.Clone(j.faults)
	if j.repeats > 0 && !repeats {
		faults = append(faults, fmt.Sprintf("%d events came twice: %s", j.repeats, strings.Join(j.again, ", ")))
	}
	return strings.Join(faults, "; ")
}

// compare holds a journal against the channel's log, in the order of its numbers. repeats
// says whether events may have come again.
func (j *journal) compare(log []row, repeats bool) error {
	if fault := j.broken(repeats); fault != "" {
		return errors.New(fault)
	}
	for i := range max(len(log), len(j.heard)) {
		var stored, heard entry
		if i < len(log) {
			stored = entry{Rev: log[i].Seq, ID: log[i].ID}
		}
		if i < len(j.heard) {
			heard = j.heard[i]
		}
		if stored != heard {
			return fmt.Errorf("the log has %+v where the client heard %+v", stored, heard)
		}
	}
	return nil
}

// TestTheCheckerNoticesWhatIsWrong gives it clients that lose, double and mix up.
func TestTheCheckerNoticesWhatIsWrong(t *testing.T) {
	log := []row{{ID: "a", Seq: 1}, {ID: "b", Seq: 2}, {ID: "c", Seq: 3}}
	a, b, c := entry{1, "a"}, entry{2, "b"}, entry{3, "c"}
	for name, test := range map[string]struct {
		heard   []entry
		repeats bool
		want    string // "" is no fault
	}{
		"all of it":                   {[]entry{a, b, c}, false, ""},
		"one is lost":                 {[]entry{a, c}, false, "lost"},
		"the first is lost":           {[]entry{b, c}, false, "lost"},
		"the last is lost":            {[]entry{a, b}, false, "the log has {Rev:3 ID:c}"},
		"one comes twice":             {[]entry{a, b, b, c}, false, "came twice"},
		"one comes twice and may":     {[]entry{a, b, b, c}, true, ""},
		"two change places":           {[]entry{b, a, c}, true, "lost"},
		"an old number is another":    {[]entry{a, b, {1, "x"}, c}, true, "1 is x"},
		"a message that is not there": {[]entry{a, b, c, {4, "d"}}, false, "the log has {Rev:0 ID:}"},
		"another message":             {[]entry{a, {2, "x"}, c}, false, "heard {Rev:2 ID:x}"},
		"two numbers of one message":  {[]entry{a, b, {3, "b"}}, false, "heard {Rev:3 ID:b}"},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			for _, e := range test.heard {
				j.addLocked(e)
			}
			err := j.compare(log, test.repeats)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("the checker says %v, want %q", err, test.want)
			}
		})
	}
}
