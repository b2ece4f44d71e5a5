package agents

import (
	"encoding/json"

	"parley/domain"
)

// Status is whether an agent runs, in the reference's words.
type Status string

// The states.
const (
	// Active agents answer.
	Active Status = "active"
	// Inactive agents are stored but do not hear anything.
	Inactive Status = "inactive"
)

// Enum lists the states.
func (Status) Enum() []string { return []string{string(Active), string(Inactive)} }

// Status tells whether the agent runs.
func (a Agent) Status() Status {
	if a.Desired {
		return Active
	}
	return Inactive
}

// ListItem is an agent in a list.
type ListItem struct {
	ID            domain.AgentID `json:"id"`
	Name          string         `json:"name"`
	CharacterName string         `json:"characterName"`
	Bio           string         `json:"bio"`
	// Status says whether it runs.
	Status Status `json:"status"`
}

// newListItem is a in a list.
func newListItem(a Agent) ListItem {
	c := a.Character
	return ListItem{ID: a.ID, Name: c.Name, CharacterName: c.Name, Bio: c.Bio.first(), Status: a.Status()}
}

// View is an agent in full: the fields of its character, flattened, and its state.
// Lists and objects are never missing. Secrets are shown in encrypted form, which every
// agent that the Service knows has them in.
type View struct {
	ID              domain.AgentID             `json:"id"`
	Enabled         bool                       `json:"enabled"`
	CreatedAt       int64                      `json:"createdAt"`
	UpdatedAt       int64                      `json:"updatedAt"`
	Name            string                     `json:"name"`
	Username        string                     `json:"username"`
	System          string                     `json:"system,omitempty"`
	Templates       map[string]string          `json:"templates,omitempty"`
	Bio             Bio                        `json:"bio"`
	MessageExamples [][]Example                `json:"messageExamples"`
	PostExamples    []string                   `json:"postExamples"`
	Topics          []string                   `json:"topics"`
	Adjectives      []string                   `json:"adjectives"`
	Knowledge       []json.RawMessage          `json:"knowledge"`
	Plugins         []string                   `json:"plugins"`
	Settings        map[string]json.RawMessage `json:"settings"`
	Secrets         map[string]json.RawMessage `json:"secrets,omitempty"`
	Style           Style                      `json:"style"`
	// Status says whether it runs.
	Status Status `json:"status"`
}

// newView is a in full.
func newView(a Agent) View {
	c := a.Character
	settings := c.Settings
	if settings == nil {
		settings = map[string]json.RawMessage{}
	}
	return View{
		ID: a.ID, Enabled: a.Enabled, Status: a.Status(),
		CreatedAt: domain.Millis(a.CreatedAt), UpdatedAt: domain.Millis(a.UpdatedAt),
		Name: c.Name, Username: c.Username, System: c.System, Templates: c.Templates, Bio: c.Bio,
		MessageExamples: list(c.MessageExamples), PostExamples: list(c.PostExamples),
		Topics: list(c.Topics), Adjectives: list(c.Adjectives), Knowledge: list(c.Knowledge), Plugins: list(c.Plugins),
		Settings: settings, Secrets: c.Secrets, Style: c.Style,
	}
}

// public is the agent as those see it who only talk with it: without its instructions,
// settings, secrets and knowledge.
func (v View) public() View {
	v.System, v.Templates, v.Secrets = "", nil, nil
	v.Settings, v.Knowledge = map[string]json.RawMessage{}, []json.RawMessage{}
	return v
}

// list is l, empty instead of nil so that it is [] on the wire.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
