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
	// Name is who says it: {{user}}, {{char}} or the agent's own name.
	Name string `json:"name"`
	// Content is what is said, an object with a text.
	Content json.RawMessage `json:"content"`
}

// Style tells how an agent writes.
type Style struct {
	// All are rules for everything that it writes.
	All []string `json:"all,omitempty"`
	// Chat are rules for conversations.
	Chat []string `json:"chat,omitempty"`
	// Post are rules for posts.
	Post []string `json:"post,omitempty"`
}

// Character is the description of an agent, as in the reference's character files.
type Character struct {
	// ID is made of the name where it is left out; it never changes.
	ID domain.AgentID `json:"id,omitempty"`
	// Name is what the agent is called; no two agents have the same one.
	Name string `json:"name"`
	// Username is the agent's name on other platforms.
	Username string `json:"username,omitempty"`
	// System is the instruction that a model gets before everything else.
	System string `json:"system,omitempty"`
	// Templates replace the prompts of single steps, by the names of these.
	Templates map[string]string `json:"templates,omitempty"`
	// Bio tells who the agent is, as one text or line by line.
	Bio Bio `json:"bio"`
	// MessageExamples are example conversations.
	MessageExamples [][]Example `json:"messageExamples,omitempty"`
	// PostExamples are example posts.
	PostExamples []string `json:"postExamples,omitempty"`
	// Topics are what the agent likes to talk about.
	Topics []string `json:"topics,omitempty"`
	// Adjectives are how the agent is.
	Adjectives []string `json:"adjectives,omitempty"`
	// Knowledge are texts, or files and folders of them, that the agent is to know.
	Knowledge []json.RawMessage `json:"knowledge,omitempty"`
	// Plugins are the names of plugins.
	Plugins []string `json:"plugins,omitempty"`
	// Settings are free, but for secrets in it, whose values are encrypted.
	Settings map[string]json.RawMessage `json:"settings,omitempty"`
	// Secrets are values that are encrypted.
	Secrets map[string]json.RawMessage `json:"secrets,omitempty"`
	// Style tells how the agent writes.
	Style Style `json:"style,omitzero"`
}
