package sio

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// sentOn is a trail after some steps: an event `<channel>:<number>`, a ping or a pong.
func sentOn(steps ...string) *Trail {
	var t *Trail
	for _, step := range steps {
		switch m, _ := parseOffset(step); step {
		case "ping":
			t.ping()
		case "pong":
			t.pong()
		case "drop":
			t.drop("a")
		default:
			t = t.note(m)
		}
	}
	return t
}

func TestAnOffsetTellsWhatHasArrived(t *testing.T) {
	for name, test := range map[string]struct {
		sent   []string
		offset string
		want   map[string]int64
	}{
		"nothing was sent":                           {nil, "a:1", map[string]int64{}},
		"the greeting only":                          {[]string{"a:1", "b:1"}, "-", map[string]int64{}},
		"in the middle of a run":                     {[]string{"a:1", "a:2", "a:3", "b:7"}, "a:2", map[string]int64{"a": 2}},
		"between channels":                           {[]string{"a:1", "b:5", "a:2", "b:6"}, "a:2", map[string]int64{"a": 2, "b": 5}},
		"at the end":                                 {[]string{"a:1", "b:5", "a:2", "b:6"}, "b:6", map[string]int64{"a": 2, "b": 6}},
		"an offset of nobody's":                      {[]string{"a:1", "b:5", "ping", "b:6", "pong", "b:7"}, "c:1", map[string]int64{"a": 1, "b": 5}},
		"older than the answered ping":               {[]string{"a:1", "b:5", "ping", "pong", "b:6"}, "a:1", map[string]int64{"a": 1, "b": 5}},
		"a ping within a run":                        {[]string{"a:1", "ping", "a:2", "pong", "a:3"}, "-", map[string]int64{"a": 1}},
		"a ping that was not answered":               {[]string{"a:1", "ping", "a:2"}, "-", map[string]int64{}},
		"younger than the answered ping":             {[]string{"a:1", "ping", "a:2", "b:1", "pong", "a:3"}, "b:1", map[string]int64{"a": 2, "b": 1}},
		"numbers that begin anew":                    {[]string{"a:7", "b:1", "drop", "a:1", "b:2"}, "a:1", map[string]int64{"a": 1, "b": 1}},
		"numbers that began anew, the old one heard": {[]string{"a:7", "b:1", "drop", "b:2"}, "a:7", map[string]int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sentOn(test.sent...).Arrived(test.offset); !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestATrailNeverClaimsTooMuch sends at random, with pings, and compares what the trail
// makes of each possible offset with the truth: never more, and exactly that while the
// offset is remembered.
func TestATrailNeverClaimsTooMuch(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		channels := 1 + r.IntN(6)
		if seed%20 == 0 {
			channels = 1500
		}
		var trail *Trail
		var sent []mark
		numbers := map[string]int64{}
		pinged, proven := -1, 0
		for range r.IntN(6000) {
			switch r.IntN(400) {
			case 0:
				if pinged < 0 {
					trail.ping()
					pinged = len(sent)
				}
			case 1:
				if pinged >= 0 {
					trail.pong()
					proven, pinged = pinged, -1
				}
			default:
				channel := fmt.Sprint("c", r.IntN(channels))
				numbers[channel] += 1 + r.Int64N(3)
				m := mark{channel, numbers[channel]}
				sent = append(sent, m)
				trail = trail.note(m)
			}
		}
		if trail != nil && len(trail.runs) > maxRuns {
			t.Fatalf("seed %d: %d runs are kept", seed, len(trail.runs))
		}
		for range 20 {
			arrived := proven
			if len(sent) > proven {
				arrived += r.IntN(len(sent) - proven + 1)
			}
			truth := map[string]int64{}
			for _, m := range sent[:arrived] {
				truth[m.channel] = m.number
			}
			offset := "-"
			if arrived > 0 {
				offset = fmt.Sprintf("%s:%d", sent[arrived-1].channel, sent[arrived-1].number)
			}
			got := trail.Arrived(offset)
			for channel, number := range got {
				if number > truth[channel] {
					t.Fatalf("seed %d: %s is said to be at %d, it is at %d", seed, channel, number, truth[channel])
				}
			}
			if len(sent)-arrived < maxRuns/2 && !maps.Equal(got, truth) {
				t.Fatalf("seed %d: %d of %d arrived (%d proven), got %d channels, want %d", seed, arrived, len(sent), proven, len(got), len(truth))
			}
		}
	}
}
