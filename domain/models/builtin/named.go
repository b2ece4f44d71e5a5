package builtin

import (
	"slices"
	"strings"
)

// classifyNamed reads a statement about somebody whose name begins it: "Tom is 7".
func (m *Model) classifyNamed(f *fact) {
	f.kind = isSaid
	first := f.words[0]
	if m.language.function[first.plain] || first.plain == "there" {
		return
	}
	if strings.HasSuffix(first.plain, "'s") { // Tom's birthday
		m.classifyThing(f, f.words)
		return
	}
	n, verb := m.subject(f.words)
	if n == 0 || n > 2 {
		return
	}
	if f.words[verb].plain == "has" && m.classifyOwned(f, f.words[:n], after(f.words, verb+1)) {
		return
	}
	rest := f.words[verb:]
	if last := len(rest) - 1; rest[0].plain == "is" && last > 1 && last <= maxNoun+1 && rest[1].plain == "my" && m.isLiving(rest[last].plain) {
		f.about, f.value, f.own, f.kind = rest[2:], f.words[:n], true, isName|isBeing // Bob is my brother
		return
	}
	told := m.predicate(rest) & (isAge | isHome | isJob | isPlace | isTaste | isTime)
	if told == isAge || told != 0 && properName(f.words[:n]) != nil && (told != isPlace && told != isTime || m.pronounOf(first.plain) != "") {
		f.about, f.kind, f.value, f.named = f.words[:n], told, after(f.words, verb+1), true
	}
}

// pairs are words for men and for women, by which a name shows what it is mostly.
var pairs = [][2]string{{"father", "mother"}, {"brother", "sister"}, {"son", "daughter"}, {"husband", "wife"}}

// leansTo is from which difference of the similarities on a name belongs to one side.
const leansTo = 0.1

// pronounOf returns the pronoun that people with a name go by mostly, "" if one cannot
// tell.
func (m *Model) pronounOf(name string) string {
	space, sum := m.space(), 0.0
	rank := space.Rank(name)
	for _, p := range pairs {
		sum += space.Similarity(rank, space.Rank(p[0])) - space.Similarity(rank, space.Rank(p[1]))
	}
	switch {
	case sum > leansTo:
		return "he"
	case sum < -leansTo:
		return "she"
	default:
		return ""
	}
}

// identify finds out whom the content of a question names, of those whom somebody told
// of by name, and whether it is a thing of the asker's, too: of "How old is Tom?" it
// makes what Tom is and what my son is.
func (m *Model) identify(c *composer, q query, facts []fact) []query {
	for i, w := range q.content {
		for _, f := range facts {
			called, name := nameIn(f, w)
			if name == "" {
				continue
			}
			q.who, q.content = name, slices.Delete(slices.Clone(q.content), i, i+1)
			q.names = slices.DeleteFunc(slices.Clone(q.names), func(o string) bool { return o == w })
			if !called {
				return []query{q}
			}
			other := q
			other.who, other.about, other.own = "", f.about, by(f.speaker, f.name, c.prompt.Question)
			if !other.own {
				other.of = f.name
			}
			if w != name { // Tom's birthday is my son's birthday
				other.about = slices.Concat(genitive(f.about), other.words())
				other.content, other.names = nil, nil
			}
			return []query{q, other}
		}
	}
	return nil
}

// nameIn returns the name that a word of a question gives, also with an 's, if a fact
// knows it: as what a thing of the speaker's is called, or as whom it is about.
func nameIn(f fact, w string) (called bool, name string) {
	for _, name := range []string{w, strings.TrimSuffix(w, "'s"), strings.TrimSuffix(w, "s")} {
		switch {
		case f.own && f.kind&isName != 0 && holds(f.value, name):
			return true, name
		case !f.own && len(f.about) > 0 && strings.TrimSuffix(f.about[0].plain, "'s") == name:
			return false, name
		}
	}
	return false, ""
}

// byNames returns questions for those by name who were asked for as things of the
// asker's: "How old are my kids?" asks for Tom and for Mia.
func (m *Model) byNames(c *composer, q query, facts []fact) []query {
	if !q.own || len(q.about) == 0 || q.kind&^isName == 0 {
		return nil
	}
	rest := q.content
	if at := slices.IndexFunc(q.about, func(w word) bool { return strings.HasSuffix(w.plain, "'s") }) + 1; at > 0 {
		rest, q.about = append(plainWords(q.about[at:]), rest...), unowned(q.about[:at])
	}
	var list []query
	for _, f := range facts {
		if f.kind&isName == 0 || !f.own || m.aboutScore(q, f) == 0 || !by(f.speaker, f.name, c.prompt.Question) {
			continue
		}
		for _, w := range f.value {
			if w.plain != "and" {
				list = append(list, query{who: w.plain, kind: q.kind, content: rest})
			}
		}
	}
	return list[:min(len(list), maxListed)]
}

// words are the content as words.
func (q query) words() []word {
	list := make([]word, len(q.content))
	for i, w := range q.content {
		list[i] = word{w, w}
	}
	return list
}

// genitive puts an 's on the last word.
func genitive(words []word) []word {
	words = slices.Clone(words)
	if n := len(words); n > 0 {
		words[n-1].plain += "'s"
		words[n-1].shown += "'s"
	}
	return words
}
