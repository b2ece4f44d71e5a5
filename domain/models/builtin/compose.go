package builtin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/domain/models"
)

// composer picks the best sentence among those it is offered, the best first.
type composer struct {
	script   *script
	language *language
	prompt   models.Prompt
	seed     int
	said     history
	style    style

	best    models.Completion
	penalty int
	chosen  bool
}

// done reports whether something was found that need not be said better.
func (c *composer) done() bool { return c.chosen && c.penalty == 0 }

// offer fills the slots of the sentences and keeps the first one that was not said
// lately, beginning at a place that depends on the question; if all were, the one that
// is least of a repetition. What was offered before goes first.
func (c *composer) offer(sentences []string, parts [][]word, thought string) {
	for i := range sentences {
		if c.done() {
			return
		}
		template := c.style.shape(sentences[(c.seed+i)%len(sentences)])
		text, ok := c.fill(template, parts)
		if text = c.style.shape(text); !ok || text == "" { // what fills a slot may be too much, too
			continue
		}
		if p := c.said.penalty(template, text); !c.chosen || p < c.penalty {
			c.best, c.penalty, c.chosen = models.Completion{Text: c.style.dress(text, c.seed), Thought: thought}, p, true
		}
	}
}

// list offers a list of the script.
func (c *composer) list(name, thought string, parts ...string) {
	if c.done() {
		return
	}
	said := make([][]word, len(parts))
	for i, part := range parts {
		said[i] = []word{{plain: ready, shown: part}}
	}
	c.offer(c.script.Lists[name], said, thought)
}

// ready is the plain form of a part that is said as it is; no word of a text has it.
const ready = " "

// fill replaces the slots of a sentence. It reports false if one has nothing to say.
func (c *composer) fill(template string, parts [][]word) (string, bool) {
	var b strings.Builder
	rest := template
	for {
		literal, tail, slot := strings.Cut(rest, "{")
		b.WriteString(literal)
		if !slot {
			break
		}
		name, after, _ := strings.Cut(tail, "}")
		value, ok := c.value(name, parts)
		if !ok {
			return "", false
		}
		if strings.HasSuffix(value, ".") && strings.HasPrefix(after, ".") {
			value = strings.TrimSuffix(value, ".")
		}
		b.WriteString(value)
		rest = after
	}
	text := b.String()
	return capitalised(text), text != ""
}

// value is what a slot stands for.
func (c *composer) value(slot string, parts [][]word) (string, bool) {
	character := c.prompt.Character
	if n, ok := partNumber(slot); ok {
		if part := parts[n-1]; len(part) == 1 && part[0].plain == ready {
			return part[0].shown, part[0].shown != ""
		}
		return c.language.reflect(parts[n-1])
	}
	switch slot {
	case "name":
		return character.Name, character.Name != ""
	case "bio":
		return c.bio()
	case "topic":
		return c.pick(character.Topics)
	case "adjective":
		return c.pick(character.Adjectives)
	case "user":
		return addressable(c.prompt.Question.Name)
	default:
		return "", false
	}
}

// pick takes one line of a list, by the question, and not one said lately if there is
// another.
func (c *composer) pick(lines []string) (string, bool) {
	for i := range lines {
		line := strings.TrimSpace(lines[(c.seed/7+i)%len(lines)])
		if line != "" && !c.said.holds(line) {
			return line, true
		}
	}
	if len(lines) == 0 {
		return "", false
	}
	line := strings.TrimSpace(lines[c.seed/7%len(lines)])
	return line, line != ""
}

// maxName is the longest name that somebody is addressed by, in characters.
const maxName = 30

// addressable returns a display name if somebody can be addressed by it.
func addressable(name string) (string, bool) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsAny(name, "{}<>[]\n") {
		return "", false
	}
	switch strings.ToLower(name) {
	case "user", "anonymous", "guest", "me", "you", "unknown":
		return "", false
	}
	first, _ := utf8.DecodeRuneInString(name)
	return name, unicode.IsLetter(first)
}

// capitalised begins each sentence with a capital.
func capitalised(text string) string {
	runes := []rune(text)
	start := true
	for i, r := range runes {
		switch {
		case start && unicode.IsLetter(r):
			runes[i], start = unicode.ToUpper(r), false
		case start && unicode.IsDigit(r):
			start = false
		case (r == '.' || r == '?' || r == '!') && i+1 < len(runes) && runes[i+1] == ' ':
			start = true
		}
	}
	return string(runes)
}
