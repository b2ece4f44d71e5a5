package builtin

import (
	"slices"
	"strings"
)

// maxNoun is the longest name of a thing, in words.
const maxNoun = 3

// thing is something that a clause is about.
type thing struct {
	// determiner is the word before it: "my", "the" ...
	determiner string
	noun       []word
}

// noun reads the words of a noun phrase at the start of words; none if they do not
// look like one.
func (l *language) noun(words []word) []word {
	n := 0
	for n < len(words) && !l.function[words[n].plain] && (n == 0 || !l.verbs[words[n].plain]) {
		n++
	}
	if n < len(words) && (words[n].plain == "one" || words[n].plain == "ones") { // the small one
		return nil
	}
	if n == 0 || n > maxNoun || l.vague[words[n-1].plain] && words[0].plain != "favourite" || l.unspoken[words[n-1].plain] {
		return nil
	}
	if last := words[n-1].plain; strings.HasSuffix(last, "ly") || strings.HasSuffix(last, "'s") {
		return nil
	}
	return words[:n]
}

// things returns what a clause is about, the person's own things first.
func (l *language) things(words []word) []thing {
	var own, others []thing
	for i, w := range words {
		switch w.plain {
		case "my", "our":
			if noun := l.noun(words[i+1:]); noun != nil {
				own = append(own, thing{determiner: "my", noun: noun})
			}
		case "the", "this", "that", "a", "an", "his", "her", "their", "these", "those":
			if noun := l.noun(words[i+1:]); noun != nil && !l.verbs[noun[0].plain] && (w.plain != "that" || len(noun) == 1 && i > 0) {
				others = append(others, thing{determiner: w.plain, noun: noun})
			}
		}
	}
	return append(own, others...)
}

// said names a thing as it is said back: "your dog", "the meeting".
func (t thing) said() string {
	determiner := "the"
	switch t.determiner {
	case "my":
		determiner = "your"
	case "his", "her", "their", "this", "these", "those", "that":
		determiner = t.determiner
	}
	return determiner + " " + shownWords(t.noun)
}

// head is the last word of the noun.
func (t thing) head() string { return t.noun[len(t.noun)-1].plain }

// shownWords joins words as they were written.
func shownWords(words []word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.shown
	}
	return strings.Join(texts, " ")
}

// plainWords returns the words for comparing.
func plainWords(words []word) []string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.plain
	}
	return texts
}

// holds reports whether one of words is w.
func holds(words []word, w string) bool {
	return slices.ContainsFunc(words, func(o word) bool { return o.plain == w })
}

// opened takes the openers off a clause: "well, and so I ..."; it keeps at least two
// words.
func (l *language) opened(words []word) []word {
	for len(words) > 2 && l.openers[words[0].plain] {
		words = words[1:]
	}
	return words
}
