package builtin

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"parley/domain/models"
)

// maxMatches bounds how many rules are tried for one question: more would not be
// reached before the conversation has moved on.
const maxMatches = 24

// Model plays the script. It is safe for concurrent use and keeps nothing.
type Model struct {
	script *script
	// byWord finds the keywords of a word.
	byWord map[string][]*keyword
}

var _ models.Text = (*Model)(nil)

// New returns the model, or an error if its embedded script is broken.
func New() (*Model, error) {
	s, err := decodeScript(rules)
	if err != nil {
		return nil, err
	}
	m := &Model{script: s, byWord: map[string][]*keyword{}}
	for i := range s.Keywords {
		for _, w := range s.Keywords[i].Words {
			m.byWord[w] = append(m.byWord[w], &s.Keywords[i])
		}
	}
	return m, nil
}

// Reply answers the prompt's question. It fails only if ctx has ended.
func (m *Model) Reply(ctx context.Context, p models.Prompt, emit func(piece string)) (models.Completion, error) {
	if err := ctx.Err(); err != nil {
		return models.Completion{}, err
	}
	r := m.script.read(p.Question.Text)
	r.clauses = withoutName(r.clauses, p.Character.Name)
	c := composer{script: m.script, prompt: p, seed: seed(p), said: lastSaid(p.Conversation)}
	switch {
	case !r.signs:
		c.offer(m.script.Empty, nil, "Nothing was said.")
	case r.letters == 0:
		c.offer(m.script.Wordless, nil, "There are no words in it.")
	case r.latin*2 < r.letters:
		c.offer(m.script.Foreign, nil, "It is not in a script I can read.")
	default:
		m.offerRules(&c, r)
		m.offerOpen(&c, r)
	}
	answer := c.completion()
	emit(answer.Text)
	return answer, nil
}

// hit is a keyword found in a clause.
type hit struct {
	keyword *keyword
	word    string
	clause  []word
}

// offerRules offers what the rules say, the highest rank first.
func (m *Model) offerRules(c *composer, r reading) {
	var hits []hit
	for _, clause := range r.clauses {
		seen := map[*keyword]bool{}
		for _, w := range clause {
			for _, k := range m.byWord[w.plain] {
				if !seen[k] {
					seen[k] = true
					hits = append(hits, hit{keyword: k, word: w.plain, clause: clause})
				}
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.keyword.Rank, a.keyword.Rank) })
	for _, h := range hits[:min(len(hits), maxMatches)] {
		for _, rule := range h.keyword.Rules {
			if parts, ok := rule.pattern.match(h.clause); ok {
				c.offer(rule.Say, parts, fmt.Sprintf("The word %q caught my ear.", h.word))
			}
		}
	}
}

// offerOpen offers what fits always: an earlier topic, an answer to a question without
// an answer, and open sentences.
func (m *Model) offerOpen(c *composer, r reading) {
	if r.asks {
		c.offer(m.script.Question, nil, "A question that I have no rule for.")
	}
	if c.seed%3 == 0 { // now and then, or it would ride on one topic
		if topic := m.earlierTopic(c.prompt.Conversation); topic != nil {
			c.offer(m.script.Memory, [][]word{topic}, "It may hang together with something said before.")
		}
	}
	c.offer(m.script.Fallback, nil, "Nothing in it that I have a rule for.")
}

// earlierTopic returns what the person called theirs ("my ...") last, nil if nothing.
func (m *Model) earlierTopic(conversation []models.Turn) []word {
	for _, turn := range slices.Backward(conversation) {
		if turn.Own {
			continue
		}
		for _, clause := range m.script.read(turn.Text).clauses {
			if topic := m.script.owned(clause); topic != nil {
				return topic
			}
		}
	}
	return nil
}

// withoutName drops the character's own name where somebody is addressing it.
func withoutName(clauses [][]word, name string) [][]word {
	name = strings.ToLower(name)
	var kept [][]word
	for _, clause := range clauses {
		for len(clause) > 0 && clause[0].plain == name {
			clause = clause[1:]
		}
		for len(clause) > 0 && clause[len(clause)-1].plain == name && len(clause) != 3 { // "who is Eliza" keeps it
			clause = clause[:len(clause)-1]
		}
		kept = appendClause(kept, clause)
	}
	return kept
}

// seed is a number made of who is asked what, and of how much was said before.
func seed(p models.Prompt) int {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s\n%s\n%d", p.Character.Name, p.Question.Text, len(p.Conversation)) // never fails
	return int(h.Sum32() >> 1)
}

// lastSaid maps what the character itself said lately to when: higher is later.
func lastSaid(conversation []models.Turn) map[string]int {
	said := map[string]int{}
	for i, turn := range conversation {
		if turn.Own {
			said[strings.TrimSpace(turn.Text)] = i + 1
		}
	}
	return said
}
