package builtin

import (
	"slices"
	"strings"
)

// sentences joins clauses that commas cut from a statement: "on Friday, 3 pm", "my boss,
// Mr Hughes, is loud".
func (m *Model) sentences(r reading) []clause {
	var joined []clause
	var about []word
	mark := rune(0) // before c
	for _, c := range r.clauses {
		n := len(joined) - 1
		cut, listed := n >= 0 && mark == ',', n >= 0 && mark == ':'
		mark = c.mark
		switch {
		case (cut || listed) && m.continues(joined[n].words, c.words):
			before := slices.Clone(joined[n].words)
			before[len(before)-1].shown += ","
			joined[n] = clause{words: append(before, c.words...), mark: c.mark}
			continue
		case cut && len(c.words) > 1 && c.words[0].plain == "who" && m.isPerson(joined[n].words): // my sister Ana, who is ill, lives ...
			about = joined[n].words
			joined[n] = clause{words: slices.Concat(about, c.words[1:]), mark: c.mark}
			continue
		case cut && properNames(c.words) && m.isPerson(joined[n].words):
			about = slices.Concat(joined[n].words, c.words)
			joined[n] = clause{words: about, mark: c.mark}
			continue
		case cut && len(about) > 0 && m.language.verbs[c.words[0].plain]:
			if sameWords(joined[n].words, about) {
				joined = joined[:n]
			}
			c.words = slices.Concat(about, c.words)
		}
		about = nil
		joined = append(joined, c)
	}
	return joined
}

// isPerson reports whether words only name somebody of the speaker's: "my sister", "my
// sister Ana".
func (m *Model) isPerson(words []word) bool {
	n := len(words)
	if n < 2 || n > 4 || words[0].plain != "my" && words[0].plain != "our" {
		return false
	}
	at := slices.IndexFunc(words, func(w word) bool { return m.isLiving(w.plain) }) + 1
	return at > 0 && (at == n || properNames(words[at:]))
}

// continues reports whether more is only an addition to a statement.
func (m *Model) continues(before, more []word) bool {
	if len(before) < 4 || len(more) > 5 || m.language.openers[more[0].plain] && more[0].plain != "and" {
		return false
	}
	for _, w := range more {
		if m.language.verbs[w.plain] || w.plain == "i" || w.plain == "my" || w.plain == "you" || w.plain == "thanks" || w.plain == "thank" {
			return false
		}
	}
	return true
}

// fronted puts a time that begins a statement at its end: "on Friday I have an exam".
func (m *Model) fronted(words []word) []word {
	at := slices.IndexFunc(words[:min(len(words), 5)], func(w word) bool { return w.plain == "i" || w.plain == "we" || w.plain == "my" })
	if at < 1 || len(words)-at < 3 || !m.isTime(words[:at]) {
		return words
	}
	front := slices.Clone(uncommaed(words[:at]))
	if m.language.function[front[0].plain] {
		front[0].shown = front[0].plain
	}
	return slices.Concat(words[at:], front)
}

// uncommaed takes off the commas with which sentences joins clauses.
func uncommaed(words []word) []word {
	if !slices.ContainsFunc(words, func(w word) bool { return strings.HasSuffix(w.shown, ",") }) {
		return words
	}
	words = slices.Clone(words)
	for i := range words {
		words[i].shown = strings.TrimSuffix(words[i].shown, ",")
	}
	return words
}
