package builtin

import "slices"

// subjects are the things that a speaker spoke of lately, for pronouns to stand for.
type subjects struct {
	// turn counts the speaker's turns.
	turn  int
	nouns []subject
	// rival are those of another one who spoke just before: their things may be meant.
	rival *subjects
	// names are the things by what they are called.
	names map[string]subject
}

// subject is a thing, and the turn in which it was spoken of last.
type subject struct {
	// determiner is "my" or "the"; a name has none.
	determiner word
	named      bool
	noun       []word
	turn       int
}

// mine and others are the determiners of the speaker's own things and of all others.
var mine, others = word{"my", "my"}, word{"the", "the"}

// subject is the thing that a statement is about.
func (f fact) subject() subject {
	s := subject{determiner: others, noun: f.about, named: f.named}
	if f.own {
		s.determiner = mine
	}
	return s
}

// subject is the thing as it can be spoken of again.
func (t thing) subject() subject {
	s := subject{determiner: others, noun: t.noun}
	if t.determiner == "my" {
		s.determiner = mine
	}
	return s
}

// maxSubjects is how many things are kept in mind, reach for how many turns a pronoun
// can stand for one.
const maxSubjects, reach = 6, 3

// note puts a thing first.
func (s *subjects) note(spoken subject) {
	at := slices.IndexFunc(s.nouns, func(o subject) bool { return sameWords(o.noun, spoken.noun) })
	switch {
	case at >= 0:
	case len(s.nouns) < maxSubjects:
		at = len(s.nouns)
		s.nouns = append(s.nouns, subject{})
	default:
		at = maxSubjects - 1
	}
	copy(s.nouns[1:at+1], s.nouns[:at])
	spoken.noun, spoken.turn = uncommaed(spoken.noun), s.turn
	s.nouns[0] = spoken
}

// name keeps in mind what a thing is called.
func (s *subjects) name(spoken subject, name []word) {
	if holds(name, "and") { // nobody knows who is which
		return
	}
	if s.names == nil {
		s.names = map[string]subject{}
	}
	for _, w := range name {
		s.names[w.plain] = spoken
	}
}

// sameWords reports whether two lists hold the same words.
func sameWords(a, b []word) bool {
	return slices.EqualFunc(a, b, func(x, y word) bool { return x.plain == y.plain })
}

// antecedent is the thing that the pronoun at the start of words stands for; without a
// noun if there is none.
func (m *Model) antecedent(s *subjects, words []word) subject {
	if len(words) == 0 {
		return subject{}
	}
	switch words[0].plain {
	case "he", "she", "it", "they", "his", "her", "its", "whose", "their":
	default:
		return subject{}
	}
	for _, o := range s.nouns {
		if s.turn-o.turn > reach || !m.canBe(words[0].plain, o) {
			continue
		}
		if o.turn < s.turn && s.rival != nil && slices.ContainsFunc(s.rival.nouns, func(other subject) bool {
			return other.turn == s.rival.turn && m.canBe(words[0].plain, other)
		}) {
			break
		}
		return o
	}
	return subject{}
}

// canBe reports whether a pronoun can stand for a thing.
func (m *Model) canBe(pronoun string, s subject) bool {
	l, noun := m.language, s.noun[len(s.noun)-1].plain
	if s.named {
		is := m.pronounOf(s.noun[0].plain)
		return is == "he" && (pronoun == "he" || pronoun == "his") || is == "she" && (pronoun == "she" || pronoun == "her")
	}
	person := l.isKind("relative", noun)
	switch pronoun {
	case "he", "his":
		return (person || l.isKind("pet", noun)) && !l.isKind("female", noun)
	case "she", "her":
		return (person || l.isKind("pet", noun)) && !l.isKind("male", noun)
	case "whose":
		return m.isLiving(noun)
	case "it", "its":
		return !person
	case "they", "their":
		return l.root(noun) != noun || noun == "children" || noun == "grandchildren" || noun == "kids" || noun == "parents"
	default:
		return false
	}
}
