package builtin

import (
	"strings"

	"parley/domain/models"
)

// composer picks the best sentence among those it is offered, the best first.
type composer struct {
	script *script
	prompt models.Prompt
	seed   int
	// said tells when a sentence was said last; 0 is not lately.
	said map[string]int

	best    models.Completion
	bestAge int
	chosen  bool
}

// offer fills the slots of the sentences and keeps the first one that was not said
// lately, beginning at a place that depends on the question; if all were, the one
// said longest ago. What was offered before goes first.
func (c *composer) offer(sentences []string, parts [][]word, thought string) {
	for i := range sentences {
		if c.chosen && c.bestAge == 0 {
			return
		}
		text, ok := c.fill(sentences[(c.seed+i)%len(sentences)], parts)
		if !ok {
			continue
		}
		if age := c.said[text]; !c.chosen || age < c.bestAge {
			c.best, c.bestAge, c.chosen = models.Completion{Text: text, Thought: thought}, age, true
		}
	}
}

// completion is what was chosen.
func (c *composer) completion() models.Completion { return c.best }

// fill replaces the slots of a sentence. It reports false if one has nothing to say.
func (c *composer) fill(sentence string, parts [][]word) (string, bool) {
	for _, slot := range slots(sentence) {
		value, ok := c.value(slot, parts)
		if !ok {
			return "", false
		}
		sentence = strings.ReplaceAll(sentence, "{"+slot+"}", value)
	}
	return capitalised(sentence), true
}

// value is what a slot stands for.
func (c *composer) value(slot string, parts [][]word) (string, bool) {
	character := c.prompt.Character
	if n, ok := partNumber(slot); ok {
		return c.script.reflect(parts[n-1])
	}
	switch slot {
	case "name":
		return character.Name, character.Name != ""
	case "bio":
		return c.pick(character.Bio)
	case "topic":
		return c.pick(character.Topics)
	default:
		return "", false
	}
}

// pick takes one line of a list, by the question.
func (c *composer) pick(lines []string) (string, bool) {
	if len(lines) == 0 {
		return "", false
	}
	line := strings.TrimSpace(lines[c.seed/7%len(lines)])
	return line, line != ""
}

// capitalised begins a sentence with a capital.
func capitalised(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
