package sio

import (
	"encoding/json"
	"fmt"
)

// trailCode is the form of a trail outside of this process.
type trailCode struct {
	Runs   []runCode        `json:"runs,omitempty"`
	Proven int              `json:"proven,omitempty"`
	Before map[string]int64 `json:"before,omitempty"`
	// Known is nil if all of Before is proven.
	Known map[string]int64 `json:"known"`
}

// runCode is the form of a run.
type runCode struct {
	Channel string `json:"channel"`
	First   int64  `json:"first"`
	Last    int64  `json:"last"`
}

// MarshalJSON writes what a trail tells once its connection is over.
func (t *Trail) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	code := trailCode{Proven: t.proven, Before: t.before, Known: t.known, Runs: make([]runCode, len(t.runs))}
	for i, r := range t.runs {
		code.Runs[i] = runCode{Channel: r.channel, First: r.first, Last: r.last}
	}
	data, err := json.Marshal(code)
	if err != nil {
		return nil, fmt.Errorf("encode a trail: %w", err)
	}
	return data, nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Trail) UnmarshalJSON(data []byte) error {
	var code trailCode
	if err := json.Unmarshal(data, &code); err != nil {
		return fmt.Errorf("decode a trail: %w", err)
	}
	if code.Proven < 0 || code.Proven > len(code.Runs) || len(code.Runs) > maxRuns {
		return fmt.Errorf("decode a trail: %d of %d runs are proven", code.Proven, len(code.Runs))
	}
	*t = Trail{proven: code.Proven, pinged: -1, before: code.Before, known: code.Known, runs: make([]run, len(code.Runs))}
	for i, r := range code.Runs {
		t.runs[i] = run{channel: r.Channel, first: r.First, last: r.Last}
	}
	return nil
}
