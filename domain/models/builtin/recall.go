package builtin

import (
	"cmp"
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
	pronoun := -1
	if !found {
		if pronoun = asksOfThird(r); pronoun < 0 {
			return nil
		}
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
		if q, found = m.queryThird(r.clauses[len(r.clauses)-1], pronoun, spoken[c.prompt.Question.Speaker+"\n"+c.prompt.Question.Name]); !found {
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
	switch cl.words[at].plain {
	case "his", "her", "their":
		noun = genitive(noun)
	}
	if !about.named {
		noun = slices.Concat([]word{about.determiner}, noun)
	}
	return m.query(clause{words: slices.Concat(cl.words[:at], noun, cl.words[at+1:]), mark: cl.mark})
}

// justSaid is what the asker says before the question: "My name is Ann. What is my
// name?"
func justSaid(question models.Turn) models.Turn {
	question.Text = question.Text[:max(0, strings.LastIndexAny(strings.TrimRight(question.Text, ".!? \n"), ".!\n"))]
	return question
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
	for _, w := range q.about {
		if m.nearest(w.plain, f.words) < 1 {
			return false
		}
	}
	return true
}
