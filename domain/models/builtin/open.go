package builtin

import (
	"slices"
	"strings"

	"parley/domain/models"
)

// briefAnswer is up to how many words a text can be a mere answer to a question.
const briefAnswer = 9

// answering reports whether the text seems to answer a question of the character's.
func (m *Model) answering(c *composer, r reading) bool {
	n := len(c.prompt.Conversation)
	if n == 0 || r.asks || r.words > briefAnswer {
		return false
	}
	last := c.prompt.Conversation[n-1]
	if addresses(r) {
		return false
	}
	return last.Own && strings.Contains(last.Text, "?")
}

// addresses reports whether a text speaks of the character itself.
func addresses(r reading) bool {
	return slices.ContainsFunc(r.clauses, func(c clause) bool {
		return holds(c.words, "you") || holds(c.words, "your") || holds(c.words, "yourself")
	})
}

// offerEcho takes up what the text is about.
func (m *Model) offerEcho(c *composer, r reading) {
	for _, cl := range r.clauses {
		for _, t := range m.language.things(cl.words) {
			c.list("echo", "It is about something I can take up.", t.said())
		}
	}
}

// offerOpen offers what fits always: an answer to a question without an answer,
// something to take up, an earlier topic.
func (m *Model) offerOpen(c *composer, r reading) {
	if r.asks {
		c.list("question", "A question that I have no rule for.")
		return
	}
	if c.seed%5 < 3 {
		m.offerEcho(c, r)
	}
	if (c.seed%2 == 0 || r.words < 4) && !addresses(r) {
		m.offerMemory(c, r)
	}
}

// lately is how many own turns back a topic counts as just spoken of.
const lately = 3

// offerMemory returns to something of the asker's that came up earlier.
func (m *Model) offerMemory(c *composer, r reading) {
	for _, before := range c.said[:min(lately, len(c.said))] {
		for _, template := range c.script.Lists["memory"] {
			if fromTemplate(template, before) {
				return // it would ride on old topics
			}
		}
	}
	topics := m.topics(c, r)
	if n := len(topics); n > 0 {
		c.list("memory", "It may hang together with something said before.", topics[c.seed/11%n])
	}
}

// maxTopics is how many earlier topics are thought of.
const maxTopics = 6

// topics are what the asker called "my ..." earlier, the last first, but not in the
// last two turns, in this text or lately by the character.
func (m *Model) topics(c *composer, r reading) []string {
	var topics []string
	seen := set{}
	for _, cl := range r.clauses {
		for _, w := range cl.words {
			seen[w.plain] = true
		}
	}
	m.mourned(c, seen)
	turns := 0
	for _, t := range slices.Backward(c.prompt.Conversation) {
		if t.Own || !by(t.Speaker, t.Name, c.prompt.Question) {
			continue
		}
		turns++
		for _, cl := range m.language.read(t.Text[:min(len(t.Text), maxFactText)]).clauses {
			for _, thing := range m.language.things(cl.words) {
				if thing.determiner != "my" || seen[thing.head()] {
					continue
				}
				seen[thing.head()] = true
				if turns > 2 && !c.said[:min(lately, len(c.said))].holds(thing.head()) && len(topics) < maxTopics {
					topics = append(topics, thing.said())
				}
			}
		}
	}
	return topics
}

// sum reports whether a text asks for nothing but numbers: "what is 17 * 23".
func (m *Model) sum(r reading) bool {
	for _, c := range r.clauses {
		for _, w := range c.words {
			if !m.language.function[w.plain] && strings.Trim(w.plain, "0123456789.,:/+-") != "" {
				return false
			}
		}
	}
	return r.asks
}

// mourned adds to seen who was spoken of as dead: nobody wants to be asked for news of
// them.
func (m *Model) mourned(c *composer, seen set) {
	for _, t := range c.prompt.Conversation {
		if t.Own || !strings.Contains(t.Text, "died") && !strings.Contains(t.Text, "passed away") && !strings.Contains(t.Text, "dead") && !strings.Contains(t.Text, "funeral") {
			continue
		}
		for _, cl := range m.language.read(t.Text[:min(len(t.Text), maxFactText)]).clauses {
			for _, thing := range m.language.things(cl.words) {
				seen[thing.head()] = true
			}
		}
	}
}

// gibberish reports whether no word is known and they cannot be spoken either.
func (m *Model) gibberish(r reading) bool {
	odd := 0
	for _, c := range r.clauses {
		for _, w := range c.words {
			if m.byWord[w.plain] != nil || m.language.function[w.plain] || m.space().Rank(w.plain) != 0 {
				return false
			}
			if unspeakable(w.plain) {
				odd++
			}
		}
	}
	return odd > 0
}

// unspeakable reports whether a word has five consonants in a row or no vowel at all.
func unspeakable(w string) bool {
	run, longest, vowels := 0, 0, 0
	for _, c := range w {
		switch {
		case strings.ContainsRune("aeiouy\u00e4\u00f6\u00fc\u00e9\u00e8\u00e1\u00e0\u00ed\u00f3\u00fa\u00e3\u00f5\u00ea\u00e2\u00f4\u00ee\u00e5\u00f8\u00e6", c):
			run = 0
			vowels++
		default:
			run++
			longest = max(longest, run)
		}
	}
	return len(w) > 3 && (longest > 4 || vowels == 0)
}

// offerNews acknowledges what replaces or repeats something told before, and dates and
// places.
func (m *Model) offerNews(c *composer) {
	p := c.prompt
	if !m.mayTell(p.Question, p.Character.Name) {
		return
	}
	facts, _ := m.facts(append(slices.Clone(p.Conversation), p.Question), p.Character.Name)
	brief := len(p.Question.Text) < 40
	told, _ := m.facts(p.Conversation, p.Character.Name)
	before := len(told)
	for _, f := range facts[before:] {
		said, ok := m.sayBack(f)
		if f.key() == "" || !ok {
			continue
		}
		if old, ok := replaced(facts[:before], f); ok {
			if sameWords(old.value, f.value) {
				c.list("again", "I was told this before.", said)
			} else if f.kind&exclusive&^(isTime|isPlace) != 0 && f.kind&isBeing == 0 || m.corrects(p.Question.Text) {
				c.list("corrected", "I was told otherwise before.", said)
			}
		}
		if f.own && len(f.about) == 0 && f.kind&isName != 0 && brief {
			c.list("met", "There is a name to go by.", shownWords(f.value))
		}
		if !f.own && f.kind&(isTime|isPlace) != 0 || f.kind&isAge != 0 && brief {
			c.list("noted", "It may be asked for later.", said)
		}
	}
}

// corrects reports whether a text seems to take something back.
func (m *Model) corrects(text string) bool {
	for _, c := range m.language.read(text).clauses {
		for _, w := range c.words {
			switch w.plain {
			case "no", "not", "wrong", "meant", "now", "moved", "changed", "instead", "sorry", "correction", "earlier", "later":
				return true
			}
		}
	}
	return strings.Contains(strings.ToLower(text), "actually")
}

// replaced returns the last fact of which f takes the place.
func replaced(facts []fact, f fact) (fact, bool) {
	for _, old := range slices.Backward(facts) {
		if old.key() == f.key() {
			return old, true
		}
	}
	return fact{}, false
}

// mayTell reports whether a turn may tell something that could have been told before.
func (m *Model) mayTell(t models.Turn, name string) bool {
	if len(t.Text) > maxFactText {
		return false
	}
	for _, c := range withoutName(m.language.read(t.Text).clauses, name) {
		words := m.language.opened(c.words)
		if c.mark == '?' || len(words) < 3 {
			continue
		}
		if first := words[0]; isCapitalised(first) && !m.language.function[first.plain] { // it may be a name
			return true
		}
		switch words[0].plain {
		case "my", "our", "i", "we", "it", "he", "she", "his", "her", "its", "mine", "the", "call", "remember", "not":
			return true
		}
	}
	return false
}

// addressed is what was chosen; in a group it begins with the asker's name now and then.
func (c *composer) addressed() models.Completion {
	name, ok := addressable(c.prompt.Question.Name)
	if !ok || c.seed%4 != 1 || !c.group() || strings.Contains(c.best.Text, name) {
		return c.best
	}
	first, rest, _ := strings.Cut(c.best.Text, " ")
	plain := strings.ToLower(first)
	if !c.language.function[plain] && !c.language.openers[plain] {
		return c.best
	}
	if plain != "i" {
		first = plain
	}
	answer := c.best
	answer.Text = name + ", " + first + " " + rest
	if c.style.lower {
		answer.Text = strings.ToLower(answer.Text)
	}
	return answer
}

// group reports whether more than one person talks here.
func (c *composer) group() bool {
	for _, t := range c.prompt.Conversation {
		if !t.Own && !by(t.Speaker, t.Name, c.prompt.Question) {
			return true
		}
	}
	return false
}
