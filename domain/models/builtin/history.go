package builtin

import (
	"strings"
	"unicode"

	"parley/domain/models"
)

// noRepeat is for how many of its own turns the character says no sentence again,
// noTemplate for how many it uses no template again, whatever fills it.
const noRepeat, noTemplate = 12, 6

// history is what the character itself said lately, normalised, the last first.
type history []string

// newHistory reads a conversation, of which it needs only the end, without the names by
// which somebody was addressed.
func newHistory(conversation []models.Turn, asker string) history {
	var h history
	for i := len(conversation) - 1; i >= 0 && len(h) < noRepeat; i-- {
		if conversation[i].Own {
			text := withoutAddress(conversation[i].Text, asker)
			for _, t := range conversation[max(0, i-3):i] { // it may have addressed the asker
				if !t.Own && t.Name != "" {
					text = withoutAddress(text, t.Name)
				}
			}
			h = append(h, normal(text))
		}
	}
	return h
}

// withoutAddress takes a name off that a text begins with, whatever its case.
func withoutAddress(text, name string) string {
	if n := len(name); n > 0 && len(text) > n && strings.EqualFold(text[:n], name) {
		return strings.TrimPrefix(text[n:], ", ")
	}
	return text
}

// normal keeps of a text what makes it the same text: its words, in lower case.
func normal(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	gap := false
	for _, c := range text {
		switch {
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(unicode.ToLower(c))
		case c != '\'' && c != '\u2019':
			gap = true
		}
	}
	return b.String()
}

// penalty tells how ill it would be to say text, made from template, now: 0 is well,
// more is said or used a shorter time ago.
func (h history) penalty(template, text string) int {
	said, worst := normal(text), 0
	for i, before := range h {
		if said == before {
			return 100 - i
		}
		if i < noTemplate && worst == 0 && fromTemplate(template, before) {
			worst = 50 - i
		}
	}
	return worst
}

// holds reports whether the character said part lately.
func (h history) holds(part string) bool {
	part = normal(part)
	for _, before := range h {
		if part != "" && strings.Contains(before, part) {
			return true
		}
	}
	return false
}

// leastOwn is how many letters of its own a template must have to be recognised.
const leastOwn = 6

// fromTemplate reports whether a normalised text can have come from a template.
func fromTemplate(template, text string) bool {
	own, rest := 0, text
	for first := true; ; first = false {
		literal, tail, slot := strings.Cut(template, "{")
		piece := normal(literal)
		own += len(piece)
		at := strings.Index(rest, piece)
		switch {
		case at < 0 || first && at > 0:
			return false
		case !slot:
			return own >= leastOwn && strings.HasSuffix(rest, piece)
		}
		rest = rest[at+len(piece):]
		if _, template, slot = strings.Cut(tail, "}"); !slot {
			return false
		}
	}
}
