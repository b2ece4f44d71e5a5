package builtin

import (
	"slices"
	"strings"
	"unicode"
)

// leads are beginnings of statements that say nothing themselves; those that ask to
// keep it in mind come first.
var leads = [][]string{
	{"remember", "that"}, {"remember", ":"}, {"remember"}, {"do", "not", "forget", "that"}, {"do", "not", "forget"}, {"note", "that"}, {"keep", "in", "mind", "that"},
	{"i", "told", "you", "that"}, {"i", "told", "you"}, {"i", "meant"}, {"i", "mean"}, {"you", "should", "know", "that"}, {"the", "thing", "is"}, {"you", "know", "that"}, {"you", "know"},
	{"i", "guess"}, {"for", "the", "record"}, {"in", "fact"}, {"did", "i", "mention", "that"}, {"did", "i", "mention"},
}

// notes is how many of the leads ask to keep something in mind.
const notes = 7

// bare takes a lead off a statement and tells whether it asks to keep the rest in mind.
func bare(words []word) ([]word, bool) {
	for i, lead := range leads {
		if len(words) > len(lead)+2 && startsWith(words, lead) {
			return words[len(lead):], i < notes
		}
	}
	return words, false
}

// startsWith reports whether words begin with lead.
func startsWith(words []word, lead []string) bool {
	for i, w := range lead {
		if words[i].plain != w {
			return false
		}
	}
	return true
}

// classify finds out what a statement tells; kind 0 is nothing.
func (m *Model) classify(words []word) fact {
	f := fact{words: words}
	if n := withSpeaker(words); n > 0 { // my wife and I live in ...
		f = m.classify(slices.Concat([]word{{"we", "we"}}, words[n:]))
		f.words = words
		return f
	}
	switch first := words[0].plain; {
	case first == "i" || first == "we":
		m.classifyOwn(&f)
	case first == "call" && words[1].plain == "me":
		f.own, f.kind, f.value = true, isName, words[2:]
		f.words = slices.Concat([]word{{"my", "my"}, {"name", "name"}, {"is", "is"}}, words[2:])
	case first == "my" || first == "our":
		f.own = true
		m.classifyThing(&f, words[1:])
	case first == "the" && len(words) > 5 && words[1].plain == "name" && words[2].plain == "of" && words[3].plain == "my":
		f.own = true
		m.classifyThing(&f, words[4:])
		f.kind |= isName
	case first == "the" || first == "this":
		m.classifyThing(&f, words[1:])
	default:
		m.classifyNamed(&f)
	}
	return f
}

// withSpeaker returns where "my wife and I" ends at the start of words, 0 if it does not
// stand there.
func withSpeaker(words []word) int {
	for i := 2; i < min(len(words)-3, 5); i++ {
		if words[0].plain == "my" && words[i].plain == "and" && words[i+1].plain == "i" {
			return i + 2
		}
	}
	return 0
}

// classifyThing reads a statement about a thing: its name, then what is said of it.
func (m *Model) classifyThing(f *fact, words []word) {
	n, verb := m.subject(words)
	if n == 0 {
		f.kind = isSaid
		return
	}
	subject, rest := words[:n], words[verb:]
	if last := subject[n-1]; n > 1 && isCapitalised(last) && !isCapitalised(subject[0]) && !m.language.function[last.plain] {
		f.about, f.value, f.kind = subject[:n-1], subject[n-1:], isName|isBeing // my sister Ana
		f.loose = true
		f.kind |= m.predicate(rest)
		m.classifyDone(f)
		return
	}
	f.about = subject
	if subject[n-1].plain == "name" {
		f.about, f.kind, f.value = unowned(subject[:n-1]), isName, after(rest, 1)
		return
	}
	f.kind |= m.predicate(rest)
	f.value = after(rest, 1)
	if rest[0].plain == "has" && m.classifyOwned(f, subject, after(rest, 1)) {
		return
	}
	if rest[0].plain == "is" && len(rest) > 2 && (rest[1].plain == "called" || rest[1].plain == "named") {
		f.value = rest[2:]
	}
	m.classifyDone(f)
	switch {
	case holds(subject, "birthday"):
		f.kind |= isBirth
	case f.own && m.language.same(subject[n-1].plain, "job") && f.kind&isTime == 0:
		f.kind |= isJob
		f.about = nil
	case holds(subject, "favourite"):
		f.kind = isTaste
	case !f.own && f.kind&(isPlace|isTime|isName) == 0:
		f.kind = isSaid
	}
}

// subject is how many words at the start name what a statement is about, and where its
// verb stands: "appointment with the doctor is ..." is about an appointment.
func (m *Model) subject(words []word) (n, verb int) {
	for i, w := range words[:min(len(words), 10)] {
		switch {
		case i > 0 && isBe(w.plain):
			if n == 0 {
				n = i
			}
			return n, i
		case n == 0 && i > 0 && slices.Contains([]string{"with", "of", "for", "about", "to", "at", "in"}, w.plain):
			n = i
		case n == 0 && i > 1 && m.language.verbs[w.plain], i == 1 && m.language.verbs[w.plain] && !m.beFollows(words[2:]):
			return i, i
		case n == 0 && m.language.function[w.plain] && !slices.Contains([]string{"name", "own", "other", "next", "last"}, w.plain):
			return 0, 0
		case n == 0 && i > 1 && isCapitalised(words[i-1]) && !isCapitalised(w) && m.isLiving(words[i-2].plain):
			return i, i // cat Pippi hides: what follows a name is a verb, known or not
		}
	}
	return 0, 0
}

// classifyDone marks what somebody, and not something, did some time.
func (m *Model) classifyDone(f *fact) {
	if f.kind&isTime != 0 && m.isLiving(f.about[len(f.about)-1].plain) {
		f.kind |= isDone
	}
}

// classifyOwned reads "my sister has a dog called Bo" as told of my sister's dog.
func (m *Model) classifyOwned(f *fact, owner, rest []word) bool {
	at := slices.IndexFunc(rest, func(w word) bool { return w.plain == "called" || w.plain == "named" })
	name := after(rest, at+1)
	if at < 0 {
		at = slices.IndexFunc(rest, func(w word) bool { return m.isLiving(strings.TrimSuffix(w.plain, "s")) }) + 1
		name = nameList(after(rest, at))
	}
	if at < 2 || at > maxNoun+1 || len(name) == 0 || !m.language.amounts[rest[0].plain] {
		return false
	}
	f.about, f.value, f.kind = slices.Concat(genitive(owner), uncommaed(rest[1:at])), uncommaed(name), isHaving|isName
	return true
}

// beFollows reports whether a form of "to be" comes next, or after one more word.
func (m *Model) beFollows(words []word) bool {
	return slices.ContainsFunc(words[:min(len(words), 2)], func(w word) bool { return isBe(w.plain) })
}

// isBe reports whether w is a form of "to be" that a statement can have.
func isBe(w string) bool { return w == "is" || w == "are" || w == "was" || w == "were" }

// unowned takes the 's off the last word.
func unowned(words []word) []word {
	if len(words) == 0 {
		return nil
	}
	words = slices.Clone(words)
	last := &words[len(words)-1]
	last.plain, last.shown = strings.TrimSuffix(last.plain, "'s"), strings.TrimSuffix(last.shown, "'s")
	return words
}

// after returns words without the first n.
func after(words []word, n int) []word {
	if len(words) <= n {
		return nil
	}
	return words[n:]
}

// predicate tells what the rest of a statement, from its verb, says of a thing.
func (m *Model) predicate(rest []word) kind {
	if len(rest) < 2 {
		return 0
	}
	verb, next := rest[0].plain, rest[1].plain
	switch {
	case isBe(verb) && (next == "called" || next == "named"):
		return isName
	case m.isAge(rest):
		return isAge
	case strings.HasPrefix(verb, "live") || verb == "stays" || verb == "moved" && (next == "to" || next == "into" || next == "in"):
		return isHome
	case strings.HasPrefix(verb, "work") && (next == "as" || next == "at" || next == "for" || next == "in"):
		return isJob
	case isBe(verb) && m.isTime(rest[1:]), strings.HasPrefix(verb, "start") || strings.HasPrefix(verb, "begin") || strings.HasPrefix(verb, "end"):
		return isTime
	case isTasting(strings.TrimSuffix(verb, "s")):
		return isBeing | isTaste
	case isBe(verb) && properNames(rest[1:]) && !m.language.isKind("people", next):
		return isBeing | isName
	case isBe(verb) && isPlacing(next):
		return isPlace
	case verb == "is" && (next == "a" || next == "an") && len(rest) > 2 && !slices.ContainsFunc(rest[2:min(len(rest), 4)], func(w word) bool { return m.language.vague[w.plain] }):
		return isBeing | isJob
	case m.isTime(rest[1:]):
		return isBeing | isTime
	default:
		return isBeing
	}
}

// isPlacing reports whether w begins the name of a place.
func isPlacing(w string) bool {
	return slices.Contains([]string{"in", "at", "on", "under", "behind", "near", "next", "beside", "inside", "between", "from", "above", "below", "opposite", "upstairs", "downstairs", "outside", "with"}, w)
}

// isTime reports whether words tell a time: "on Friday at 3", "tomorrow", "in 1987".
func (m *Model) isTime(words []word) bool {
	for i, w := range words {
		if m.language.isKind("time", w.plain) || w.plain == "may" && i > 0 && (words[i-1].plain == "in" || words[i-1].plain == "on" || words[i-1].plain == "next" || words[i-1].plain == "until") {
			return true
		}
		if i > 0 && unicode.IsDigit(rune(w.plain[0])) && slices.Contains([]string{"at", "on", "in", "by", "until"}, words[i-1].plain) {
			return true
		}
	}
	return false
}

// numerals are the numbers that are often written as words.
var numerals = []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
	"sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

// isAge reports whether words from the verb on tell an age: "am 34", "is 5 years old".
func (m *Model) isAge(rest []word) bool {
	n := len(rest)
	if n > 3 && rest[n-1].plain == "old" && strings.HasPrefix(rest[n-2].plain, "year") {
		return true
	}
	if n > 2 && slices.Contains([]string{"like", "now", "today", "already", "too"}, rest[2].plain) {
		n = 2
	}
	return n == 2 && (len(rest[1].plain) < 4 && strings.Trim(rest[1].plain, "0123456789") == "" || slices.Contains(numerals, rest[1].plain))
}

// classifyOwn reads a statement about the speaker.
func (m *Model) classifyOwn(f *fact) {
	f.own, f.kind = true, isSaid
	words := f.words
	if len(words) > 3 && m.language.adverbs[words[1].plain] && words[1].plain != "not" && words[1].plain != "never" {
		words = slices.Concat(words[:1], words[2:]) // I also have
	}
	verb, next := words[1].plain, words[2].plain
	f.value = words[2:]
	switch {
	case verb == "am" && (next == "called" || next == "named") && len(words) > 3:
		f.kind, f.value = isName, words[3:]
	case verb == "am" && len(words) < 5 && properName(words[2:]) != nil && !m.language.isKind("people", next):
		f.kind, f.words = isName, slices.Concat([]word{{"my", "my"}, {"name", "name"}, {"is", "is"}}, words[2:])
	case m.isAge(words[1:]):
		f.kind = isAge
	case (verb == "live" || verb == "stay" || verb == "moved") && len(words) > 3 && next != "for" && next != "with":
		f.kind, f.value = isHome, words[3:]
	case verb == "am" && next == "from", verb == "come" && next == "from":
		f.kind = isPlace
	case verb == "work" && (next == "as" || next == "at" || next == "for" || next == "in"):
		f.kind, f.value = isJob, words[3:]
	case verb == "used" && next == "to" && len(words) > 5 && words[3].plain == "be" && (words[4].plain == "a" || words[4].plain == "an"):
		f.kind = isJob
	case verb == "was" && (next == "a" || next == "an") && holds(words, "years"):
		f.kind = isJob | isBeing
	case verb == "was" && next == "born":
		f.kind = isBirth
	case verb == "am" && (next == "a" || next == "an") && len(words) > 3 && !m.language.vague[words[3].plain]:
		f.kind = isJob | isBeing
	case isTasting(verb), verb == "do" && next == "not" && len(words) > 4 && isTasting(words[3].plain):
		f.kind = isTaste
	case verb == "have" && next == "lived" && len(words) > 4:
		f.kind, f.value = isHome, words[4:]
	case verb == "have" && next == "worked" && len(words) > 4:
		f.kind, f.value = isJob, words[4:]
	case verb == "have" || verb == "own" || verb == "got":
		m.classifyHaving(f, words[2:])
	}
	if m.isTime(words[2:]) {
		f.kind |= isTime
	}
	if f.kind&isSaid != 0 && namesPlace(words[2:]) {
		f.kind |= isPlace
	}
}

// namesPlace reports whether words lead to a name: "to Rome", "in Japan".
func namesPlace(words []word) bool {
	for i := 1; i < len(words); i++ {
		if p := words[i-1].plain; (p == "to" || p == "in" || p == "at" || p == "near") && isCapitalised(words[i]) {
			return true
		}
	}
	return false
}

// isTasting reports whether a verb tells what somebody likes or does for pleasure.
func isTasting(verb string) bool {
	return slices.Contains([]string{"like", "love", "enjoy", "hate", "prefer", "play", "speak", "collect", "adore", "drink", "eat"}, verb)
}

// namesOf reports whether words are the names of who was just spoken of: "kids, Tom and
// Mia", "a sister Ana".
func (m *Model) namesOf(noun word, words []word) bool {
	return m.isLiving(noun.plain) && len(nameList(words)) > 0
}

// nameList returns the names that words begin with: "Tom", "Tom, Mia and Ben".
func nameList(words []word) []word {
	n := 0
	for i, w := range words {
		switch {
		case w.plain != strings.TrimSuffix(w.shown, ",") && !strings.ContainsAny(w.plain, "0123456789"):
			n = i + 1
		case w.plain != "and" || i == 0:
			return words[:n]
		}
	}
	return words[:n]
}

// properNames reports whether words are nothing but names.
func properNames(words []word) bool { return len(words) > 0 && len(nameList(words)) == len(words) }

// classifyHaving reads what follows the verb in "I have a dog called Rex" and "I have two kids, Tom and Mia".
func (m *Model) classifyHaving(f *fact, rest []word) {
	if rest[0].plain == "got" {
		rest = rest[1:]
	}
	if len(rest) < 2 || !m.language.amounts[rest[0].plain] {
		return
	}
	rest = rest[1:]
	n := 0
	for n < len(rest) && !m.language.function[rest[n].plain] && !m.language.verbs[rest[n].plain] && (n == 0 || !m.namesOf(rest[n-1], rest[n:])) {
		n++
	}
	if n == 0 || n > maxNoun || m.language.vague[rest[n-1].plain] {
		return
	}
	f.about, f.kind = uncommaed(rest[:n]), isHaving
	if n < len(rest) && m.namesOf(rest[n-1], rest[n:]) {
		f.kind |= isName
		f.value = uncommaed(nameList(rest[n:]))
	}
	if n+1 < len(rest) && (rest[n].plain == "called" || rest[n].plain == "named") {
		f.kind |= isName
		f.value = rest[n+1:]
	}
}
