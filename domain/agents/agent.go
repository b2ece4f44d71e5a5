package agents

import (
	"encoding/json"
	"time"

	"parley/domain"
)

// Agent is a character with its identity and state.
type Agent struct {
	ID domain.AgentID
	// Character is the validated character; its JSON form is kept as it was given,
	// field by field, so that clients get back what they sent.
	Character Character
	// Enabled is the reference's flag of the same name.
	Enabled bool
	// Desired says whether the agent should be running; it survives a restart.
	Desired bool
	// Leaving says that the agent was deleted and what belongs to it is being removed;
	// callers do not see it any more.
	Leaving   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Example is one line of an example conversation.
type Example struct {
	Name    string          `json:"name"`
	Content json.RawMessage `json:"content"`
}

// Style tells how an agent writes.
type Style struct {
	All  []string `json:"all,omitempty"`
	Chat []string `json:"chat,omitempty"`
	Post []string `json:"post,omitempty"`
}

// Character is the description of an agent, as in the reference's character files.
type Character struct {
	ID              domain.AgentID             `json:"id,omitempty"`
	Name            string                     `json:"name"`
	Username        string                     `json:"username,omitempty"`
	System          string                     `json:"system,omitempty"`
	Templates       map[string]string          `json:"templates,omitempty"`
	Bio             Bio                        `json:"bio"`
	MessageExamples [][]Example                `json:"messageExamples,omitempty"`
	PostExamples    []string                   `json:"postExamples,omitempty"`
	Topics          []string                   `json:"topics,omitempty"`
	Adjectives      []string                   `json:"adjectives,omitempty"`
	Knowledge       []json.RawMessage          `json:"knowledge,omitempty"`
	Plugins         []string                   `json:"plugins,omitempty"`
	Settings        map[string]json.RawMessage `json:"settings,omitempty"`
	Secrets         map[string]json.RawMessage `json:"secrets,omitempty"`
	Style           Style                      `json:"style,omitzero"`
}
