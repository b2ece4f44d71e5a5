package models

import "context"

// Titler names conversations. Implementations are safe for concurrent use and return soon
// after ctx has ended. Errors are as those of Text.
type Titler interface {
	// Title returns a title of three to six words for a conversation, oldest turn first;
	// "" if it finds none. It should be the same for the same conversation.
	Title(ctx context.Context, conversation []Turn) (string, error)
}
