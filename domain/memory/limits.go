package memory

import (
	"strings"
	"unicode/utf8"

	"parley/domain"
	"parley/domain/messaging"
)

// What lists and texts are bounded by.
const (
	// maxList is how many entries a list has at most, also one that names no limit.
	maxList = 10_000
	// maxListBytes ends a page of memories early, so that no list takes the memory of the
	// server; the answer says so.
	maxListBytes = 32 << 20
	// maxCount is up to where the total of a list is counted.
	maxCount = 100_000
	// maxName is the longest name of a table, source, world or room, in characters.
	maxName = 200
	// maxTable is the longest name of a table, in bytes.
	maxTable = 64
	// maxEmbedding is how many numbers an embedding has at most.
	maxEmbedding = 4096
)

// checkText notes why a text cannot be stored.
func checkText(f *domain.Faults, path, text string, limit int) {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		f.Add(path, "must not contain NUL")
	case len(text) > limit && utf8.RuneCountInString(text) > limit:
		f.Add(path, "is too long")
	}
}

// checkTable notes why a table cannot have this name; none is right.
func checkTable(f *domain.Faults, table string) {
	if len(table) > maxTable || strings.ContainsFunc(table, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		f.Add("tableName", "must be a short name without spaces")
	}
}

// checkContent notes what is wrong with a memory's content.
func checkContent(f *domain.Faults, content domain.Metadata) {
	checkText(f, "content.text", content.String("text"), messaging.MaxContent)
}

// checkEmbedding notes what is wrong with an embedding.
func checkEmbedding(f *domain.Faults, embedding []float32) {
	if len(embedding) > maxEmbedding {
		f.Add("embedding", "has more than %d numbers", maxEmbedding)
	}
}

// clamp returns n between 1 and most; 0 and below mean the default.
func clamp(n, standard, most int) int {
	if n <= 0 {
		return standard
	}
	return min(n, most)
}

// page returns a part of a list.
func page[T any](list []T, offset, limit int) []T {
	list = list[min(max(offset, 0), len(list)):]
	return list[:min(limit, len(list))]
}
