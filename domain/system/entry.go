package system

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley/domain"
)

// Entry is one line of the server's log. It is shared between watchers and must not
// be changed.
type Entry struct {
	// Level is a number of the contract: Trace to Fatal.
	Level int
	// Time is in milliseconds since 1970.
	Time int64
	// Msg is the message.
	Msg string
	// AgentName, AgentID and RoomID say what the line is about, "" if it does not.
	AgentName string
	AgentID   string
	RoomID    string
	// Replica is where the line was written, "" on a server that is alone.
	Replica string
	// Fields are the line's other fields.
	Fields map[string]any
}

// entryForm is an Entry on the wire.
type entryForm struct {
	Level     int    `json:"level"`
	Time      int64  `json:"time"`
	Msg       string `json:"msg"`
	AgentName string `json:"agentName,omitempty"`
	AgentID   string `json:"agentId,omitempty"`
	RoomID    string `json:"roomId,omitempty"`
	// Replica names the replica whose line it is; absent for a server that is alone.
	Replica string         `json:"replica,omitempty"`
	Others  map[string]any `json:"*"`
}

// Forms are those in which it may stand on the wire.
func (Entry) Forms() []any { return []any{entryForm{}} }

// MarshalJSON writes one flat object; the entry's own fields win over Fields.
func (e Entry) MarshalJSON() ([]byte, error) {
	flat := make(map[string]any, len(e.Fields)+6)
	maps.Copy(flat, e.Fields)
	flat["level"], flat["time"], flat["msg"] = e.Level, e.Time, e.Msg
	for key, text := range map[string]string{"agentName": e.AgentName, "agentId": e.AgentID, "roomId": e.RoomID, "replica": e.Replica} {
		if text != "" {
			flat[key] = text
		}
	}
	return json.Marshal(flat)
}

// maxEntry bounds one entry, in bytes of its line; of a longer one only the message
// is kept, as far as it fits.
const maxEntry = 16 << 10

// parseEntry reads a line of zerolog. Anything else becomes a message at level info.
func parseEntry(line []byte, now time.Time) Entry {
	e := Entry{Level: Info, Time: domain.Millis(now)}
	fields := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		e.Msg = redactText(shorten(strings.TrimSpace(string(line))))
		return e
	}
	if n, ok := takeLevel(fields); ok {
		e.Level = n
	}
	if ms, ok := takeTime(fields); ok {
		e.Time = ms
	}
	e.Msg = takeText(fields, "message")
	if e.Msg == "" {
		e.Msg = takeText(fields, "msg")
	}
	e.Msg = redactText(e.Msg)
	e.AgentName, e.AgentID, e.RoomID = takeText(fields, "agentName"), takeText(fields, "agentId"), takeText(fields, "roomId")
	if len(line) > maxEntry {
		e.Msg, fields = shorten(e.Msg), map[string]any{"truncated": true}
		e.AgentName, e.AgentID, e.RoomID = shorten(e.AgentName), shorten(e.AgentID), shorten(e.RoomID)
	}
	redact(fields)
	e.Fields = fields
	return e
}

// shorten cuts text to a size that an entry may have, between two characters.
func shorten(text string) string {
	const most = maxEntry / 4
	if len(text) > most {
		text = text[:most]
		for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
		if len(text) > 0 && text[len(text)-1] >= utf8.RuneSelf {
			text = text[:len(text)-1]
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// takeText removes a text from fields and returns it, "" if there is none.
func takeText(fields map[string]any, key string) string {
	text, ok := fields[key].(string)
	if ok {
		delete(fields, key)
	}
	return text
}

// takeLevel removes the level, a name or a number, and returns its number.
func takeLevel(fields map[string]any) (int, bool) {
	var text string
	switch v := fields["level"].(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	delete(fields, "level")
	if n, ok := levelNumber(text); ok {
		return n, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// takeTime removes the time, a text or a Unix time in seconds or milliseconds, and
// returns it in milliseconds.
func takeTime(fields map[string]any) (int64, bool) {
	value := fields["time"]
	delete(fields, "time")
	switch v := value.(type) {
	case string:
		t, err := time.Parse(time.RFC3339Nano, v)
		return domain.Millis(t), err == nil
	case json.Number:
		n, err := v.Int64()
		if n < 1e11 { // seconds until the year 5138
			n *= 1000
		}
		return n, err == nil
	default:
		return 0, false
	}
}
