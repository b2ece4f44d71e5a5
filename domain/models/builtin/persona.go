package builtin

import (
	"slices"
	"strings"

	"parley/domain/models"
	"parley/domain/models/builtin/glove"
)

// closeLine is the cosine from which what is said counts as an example's line.
const closeLine = 0.93

// bio is a line of the character's description, in the first person.
func (c *composer) bio() (string, bool) {
	lines := make([]string, len(c.prompt.Character.Bio))
	for i, line := range c.prompt.Character.Bio {
		lines[i] = firstPerson(c.prompt.Character.Name, strings.TrimSpace(line))
		if lines[i] != "" && !strings.ContainsAny(lines[i][len(lines[i])-1:], ".?!\"") {
			lines[i] += "."
		}
	}
	return c.pick(lines)
}

// firstPerson says a line that begins with the character's name as the character would:
// "Ada loves roses" is "I love roses". One that goes on about her or him is quoted.
func firstPerson(name, line string) string {
	rest, ok := strings.CutPrefix(line, name+" ")
	if !ok || name == "" {
		return line
	}
	for _, w := range strings.Fields(normal(rest)) {
		if slices.Contains([]string{"he", "she", "his", "her", "him", "they", "their", "them"}, w) {
			return "My description says: \"" + strings.TrimSuffix(line, ".") + ".\""
		}
	}
	verb, tail, _ := strings.Cut(rest, " ")
	return strings.TrimSpace("I " + plainVerb(verb) + " " + tail)
}

// plainVerb turns a verb from the third person to the first.
func plainVerb(verb string) string {
	switch verb {
	case "is":
		return "am"
	case "has":
		return "have"
	case "does", "goes":
		return strings.TrimSuffix(verb, "es")
	}
	for _, ending := range []string{"sses", "shes", "ches", "xes", "zzes"} {
		if strings.HasSuffix(verb, ending) {
			return strings.TrimSuffix(verb, "es")
		}
	}
	if stem, ok := strings.CutSuffix(verb, "ies"); ok && len(stem) > 1 {
		return stem + "y"
	}
	if strings.HasSuffix(verb, "ss") {
		return verb
	}
	return strings.TrimSuffix(verb, "s")
}

// offerExamples answers with the character's own example line if what was said is
// close to the line before it.
func (m *Model) offerExamples(c *composer) {
	if len(c.prompt.Character.Examples) == 0 || len(c.prompt.Question.Text) > 500 {
		return
	}
	asked, best := m.space().Embed(c.prompt.Question.Text), closeLine
	for _, example := range c.prompt.Character.Examples {
		for i := 1; i < len(example); i++ {
			line, answer := example[i-1].Text, example[i]
			if !answer.Own || example[i-1].Own {
				continue
			}
			near := glove.Cosine(asked, m.space().Embed(line))
			if normal(line) == normal(c.prompt.Question.Text) {
				near = 1
			}
			if near < best || !m.echoes(line, answer.Text, c.prompt.Question.Text) {
				continue
			}
			text := c.style.shape(placed(answer.Text, c.prompt))
			if text != "" && c.said.penalty(text, text) == 0 {
				best = near
				c.best, c.penalty, c.chosen = models.Completion{Text: c.style.dress(text, c.seed), Thought: "I know how I would put this."}, 0, true
			}
		}
	}
}

// echoes reports whether an answer fits a question as well as its own line: the words
// that it takes up from there must be in the question too.
func (m *Model) echoes(line, answer, question string) bool {
	has := newSet(strings.Fields(normal(question)))
	said := newSet(strings.Fields(normal(line)))
	for w := range strings.FieldsSeq(normal(answer)) {
		if said[w] && !has[w] && !m.language.function[w] {
			return false
		}
	}
	return true
}

// placed replaces the placeholders of an example line by names.
func placed(text string, p models.Prompt) string {
	user, ok := addressable(p.Question.Name)
	if !ok {
		user = "friend"
	}
	for _, name := range []string{"user", "user1", "user2", "name1", "name2", "userName", "USER"} {
		text = strings.ReplaceAll(text, "{{"+name+"}}", user)
	}
	for _, name := range []string{"char", "agent", "agentName", "name", "CHAR"} {
		text = strings.ReplaceAll(text, "{{"+name+"}}", p.Character.Name)
	}
	return strings.TrimSpace(text)
}
