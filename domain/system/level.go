package system

import (
	"encoding/json"
	"strconv"
	"strings"
)

// The levels of log entries, as the contract numbers them.
const (
	Trace    = 10
	Debug    = 20
	Success  = 27
	Progress = 28
	Log      = 29
	Info     = 30
	Warn     = 40
	Error    = 50
	Fatal    = 60
)

// levelNames are the names of the levels as the contract lists them.
func levelNames() []string {
	return []string{"fatal", "error", "warn", "info", "log", "progress", "success", "debug", "trace"}
}

// unknownLevel is the threshold of a level that nobody knows: nothing passes.
const unknownLevel = 70

// levelNumber returns the number of a level's name in any case.
func levelNumber(name string) (int, bool) {
	switch strings.ToLower(name) {
	case "trace":
		return Trace, true
	case "debug":
		return Debug, true
	case "success":
		return Success, true
	case "progress":
		return Progress, true
	case "log":
		return Log, true
	case "info":
		return Info, true
	case "warn":
		return Warn, true
	case "error":
		return Error, true
	case "fatal", "panic":
		return Fatal, true
	default:
		return 0, false
	}
}

// Filter selects entries for one watcher of the log. The zero value lets everything
// pass. Decoding JSON into it changes only the fields that are given.
type Filter struct {
	// AgentName is the agent that an entry must be about; "" and "all" mean any.
	AgentName string `json:"agentName,omitempty"`
	// AgentID is the same by the agent's id.
	AgentID string `json:"agentId,omitempty"`
	// Level is the least level that passes.
	Level Threshold `json:"level,omitzero"`
}

// Match reports whether e passes.
func (f Filter) Match(e Entry) bool {
	return is(f.AgentName, e.AgentName) && is(f.AgentID, e.AgentID) && e.Level >= f.Level.number()
}

// is reports whether value is the wanted one; "" and "all" want any.
func is(wanted, value string) bool { return wanted == "" || wanted == "all" || wanted == value }

// Threshold is the name of a level or a number, which is taken as it is. The zero
// value and the name "all" let everything pass, an unknown name nothing. It is
// encoded as it was given.
type Threshold struct {
	text    string
	numeric bool
}

// newThreshold reads a name or the text of a number.
func newThreshold(text string) Threshold {
	_, err := strconv.ParseFloat(text, 64)
	return Threshold{text: text, numeric: err == nil}
}

// IsZero reports whether no level was given.
func (t Threshold) IsZero() bool { return t == Threshold{} }

// number is the least level that passes.
func (t Threshold) number() int {
	if t.numeric {
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil || n > unknownLevel {
			return unknownLevel
		}
		return int(max(n, 0))
	}
	if t.text == "" || strings.EqualFold(t.text, "all") {
		return 0
	}
	if n, ok := levelNumber(t.text); ok {
		return n
	}
	return unknownLevel
}

// Forms are those in which it may stand on the wire.
func (Threshold) Forms() []any { return []any{"", 0.0} }

// MarshalJSON writes the form that was read.
func (t Threshold) MarshalJSON() ([]byte, error) {
	if t.numeric {
		return []byte(t.text), nil
	}
	return json.Marshal(t.text)
}

// UnmarshalJSON reads a name or a number; null is none.
func (t *Threshold) UnmarshalJSON(data []byte) error {
	var number json.Number
	if len(data) > 0 && data[0] != '"' {
		if err := json.Unmarshal(data, &number); err != nil {
			return err
		}
		*t = Threshold{text: number.String(), numeric: number != ""}
		return nil
	}
	var name string
	if err := json.Unmarshal(data, &name); err != nil {
		return err
	}
	*t = Threshold{text: name}
	return nil
}
