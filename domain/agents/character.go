package agents

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"parley/domain"
	"parley/domain/models"
)

// characters are the characters that come with the program.
//
//go:embed characters/*.json
var characters embed.FS

// Builtin returns a character that comes with the program by its file's name; "eliza"
// is the one that a new installation starts with. Codes: not_found.
func Builtin(name string) (Character, error) {
	data, err := characters.ReadFile("characters/" + name + ".json")
	if err != nil {
		return Character{}, domain.Wrap(domain.NotFound, err, "There is no built-in character of this name")
	}
	return DecodeCharacter(data)
}

// DecodeCharacter reads a character strictly: exactly one object, no unknown top-level
// fields, no key twice, every field of its type. A character without an id gets the one
// that belongs to its name. Errors are Invalid and name every field at fault, in the
// reference's words.
func DecodeCharacter(data []byte) (Character, error) {
	c, err := readCharacter(data)
	if err == nil && c.ID == "" {
		c.ID = domain.StringToUUID[domain.AgentID](c.Name)
	}
	return c, err
}

// readCharacter is DecodeCharacter that leaves the id as it was given.
func readCharacter(data []byte) (Character, error) {
	object, faults, err := parse(data)
	if err != nil {
		return Character{}, invalidCharacter(err)
	}
	faults.checkCharacter(object)
	if err := faults.err(); err != nil {
		return Character{}, err
	}
	var c Character
	if err := json.Unmarshal(data, &c); err != nil {
		return Character{}, invalidCharacter(err)
	}
	return c, nil
}

// invalidCharacter is the error of what is no character at all.
func invalidCharacter(err error) error {
	return domain.Errorf(domain.Invalid, "Character validation failed: %s", err.Error())
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
		return fmt.Errorf("bio: %w", err)
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
