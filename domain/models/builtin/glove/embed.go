package glove

import (
	"context"
	"math"
	"strings"
	"unicode"

	"parley/domain/models"
)

// model is the name of the vectors.
const model = "glove-6b-100d-50k"

var _ models.Embedding = (*Embedding)(nil)

// Embedding embeds sentences. The zero value is ready; it reads the vectors at the
// first use and is safe for concurrent use.
type Embedding struct{}

// Embed returns a vector per text. It fails only if ctx has ended.
func (*Embedding) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	space, err := Load()
	if err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		vectors[i] = space.Embed(text)
	}
	return vectors, nil
}

// Dimensions is how many numbers a vector has.
func (*Embedding) Dimensions() int { return 100 }

// Model names the vectors.
func (*Embedding) Model() string { return model }

// Embed returns the text's vector; zero if it holds no word that is known. The cost is
// linear in the text.
func (s *Space) Embed(text string) []float32 {
	sum, total := make([]float64, s.size), 0.0
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), apart) {
		if rank := s.Rank(stem(word)); rank != 0 {
			weight := float64(s.weights[rank])
			total += weight
			s.add(sum, rank, weight)
		}
	}
	vector := make([]float32, s.size)
	if total == 0 {
		return vector
	}
	length := 0.0
	for i := range sum {
		sum[i] = sum[i]/total - s.mean[i]
		length += sum[i] * sum[i]
	}
	if length == 0 {
		return vector
	}
	length = math.Sqrt(length)
	for i := range sum {
		vector[i] = float32(sum[i] / length)
	}
	return vector
}

// Cosine compares two vectors of Embed; it is 0 if one of them is zero.
func Cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// apart reports whether c separates words.
func apart(c rune) bool {
	return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '\'' && c != '\u2019' && c != '-'
}

// stem takes off what the words of the file have not got: signs around them and the 's.
func stem(word string) string {
	word = strings.Trim(strings.ReplaceAll(word, "\u2019", "'"), "'-")
	return strings.TrimSuffix(word, "'s")
}
