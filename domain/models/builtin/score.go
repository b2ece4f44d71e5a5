package builtin

import (
	"slices"
	"strings"

	"parley/domain/models/builtin/glove"
)

// enough is the score from which a fact answers a question.
const enough = 0.5

// score tells how well a fact answers a question, from 0 to about 1.
func (m *Model) score(c *composer, q query, f fact, asked []float32) float64 {
	if !m.allowed(c, q, f) || !q.whether && q.kind&^isTaste == 0 && q.negative != negates(f.words) || q.whether && (len(q.about) == 0 && len(f.about) > 0) || q.kind != 0 && f.kind&q.kind == 0 {
		return 0
	}
	switch f.words[0].plain { // nobody knows who was meant
	case "he", "she", "it", "they", "his", "her", "its", "their":
		return 0
	}
	if q.who != "" && !m.says(f, q.who) || slices.ContainsFunc(q.names, func(name string) bool { return !m.says(f, name) }) {
		return 0
	}
	sum, weight := 0.0, 0.0
	add := func(w, s float64) { sum, weight = sum+w*s, weight+w }
	switch about := len(f.about) > 0; {
	case len(q.about) > 0:
		s := m.aboutScore(q, f)
		if s == 0 {
			return 0
		}
		add(0.5, s)
	case q.own && about && q.kind == 0 && !f.own, q.own && about && q.kind != 0 && q.kind != isHaving && q.kind&(isTaste|isTime) == 0:
		return 0 // asked of the person, told of a thing
	}
	if q.who != "" {
		add(0.4, 1)
	}
	if q.kind != 0 {
		add(0.25, 1)
	}
	content := 0.0
	for _, w := range q.content {
		content += m.nearest(w, f.words)
	}
	if n := len(q.content); n > 0 {
		if q.whether && f.kind == isSaid && content < float64(n) {
			return 0
		}
		if content /= float64(n); content < 0.5 || len(q.about) == 0 && q.kind == 0 && content < 0.55 {
			return 0 // what is asked for counts more than how
		}
		add(0.4, content)
	}
	if sum == 0 {
		return 0
	}
	if q.kind&isJob != 0 && f.kind&isBeing != 0 { // a father is no job
		add(0.1, 0)
	}
	add(0.15, max(0, glove.Cosine(asked, m.space().Embed(shownWords(f.words)))))
	return sum / weight
}

// says reports whether a fact holds a word or a form of it.
func (m *Model) says(f fact, w string) bool {
	return slices.ContainsFunc(f.words, func(o word) bool { return m.language.same(o.plain, w) })
}

// allowed reports whether a fact may answer at all: "my" and "I" are the asker's, and
// of others only what they said is told, by their name.
func (m *Model) allowed(c *composer, q query, f fact) bool {
	mine := by(f.speaker, f.name, c.prompt.Question)
	switch {
	case q.own:
		return mine
	case q.of != "":
		return strings.EqualFold(f.name, q.of) && !mine
	default:
		return mine || !f.own && (len(q.about) > 0 || q.who != "") || f.kind&isName != 0 && slices.ContainsFunc(f.value, func(w word) bool { return slices.Contains(q.content, w.plain) })
	}
}

// aboutScore tells how well the thing asked for is the thing told of.
func (m *Model) aboutScore(q query, f fact) float64 {
	head := q.about[len(q.about)-1].plain
	if len(f.about) == 0 || !f.own && q.own {
		return m.mentions(q, f, head)
	}
	if n := len(f.about) - len(q.about); n > 0 && len(q.about) > 1 && sameWords(f.about[n:], q.about) {
		return 0.8 // the plate of my car is my plate
	}
	if !q.own && !sameWords(q.about, f.about) && q.kind == isTime|isBirth && f.kind&isTime != 0 && m.mentions(q, f, head) == 1 { // mum lets nobody go to the party on Saturday
		return 0.8
	}
	if owners(q.about) != owners(f.about) {
		return 0
	}
	score := 1.0
	for i, w := range q.about {
		is := slices.ContainsFunc(f.about, func(o word) bool {
			return m.language.same(w.plain, o.plain) || m.language.isKind(w.plain, o.plain)
		})
		switch {
		case !is && (i == len(q.about)-1 || strings.HasSuffix(w.plain, "'s")):
			return 0
		case !is:
			score -= 0.35
		}
	}
	if other := f.about[len(f.about)-1].plain; !m.language.same(head, other) && !m.language.isKind(head, other) {
		return 0
	}
	return score - 0.05*float64(max(0, len(f.about)-len(q.about)))
}

// owners counts the genitives of a name: two in "sister's dog's".
func owners(noun []word) int {
	n := 0
	for _, w := range noun {
		if strings.HasSuffix(w.plain, "'s") {
			n++
		}
	}
	return n
}

// mentions tells how well a statement that is about nothing in particular has to do
// with a thing: "I work as a nurse" with a job.
func (m *Model) mentions(q query, f fact, head string) float64 {
	if owners(q.about) > 0 || q.kind&isName != 0 {
		return 0
	}
	for _, w := range f.words {
		if m.language.apart(head, w.plain) {
			return 0
		}
	}
	favourite := holds(q.about, "favourite")
	if !favourite && slices.ContainsFunc(q.about, func(w word) bool { return m.nearest(w.plain, f.words) == 0 }) {
		return 0
	}
	if favourite && (f.kind&isTaste == 0 || holds(f.words, "hate")) {
		return 0
	}
	s := m.nearest(head, f.words)
	if s < 0.6 && !favourite || s < 0.5 {
		return 0
	}
	if q.own && f.kind == isTaste { // that I love my dog says nothing of the dog
		s *= 0.9
	}
	return s
}

// nearest tells how close the words of a statement come to a word: 1 if it is there,
// else the best cosine, if that is worth something.
func (m *Model) nearest(w string, words []word) float64 {
	best := 0.0
	rank := m.space().Rank(strings.TrimSuffix(w, "'s"))
	for _, o := range words {
		switch {
		case m.language.same(w, o.plain) || m.language.isKind(w, o.plain):
			return 1
		case !m.language.function[o.plain] && !m.language.apart(w, o.plain):
			best = max(best, m.space().Similarity(rank, m.space().Rank(strings.TrimSuffix(o.plain, "'s"))))
		}
	}
	if best < 0.45 {
		return 0
	}
	return best * 0.9
}
