package builtin

import (
	"slices"
	"strings"
	"unicode"
)

// word is one word of a text.
type word struct {
	// plain is lower case with a straight apostrophe, for comparing.
	plain string
	// shown is how the person wrote it.
	shown string
}

// reading is what a text holds.
type reading struct {
	clauses [][]word
	// asks says that there is a question mark.
	asks bool
	// signs says that there is anything but space; letters and latin count letters.
	signs          bool
	letters, latin int
}

// read splits a text into clauses and words, in one pass. Clauses end at punctuation
// and before "but". Marks and joiners stay with their letters; everything else that is
// no letter, digit, apostrophe or hyphen separates words.
func (s *script) read(text string) reading {
	var r reading
	var clause []word
	var current strings.Builder
	endWord := func() {
		shown := strings.Trim(current.String(), "'-")
		current.Reset()
		if shown == "" {
			return
		}
		plain := strings.ToLower(shown)
		if plain == "but" {
			r.clauses, clause = appendClause(r.clauses, clause), nil
			return
		}
		clause = append(clause, s.expand(word{plain: plain, shown: shown})...)
	}
	for _, c := range text {
		switch {
		case unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) && current.Len() > 0:
			if unicode.IsLetter(c) {
				r.letters++
				if unicode.Is(unicode.Latin, c) {
					r.latin++
				}
			}
			current.WriteRune(c)
		case c == '\'' || c == '\u2019':
			current.WriteByte('\'')
		case c == '-':
			current.WriteRune(c)
		default:
			endWord()
			r.asks = r.asks || c == '?'
			if unicode.IsPunct(c) || c == '\n' {
				r.clauses, clause = appendClause(r.clauses, clause), nil
			}
		}
		r.signs = r.signs || !unicode.IsSpace(c)
	}
	endWord()
	r.clauses = appendClause(r.clauses, clause)
	return r
}

// appendClause adds a clause unless it is empty.
func appendClause(clauses [][]word, clause []word) [][]word {
	if len(clause) == 0 {
		return clauses
	}
	return append(clauses, clause)
}

// expand writes a contraction out.
func (s *script) expand(w word) []word {
	long, ok := s.Contractions[w.plain]
	if !ok {
		return []word{w}
	}
	var list []word
	for _, plain := range strings.Fields(long) {
		list = append(list, word{plain: plain, shown: plain})
	}
	return list
}

// maxEcho is the longest part of a clause that is said back, in words and in bytes.
const maxEcho, maxEchoBytes = 12, 160

// reflect says words from the other side: my becomes your, you become me. It reports
// false for parts that are empty or too long to be said back.
func (s *script) reflect(words []word) (string, bool) {
	words = s.trim(words)
	if len(words) == 0 || len(words) > maxEcho {
		return "", false
	}
	var out []string
	for i := 0; i < len(words); i++ {
		if i+1 < len(words) {
			if turned, ok := s.Pairs[words[i].plain+" "+words[i+1].plain]; ok {
				out = append(out, turned)
				i++
				continue
			}
		}
		out = append(out, s.turn(words, i))
	}
	text := strings.Join(out, " ")
	return text, len(text) <= maxEchoBytes
}

// trim takes away what is only politeness at the end.
func (s *script) trim(words []word) []word {
	for len(words) > 0 {
		switch words[len(words)-1].plain {
		case "please", "too", "then", "and", "or", "so", "though":
			words = words[:len(words)-1]
		default:
			return words
		}
	}
	return words
}

// turn says the word at i from the other side. "you" is the difficult one: it becomes
// "me" at the end and after words that take an object, and "I" elsewhere.
func (s *script) turn(words []word, i int) string {
	w := words[i]
	if turned, ok := s.Reflections[w.plain]; ok {
		return turned
	}
	if w.plain != "you" {
		return w.shown
	}
	if i == len(words)-1 || i > 0 && s.objectAfter[words[i-1].plain] {
		return "me"
	}
	return "I"
}

// owned returns what the clause calls "my ...": one word at its end, or up to three
// before a form of "to be"; nil if there is nothing of that kind.
func (s *script) owned(clause []word) []word {
	at := slices.IndexFunc(clause, func(w word) bool { return w.plain == "my" })
	if at < 0 {
		return nil
	}
	rest := clause[at+1:]
	n := slices.IndexFunc(rest, func(w word) bool { return slices.Contains(s.Groups["be"], w.plain) })
	switch {
	case n > 0 && n <= 3 && rest[0].plain != "name":
		return rest[:n]
	case n < 0 && len(rest) == 1:
		return rest
	default:
		return nil
	}
}
