package models

import "context"

// Text writes an answer. Implementations are safe for concurrent use and return soon
// after ctx has ended. Errors that are domain errors may be shown to the user; all
// others are only logged.
type Text interface {
	Reply(ctx context.Context, p Prompt) (Completion, error)
}

// Prompt is everything a model is told.
type Prompt struct {
	// ID names the question. A model without randomness of its own may choose by it:
	// the same prompt gives the same answer.
	ID string
	// Character is who answers.
	Character Character
	// Conversation is what was said lately, oldest first, without the question.
	Conversation []Turn
	// Question is what is to be answered.
	Question Turn
}

// Character is what a model needs to know of an agent.
type Character struct {
	Name string
	// System is the system prompt, "" if the character has none.
	System     string
	Bio        []string
	Topics     []string
	Adjectives []string
	// Style tells how to write in a chat.
	Style []string
}

// Turn is one thing said.
type Turn struct {
	// Own says that the character itself said it.
	Own bool
	// Name is the speaker's display name, "" if unknown.
	Name string
	Text string
}

// Completion is a model's answer.
type Completion struct {
	// Text is the answer; "" says nothing.
	Text string
	// Thought is why it answers so, in one sentence; it may be shown to users.
	Thought string
}
