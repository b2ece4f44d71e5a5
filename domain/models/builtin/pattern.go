package builtin

import (
	"fmt"
	"slices"
	"strings"
)

// pattern is a compiled rule pattern: runs of words with gaps between them.
type pattern struct {
	runs []run
	// openStart and openEnd say that a gap comes before the first and after the last run.
	openStart, openEnd bool
	// parts is the number of gaps, groups and single words.
	parts int
}

// run is a sequence of words that stand side by side.
type run []matcher

// matcher accepts one word.
type matcher struct {
	word string
	// oneOf and group replace word if they are not nil; only a group makes a part.
	oneOf []string
	group set
	// any accepts every word, or every one that ends with suffix.
	any    bool
	suffix string
}

// accepts reports whether the word fits.
func (m matcher) accepts(word string) bool {
	switch {
	case m.any:
		return strings.HasSuffix(word, m.suffix) && len(word) > len(m.suffix)
	case m.group != nil:
		return m.group[word]
	case m.oneOf != nil:
		return slices.Contains(m.oneOf, word)
	default:
		return m.word == word
	}
}

// compile reads the text form of a pattern.
func (s *script) compile(text string) (pattern, error) {
	var p pattern
	afterGap := false
	elements := strings.Fields(text)
	if len(elements) == 0 {
		return p, fmt.Errorf("empty pattern")
	}
	for i, e := range elements {
		if e == "*" {
			if afterGap {
				return p, fmt.Errorf("pattern %q has two gaps in a row", text)
			}
			p.openStart = p.openStart || i == 0
			p.openEnd = i == len(elements)-1
			p.parts++
			afterGap = true
			continue
		}
		m := matcher{word: e}
		m.suffix, m.any = strings.CutPrefix(e, "_")
		if m.any {
			p.parts++
		}
		if name, ok := strings.CutPrefix(e, "@"); ok {
			if m.group = newSet(s.Groups[name]); len(m.group) == 0 {
				return p, fmt.Errorf("pattern %q uses the unknown group %s", text, name)
			}
			p.parts++
		} else if strings.Contains(e, "|") {
			m.oneOf = strings.Split(e, "|")
		}
		if afterGap || len(p.runs) == 0 {
			p.runs = append(p.runs, nil)
		}
		last := len(p.runs) - 1
		p.runs[last] = append(p.runs[last], m)
		afterGap = false
	}
	return p, nil
}

// match cuts words into the pattern's parts: gaps, groups and single words, in order. Each run
// is taken where it fits first, except that a pattern without a gap at its end takes
// its last run at the end; so nothing is ever tried twice.
func (p pattern) match(words []word) ([][]word, bool) {
	parts := make([][]word, 0, p.parts)
	rest := words
	for i, r := range p.runs {
		at := 0
		switch {
		case i == 0 && !p.openStart:
			if !r.fits(rest) {
				return nil, false
			}
		case i == len(p.runs)-1 && !p.openEnd:
			if at = len(rest) - len(r); at < 0 || !r.fits(rest[at:]) {
				return nil, false
			}
		default:
			if at = r.find(rest); at < 0 {
				return nil, false
			}
		}
		if i > 0 || p.openStart {
			parts = append(parts, rest[:at])
		}
		for j, m := range r {
			switch w := rest[at+j]; {
			case m.any:
				parts = append(parts, []word{w})
			case m.group != nil: // said back without the capital it may have had
				parts = append(parts, []word{{plain: w.plain, shown: w.plain}})
			}
		}
		rest = rest[at+len(r):]
	}
	if p.openEnd {
		return append(parts, rest), true
	}
	return parts, len(rest) == 0
}

// fits reports whether the run stands at the beginning of words.
func (r run) fits(words []word) bool {
	if len(words) < len(r) {
		return false
	}
	for i, m := range r {
		if !m.accepts(words[i].plain) {
			return false
		}
	}
	return true
}

// find returns where the run stands first, or -1.
func (r run) find(words []word) int {
	for at := 0; at+len(r) <= len(words); at++ {
		if r.fits(words[at:]) {
			return at
		}
	}
	return -1
}
