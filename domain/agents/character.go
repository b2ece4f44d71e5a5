package agents

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/models"
)

// characters are the characters that come with the program.
//
//go:embed characters/*.json
var characters embed.FS

// characterKeys are the fields that a character may have.
var characterKeys = []string{"id", "name", "username", "system", "templates", "bio", "messageExamples", "postExamples",
	"topics", "adjectives", "knowledge", "plugins", "settings", "secrets", "style"}

// Builtin returns a character that comes with the program by its file's name; "eliza"
// is the one that a new installation starts with. Codes: not_found.
func Builtin(name string) (Character, error) {
	data, err := characters.ReadFile("characters/" + name + ".json")
	if err != nil {
		return Character{}, domain.Wrap(domain.NotFound, err, "There is no built-in character of this name")
	}
	return DecodeCharacter(data)
}

// DecodeCharacter reads a character file strictly: exactly one object, no unknown
// top-level fields, name and bio present. A character without an id gets the one that
// belongs to its name. Errors are Invalid and name every field at fault.
func DecodeCharacter(data []byte) (Character, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		return Character{}, domain.Wrap(domain.Invalid, err, "Character validation failed: expected one JSON object")
	}
	var faults []domain.Issue
	for key := range fields {
		if !slices.Contains(characterKeys, key) {
			faults = append(faults, domain.Issue{Message: fmt.Sprintf("Unrecognized key(s) in object: '%s'", key)})
		}
	}
	var c Character
	if err := json.Unmarshal(data, &c); err != nil {
		faults = append(faults, decodeFault(err))
	} else {
		faults = append(faults, c.faults()...)
	}
	if len(faults) > 0 {
		return Character{}, characterError(faults)
	}
	if c.ID == "" {
		c.ID = domain.StringToUUID[domain.AgentID](c.Name)
	}
	return c, nil
}

// examples are the example conversations as a model sees them.
func (c Character) examples() [][]models.Turn {
	var all [][]models.Turn
	for _, conversation := range c.MessageExamples {
		var turns []models.Turn
		for _, line := range conversation {
			var content struct {
				Text string `json:"text"`
			}
			if json.Unmarshal(line.Content, &content) != nil || content.Text == "" {
				continue // content is free; only its text can be shown
			}
			own := line.Name == c.Name || slices.Contains([]string{"{{char}}", "{{agent}}", "{{agentName}}"}, line.Name)
			turns = append(turns, models.Turn{Own: own, Name: line.Name, Text: content.Text})
		}
		all = append(all, turns)
	}
	return all
}

// faults lists what is wrong with c beyond the types of its fields.
func (c Character) faults() []domain.Issue {
	var found []domain.Issue
	if c.Name == "" {
		found = append(found, domain.Issue{Path: "name", Message: "Name is required"})
	}
	if c.Bio.Lines == nil {
		found = append(found, domain.Issue{Path: "bio", Message: "Required"})
	}
	return found
}

// decodeFault turns a decoding error into the field and what is wrong with it.
func decodeFault(err error) domain.Issue {
	var known *domain.Error // from a type of ours, which may wrap one of the others
	var wrongType *json.UnmarshalTypeError
	if !errors.As(err, &known) && errors.As(err, &wrongType) {
		return domain.Issue{Path: wrongType.Field, Message: "Expected " + wrongType.Type.String() + ", received " + wrongType.Value}
	}
	return domain.Issue{Message: domain.AsError(err).Message}
}

// characterError joins faults, in a stable order, in the reference's words.
func characterError(faults []domain.Issue) error {
	slices.SortFunc(faults, func(a, b domain.Issue) int {
		return strings.Compare(a.Path+"\x00"+a.Message, b.Path+"\x00"+b.Message)
	})
	parts := make([]string, len(faults))
	for i, f := range faults {
		parts[i] = f.Message
		if f.Path != "" {
			parts[i] = f.Path + ": " + f.Message
		}
	}
	return &domain.Error{Code: domain.Invalid, Message: "Character validation failed: " + strings.Join(parts, "; "), Issues: faults}
}

// Bio is a text or a list of texts; it is written as it was read.
type Bio struct {
	Lines []string
	// Single says that the JSON form is one string instead of a list.
	Single bool
}

// Forms are those in which it may stand on the wire.
func (Bio) Forms() []any { return []any{"", []string{}} }

// MarshalJSON writes the form that was read.
func (b Bio) MarshalJSON() ([]byte, error) {
	if b.Single && len(b.Lines) == 1 {
		return json.Marshal(b.Lines[0])
	}
	if b.Lines == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(b.Lines)
}

// UnmarshalJSON reads a string or a list of strings; null counts as absent.
func (b *Bio) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*b = Bio{}
		return nil
	}
	var one string
	if json.Unmarshal(data, &one) == nil {
		*b = Bio{Lines: []string{one}, Single: true}
		return nil
	}
	b.Single, b.Lines = false, []string{}
	if err := json.Unmarshal(data, &b.Lines); err != nil {
		return domain.Wrap(domain.Invalid, err, "bio: Expected a string or a list of strings")
	}
	return nil
}

// first is the line that a list of agents shows, "" if there is none.
func (b Bio) first() string {
	if len(b.Lines) == 0 {
		return ""
	}
	return b.Lines[0]
}
