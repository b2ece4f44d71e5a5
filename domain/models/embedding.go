package models

import "context"

// Embedding places texts in a space in which what means the same lies close together.
// Implementations are safe for concurrent use.
type Embedding interface {
	// Embed returns one vector per text, in order, each of Dimensions numbers and of
	// length 1; the product of two of them is their cosine. A text that the model
	// knows nothing of gets the zero vector, which is close to nothing.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	// Dimensions is how many numbers a vector has.
	Dimensions() int
	// Model names the model. Vectors of different models cannot be compared.
	Model() string
}
