package builtin

import (
	"slices"
	"strings"
)

// style is how the character writes, as far as the model can keep to it.
type style struct {
	// lower writes everything in lower case; emoji ends an answer with one now and then.
	lower, emoji bool
	// statements leaves out questions.
	statements bool
	// sentences is how many an answer may have, 0 is any number.
	sentences int
}

// newStyle reads hints such as "lowercase only", "no questions", "brief", "one
// sentence" or "uses emoji". All others are for models that understand them.
func newStyle(hints []string) style {
	var s style
	for _, hint := range hints {
		hint = " " + normal(hint) + " "
		has := func(parts ...string) bool {
			return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(hint, p) })
		}
		negated := has(" no ", " not ", " never ", " without ", " avoid", " dont ", " dont ", " refrain")
		switch {
		case has(" lowercase ", " lower case ", " small letters "):
			s.lower = !negated
		case has(" emoji"):
			s.emoji = !negated
		case negated && has(" question", " ask "):
			s.statements = has(" no question", " without question", " avoid", " never ask ", " not ask ", " dont ask ", " never question", " refrain")
		case !negated && has(" one sentence ", " single sentence ", " one liner", " terse ", " very short "):
			s.sentences = 1
		case !negated && s.sentences == 0 && has(" short", " brief", " concise", " succinct"):
			s.sentences = 2
		}
	}
	return s
}

// shape leaves of a template what the style allows; it may be nothing.
func (s style) shape(template string) string {
	if !s.statements && s.sentences == 0 {
		return template
	}
	var kept []string
	for _, sentence := range split(template) {
		if s.statements && strings.HasSuffix(sentence, "?") {
			continue
		}
		kept = append(kept, sentence)
	}
	if s.sentences > 0 && len(kept) > s.sentences {
		kept = kept[:s.sentences]
	}
	return strings.Join(kept, " ")
}

// split cuts a text into sentences.
func split(text string) []string {
	var list []string
	start := 0
	for i := 0; i+1 < len(text); i++ {
		if (text[i] == '.' || text[i] == '?' || text[i] == '!') && text[i+1] == ' ' {
			list = append(list, text[start:i+1])
			start = i + 2
		}
	}
	return append(list, text[start:])
}

// faces are what a style with emoji ends answers with.
var faces = []string{"\U0001F642", "\U0001F60A", "\U0001F33F", "\u2728"}

// dress writes a finished answer as the style wants it.
func (s style) dress(text string, seed int) string {
	if s.lower {
		text = strings.ToLower(text)
	}
	if s.emoji {
		text += " " + faces[seed/3%len(faces)]
	}
	return text
}
