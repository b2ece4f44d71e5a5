package builtin

import (
	"context"
	"slices"
	"strings"

	"parley/domain/models"
)

// offerRecall answers a question for something told from what was told in the channel.
func (m *Model) offerRecall(ctx context.Context, c *composer, r reading) error {
	q, found := m.queryOther(c, r)
	for i := len(r.clauses) - 1; i >= 0 && !found; i-- {
		q, found = m.query(r.clauses[i])
	}
	pronoun := asksOfThird(r)
	if !found && pronoun < 0 {
		return nil
	}
	turns, err := earlier(ctx, c.prompt)
	if err != nil {
		return err
	}
	if said := justSaid(c.prompt.Question); said.Text != "" {
		turns = append(slices.Clone(turns), said)
	}
	facts, spoken := m.facts(turns, c.prompt.Character.Name)
	if pronoun >= 0 {
		third, ok := m.queryThird(r.clauses[len(r.clauses)-1], pronoun, spoken[c.prompt.Question.Speaker+"\n"+c.prompt.Question.Name])
		switch {
		case ok:
			q = third
		case !found:
			return nil
		}
	}
	switch {
	case q.last:
		m.offerLast(c, facts)
	case q.all:
		m.offerAll(c, q, facts)
	default:
		m.offerOne(c, q, facts)
	}
	return nil
}

// earlier reads what was said before the question, as far back as it can be read. Its
// end stands there twice, the second time with the character's own lines.
func earlier(ctx context.Context, p models.Prompt) ([]models.Turn, error) {
	if p.Earlier == nil {
		return p.Conversation, nil
	}
	turns, err := p.Earlier(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return p.Conversation, nil // what is at hand may do
	}
	return slices.Concat(turns, p.Conversation), nil
}

// justSaid is what the asker says before the question: "My name is Ann. What is my
// name?"
func justSaid(question models.Turn) models.Turn {
	question.Text = question.Text[:max(0, strings.LastIndexAny(strings.TrimRight(question.Text, ".!? \n"), ".!\n"))]
	return question
}

// by reports whether somebody is the one who asks; who is not known at all is taken
// for the asker.
func by(speaker, name string, question models.Turn) bool {
	if speaker == "" && name == "" {
		return true
	}
	if speaker != "" && question.Speaker != "" {
		return speaker == question.Speaker
	}
	return name == question.Name
}

// current leaves out the facts that later ones replaced, and puts the latest first.
func current(facts []fact) []fact {
	seen := set{}
	var kept []fact
	for _, f := range slices.Backward(facts) {
		key := f.key()
		if key != "" && seen[key] {
			continue
		}
		text := f.speaker + "\n" + strings.Join(plainWords(f.words), " ")
		if seen[text] {
			continue
		}
		seen[key], seen[text] = true, true
		kept = append(kept, f)
	}
	return kept
}

// best finds the fact that answers a question best, of equals the latest.
func (m *Model) best(c *composer, q query, facts []fact) (best fact, top float64) {
	asked := m.space().Embed(c.prompt.Question.Text[:min(len(c.prompt.Question.Text), maxFactText)])
	for n := len(q.about); top == 0; n-- {
		for _, f := range facts {
			if s := m.score(c, q, f, asked); s > top+0.04 {
				best, top = f, s
			}
		}
		if !q.whether || n < 2 {
			break
		}
		q.about = q.about[:n-1]
	}
	return best, top
}

// offerOne answers with the one fact that fits best.
func (m *Model) offerOne(c *composer, q query, facts []fact) {
	told := current(facts)
	if q.named {
		for _, named := range m.identify(c, q, told) {
			if f, top := m.best(c, named, told); top >= enough {
				m.offerFact(c, f)
			}
		}
		if q.kind != 0 && len(q.names) == 1 {
			c.list("untold", "I searched what I was told and found nothing.", capitalised(strings.TrimSuffix(q.names[0], "'s")))
		}
		return
	}
	best, top := m.best(c, q, told)
	switch {
	case top >= enough:
		m.offerFact(c, best)
	case m.offerNamed(c, m.byNames(c, q, told), told):
	case q.kind == isName && len(q.about) == 0 && q.own:
		if user, ok := addressable(c.prompt.Question.Name); ok {
			c.list("goes_by", "The name stands beside the message.", user)
		}
		fallthrough
	case q.of != "":
		c.list("untold", "I searched what I was told and found nothing.", q.of)
	case q.sure:
		m.offerUntold(c, q, facts)
	}
}

// offerNamed answers questions for people by name in one sentence. It reports false if
// none has an answer.
func (m *Model) offerNamed(c *composer, list []query, facts []fact) bool {
	var said []string
	for _, q := range list {
		if f, top := m.best(c, q, facts); top >= enough && by(f.speaker, f.name, c.prompt.Question) {
			if text, ok := m.sayBack(f); ok {
				said = append(said, text)
			}
		}
	}
	if len(said) > 0 {
		c.list("recall", "That was told earlier in this channel.", enumerated(said))
	}
	return len(said) > 0
}

// offerUntold says that something was not told.
func (m *Model) offerUntold(c *composer, q query, facts []fact) {
	const thought = "I searched what I was told and found nothing."
	if len(q.about) > 0 && !slices.ContainsFunc(facts, func(f fact) bool { return m.concerns(q, f) }) {
		c.list("untold", thought, "your "+shownWords(q.about))
	}
	c.list("unknown", thought)
}

// offerFact says a fact back.
func (m *Model) offerFact(c *composer, f fact) {
	const thought = "That was told earlier in this channel."
	if !by(f.speaker, f.name, c.prompt.Question) {
		name := f.name
		if name == "" {
			name = "somebody"
		}
		c.list("quoted", thought, name, strings.TrimSuffix(capitalised(shownWords(f.words)), "."))
		return
	}
	if said, ok := m.sayBack(f); ok {
		c.list("recall", thought, said)
	}
}

// sayBack is the fact seen from the other side.
func (m *Model) sayBack(f fact) (string, bool) {
	words := f.words
	if first := words[0]; m.language.function[first.plain] {
		words = slices.Concat([]word{{first.plain, first.plain}}, words[1:])
	}
	return m.language.reflectUpTo(words, 30, 300)
}

// offerLast answers what the asker said last.
func (m *Model) offerLast(c *composer, facts []fact) {
	for _, f := range slices.Backward(facts) {
		if by(f.speaker, f.name, c.prompt.Question) {
			m.offerFact(c, f)
			return
		}
	}
	c.list("unknown", "I searched what I was told and found nothing.")
}
