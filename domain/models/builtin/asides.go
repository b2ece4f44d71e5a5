package builtin

import "slices"

// withoutAsides leaves out what says nothing: "by the way" before or after a statement,
// and the thanks that end one. It keeps what stands alone.
func (l *language) withoutAsides(clauses []clause) []clause {
	kept := make([]clause, 0, len(clauses))
	for _, c := range clauses {
		if c.words = l.cleared(c.words); len(c.words) > 0 {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 {
		return clauses
	}
	last := &kept[len(kept)-1]
	n := l.thanked(last.words)
	switch {
	case n < len(last.words) && n > 1:
		last.words = last.words[:n]
	case n == 0 && len(kept) > 1 && l.statesSomething(kept[len(kept)-2]):
		kept = kept[:len(kept)-1]
	}
	return kept
}

// cleared takes the asides off both ends of a clause; nothing is left of one that is an
// aside or a mere beginning.
func (l *language) cleared(words []word) []word {
	if len(words) == 1 && slices.Contains([]string{"well", "oh", "ah", "so", "look", "listen", "now", "and"}, words[0].plain) {
		return nil
	}
	for _, a := range l.asides {
		n := len(words) - len(a)
		if n == 0 && startsWith(words, a) {
			return nil
		}
		if n > 1 && startsWith(words[n:], a) && (a[0] != "you" || !l.function[words[n-1].plain]) { // "how do you know"
			return words[:n]
		}
		if n > 2 && startsWith(words, a) && a[0] != "i" && a[0] != "you" { // "I think" and "you know" may ask for an answer
			return words[len(a):]
		}
	}
	return words
}

// thanked returns where the thanks begin that end a clause, its length if none do.
func (l *language) thanked(words []word) int {
	for _, t := range l.thanks {
		if n := len(words) - len(t); n >= 0 && startsWith(words[n:], t) {
			return n
		}
	}
	return len(words)
}

// statesSomething reports whether a clause says how things are, beside which thanks are
// only polite: "I'm fine, thanks" but not "Ok, thanks".
func (l *language) statesSomething(c clause) bool {
	return c.mark != '?' && (len(c.words) > 1 || slices.Contains([]string{"fine", "good", "great", "well"}, c.words[0].plain))
}
