package domain

import (
	"crypto/sha1" //nolint:gosec // The reference derives its ids with SHA-1; it protects nothing.
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// The typed IDs. Each holds a lower-case UUID text in the form 8-4-4-4-12, or is
// empty when absent. They are distinct types so that they cannot be swapped;
// decoding one from JSON checks its form and lower-cases it.
type (
	// AgentID names an agent.
	AgentID string
	// ChannelID names a central channel, which is also the Socket.IO room.
	ChannelID string
	// EntityID names whoever writes: a person or an agent (they share one space).
	EntityID string
	// MessageID names a message of a channel.
	MessageID string
	// ServerID names a message server, the group that channels belong to.
	ServerID string
	// RoomID names a channel as one agent sees it.
	RoomID string
	// WorldID names a message server as one agent sees it.
	WorldID string
	// MemoryID names a memory of an agent.
	MemoryID string
	// LogID names an entry of an agent's log.
	LogID string
	// FileID names an uploaded file.
	FileID string
)

// DefaultServer is the message server that always exists.
const DefaultServer ServerID = "00000000-0000-0000-0000-000000000000"

// ParseID checks that s is a UUID text (8-4-4-4-12 hex digits, any version and
// variant) and returns it in lower case, or an Invalid error with reason INVALID_ID.
func ParseID[T ~string](s string) (T, error) {
	if !IsUUID(s) {
		return "", &Error{Code: Invalid, Reason: "INVALID_ID", Message: "Invalid ID: not a UUID"}
	}
	return T(strings.ToLower(s)), nil
}

// IsUUID reports whether s has the form 8-4-4-4-12 of hex digits, in any case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}

// unmarshalID decodes a JSON string into an ID; null and "" leave it empty.
func unmarshalID[T ~string](data []byte, into *T) error {
	var s *string
	if err := json.Unmarshal(data, &s); err != nil {
		return &Error{Code: Invalid, Reason: "INVALID_ID", Message: "Invalid ID: not a UUID", cause: err}
	}
	if s == nil || *s == "" {
		*into = ""
		return nil
	}
	id, err := ParseID[T](*s)
	if err != nil {
		return err
	}
	*into = id
	return nil
}

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *AgentID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *ChannelID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *EntityID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *MessageID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *ServerID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *RoomID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *WorldID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *MemoryID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *LogID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// UnmarshalJSON checks the form; see the comment on the IDs.
func (id *FileID) UnmarshalJSON(data []byte) error { return unmarshalID(data, id) }

// NewID returns a random version 7 UUID: IDs made later sort later.
func NewID[T ~string]() T { return T(uuid.Must(uuid.NewV7()).String()) }

// RandomID returns a random version 4 UUID, which tells nothing of when it was made.
func RandomID[T ~string]() T { return T(uuid.NewString()) }

// DerivedID returns the version 5 UUID of the parts within space, which is itself
// a UUID. The same input gives the same id, for ever: an agent's reply and its
// turn are named so, which makes repeating them after a crash harmless.
func DerivedID[T, S ~string](space S, parts ...string) T {
	ns, err := uuid.Parse(string(space))
	if err != nil {
		ns = uuid.NewSHA1(uuid.NameSpaceOID, []byte(space))
	}
	return T(uuid.NewSHA1(ns, []byte(strings.Join(parts, ":"))).String())
}

// StringToUUID maps any text to a UUID as the reference does: SHA-1 of the text
// percent-encoded like JavaScript's encodeURIComponent, version digit 0.
func StringToUUID[T ~string](text string) T {
	sum := sha1.Sum([]byte(encodeURIComponent(text))) //nolint:gosec // see the import
	sum[6] &= 0x0f
	sum[8] = sum[8]&0x3f | 0x80
	return T(fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
}

// UniqueUUID is the reference's createUniqueUuid: base seen by one agent. A base
// equal to the agent's id stays as it is.
func UniqueUUID[T ~string](agent AgentID, base string) T {
	if base == string(agent) {
		return T(base)
	}
	return StringToUUID[T](base + ":" + string(agent))
}

// encodeURIComponent percent-encodes the UTF-8 bytes of text like JavaScript.
func encodeURIComponent(text string) string {
	const keep = "-_.!~*'()"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
