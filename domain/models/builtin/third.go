package builtin

import (
	"slices"
	"strings"
)

// asksOfThird returns where the pronoun stands by which a question asks for somebody
// spoken of before, -1 if it does not.
func asksOfThird(r reading) int {
	if len(r.clauses) == 0 {
		return -1
	}
	words := r.clauses[len(r.clauses)-1].words
	if len(words) > 8 || len(words) < 3 || subordinate(words[1].plain) || !slices.Contains([]string{"what", "where", "when", "how", "who"}, words[0].plain) {
		return -1
	}
	return slices.IndexFunc(words, func(w word) bool {
		return slices.Contains([]string{"he", "she", "they", "his", "her", "their"}, w.plain)
	})
}

// queryThird understands a question with a pronoun as one for what it stands for: "how
// old is she?"
func (m *Model) queryThird(cl clause, at int, spoken *subjects) (query, bool) {
	if spoken == nil {
		return query{}, false
	}
	about := m.antecedent(spoken, cl.words[at:])
	if len(about.noun) == 0 {
		return query{}, false
	}
	noun := about.noun
	if p := cl.words[at].plain; at < len(cl.words)-1 && (p == "his" || p == "her" || p == "their") {
		noun = genitive(noun)
	}
	if !about.named {
		noun = slices.Concat([]word{about.determiner}, noun)
	}
	return m.query(clause{words: slices.Concat(cl.words[:at], noun, cl.words[at+1:]), mark: cl.mark})
}

// queryOther understands a question about what another one of the channel told: "what
// is Ann's dog called?".
func (m *Model) queryOther(c *composer, r reading) (query, bool) {
	if len(r.clauses) == 0 {
		return query{}, false
	}
	last := r.clauses[len(r.clauses)-1]
	words := last.words
	for _, t := range append(slices.Clone(c.prompt.Conversation), c.prompt.Question) {
		name := strings.ToLower(strings.TrimSpace(t.Name))
		if t.Own || name == "" {
			continue
		}
		for i, w := range words {
			if w.plain != name && w.plain != name+"'s" {
				continue
			}
			asked := slices.Clone(words)
			switch {
			case w.plain != name:
				asked[i] = mine
			case i > 0 && words[i-1].plain == "about":
				asked[i] = word{"me", "me"}
			default:
				asked[i] = word{"i", "i"}
			}
			q, ok := m.query(clause{words: asked, mark: last.mark})
			switch {
			case !ok || q.last:
			case by(t.Speaker, t.Name, c.prompt.Question):
				return q, true
			default:
				q.own, q.sure, q.of = false, false, t.Name
				return q, true
			}
		}
	}
	return query{}, false
}
