package builtin

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is one word of a text.
type word struct {
	// plain is lower case with a straight apostrophe, for comparing.
	plain string
	// shown is how the person wrote it.
	shown string
}

// isCapitalised reports whether a word is written with a capital.
func isCapitalised(w word) bool { return w.plain != w.shown }

// clause is a stretch of words without a sign between them.
type clause struct {
	words []word
	// mark is the sign that ended it, 0 if none did.
	mark rune
}

// reading is what a text holds.
type reading struct {
	clauses []clause
	// asks says that there is a question mark, shouts that most of it is in capitals.
	asks, shouts bool
	// signs says that there is anything but space; the others count.
	signs                         bool
	letters, latin, digits, words int
}

// reader splits a text into clauses and words, in one pass.
type reader struct {
	*language
	reading
	current strings.Builder
	clause  []word
	uppers  int
}

// read splits a text into clauses and words. Clauses end at punctuation, before "but",
// and before an "and" or a "so" with which a new statement begins. Marks and joiners
// stay with their letters, as do signs inside numbers and addresses.
func (l *language) read(text string) reading {
	r := reader{language: l}
	before := ' '
	for len(text) > 0 {
		c, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		r.take(before, c, text)
		before = c
	}
	r.endWord()
	r.endClause(0)
	r.clauses = r.withoutAsides(r.clauses)
	r.shouts = r.letters > 4 && r.uppers*4 > r.letters*3
	if r.shouts {
		r.lower()
	}
	return r.reading
}

// take reads one character; rest is what follows.
func (r *reader) take(before, c rune, rest string) {
	r.signs = r.signs || !unicode.IsSpace(c)
	switch {
	case unicode.IsLetter(c):
		r.letters++
		if unicode.Is(unicode.Latin, c) {
			r.latin++
		}
		if unicode.IsUpper(c) {
			r.uppers++
		}
		r.current.WriteRune(c)
	case unicode.IsDigit(c):
		r.digits++
		r.current.WriteRune(c)
	case unicode.IsMark(c) && r.current.Len() > 0, c == '-':
		r.current.WriteRune(c)
	case c == '\'' || c == '\u2019':
		r.current.WriteByte('\'')
	case joins(before, c, rest):
		r.current.WriteRune(c)
	default:
		r.endWord()
		r.asks = r.asks || c == '?'
		if unicode.IsPunct(c) || c == '\n' {
			r.endClause(c)
		}
	}
}

// joins reports whether a sign belongs to the word around it: 3.15, 10:30, a@b.org,
// $5, 50%, C++.
func joins(before, c rune, rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	inside := (unicode.IsLetter(before) || unicode.IsDigit(before)) && (unicode.IsLetter(next) || unicode.IsDigit(next))
	switch c {
	case '.', '@', '_':
		return inside
	case ',', ':', '/':
		return inside && unicode.IsDigit(before) && unicode.IsDigit(next)
	case '%', '\u00b0':
		return unicode.IsDigit(before)
	case '+', '#':
		return before == 'C' || before == 'c' || before == '+'
	default:
		return unicode.Is(unicode.Sc, c) && unicode.IsDigit(next)
	}
}

// endWord adds the current word to the clause.
func (r *reader) endWord() {
	shown := strings.Trim(r.current.String(), "'-")
	r.current.Reset()
	if shown == "" {
		return
	}
	r.reading.words++
	plain := squeeze(strings.ToLower(shown))
	if plain == "but" {
		r.endClause(0)
		return
	}
	for _, w := range r.expand(word{plain: plain, shown: shown}) {
		r.clause = append(r.clause, w)
		r.splitStatement()
	}
}

// squeeze takes the drawl out of a word: "sooo" is "so".
func squeeze(w string) string {
	for i := 2; i < len(w); i++ {
		if c := w[i]; w[i-1] == c && w[i-2] == c && c >= 'a' && c <= 'z' && !strings.HasPrefix(w, "www") {
			return squeezeAll(w)
		}
	}
	return w
}

// squeezeAll writes every run of three or more equal letters as one letter.
func squeezeAll(w string) string {
	var b strings.Builder
	for i := 0; i < len(w); {
		n := 1
		for i+n < len(w) && w[i+n] == w[i] {
			n++
		}
		if n > 2 {
			b.WriteByte(w[i])
		} else {
			b.WriteString(w[i : i+n])
		}
		i += n
	}
	return b.String()
}

// expand writes a contraction out.
func (l *language) expand(w word) []word {
	long, ok := l.Contractions[w.plain]
	if !ok {
		return []word{w}
	}
	var list []word
	for _, plain := range strings.Fields(long) {
		list = append(list, word{plain: plain, shown: plain})
	}
	return list
}

// splitStatement ends the clause before "and I", "so my" and the like if it is whole
// already.
func (r *reader) splitStatement() {
	n := len(r.clause)
	if n < 4 {
		return
	}
	if r.splitNamed() {
		return
	}
	joiner, starter := r.clause[n-2].plain, r.clause[n-1]
	if joiner != "and" && joiner != "so" || r.clause[n-3].plain == "you" || r.clause[n-3].plain == "me" {
		return
	}
	if first := r.clause[0].plain; (first == "i" || first == "we") && (r.clause[1].plain == "have" || r.clause[1].plain == "got") && (starter.plain == "a" || starter.plain == "an") {
		again := slices.Clone(r.clause[:2]) // a cat and a dog
		r.clause = r.clause[:n-2]
		r.endClause(0)
		r.clause = append(append(r.clause, again...), starter)
		return
	}
	switch starter.plain {
	case "i", "my", "we", "our", "he", "she", "they", "it", "you", "his", "her", "the":
	default:
		return
	}
	for _, w := range r.clause[:n-2] {
		if r.verbs[w.plain] {
			r.clause = r.clause[:n-2]
			r.endClause(0)
			r.clause = append(r.clause, starter)
			return
		}
	}
}

// splitNamed ends the clause before "and Mia is" if it is whole already: "Tom is 7 and
// Mia is 4".
func (r *reader) splitNamed() bool {
	n := len(r.clause)
	verb, name, before := r.clause[n-1].plain, r.clause[n-2], r.clause[:n-3]
	if r.clause[n-3].plain != "and" || !isSingular(verb) || r.function[name.plain] || !slices.ContainsFunc(before, func(w word) bool { return isSingular(w.plain) }) {
		return false
	}
	tail := slices.Clone(r.clause[n-2:])
	r.clause = before
	r.endClause(0)
	r.clause = append(r.clause, tail...)
	return true
}

// isSingular reports whether w is a verb that tells of one person or thing.
func isSingular(w string) bool {
	return w == "is" || w == "was" || w == "lives" || w == "works" || w == "likes" || w == "loves" || w == "has" || w == "plays"
}

// endClause adds the current clause, without its fillers, unless it is empty.
func (r *reader) endClause(mark rune) {
	if words := r.tidy(r.clause); len(words) > 0 {
		r.clauses = append(r.clauses, clause{words: words, mark: mark})
	} else if n := len(r.clauses); n > 0 && mark == '?' {
		r.clauses[n-1].mark = mark
	}
	r.clause = r.clause[:0] // tidy has copied what it kept
}

// tidy leaves the fillers out, unless they are all there is or "not" goes before, says
// "has" where 's meant that, and puts in the apostrophes that hurry left out.
func (l *language) tidy(words []word) []word {
	kept := make([]word, 0, len(words))
	for i, w := range words {
		switch {
		case w.plain == "your" && (len(words) == 2 || i+1 < len(words) && l.function[words[i+1].plain]) && l.predicates[words[i+1].plain]:
			kept = append(kept, word{"you", "you"})
			w = word{"are", "are"}
		case w.plain == "its" && i+1 < len(words) && (l.predicates[words[i+1].plain] || l.function[words[i+1].plain] && words[i+1].plain != "own"):
			kept = append(kept, word{"it", "it"})
			w = word{"is", "is"}
		case w.plain == "2" && i+1 < len(words) && (words[i+1].plain == "you" || words[i+1].plain == "me" || i > 0 && l.verbs[words[i+1].plain]):
			w = word{"to", "to"}
		case i == 0 && w.plain == "were" && len(words) > 1 && strings.HasSuffix(words[1].plain, "ing"):
			kept = append(kept, word{"we", "we"})
			w = word{"are", "are"}
		case w.plain == "ill" && i+1 < len(words) && (l.verbs[words[i+1].plain] || words[i+1].plain == "be"):
			kept = append(kept, word{"i", "i"})
			w = word{"will", "will"}
		case i+1 < len(words) && words[i+1].plain == "name" && strings.HasSuffix(w.plain, "s") && !strings.Contains(w.plain, "'") && !l.function[w.plain]:
			w = word{w.plain[:len(w.plain)-1] + "'s", w.shown[:len(w.shown)-1] + "'s"}
		case l.fillers[w.plain] && len(words) > 1 && (i == 0 || words[i-1].plain != "not"):
			continue
		case w.plain == "is" && i+1 < len(words) && l.hasAfter[words[i+1].plain] && !isCapitalised(w) && i > 0 && pronoun(words[i-1].plain):
			w = word{plain: "has", shown: "has"}
		case i+1 < len(words) && i > 0 && isAfterNoun(w.plain, words[i+1].plain):
			kept = append(kept, word{plain: strings.TrimSuffix(w.plain, "'s"), shown: strings.TrimSuffix(w.shown, "'s")})
			w = word{plain: "is", shown: "is"}
		}
		kept = append(kept, w)
	}
	return kept
}

// isAfterNoun reports whether the 's of a noun means "is": "my sister's a nurse".
func isAfterNoun(w, next string) bool {
	if !strings.HasSuffix(w, "'s") {
		return false
	}
	switch next {
	case "a", "an", "the", "not", "called", "named":
		return true
	default:
		return false
	}
}

// pronoun reports whether w is a pronoun of the third person.
func pronoun(w string) bool { return w == "he" || w == "she" || w == "it" }

// lower takes the capitals off a text that shouts.
func (r *reader) lower() {
	for _, c := range r.clauses {
		for i := range c.words {
			c.words[i].shown = strings.ToLower(c.words[i].shown)
		}
	}
}
