package builtin

import (
	"cmp"
	"slices"
	"strings"
)

// maxListed is how many facts are told at once.
const maxListed = 5

// offerAll lists what was told about something, in the order in which it was told.
func (m *Model) offerAll(c *composer, q query, facts []fact) {
	said := m.listed(c, q, current(facts))
	switch {
	case q.of != "" && len(said) > 0:
		c.list("quoted", "All that was told earlier in this channel.", q.of, capitalised(strings.Join(said, ". ")))
	case q.of != "":
		c.list("untold", "I searched what I was told and found nothing.", q.of)
	case len(said) == 1:
		c.list("recall", "That was told earlier in this channel.", said[0])
	case len(said) > 1:
		last := len(said) - 1
		c.list("about", "All that was told earlier in this channel.", strings.Join(said[:last], ", ")+", and "+said[last])
	case q.sure:
		m.offerUntold(c, q, facts)
	}
}

// listed says back the facts that belong to what was asked for, in the order in which
// they were told: the most telling ones if there are too many.
func (m *Model) listed(c *composer, q query, facts []fact) []string {
	facts = slices.DeleteFunc(facts, func(f fact) bool {
		return !m.allowed(c, q, f) || !m.concerns(q, f)
	})
	if slices.ContainsFunc(facts, func(f fact) bool { return weight(f) > 0 }) {
		facts = slices.DeleteFunc(facts, func(f fact) bool { return weight(f) == 0 })
	}
	if len(facts) > maxListed {
		order := make([]int, len(facts))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight(facts[b]), weight(facts[a])) })
		order = order[:maxListed]
		slices.Sort(order)
		for i, at := range order {
			facts[i] = facts[at]
		}
		facts = facts[:maxListed]
	}
	slices.Reverse(facts)
	var said []string
	for len(facts) > 0 {
		if q.of != "" { // quoted, as its speaker said it
			said, facts = append(said, shownWords(facts[0].words)), facts[1:]
			continue
		}
		n := 1
		for n < len(facts) && subjectLength(facts[0]) > 0 && subjectLength(facts[n]) > 0 && sameWords(facts[0].about, facts[n].about) {
			n++
		}
		if text := m.sayTogether(facts[:n]); text != "" {
			said = append(said, text)
		}
		facts = facts[n:]
	}
	return said
}

// sayTogether says back facts about one thing: "your sister is called Clara and lives
// in Porto".
func (m *Model) sayTogether(facts []fact) string {
	var said []string
	for _, f := range facts {
		text, ok := m.sayBack(f)
		if !ok {
			continue
		}
		if len(said) > 0 {
			if text, ok = m.language.reflectUpTo(f.words[subjectLength(f):], 30, 300); !ok {
				continue
			}
		}
		said = append(said, text)
	}
	return enumerated(said)
}

// enumerated joins texts: "a", "a and b", "a, b and c".
func enumerated(texts []string) string {
	last := len(texts) - 1
	if last < 1 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// subjectLength is how many words at the start of a fact name the thing that it is
// about, 0 if they do not stand there.
func subjectLength(f fact) int {
	n := len(f.about)
	if n == 0 {
		return 0
	}
	at := 0
	if f.own {
		at = 1
	}
	if len(f.words) < at+n+1 || !sameWords(uncommaed(f.words[at:at+n]), f.about) {
		return 0
	}
	if n += at; f.loose {
		n += len(f.value)
	}
	return n
}

// weight tells how much a fact says about somebody by itself.
func weight(f fact) int {
	for _, w := range f.words[1:] {
		switch w.plain {
		case "him", "them", "it", "that", "this", "he", "she", "they": // nobody will know who is meant
			return 0
		}
	}
	switch {
	case f.kind&isSaid != 0 && f.kind&isNote == 0:
		return 1
	case len(f.about) == 0 && f.kind&(isName|isHome|isJob|isAge|isBirth|isPlace) != 0:
		return 4
	case f.kind&(isName|isNote) != 0:
		return 3
	case f.kind&exclusive != 0:
		return 2
	default:
		return 1
	}
}

// concerns reports whether a fact belongs to what was asked for: for a thing, whatever
// names it; for the asker, what tells something of the person.
func (m *Model) concerns(q query, f fact) bool {
	if len(q.about) == 0 {
		return f.own && (f.kind&isSaid == 0 || f.kind&isNote != 0)
	}
	if sameWords(q.about, f.about) {
		return true
	}
	for _, w := range q.about {
		if m.nearest(w.plain, f.words) < 1 {
			return false
		}
	}
	return true
}
