package models

import "context"

// Text writes an answer. Implementations are safe for concurrent use and return soon
// after ctx has ended. Errors that are domain errors may be shown to the user; all
// others are only logged.
type Text interface {
	// Reply answers p. It hands the answer's text to emit piece by piece as it arises,
	// in order and never from two goroutines at once; the pieces joined are the
	// completion's Text, byte for byte. When it fails midway, what it emitted stands.
	Reply(ctx context.Context, p Prompt, emit func(piece string)) (Completion, error)
}

// Prompt is everything a model is told. The same prompt gives the same answer of a
// model that has no randomness of its own.
type Prompt struct {
	// Character is who answers.
	Character Character
	// Conversation is what was said lately, at most 50 turns, oldest first, without
	// the question.
	Conversation []Turn
	// Earlier reads what people said in the channel before the question, further back
	// than Conversation: at most 1,000 turns, oldest first, those of Conversation
	// included. It costs a query; nil if there is nothing to read from.
	Earlier func(ctx context.Context) ([]Turn, error)
	// Question is what is to be answered.
	Question Turn
	// Hurry says that others wait for their answers: a model that types at leisure
	// leaves that out.
	Hurry bool
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
	// Examples are conversations that show how the character speaks; in them Own
	// marks its lines.
	Examples [][]Turn
}

// Turn is one thing said.
type Turn struct {
	// Own says that the character itself said it.
	Own bool
	// Speaker is the id of who said it, "" if unknown; what the same person said
	// carries the same one.
	Speaker string
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
