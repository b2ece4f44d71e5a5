package builtin

import (
	"slices"
	"strconv"
	"strings"

	"parley/domain/models"
)

// kind says what a fact tells; a question asks for one or more of them.
type kind int

// The kinds; isSaid is a statement of which nothing more is known, isDone something that
// somebody did or will do some time.
const (
	isName kind = 1 << iota
	isHome
	isJob
	isAge
	isBirth
	isTaste
	isPlace
	isTime
	isHaving
	isBeing
	isNote
	isDone
	isSaid
)

// exclusive are the kinds of which the latest fact about a thing replaces the others.
const exclusive = isName | isHome | isJob | isAge | isBirth | isTaste | isPlace | isTime

// fact is something that somebody told in a statement.
type fact struct {
	speaker, name string
	// words are the statement, as its speaker said it.
	words []word
	// about is whose or which thing it is, "" for the speaker: "dog", "sister's dog",
	// "favourite colour"; own says that it is the speaker's.
	about []word
	own   bool
	// named says that about is somebody's name.
	named bool
	kind  kind
	// loose says that the name is only an addition: "my sister Ana lives in Berlin".
	loose bool
	// value is what the statement says of it, for the kinds that have one.
	value []word
}

// key is the same for facts of which the later one replaces the earlier one.
func (f fact) key() string {
	k := f.kind & exclusive
	k &= -k // the first one decides
	switch {
	case k == 0,
		k == isPlace && f.kind&isSaid != 0, k == isTime && (len(f.about) == 0 || f.kind&isDone != 0), // one may go to many places, at any time
		k == isJob && f.kind&isBeing != 0, k == isTaste && !holds(f.about, "favourite"): // and be and like many things
		return ""
	}
	return f.speaker + "/" + strings.Join(plainWords(f.about), " ") + "/" + strconv.Itoa(int(k))
}

// maxFactText is how much of a turn is searched for facts, in bytes.
const maxFactText = 2000

// facts collects what was told, oldest first, also to a character of the given name,
// and what each speaker spoke of last.
func (m *Model) facts(turns []models.Turn, name string) ([]fact, map[string]*subjects) {
	var found []fact
	spoken := map[string]*subjects{}
	asked, topic := []word(nil), []word(nil)
	var latest *subjects
	for _, t := range turns {
		text := t.Text[:min(len(t.Text), maxFactText)]
		if t.Own {
			asked = m.askedName(text)
			continue
		}
		who := t.Speaker + "\n" + t.Name
		if spoken[who] == nil {
			spoken[who] = &subjects{}
		}
		spoken[who].turn++
		if spoken[who].rival = nil; latest != spoken[who] {
			spoken[who].rival = latest
		}
		latest = spoken[who]
		r := m.language.read(text)
		r.clauses = withoutName(r.clauses, name)
		if len(topic) > 0 {
			r.clauses = compared(r.clauses, topic)
		}
		told := m.told(t, r, spoken[who], asked)
		asked, topic = nil, nil
		if n := len(told); n > 0 && told[n-1].own {
			topic = told[n-1].about
		}
		found = append(found, told...)
	}
	return found, spoken
}

// compared says "my favourite colour is red" for "mine is red" if that was the topic of
// the turn before.
func compared(clauses []clause, topic []word) []clause {
	clauses = slices.Clone(clauses)
	for i, c := range clauses {
		if len(c.words) > 2 && c.words[0].plain == "mine" && isBe(c.words[1].plain) {
			clauses[i].words = slices.Concat([]word{mine}, topic, c.words[1:])
		}
	}
	return clauses
}

// askedName returns what the character asked the name of at last, nil if nothing.
func (m *Model) askedName(text string) []word {
	if !strings.HasSuffix(text, "?") || !strings.Contains(text, "called") {
		return nil
	}
	clauses := m.language.read(text).clauses
	words := clauses[len(clauses)-1].words
	n := len(words)
	at := slices.IndexFunc(words, func(w word) bool { return w.plain == "your" })
	if at < 0 || n < 3 || words[n-1].plain != "called" || !holds(words, "what") {
		return nil
	}
	return words[at+1 : n-1]
}

// told returns the facts of one turn.
func (m *Model) told(t models.Turn, r reading, spoken *subjects, asked []word) []fact {
	var found []fact
	for _, c := range m.sentences(r) {
		words := m.fronted(m.language.opened(c.words))
		if name := properName(words); asked != nil && name != nil && c.mark != '?' {
			words = calling(asked, name)
			asked = nil
		}
		words, noted := bare(words)
		about := m.antecedent(spoken, words)
		words = m.resolved(words, about)
		m.noteNamed(spoken, c)
		for _, thing := range m.language.things(words) {
			if name := m.introduced(&thing, words); name != nil && c.mark != '?' {
				found = append(found, fact{speaker: t.Speaker, name: t.Name, about: thing.noun, own: true, kind: isName, value: name, words: calling(thing.noun, name)})
				spoken.name(thing.subject(), name)
			}
			spoken.note(thing.subject())
		}
		if c.mark == '?' || !m.states(words) {
			continue
		}
		f := m.classify(words)
		f.speaker, f.name = t.Speaker, t.Name
		if called, ok := spoken.names[words[0].plain]; ok && f.named { // Tina, who is my sister
			f.about, f.own, f.named = called.noun, true, false
		}
		m.rename(&f, about.noun)
		if noted {
			f.kind |= isNote
		}
		if len(f.about) > 0 {
			spoken.note(f.subject())
			if f.own && f.kind&isName != 0 {
				spoken.name(f.subject(), f.value)
			}
		}
		if f.loose { // introduced above
			f.kind &^= isName
		}
		if f.kind != 0 {
			found = append(found, f)
		}
	}
	return found
}

// noteNamed notes whom a statement begins with by name, or a question asks for.
func (m *Model) noteNamed(spoken *subjects, c clause) {
	for i, w := range c.words {
		if i > 0 && c.mark != '?' {
			return
		}
		owner := strings.TrimSuffix(w.plain, "'s")
		if called, ok := spoken.names[owner]; ok {
			spoken.note(called)
		}
		if i > 0 && c.words[i-1].plain == "my" && owner != w.plain {
			spoken.note(subject{determiner: mine, noun: unowned(c.words[i : i+1])})
		}
	}
}

// introduced takes the name off a thing that somebody introduces by it: "my sister Ana".
func (m *Model) introduced(t *thing, words []word) []word {
	n := len(t.noun)
	if n < 2 || t.determiner != "my" {
		return nil
	}
	at := slices.IndexFunc(t.noun, func(w word) bool { return m.isLiving(w.plain) }) + 1
	if at < 1 || at == n || !properNames(t.noun[at:at+1]) { // what follows the name may be a verb
		return nil
	}
	first := slices.IndexFunc(words, func(w word) bool { return w == t.noun[at] })
	t.noun = t.noun[:at]
	return nameList(words[first:])
}

// isLiving reports whether a word names a person or an animal that belongs to somebody.
func (m *Model) isLiving(w string) bool {
	return m.language.isKind("relative", w) || m.language.isKind("pet", w) || w == "pet" || w == "sibling"
}

// calling is the statement that something of the speaker's has a name.
func calling(about, name []word) []word {
	be := word{"is", "is"}
	if holds(name, "and") {
		be = word{"are", "are"}
	}
	return slices.Concat([]word{mine}, uncommaed(about), []word{be, {"called", "called"}}, uncommaed(name))
}

// rename understands "it is Max" as a name if the thing spoken of was just named.
func (m *Model) rename(f *fact, about []word) {
	name := properName(f.value)
	if name == nil || !f.own || f.kind != isBeing || !sameWords(f.about, about) {
		return
	}
	f.kind |= isName
	f.words = calling(f.about, name)
}

// properName returns the words of a short answer that may be a name.
func properName(words []word) []word {
	if len(words) > 0 && len(words) < 4 && (words[0].plain == "it" || words[0].plain == "he" || words[0].plain == "she") {
		return nil
	}
	if len(words) == 0 || len(words) > 2 {
		return nil
	}
	for _, w := range words {
		if !isCapitalised(w) {
			return nil
		}
	}
	return words
}

// resolved says "my dog" for a pronoun that begins a statement, if a dog was spoken of.
func (m *Model) resolved(words []word, about subject) []word {
	if len(about.noun) == 0 || len(words) < 2 {
		return words
	}
	mine := about.noun
	if !about.named {
		mine = append([]word{about.determiner}, about.noun...)
	}
	switch words[0].plain {
	case "he", "she", "it", "they":
		if m.language.verbs[words[1].plain] || len(words) > 2 && m.language.adverbs[words[1].plain] && m.language.verbs[words[2].plain] {
			return slices.Concat(mine, words[1:])
		}
	case "his", "her", "its", "whose":
		if words[1].plain == "name" || !m.language.function[words[1].plain] && !m.language.verbs[words[1].plain] {
			return slices.Concat(genitive(mine), words[1:])
		}
	}
	return words
}

// states reports whether words are a statement that may tell something.
func (m *Model) states(words []word) bool {
	if len(words) < 3 || len(words) > 30 {
		return false
	}
	switch words[0].plain {
	case "what", "who", "where", "when", "which", "how", "why", "whose", "do", "does", "did", "is", "are", "am", "was", "were", "can", "could",
		"will", "would", "should", "have", "has", "tell", "if", "maybe", "perhaps", "say":
		return false
	}
	return !holds(words, "you") && !holds(words, "your") && !holds(words, "yourself") &&
		!slices.ContainsFunc(words, func(w word) bool { return m.language.unspoken[w.plain] })
}
