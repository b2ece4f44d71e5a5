package builtin

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/domain/models"
	"parley/domain/models/builtin/glove"
)

// maxMatches bounds how many keywords of a question are followed, beside the urgent
// ones: more would not be reached before the conversation has moved on.
const maxMatches = 60

// longText is from how many words on a text is more than can be answered in one.
const longText = 400

// Options are how the model answers. The zero value answers at once.
type Options struct {
	// Pace is the pause before each word but the first; 0 is none. A longer one makes
	// the answer look typed, and keeps a worker busy.
	Pace time.Duration
	// Max bounds the pauses of one answer together; 0 means 1.5 seconds.
	Max time.Duration
}

// setDefaults replaces zero fields.
func (o *Options) setDefaults() {
	if o.Max == 0 {
		o.Max = 1500 * time.Millisecond
	}
}

// Model plays the script. It is safe for concurrent use and keeps nothing of what it is
// asked.
type Model struct {
	options Options
	// once and err are those of prepare, which sets the fields below.
	once     sync.Once
	err      error
	script   *script
	language *language
	// byWord finds the keywords of a word.
	byWord map[string][]*keyword
}

var _ models.Text = (*Model)(nil)

// New returns the model.
func New(o Options) *Model {
	o.setDefaults()
	return &Model{options: o}
}

// prepare reads what is embedded when it is first needed, which takes some milliseconds
// and keeps about a megabyte: a server to which nobody talks is spared both. It fails if
// what is embedded is broken.
func (m *Model) prepare() error {
	m.once.Do(func() { m.err = m.read() })
	return m.err
}

// read decodes the script and the language and loads the vectors.
func (m *Model) read() (err error) {
	if m.script, err = decodeScript(rules); err != nil {
		return err
	}
	if m.language, err = decodeLanguage(languageFile); err != nil {
		return err
	}
	m.byWord = map[string][]*keyword{}
	for i := range m.script.Keywords {
		for _, w := range m.script.Keywords[i].Words {
			m.byWord[w] = append(m.byWord[w], &m.script.Keywords[i])
		}
	}
	_, err = glove.Load()
	return err
}

// Reply answers the prompt's question. It fails only if ctx has ended or what is
// embedded is broken.
func (m *Model) Reply(ctx context.Context, p models.Prompt, emit func(piece string)) (models.Completion, error) {
	answer, err := m.answer(ctx, p)
	if err != nil {
		return models.Completion{}, err
	}
	pace := m.options.Pace
	if p.Hurry {
		pace = 0
	}
	if err := stream(ctx, answer.Text, pace, m.options.Max, emit); err != nil {
		return models.Completion{}, err
	}
	return answer, nil
}

// answer decides what to say.
func (m *Model) answer(ctx context.Context, p models.Prompt) (models.Completion, error) {
	if err := ctx.Err(); err != nil {
		return models.Completion{}, err
	}
	if err := m.prepare(); err != nil {
		return models.Completion{}, err
	}
	r := m.language.read(p.Question.Text)
	r.clauses = withoutName(r.clauses, p.Character.Name)
	c := &composer{script: m.script, language: m.language, prompt: p, seed: seed(p),
		said: newHistory(p.Conversation, p.Question.Name), style: newStyle(p.Character.Style)}
	if err := m.offerAny(ctx, c, r); err != nil {
		return models.Completion{}, err
	}
	return c.addressed(), nil
}

// offerAny offers whatever fits, the most fitting first.
func (m *Model) offerAny(ctx context.Context, c *composer, r reading) error {
	switch {
	case !r.signs:
		c.list("empty", "Nothing was said.")
	case r.letters == 0 && r.digits > 0:
		c.list("numbers", "There are only numbers in it.")
	case r.letters == 0:
		c.list("wordless", "There are no words in it.")
	case r.latin*2 < r.letters:
		c.list("foreign", "It is not in a script I can read.")
	default:
		if err := m.offerWords(ctx, c, r); err != nil {
			return err
		}
	}
	c.list("fallback", "Nothing in it that I have a rule for.")
	return nil
}

// urgent is the rank from which keywords go before everything else.
const urgent = 90

// offerWords offers answers to a text of words.
func (m *Model) offerWords(ctx context.Context, c *composer, r reading) error {
	hits := m.hits(r)
	m.offerHits(c, hits, urgent, 1000)
	if c.chosen { // nothing else will do, even if this has to be said again
		c.penalty = 0
		return nil
	}
	if name := m.language.guess(r.clauses); name != "" {
		c.list("language", "It looks like another language.", name)
	}
	if r.words > longText {
		c.list("long", "That is a lot at once.")
	}
	if r.digits > 0 && m.sum(r) {
		c.list("numbers", "There are only numbers in it.")
	}
	if m.gibberish(r) {
		c.list("gibberish", "No word of it is known to me.")
	}
	if err := m.offerRecall(ctx, c, r); err != nil || c.done() {
		return err
	}
	m.offerExamples(c)
	m.offerNews(c)
	answering := m.answering(c, r)
	m.offerHits(c, hits, middle, urgent)
	if answering {
		m.offerEcho(c, r)
		if c.seed%3 == 0 {
			m.offerMemory(c, r)
		}
		c.list("answer", "It answers what I asked.")
	}
	m.offerHits(c, hits, 0, middle)
	m.offerOpen(c, r)
	return nil
}

// middle is the rank below which a keyword says less than that the text answers a
// question of the character's.
const middle = 3

// hit is a rule that a keyword found in a clause brought into play.
type hit struct {
	rule *rule
	// rank is the keyword's, or less if the rule fits everything.
	rank   int
	word   string
	clause []word
}

// anyRank is the highest rank of a rule that fits everything: what a sentence says goes
// before a mere word in it.
const anyRank = 8

// hits finds the keywords of a text, the highest rank first.
func (m *Model) hits(r reading) []hit {
	var hits []hit
	found := 0
	for _, clause := range r.clauses {
		seen := map[*keyword]bool{}
		for _, w := range clause.words {
			for _, k := range m.byWord[w.plain] {
				if seen[k] || found == maxMatches && k.Rank < urgent {
					continue
				}
				if seen[k] = true; k.Rank < urgent {
					found++
				}
				for i := range k.Rules {
					rank := k.Rank
					if rank >= urgent { // keep room for the one that matters, however late it comes
						if _, ok := k.Rules[i].pattern.match(clause.words); !ok {
							continue
						}
					}
					if k.Rules[i].Match == "*" {
						rank = min(rank, anyRank)
					}
					hits = append(hits, hit{rule: &k.Rules[i], rank: rank, word: w.plain, clause: clause.words})
				}
			}
		}
		if len(hits) > 100*maxMatches {
			break
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.rank, a.rank) })
	return hits
}

// offerHits offers what the rules of keywords with least <= rank < limit say.
func (m *Model) offerHits(c *composer, hits []hit, least, limit int) {
	for _, h := range hits {
		if h.rank < least || h.rank >= limit {
			continue
		}
		if c.done() {
			return
		}
		if parts, ok := h.rule.pattern.match(h.clause); ok {
			c.offer(h.rule.Say, parts, fmt.Sprintf("The word %q caught my ear.", h.word))
		}
	}
}

// withoutName drops the character's own name where somebody is addressing it.
func withoutName(clauses []clause, name string) []clause {
	name = strings.ToLower(name)
	var kept []clause
	for _, c := range clauses {
		words := c.words
		for len(words) > 0 && words[0].plain == name {
			words = words[1:]
		}
		for n := len(words); n > 0 && n != 3 && words[n-1].plain == name; n-- { // "who is Eliza" keeps it
			words = words[:n-1]
		}
		if len(words) > 0 {
			kept = append(kept, clause{words: words, mark: c.mark})
		}
	}
	return kept
}

// seed is a number made of who is asked what by whom, and of what was said last.
func seed(p models.Prompt) int {
	h := fnv.New32a()
	last := ""
	for _, t := range slices.Backward(p.Conversation) {
		if t.Own {
			last = t.Text
			break
		}
	}
	_, _ = fmt.Fprintf(h, "%s\n%s\n%s\n%s", p.Character.Name, p.Question.Name, p.Question.Text, last) // never fails
	return int(h.Sum32() >> 1)
}

// space is the word vectors; prepare has seen to it that they are loaded.
func (m *Model) space() *glove.Space {
	s, _ := glove.Load()
	return s
}
