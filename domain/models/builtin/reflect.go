package builtin

import (
	"strings"
)

// maxEcho is the longest part of a clause that is said back, in words and in bytes.
const maxEcho, maxEchoBytes = 10, 120

// reflect says words from the other side: my becomes your, you become me. It reports
// false for parts that are empty, too long or too rude to be said back.
func (l *language) reflect(words []word) (string, bool) {
	return l.reflectUpTo(words, maxEcho, maxEchoBytes)
}

// reflectUpTo is reflect with other bounds.
func (l *language) reflectUpTo(words []word, count, size int) (string, bool) {
	words = l.trim(words)
	if len(words) == 0 || len(words) > count {
		return "", false
	}
	out := make([]string, 0, len(words))
	for i := 0; i < len(words); i++ {
		if l.unspoken[words[i].plain] {
			return "", false
		}
		if turned, n := l.phrase(words[i:]); n > 0 {
			out = append(out, turned)
			i += n - 1
			continue
		}
		out = append(out, l.turn(words, i))
	}
	text := contracted(strings.Join(out, " "))
	return text, len(text) <= size && text != "I" && text != "me" && text != "you"
}

// negations are short forms that sound less stiff when they are said back.
var negations = strings.NewReplacer(" cannot ", " can't ", " do not ", " don't ", " does not ", " doesn't ", " did not ", " didn't ", " will not ", " won't ",
	" have not ", " haven't ", " has not ", " hasn't ", " could not ", " couldn't ", " would not ", " wouldn't ", " should not ", " shouldn't ", " was not ", " wasn't ")

// contracted writes negations short.
func contracted(text string) string {
	if !strings.Contains(text, "not") {
		return text
	}
	text = negations.Replace(" " + text + " ")
	return text[1 : len(text)-1]
}

// phrase turns up to three words that belong together, and tells how many they are.
func (l *language) phrase(words []word) (string, int) {
	for n := min(3, len(words)); n > 1; n-- {
		key := words[0].plain
		for _, w := range words[1:n] {
			key += " " + w.plain
		}
		if turned, ok := l.Phrases[key]; ok {
			return turned, n
		}
	}
	return "", 0
}

// trim takes away what is only politeness or hesitation at the ends.
func (l *language) trim(words []word) []word {
	for len(words) > 0 {
		switch words[len(words)-1].plain {
		case "please", "too", "then", "and", "or", "so", "though", "lol", "tho", "anyway", "either", "ok", "because", "sadly", "a", "the":
			words = words[:len(words)-1]
			continue
		case "now":
			if len(words) > 1 && words[len(words)-2].plain != "right" {
				words = words[:len(words)-1]
				continue
			}
		}
		break
	}
	for len(words) > 1 && (words[0].plain == "and" || words[0].plain == "or" || words[0].plain == "then") {
		words = words[1:]
	}
	return words
}

// turn says the word at i from the other side.
func (l *language) turn(words []word, i int) string {
	w := words[i]
	switch w.plain {
	case "i", "am":
		if w.plain == "am" {
			return "are"
		}
		return "you"
	case "was", "is", "are", "were":
		return l.turnBe(words, i)
	case "you":
		return l.turnYou(words, i)
	}
	if turned, ok := l.Reflections[w.plain]; ok {
		return turned
	}
	return w.shown
}

// turnBe turns a form of "to be" whose subject is one of the two who talk: "I was" and
// "was I", "you are" and "are you", also with adverbs between.
func (l *language) turnBe(words []word, i int) string {
	subject := ""
	for j := i - 1; j >= 0; j-- {
		if !l.adverbs[words[j].plain] {
			subject = words[j].plain
			break
		}
	}
	if !l.speaks(subject) || subject == "you" && l.object(words, i) {
		subject = ""
		if i+1 < len(words) && !l.joined(words, i) {
			subject = words[i+1].plain
		}
	}
	switch w := words[i]; {
	case w.plain == "was" && subject == "i":
		return "were"
	case w.plain == "were" && subject == "you":
		return "was"
	case w.plain == "are" && subject == "you":
		return "am"
	case w.plain == "are" || w.plain == "was" || w.plain == "were":
		return w.plain
	default:
		return w.shown
	}
}

// speaks reports whether a word is one of the two who talk, as a subject.
func (l *language) speaks(w string) bool { return w == "i" || w == "you" }

// object reports whether the "you" before the verb at i is no subject, as in "people
// like you are kind".
func (l *language) object(words []word, i int) bool {
	return i > 1 && words[i-1].plain == "you" && (words[i-2].plain == "of" || words[i-2].plain == "like" || words[i-2].plain == "with")
}

// joined reports whether the verb at i has a subject of its own before it.
func (l *language) joined(words []word, i int) bool {
	return i > 0 && !l.function[words[i-1].plain] || i > 0 && pronoun(words[i-1].plain)
}

// turnYou turns "you": it is "me" at the end and where it is an object, else "I".
func (l *language) turnYou(words []word, i int) string {
	before, after := "", ""
	if i > 0 {
		before = words[i-1].plain
	}
	if i+1 < len(words) {
		after = words[i+1].plain
	}
	switch {
	case before == "are" || before == "were" || before == "do" || before == "did" || before == "can" || before == "could" || before == "will" || before == "would" || before == "should" || before == "have":
		return "I"
	case after == "":
		return "me"
	case l.object(words, i+1):
		return "me"
	case l.verbs[after] && (!l.objectsAfter[before] || after != "like" && after != "just"):
		return "I"
	case l.objectsAfter[before]:
		return "me"
	case before != "" && !l.function[before] && l.function[after]: // a verb of which nothing is known
		return "me"
	default:
		return "I"
	}
}
